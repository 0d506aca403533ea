// Time as data: a deadline is a number on the monotonic awake clock, or null for never.

export type Deadline = number | null;

export function earliest(deadlines: Iterable<Deadline>): Deadline {
  let first: Deadline = null;
  for (const deadline of deadlines) {
    if (deadline !== null && (first === null || deadline < first)) first = deadline;
  }
  return first;
}

export function isDue(deadline: Deadline, nowMonoMs: number): boolean {
  return deadline !== null && deadline <= nowMonoMs;
}

/** Doubling delay with a cap: attempt 0 gives `firstMs`. */
export function backoffMs(attempt: number, firstMs: number, capMs: number): number {
  return Math.min(capMs, firstMs * 2 ** Math.min(attempt, 30));
}
