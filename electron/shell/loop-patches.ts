// Sends patches on at most so often, squashed: the window needs 15 a second, not one for every sample.
import type { Patch } from '../contract/tables.ts';
import { squash } from '../core/kernel/tables.ts';
import { systemTimers, type Timers } from './loop-timing.ts';

export const patchEveryMs = 66;

/** Gives the first patch at once and then gathers. `cancel` drops what waits. */
export function coalescePatches(
  send: (patch: Patch) => void,
  options?: { readonly everyMs?: number; readonly timers?: Timers },
): { readonly take: (patch: Patch) => void; readonly cancel: () => void } {
  const everyMs = options?.everyMs ?? patchEveryMs;
  const timers = options?.timers ?? systemTimers;
  let waiting: Patch[] = [];
  let cancelTimer: (() => void) | null = null;

  const flush = (): void => {
    cancelTimer = null;
    const [first] = waiting;
    const last = waiting.at(-1);
    if (!first || !last) return;
    const patch = { from: first.from, to: last.to, diff: squash(waiting.map((each) => each.diff)) };
    waiting = [];
    cancelTimer = timers.after(everyMs, flush);
    send(patch);
  };
  return {
    take: (patch) => {
      waiting.push(patch);
      if (!cancelTimer) flush();
    },
    cancel: () => {
      cancelTimer?.();
      cancelTimer = null;
      waiting = [];
    },
  };
}
