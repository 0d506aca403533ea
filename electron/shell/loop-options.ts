// What a loop is given, and its limits.
import type { Result } from '../contract/errors.ts';
import type { FaultRecord } from '../contract/operation.ts';
import type { Diff } from '../contract/tables.ts';
import type { MasterEvent, Posted } from '../core/kernel/events.ts';
import type { Clock, EffectRunner, LoadedRows, Store } from '../core/kernel/ports.ts';
import type { State } from '../core/master/state.ts';
import type { StepResult } from '../core/master/step.ts';
import type { Timers } from './loop-timing.ts';

/** One line of the log: a fixed verb and ids as fields. */
export type LogLine = {
  readonly verb: string;
  readonly fields: Readonly<Record<string, string | number | null>>;
};

export type LoopOptions = {
  readonly store: Store;
  /** What the store held when it was opened. */
  readonly rows: LoadedRows;
  readonly runner: EffectRunner;
  readonly clock: Clock;
  /** Of the random stream; a new one each start. */
  readonly seed: number;
  readonly log: (line: LogLine) => void;
  readonly timers?: Timers;
  /** Replaced in tests only. */
  readonly step?: (state: State, event: MasterEvent) => StepResult;
};
/** What it keeps of that: the rows become its state, and what is changed of them shall be free to go. */
export type LoopSettings = Omit<LoopOptions, 'rows'>;

export type Item = { readonly event: Posted; readonly answer: ((result: Result<null>) => void) | null };
export type Stepped = {
  readonly item: Item;
  readonly event: MasterEvent;
  readonly result: StepResult;
  readonly durable: Diff;
};

/** Also what is stepped at most on top of a commit that is under way: all of it goes into the next one. */
export const maxBatch = 256;
/** Steps of one turn; handing over the commit comes on top, and 8 ms is the limit for all. */
export const stepBudgetMs = 2;
/** Also the beat by which a sleep of the computer is noticed. */
export const maxSleepMs = 1000;
export const storeRetryMs = 2000;
/** A commit that takes longer counts as a sleep: nothing expires meanwhile. It is also worth a line in the log. */
export const slowCommitMs = 1000;
/** A commit that takes this long may never be answered: from then on what waits is bounded. */
export const stuckCommitMs = 5000;
/** I10: facts that wait for a store that cannot be written, or does not answer. Agents send their updates again anyway. */
export const maxHeld = 10_000;

export const readOnlyFault: FaultRecord['kind'] = 'store-read-only';
/** These never wait behind a held fact: they change nothing durable, or can be had again. */
export const passing: ReadonlySet<Posted['kind']> = new Set([
  'sample-received',
  'link-heard',
  'fault-raised',
  'deadline-passed',
  'woke-up',
]);
