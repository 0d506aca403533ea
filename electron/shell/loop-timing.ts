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

export class TurnMeter {
  #stats = emptyStats();

  turn(tookMs: number, events: number): void {
    const found = turnBuckets.findIndex((bound) => tookMs <= bound);
    const bucket = found < 0 ? turnBuckets.length : found;
    this.#stats = {
      ...this.#stats,
      turns: this.#stats.turns + 1,
      events: this.#stats.events + events,
      maxTurnMs: Math.max(this.#stats.maxTurnMs, tookMs),
      histogram: this.#stats.histogram.map((count, i) => (i === bucket ? count + 1 : count)),
    };
  }

  commit(tookMs: number): void {
    const { commits, maxCommitMs } = this.#stats;
    this.#stats = { ...this.#stats, commits: commits + 1, maxCommitMs: Math.max(maxCommitMs, tookMs) };
  }

  /** Since the start, or since the last reset. */
  read(options?: { readonly reset: boolean }): LoopStats {
    const stats = this.#stats;
    if (options?.reset) this.#stats = emptyStats();
    return stats;
  }
}

function emptyStats(): LoopStats {
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
