// The two clocks of the loop.
import type { Clock } from '../../core/kernel/ports.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // CLOCK_MONOTONIC on Linux: stands still while the computer sleeps. macOS goes on counting; there the loop's own
  // check for a late timer tells a sleep.
  monoMs: () => performance.now(),
};
