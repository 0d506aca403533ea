// What the loop needs from the outside. Adapters implement these; fakes in test/support implement them too and pass
// the same conformance suites.
import type { Diff, DurableTable, Rows } from '../../contract/tables.ts';
import type { IssuedEffect } from './effects.ts';
import type { MasterEvent, Posted } from './events.ts';

export type DurableRows = { readonly [T in DurableTable]: readonly Rows[T][] };

/** What is in the durable tables, and the seq of the last commit. */
export type LoadedRows = DurableRows & { readonly seq: number };

export type StoreOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

/** Called once, and never before the call it belongs to has returned. */
export type StoreDone<T> = (outcome: StoreOutcome<T>) => void;

/**
 * The only write path of the durable state. It works beside the loop, so each answer comes later; what was asked is
 * done in its order. By callback and not by promise, so that a simulation decides at which moment an answer comes.
 */
export interface Store {
  load(done: StoreDone<LoadedRows>): void;
  /** Of the last commit that is on the disk: it says whether a commit whose answer was lost took place. */
  readSeq(done: StoreDone<number>): void;
  /**
   * A hint: this is to be committed soon, unless something later takes its place. What a commit needs of it can be made while
   * another is under way. Nothing is written.
   */
  prepare(event: MasterEvent, diff: Diff): void;
  /** One transaction: journal rows of the batch and the durable part of the diff. Durable (fsync) when it is ok. */
  commit(batch: readonly MasterEvent[], diff: Diff, done: StoreDone<null>): void;
  close(): Promise<void>;
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
