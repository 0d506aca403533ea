// The durable tables over one connection, for the thread that owns it. `write` is the only write path and returns when
// the data is on the disk; whoever must not wait for a disk speaks to it through store-thread.ts.
import type { Diff } from '../../contract/tables.ts';
import type { MasterEvent } from '../../core/kernel/events.ts';
import type { LoadedRows } from '../../core/kernel/ports.ts';
import { ailmentOf, type Connection, messageOf } from './connection.ts';
import { readNumber, writeMetaSql } from './meta.ts';
import { type BadRow, dropBadRow, prepareTables, readRows } from './rows.ts';
import { type Writes, writesOf } from './writes.ts';

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
  #quarantined: readonly BadRow[] = [];

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#db = options.db;
    this.#mustReopen = options.isCopy;
    this.#write = options.isCopy ? noWrites : this.#prepare();
  }

  /** Rows that the last `load` could not read; they are kept in the table `quarantine`. */
  get quarantined(): readonly BadRow[] {
    return this.#quarantined;
  }

  get connection(): Connection {
    return this.#db;
  }

  get isWritable(): boolean {
    return !this.#mustReopen;
  }

  load(): LoadedRows {
    const { rows, bad } = readRows(this.#db);
    if (bad.length > 0 && !this.#mustReopen) this.#setAside(bad);
    this.#quarantined = bad;
    return { ...rows, seq: readNumber(this.#db, 'seq') };
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
    const db = this.#options.reopen();
    this.#db.close();
    this.#db = db;
    this.#write = this.#prepare();
    this.#mustReopen = false;
  }

  #prepare(): (writes: Writes) => void {
    const db = this.#db;
    const writeTables = prepareTables(db);
    const addToJournal = db.prepare<[number, number, string, string]>(
      'INSERT INTO journal (seq, at_ms, kind, json) VALUES (?, ?, ?, ?)',
    );
    const setMeta = db.prepare<[string, string]>(writeMetaSql);
    const trim = db.prepare<[number, number]>('DELETE FROM journal WHERE seq <= ? OR at_ms < ?');
    const write = db.transaction(({ journal, tables }: Writes) => {
      for (const { seq, atMs, kind, json } of journal) addToJournal.run(seq, atMs, kind, json);
      writeTables(tables);
      const last = journal.at(-1);
      // Written even for an empty batch, so that an empty commit proves that the disk takes writes again.
      setMeta.run('seq', String(last?.seq ?? readNumber(db, 'seq')));
      if (last && this.#commits % trimEveryCommits === 0)
        trim.run(last.seq - journalRows, last.atMs - journalAgeMs);
    });
    return (writes) => {
      write.immediate(writes);
      this.#commits += 1;
    };
  }

  #setAside(bad: readonly BadRow[]): void {
    const db = this.#db;
    const keep = db.prepare<[string, string, string, string, number]>(
      'INSERT INTO quarantine (table_name, row_id, json, why, at_ms) VALUES (?, ?, ?, ?, ?)',
    );
    db.transaction(() => {
      for (const row of bad) {
        keep.run(row.table, row.id, row.json, row.why, this.#options.nowMs());
        dropBadRow(db, row);
      }
    }).immediate();
  }
}

function noWrites(): void {
  throw new Error('only a copy of the database could be read');
}
