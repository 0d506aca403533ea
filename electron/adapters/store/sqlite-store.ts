// The durable tables over one connection, for the thread that owns it. `write` is the only write path and returns when
// the data is on the disk; whoever must not wait for a disk speaks to it through store-thread.ts.
import type { Diff } from '../../contract/tables.ts';
import type { MasterEvent } from '../../core/kernel/events.ts';
import type { BadRow } from './assembly.ts';
import { ChunkReader } from './chunks.ts';
import { ailmentOf, type Connection, messageOf } from './connection.ts';
import { readNumber, writeMetaSql } from './meta.ts';
import { prepareTables, setRowsAside } from './rows.ts';
import { type JournalRow, journalRowsOf, type Writes, writesOf } from './writes.ts';

/** The journal tells what led to the present tables; it is for people and repairs, the tables are the truth. */
const journalRows = 20_000;
const journalAgeMs = 30 * 24 * 3_600_000;
const trimEveryCommits = 256;

export type SqliteStoreOptions = {
  readonly db: Connection;
  /** Opens the real file again after a failure; throws when that fails. */
  readonly reopen: () => Connection;
  /** Only a copy could be read: nothing can be written until `reopen` works. */
  readonly isCopy: boolean;
  readonly nowMs: () => number;
};

export class SqliteStore {
  readonly #options: SqliteStoreOptions;
  #db: Connection;
  #write: (writes: Writes) => void;
  #mustReopen: boolean;
  #commits = 0;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#db = options.db;
    this.#mustReopen = options.isCopy;
    this.#write = options.isCopy ? noWrites : this.#prepare();
  }

  get connection(): Connection {
    return this.#db;
  }

  get isWritable(): boolean {
    return !this.#mustReopen;
  }

  reader(): ChunkReader {
    return new ChunkReader(this.#db);
  }

  /** Of a copy they stay where they are: it is only looked at. */
  setAside(bad: readonly BadRow[]): void {
    if (bad.length > 0 && !this.#mustReopen) setRowsAside(this.#db, bad, this.#options.nowMs());
  }

  readSeq(): number {
    return readNumber(this.#db, 'seq');
  }

  commit(batch: readonly MasterEvent[], diff: Diff): void {
    this.write(writesOf(batch, diff));
  }

  write(writes: Writes): void {
    if (this.#mustReopen) this.#reopen();
    try {
      this.#write(writes);
    } catch (error) {
      // A full or busy file gets better by itself; for anything else the connection is not to be trusted.
      const ailment = ailmentOf(error);
      if (ailment !== 'locked' && !messageOf(error).startsWith('SQLITE_FULL')) this.#mustReopen = true;
      throw new Error(messageOf(error), { cause: error });
    }
  }

  close(): void {
    this.#db.close();
  }

  #reopen(): void {
    // It has the file for itself: its own lock would refuse the new one. A copy in memory has none, and is read until then.
    if (!this.#db.memory) this.#db.close();
    const db = this.#options.reopen();
    this.#db.close();
    this.#db = db;
    this.#write = this.#prepare();
    this.#mustReopen = false;
  }

  #prepare(): (writes: Writes) => void {
    const db = this.#db;
    // A row's text comes from JSON.stringify and is parsed when it is read; to parse it here as well is half of what a row costs.
    db.pragma('ignore_check_constraints = ON');
    const writeTables = prepareTables(db);
    const addToJournal = db.prepare<[number, number, string, string]>(
      'INSERT INTO journal (seq, at_ms, kind, json) VALUES (?, ?, ?, ?)',
    );
    const setMeta = db.prepare<[string, string]>(writeMetaSql);
    const trim = db.prepare<[number, number]>('DELETE FROM journal WHERE seq <= ? OR at_ms < ?');
    const write = db.transaction((writes: Writes) => {
      let last: JournalRow | null = null;
      for (const row of journalRowsOf(writes)) {
        addToJournal.run(...row);
        last = row;
      }
      writeTables(writes.tables);
      const [seq, atMs] = last ?? [readNumber(db, 'seq'), null];
      // Written even for an empty batch, so that an empty commit proves that the disk takes writes again.
      setMeta.run('seq', String(seq));
      if (atMs !== null && this.#commits % trimEveryCommits === 0)
        trim.run(seq - journalRows, atMs - journalAgeMs);
    });
    return (writes) => {
      write.immediate(writes);
      this.#commits += 1;
    };
  }
}

function noWrites(): void {
  throw new Error('only a copy of the database could be read');
}
