// A seeded random stream (mulberry32). Its whole state is one 32-bit number, which lives in the session state, so a
// run can be replayed to the byte. Good enough for jitter and simulation; never for secrets.

export type Random = { readonly value: number; readonly state: number };

/** The next value in [0, 1) and the state after it. */
export function nextRandom(state: number): Random {
  const next = (state + 0x6d2b79f5) >>> 0;
  let t = next;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return { value: ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296, state: next };
}

/** A stream with its own memory, for the simulation and the loop's shell; the core threads the state by itself. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    const { value, state: after } = nextRandom(state);
    state = after;
    return value;
  };
}
