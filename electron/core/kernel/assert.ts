// A broken invariant is a bug of ours: it throws, the loop drops the whole step and says so. Never for bad input.

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

/** Ends a switch over a union: a new member fails to compile here, and at run time nothing slips through. */
export function unreachable(value: never): never {
  throw new Error(`broken invariant: unhandled ${JSON.stringify(value)}`);
}

/** The value, which must be there. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`broken invariant: no ${what}`);
  return value;
}
