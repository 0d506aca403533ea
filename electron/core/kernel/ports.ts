// What the loop needs from the outside. Adapters implement these; fakes in test/support implement them too and pass
// the same conformance suites.
import type { Diff, DurableTable, Rows } from '../../contract/tables.ts';
import type { IssuedEffect } from './effects.ts';
import type { MasterEvent, Posted } from './events.ts';

export type DurableRows = { readonly [T in DurableTable]: readonly Rows[T][] };

/** The only write path of the durable state. Throws on an outside failure; the loop turns that into a fault. */
export interface Store {
  load(): DurableRows & { readonly seq: number };
  /** One transaction: journal rows of the batch and the durable part of the diff. Durable (fsync) when it returns. */
  commit(batch: readonly MasterEvent[], diff: Diff): void;
  close(): void;
}

/** Carries out effects. Never throws; every outcome is posted as an event. */
export interface EffectRunner {
  run(effect: IssuedEffect, post: (event: Posted) => void): void;
}

export interface Clock {
  /** Wall clock, ms since 1970. */
  nowMs(): number;
  /** Monotonic awake time in ms: never goes back, stands still while the computer sleeps where the system allows it. */
  monoMs(): number;
}
