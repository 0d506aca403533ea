// Sums over many runs. They are whole numbers, so that it does not matter which worker did which run.
import type { RunResult } from './run.ts';

export type Failure = Pick<RunResult, 'seed' | 'violations' | 'faults'>;
export type Tally = {
  runs: number;
  events: number;
  fireMs: number;
  tasks: number;
  lives: number;
  short: number;
  middle: number;
  long: number;
  /** By seed. */
  failures: Failure[];
};

export function emptyTally(): Tally {
  return { runs: 0, events: 0, fireMs: 0, tasks: 0, lives: 0, short: 0, middle: 0, long: 0, failures: [] };
}

export function count(tally: Tally, result: RunResult): void {
  const { seed, violations, faults, plan } = result;
  tally.runs += 1;
  tally.events += result.events;
  tally.fireMs += plan.fireMs;
  tally.tasks += result.tasks;
  tally.lives += result.lives;
  tally[plan.length] += 1;
  if (violations.length > 0) tally.failures.push({ seed, violations, faults });
}

export function merge(into: Tally, from: Tally): void {
  for (const key of ['runs', 'events', 'fireMs', 'tasks', 'lives', 'short', 'middle', 'long'] as const)
    into[key] += from[key];
  into.failures = [...into.failures, ...from.failures].sort((a, b) => a.seed - b.seed);
}
