// What the store's thread is asked and what it answers. Everything here must survive a structured clone.
import type { Result } from '../../contract/errors.ts';
import type { MasterId } from '../../contract/ids.ts';
import type { LoadedRows } from '../../core/kernel/ports.ts';
import type { OpenedStore, StoreProblem } from './open.ts';
import type { SnapshotFile } from './snapshots.ts';
import type { Writes } from './writes.ts';

/** The thread is given this when it starts; a thread that follows a dead one opens the same place. */
export type StorePlace = {
  readonly file: string;
  readonly nativeBinding?: string | undefined;
  /** Taken when the data folder has no master yet. */
  readonly freshMasterId: MasterId;
};

export type OpenAnswer =
  | { readonly kind: 'opened'; readonly facts: OpenedFacts }
  | { readonly kind: 'problem'; readonly problem: StoreProblem };

export type OpenedFacts = Omit<OpenedStore, 'store'> & { readonly rows: LoadedRows };

export type Ask =
  | { readonly kind: 'open' }
  | { readonly kind: 'load' }
  | { readonly kind: 'read-seq' }
  | { readonly kind: 'commit'; readonly writes: Writes }
  | { readonly kind: 'restore-snapshot' }
  | { readonly kind: 'set-aside' }
  | { readonly kind: 'close' };

export type Answers = {
  readonly open: OpenAnswer;
  readonly load: LoadedRows;
  readonly 'read-seq': number;
  readonly commit: null;
  /** false: there is no good one, and nothing was changed. */
  readonly 'restore-snapshot': boolean;
  /** The name under which the file is kept. */
  readonly 'set-aside': string;
  readonly close: null;
};

export type ToThread = { readonly id: number; readonly ask: Ask };

export type FromThread =
  | { readonly kind: 'done'; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly kind: 'failed'; readonly id: number; readonly why: string }
  | { readonly kind: 'snapshot'; readonly made: Result<SnapshotFile> };
