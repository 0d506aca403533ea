// Memory that a test shares with the thread of its store (hooked-store-child.ts).

/** Places in the shared memory. */
export const hook = {
  /** How long each commit takes from now on. */
  commitMs: 0,
  /** How many have begun. */
  begun: 1,
  /** 1: the thread dies in the next commit. */
  dieBeforeWrite: 2,
  /** 1: it dies after the next thing it was asked, without an answer. */
  dieBeforeAnswer: 3,
} as const;

export type Hooks = { readonly hooks: Int32Array };

export function newHooks(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(16));
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Holds this thread at each commit as a disk would in fsync: nothing else of it runs. */
export function slowDown(hooks: Int32Array, sql: unknown): boolean {
  if (!String(sql).startsWith('COMMIT')) return false;
  Atomics.add(hooks, hook.begun, 1);
  const ms = Atomics.load(hooks, hook.commitMs);
  if (ms > 0) Atomics.wait(never, 0, 0, ms);
  return true;
}
