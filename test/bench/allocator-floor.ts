// The least that an allocation cycle can be: for each agent every framework is tested for fit and for a filter, the one with the
// lowest share gets all that is free, and its place in one heap changes. No roles, quota, reservations, offers to hand out.
import type { Load } from './allocator-cycle.ts';

const width = 4;

export function newFloor(load: Load): () => number {
  const { agents, frameworks } = load;
  const free = new Float64Array(agents * width);
  const total = new Float64Array(width);
  const names = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;
  const heldAtStart = new Float64Array(frameworks * width);
  const filtered = new Uint8Array(agents * frameworks);
  for (let a = 0; a < agents; a += 1) {
    names.forEach((name, r) => {
      const used = load.used[a]![name];
      free[a * width + r] = load.totals[a]![name] - used;
      total[r] = total[r]! + load.totals[a]![name];
      const at = (a % frameworks) * width + r;
      heldAtStart[at] = heldAtStart[at]! + used;
    });
    for (const f of load.declined[a]!) filtered[a * frameworks + f] = 1;
  }
  /** The least that a framework takes, as the sets of `minAllocatable` say for all of them. */
  const leastCpus = new Float64Array(frameworks).fill(10);
  const leastMem = new Float64Array(frameworks).fill(32);
  const heap = new Int32Array(frameworks);
  const place = new Int32Array(frameworks);
  const share = new Float64Array(frameworks);
  const held = new Float64Array(frameworks * width);

  const shareOf = (f: number): number => {
    let most = 0;
    for (let r = 0; r < width; r += 1) {
      if (total[r] === 0) continue;
      const part = held[f * width + r]! / total[r]!;
      if (part > most) most = part;
    }
    return most;
  };
  const isBefore = (f: number, g: number): boolean =>
    share[f]! < share[g]! || (share[f] === share[g] && f < g);
  const sink = (from: number): void => {
    const moved = heap[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= frameworks) break;
      if (child + 1 < frameworks && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      place[heap[at]!] = at;
      at = child;
    }
    heap[at] = moved;
    place[moved] = at;
  };

  return () => {
    held.set(heldAtStart);
    for (let f = 0; f < frameworks; f += 1) {
      share[f] = shareOf(f);
      heap[f] = f;
      place[f] = f;
    }
    for (let at = frameworks >> 1; at >= 0; at -= 1) sink(at);
    let given = 0;
    for (let a = 0; a < agents; a += 1) {
      const cpus = free[a * width]!;
      const mem = free[a * width + 1]!;
      let best = -1;
      for (let f = 0; f < frameworks; f += 1) {
        if (cpus < leastCpus[f]! && mem < leastMem[f]!) continue;
        if (filtered[a * frameworks + f] === 1) continue;
        if (best < 0 || share[f]! < share[best]!) best = f;
      }
      if (best < 0) continue;
      for (let r = 0; r < width; r += 1) {
        held[best * width + r] = held[best * width + r]! + free[a * width + r]!;
      }
      share[best] = shareOf(best);
      sink(place[best]!);
      given += 1;
    }
    return given;
  };
}
