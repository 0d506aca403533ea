// One full allocation cycle over all agents, at several sizes, and what it costs beside a floor measured in the same run: plain
// typed arrays, one heap, and a fit and filter test of every pair of agent and framework.
import { performance } from 'node:perf_hooks';
import { createAllocator } from '../../electron/core/allocator/allocator.ts';
import type { Allocator, Amounts } from '../../electron/core/allocator/types.ts';
import { createRandom } from '../../electron/core/kernel/random.ts';
import { newFloor } from './allocator-floor.ts';
import { median } from './statistics.ts';

/** A cluster in use: machines of several sizes, partly full, with the filters of so many rounds of declined offers. */
export type Shape = { readonly agents: number; readonly frameworks: number; readonly declines: number };

export type Load = Shape & {
  /** What agents have and what of it is free, `[cpus, mem, disk, gpus]` each. */
  readonly totals: readonly Amounts[];
  readonly used: readonly Amounts[];
  /** By agent, the frameworks that declined it. */
  readonly declined: readonly (readonly number[])[];
};

function makeLoad(shape: Shape): Load {
  const random = createRandom(shape.agents);
  const whole = (most: number): number => Math.floor(random() * most);
  const totals = Array.from({ length: shape.agents }, () => {
    const cores = [4, 8, 16, 32][whole(4)] ?? 4;
    return { cpusMilli: cores * 1000, memMib: cores * 4096, diskMib: 500_000, gpus: 0 };
  });
  const used = totals.map(({ cpusMilli, memMib }) => ({
    cpusMilli: whole(cpusMilli / 2),
    memMib: whole(memMib / 2),
    diskMib: 0,
    gpus: 0,
  }));
  const declined = totals.map(() => Array.from({ length: shape.declines }, () => whole(shape.frameworks)));
  return { ...shape, totals, used, declined };
}

function fill(load: Load): Allocator {
  const allocator = createAllocator();
  const must = (result: { readonly ok: boolean }): void => {
    if (!result.ok) throw new Error(JSON.stringify(result));
  };
  for (let n = 0; n < load.frameworks; n += 1) {
    const key = { frameworkId: `f${n}`, role: 'role' };
    const rest = { active: true, suppressed: false, gpuCapable: false };
    must(allocator.putClient({ ...key, ...rest, demand: null, minAllocatable: null, constraints: null }));
  }
  load.totals.forEach((total, n) => {
    const agentId = `a${n}`;
    must(
      allocator.putAgent({
        agentId,
        resources: { ...total, ports: [{ begin: 31_000, end: 32_000 }] },
        reservations: [],
        mode: 'active',
        hostname: agentId,
        attributes: [],
        unavailability: null,
      }),
    );
    const unreserved = load.used[n]!;
    const parts = { unreserved, reserved: [], ports: [] };
    must(allocator.hold({ frameworkId: `f${n % load.frameworks}`, role: 'role', agentId, parts }));
    for (const framework of load.declined[n]!) {
      const refused = { unreserved: total, reserved: { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 } };
      const key = { frameworkId: `f${framework}`, role: 'role', agentId };
      must(allocator.addFilter({ ...key, refused, untilMonoMs: 1e9 }));
    }
  });
  return allocator;
}

/** Median time of a cycle that leaves the allocator as it was. */
function measureMs(act: (seed: number) => void, least: number): number {
  const times: number[] = [];
  for (let n = 0; n < least; n += 1) act(n);
  for (let n = 0; n < least; n += 1) {
    const startedMs = performance.now();
    act(n);
    times.push(performance.now() - startedMs);
  }
  return median(times);
}

function cycleMs(allocator: Allocator, times: number): number {
  return measureMs((seed) => {
    const answer = allocator.allocate({ agents: 'all', nowMonoMs: 0, seed, apply: false });
    if (!answer.ok || answer.value.length === 0) throw new Error('nothing was allocated');
  }, times);
}

/** Milliseconds of the median cycle, and of the floor when there is one. */
export type CycleTimes = { readonly ms: number; readonly floorMs: number | null };

export function measureCycle(shape: Shape, times: number, withFloor: boolean): CycleTimes {
  const load = makeLoad(shape);
  const ms = cycleMs(fill(load), times);
  if (!withFloor) return { ms, floorMs: null };
  const floor = newFloor(load);
  return { ms, floorMs: measureMs(() => floor(), times) };
}
