// What the loop needs of time: a timer, a way to let others run, and a record of how long its turns took.

export type Timers = {
  /** Calls once after so many ms; the answer cancels it. */
  readonly after: (ms: number, call: () => void) => () => void;
  /** Calls as soon as everything that waits for the process has had its turn. */
  readonly soon: (call: () => void) => void;
};

export const systemTimers: Timers = {
  after: (ms, call) => {
    const timer = setTimeout(call, Math.max(0, Math.ceil(ms)));
    return () => clearTimeout(timer);
  },
  soon: (call) => {
    setImmediate(call);
  },
};

/** Upper bounds of the histogram in ms; the last bucket holds all that took longer. */
export const turnBuckets = [1, 2, 4, 8, 16, 32, 50, 100] as const;

export type LoopStats = {
  readonly turns: number;
  readonly events: number;
  readonly commits: number;
  readonly maxTurnMs: number;
  readonly maxCommitMs: number;
  /** Turns by length: up to 1 ms, 2 ms, ... and longer than the last bound. */
  readonly histogram: readonly number[];
};

/** Counts in place: every turn of the loop comes by here, and few ask. */
export class TurnMeter {
  #stats = emptyStats();

  turn(tookMs: number, events: number): void {
    const stats = this.#stats;
    let bucket = 0;
    while (bucket < turnBuckets.length && tookMs > (turnBuckets[bucket] ?? 0)) bucket += 1;
    stats.turns += 1;
    stats.events += events;
    stats.maxTurnMs = Math.max(stats.maxTurnMs, tookMs);
    stats.histogram[bucket] = (stats.histogram[bucket] ?? 0) + 1;
  }

  commit(tookMs: number): void {
    this.#stats.commits += 1;
    this.#stats.maxCommitMs = Math.max(this.#stats.maxCommitMs, tookMs);
  }

  /** Since the start, or since the last reset. */
  read(options?: { readonly reset: boolean }): LoopStats {
    const stats = this.#stats;
    if (options?.reset) this.#stats = emptyStats();
    return { ...stats, histogram: [...stats.histogram] };
  }
}

type Counts = { -readonly [K in keyof LoopStats]: LoopStats[K] } & { readonly histogram: number[] };

function emptyStats(): Counts {
  const histogram = Array.from({ length: turnBuckets.length + 1 }, () => 0);
  return { turns: 0, events: 0, commits: 0, maxTurnMs: 0, maxCommitMs: 0, histogram };
}

/** How long this computer was away although we only meant to wait `plannedMs`; 0 when it was not. */
export function asleepMs(planned: {
  readonly plannedMs: number;
  readonly monoElapsedMs: number;
  readonly wallElapsedMs: number;
}): number {
  const lateMs = planned.monoElapsedMs - planned.plannedMs;
  // The monotonic clock stood still: only the wall clock saw it. A clock that was set by hand looks the same, and then
  // starting the silence anew is harmless.
  const unseenMs = planned.wallElapsedMs - planned.monoElapsedMs;
  const longest = Math.max(lateMs, unseenMs);
  return longest > lateAfterMs ? Math.round(longest) : 0;
}

const lateAfterMs = 2000;
