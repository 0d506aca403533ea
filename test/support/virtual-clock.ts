// A clock and timers that a test moves by hand. Wall and awake time can be driven apart, as a sleep or NTP would.
// Timers wait in a binary heap, so that a simulation of hours costs what happens in it and not how long it lasts.
import type { Clock } from '../../electron/core/kernel/ports.ts';
import type { Timers } from '../../electron/shell/loop-timing.ts';

/** `call` is null once it was cancelled: it leaves the heap when its turn comes. */
type Timer = { readonly atMonoMs: number; readonly order: number; call: (() => void) | null };

/** Up to a 1/1024 ms: such sums are exact, so that no rest of a rounding keeps a timer from ever being due. */
function exact(ms: number): number {
  return Math.ceil(ms * 1024) / 1024;
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMonoMs < b.atMonoMs || (a.atMonoMs === b.atMonoMs && a.order < b.order);
}

/** The smallest first. Written out by hand: the simulation spends a good part of its time here. */
class TimerHeap {
  readonly #timers: Timer[] = [];

  get first(): Timer | undefined {
    while (this.#timers[0]?.call === null) this.#takeFirst();
    return this.#timers[0];
  }

  add(timer: Timer): void {
    const timers = this.#timers;
    let at = timers.length;
    timers.push(timer);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = timers[up];
      if (!parent || !isBefore(timer, parent)) break;
      timers[at] = parent;
      at = up;
    }
    timers[at] = timer;
  }

  take(): Timer | undefined {
    const { first } = this;
    if (first) this.#takeFirst();
    return first;
  }

  #takeFirst(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (!last || timers.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const below = timers[child];
      if (!below || !isBefore(below, last)) break;
      timers[at] = below;
      at = child;
    }
    timers[at] = last;
  }

  #smallerChild(at: number): number {
    const left = this.#timers[2 * at + 1];
    const right = this.#timers[2 * at + 2];
    return left && right && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
  }
}

export class VirtualTime implements Clock {
  #monoMs = 1000;
  #wallMs: number;
  #order = 0;
  readonly #timers = new TimerHeap();
  #soon: (() => void)[] = [];

  constructor(wallMs = 1_800_000_000_000) {
    this.#wallMs = wallMs;
  }

  readonly nowMs = (): number => this.#wallMs;
  readonly monoMs = (): number => this.#monoMs;

  readonly timers: Timers = {
    after: (ms, call) => {
      const timer: Timer = { atMonoMs: this.#monoMs + exact(Math.max(0, ms)), order: this.#order++, call };
      this.#timers.add(timer);
      return () => {
        timer.call = null;
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
    while (this.runNext(endMs));
  }

  /** Jumps to the next timer and settles there. False: there is none until then, and then it is. */
  runNext(endMonoMs: number): boolean {
    const next = this.#timers.first;
    const isWithin = next !== undefined && next.atMonoMs <= endMonoMs;
    this.#pass(Math.max(0, (isWithin ? next.atMonoMs : endMonoMs) - this.#monoMs));
    this.settle();
    return isWithin;
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
    return this.#timers.first?.atMonoMs ?? null;
  }

  #pass(ms: number): void {
    this.#monoMs += exact(ms);
    this.#wallMs += exact(ms);
  }

  #runOneTimer(): boolean {
    const next = this.#timers.first;
    if (!next || next.atMonoMs > this.#monoMs) return false;
    const call = this.#timers.take()?.call;
    next.call = null;
    call?.();
    return true;
  }
}
