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
