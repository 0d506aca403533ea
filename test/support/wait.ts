/** Waiting on conditions with a cap, instead of sleeping. Any test may import it; it imports nothing of ours. */

export type Wait = {
  /** Named in the error when the cap is reached. */
  readonly what: string;
  readonly capMs?: number;
  readonly everyMs?: number;
};

type Falsy = false | undefined | null | 0 | '';

/**
 * Asks again and again until the condition gives something truthy, and returns that. A throw counts as "not
 * yet": the last one becomes the cause of the error. A condition that hangs is cut off by the cap too.
 */
export async function until<T>(condition: () => T | Promise<T>, wait: Wait): Promise<Exclude<T, Falsy>> {
  const { what, capMs = 10_000, everyMs = 20 } = wait;
  const startMs = performance.now();
  let lastError: unknown;
  for (;;) {
    const leftMs = capMs - (performance.now() - startMs);
    if (leftMs <= 0) break;
    try {
      const value = await withCap(Promise.resolve(condition()), leftMs);
      if (value) return value as Exclude<T, Falsy>;
    } catch (error) {
      lastError = error;
    }
    await pause(Math.min(everyMs, Math.max(1, leftMs)));
  }
  const why = lastError instanceof Error ? `; last error: ${lastError.message}` : '';
  throw new Error(`gave up after ${capMs} ms waiting until ${what}${why}`, { cause: lastError });
}

export function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}

function withCap<T>(promise: Promise<T>, capMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the condition itself did not answer')), capMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
