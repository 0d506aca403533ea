// What the store's thread is asked and what it answers. Everything here must survive a structured clone.
import type { Result } from '../../contract/errors.ts';
import type { MasterId } from '../../contract/ids.ts';
import type { LoadedRows } from '../../core/kernel/ports.ts';
import type { BadRow } from './assembly.ts';
import type { Chunk } from './chunks.ts';
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
  /** Its rows can be read; nothing was changed yet, and nothing was checked unless something had to be done about the file. */
  { readonly kind: 'begun' } | { readonly kind: 'problem'; readonly problem: StoreProblem };

export type Adopted = Omit<OpenedStore, 'store'> & Pick<LoadedRows, 'seq'>;
export type AdoptAnswer =
  /** `isAnew`: another file than was read, or a mended one; it is to be read from the start. */
  | { readonly kind: 'opened'; readonly adopted: Adopted; readonly isAnew: boolean }
  | { readonly kind: 'problem'; readonly problem: StoreProblem };

export type OpenedFacts = Omit<OpenedStore, 'store'> & { readonly rows: LoadedRows };

export type Ask =
  | { readonly kind: 'open' }
  /** The next piece; of a file from its start. */
  | { readonly kind: 'read' }
  /** Of the file that is being read: what SQLite complains about. */
  | { readonly kind: 'check' }
  /** After all was read. `complaint`: it cannot be used as it is. Only now is anything written. */
  | { readonly kind: 'adopt'; readonly complaint: string | null }
  /** Rows that are read but cannot be used. */
  | { readonly kind: 'set-rows-aside'; readonly bad: readonly BadRow[] }
  /** To read all of it again; the seq of what is read. */
  | { readonly kind: 'rewind' }
  | { readonly kind: 'read-seq' }
  | { readonly kind: 'commit'; readonly writes: Writes }
  | { readonly kind: 'restore-snapshot' }
  | { readonly kind: 'set-aside' }
  | { readonly kind: 'close' };

export type Answers = {
  readonly open: OpenAnswer;
  /** null: that was all. */
  readonly read: Chunk | null;
  /** null: it is sound. */
  readonly check: string | null;
  readonly adopt: AdoptAnswer;
  readonly 'set-rows-aside': null;
  readonly rewind: number;
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
