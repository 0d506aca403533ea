// The store in memory, with a disk that can be full, slow, slow to tell the truth, or gone. Passes the same conformance
// suite as the real one.

import { type Diff, durableTables, type Tables } from '../../electron/contract/tables.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import type {
  DurableRows,
  LoadedRows,
  Store,
  StoreDone,
  StoreOutcome,
} from '../../electron/core/kernel/ports.ts';
import { applyDiff, emptyTables } from '../../electron/core/kernel/tables.ts';

export type FakeDisk = { tables: Tables; seq: number; journal: MasterEvent[] };

export function emptyDisk(): FakeDisk {
  return { tables: emptyTables, seq: 0, journal: [] };
}

/** Through a clone, as between threads: a test never shares objects with its past. */
const clone = <T>(value: T): T => structuredClone(value);

export function rowsOf({ tables, seq }: FakeDisk, copyOf = clone): LoadedRows {
  const rows = durableTables.map((table) => [table, copyOf([...tables[table].values()])]);
  return { ...(Object.fromEntries(rows) as DurableRows), seq };
}

export class FakeStore implements Store {
  readonly disk: FakeDisk;
  readonly #later: (call: () => void) => void;
  /** Why the next commits fail; null: they work. */
  failure: string | null = null;
  /** The next commit is written and fails all the same. */
  failAfterWrite = false;
  /** Nothing can be read either. */
  isUnreadable = false;
  /** Commits wait for `letGo`. */
  isHeld = false;
  commits = 0;
  /** Changes it was told of ahead of their commit. */
  prepared = 0;
  /** Asked and not answered: commits, the most of them at once, and reads. */
  underWay = 0;
  mostUnderWay = 0;
  reads = 0;
  isClosed = false;
  readonly #copyOf: typeof clone;
  #heldCommits: (() => void)[] = [];

  /** `later` brings the answers: by the clock of the test. `copyOf`: what a row goes through on its way to the disk. */
  constructor(
    disk: FakeDisk = emptyDisk(),
    later: (call: () => void) => void = queueMicrotask,
    copyOf = clone,
  ) {
    this.disk = disk;
    this.#later = later;
    this.#copyOf = copyOf;
  }

  load(done: StoreDone<LoadedRows>): void {
    this.#read(() => rowsOf(this.disk, this.#copyOf), done);
  }

  readSeq(done: StoreDone<number>): void {
    this.#read(() => this.disk.seq, done);
  }

  prepare(): void {
    this.prepared += 1;
  }

  commit(batch: readonly MasterEvent[], diff: Diff, done: StoreDone<null>): void {
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    // What the caller changes afterwards does not reach the disk.
    const written = this.#copyOf(diff);
    const act = (): void =>
      this.#later(() => {
        const outcome = this.write(batch, written);
        // The answer needs its time too: whoever dies in between has written and never heard of it.
        this.#later(() => {
          this.underWay -= 1;
          done(outcome);
        });
      });
    if (this.isHeld) this.#heldCommits.push(act);
    else act();
  }

  /** One commit as the disk does it. */
  write(batch: readonly MasterEvent[], diff: Diff): StoreOutcome<null> {
    if (this.isClosed) return { ok: false, why: 'the store is closed' };
    if (this.failure !== null) return { ok: false, why: this.failure };
    // As the journal's key: a number that was used up cannot be used again.
    const lastSeq = this.disk.journal.at(-1)?.seq ?? 0;
    if (batch.some((event) => event.seq <= lastSeq))
      return { ok: false, why: 'SQLITE_CONSTRAINT_PRIMARYKEY' };
    this.disk.tables = applyDiff(this.disk.tables, diff);
    this.disk.journal.push(...batch);
    this.disk.seq = batch.at(-1)?.seq ?? this.disk.seq;
    this.commits += 1;
    if (!this.failAfterWrite) return { ok: true, value: null };
    this.failAfterWrite = false;
    return { ok: false, why: 'the disk answered late' };
  }

  letGo(): void {
    this.isHeld = false;
    for (const act of this.#heldCommits.splice(0)) act();
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #read<T>(read: () => T, done: StoreDone<T>): void {
    this.reads += 1;
    this.#later(() => {
      const outcome = this.#tryToRead(read);
      this.#later(() => {
        this.reads -= 1;
        done(outcome);
      });
    });
  }

  #tryToRead<T>(read: () => T): StoreOutcome<T> {
    if (this.isClosed) return { ok: false, why: 'the store is closed' };
    return this.isUnreadable ? { ok: false, why: 'it cannot be read' } : { ok: true, value: read() };
  }
}
