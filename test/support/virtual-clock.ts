// A clock and timers that a test moves by hand. Wall and awake time can be driven apart, as a sleep or NTP would.
import type { Clock } from '../../electron/core/kernel/ports.ts';
import type { Timers } from '../../electron/shell/loop-timing.ts';

type Timer = { readonly atMonoMs: number; readonly order: number; readonly call: () => void };

/** Up to a 1/1024 ms: such sums are exact, so that no rest of a rounding keeps a timer from ever being due. */
function exact(ms: number): number {
  return Math.ceil(ms * 1024) / 1024;
}

export class VirtualTime implements Clock {
  #monoMs = 1000;
  #wallMs: number;
  #order = 0;
  #timers: Timer[] = [];
  #soon: (() => void)[] = [];

  constructor(wallMs = 1_800_000_000_000) {
    this.#wallMs = wallMs;
  }

  readonly nowMs = (): number => this.#wallMs;
  readonly monoMs = (): number => this.#monoMs;

  readonly timers: Timers = {
    after: (ms, call) => {
      const timer = { atMonoMs: this.#monoMs + exact(Math.max(0, ms)), order: this.#order++, call };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((each) => each !== timer);
      };
    },
    soon: (call) => {
      this.#soon.push(call);
    },
  };

  /** Everything that is due now, and what that brings about. */
  settle(): void {
    for (let rounds = 0; rounds < 100_000; rounds += 1) {
      const soon = this.#soon.shift();
      if (soon) soon();
      else if (!this.#runOneTimer()) return;
    }
    throw new Error('virtual time: it never settles');
  }

  /** Passes this much time, stopping at every timer on the way. */
  advance(ms: number): void {
    const endMs = this.#monoMs + ms;
    this.settle();
    for (let next = this.#nextTimer(); next && next.atMonoMs <= endMs; next = this.#nextTimer()) {
      this.#pass(Math.max(0, next.atMonoMs - this.#monoMs));
      this.settle();
    }
    this.#pass(endMs - this.#monoMs);
    this.settle();
  }

  /** Time passes and nobody was there to see it: a stopped process, or a system whose awake clock goes on in sleep. */
  freeze(ms: number): void {
    this.#pass(ms);
    this.settle();
  }

  /** The computer slept: only the wall clock went on. */
  sleep(ms: number): void {
    this.#wallMs += exact(ms);
  }

  /** Somebody set the wall clock. */
  setWall(ms: number): void {
    this.#wallMs = exact(ms);
  }

  get nextTimerMonoMs(): number | null {
    return this.#nextTimer()?.atMonoMs ?? null;
  }

  #pass(ms: number): void {
    this.#monoMs += exact(ms);
    this.#wallMs += exact(ms);
  }

  #nextTimer(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, each) =>
        !first ||
        each.atMonoMs < first.atMonoMs ||
        (each.atMonoMs === first.atMonoMs && each.order < first.order)
          ? each
          : first,
      undefined,
    );
  }

  #runOneTimer(): boolean {
    const next = this.#nextTimer();
    if (!next || next.atMonoMs > this.#monoMs) return false;
    this.#timers = this.#timers.filter((each) => each !== next);
    next.call();
    return true;
  }
}
