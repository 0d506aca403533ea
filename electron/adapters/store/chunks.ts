// Reading the tables in pieces of text: the thread of the store only hands on what is in the file, and whoever asked makes
// records of it (assembly.ts). A text crosses between threads as one copy of memory; records would be walked and cloned.
import { type DurableTable, durableTables } from '../../contract/tables.ts';
import type { Connection } from './connection.ts';
import { Finder } from './finder.ts';
import type { Said } from './patterns.ts';

/** What there is to say of so many rows (patterns.ts). The id is that of the key; the row says its own again. */
export type Chunk = Said & {
  readonly table: DurableTable;
  readonly rows: number;
};

/** As much as is made records of at once, without a pause: 3 to 6 ms. */
const wantedLength = 256 * 1024;
/** In the file, where rows that have much in common take more. */
const mostLength = 1024 * 1024;
const mostRows = 1000;

type Row = [rowid: number, id: string, json: string];
type Select = {
  readonly table: DurableTable;
  readonly rowsAfter: (rowid: number, most: number) => Row[];
};

/** Machines first: the others hang on them. */
export class ChunkReader {
  readonly #db: Connection;
  readonly #tables = [...durableTables];
  #finder = new Finder();
  #select: Select | null = null;
  #after = 0;
  #rows = 16;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** null: that was all. */
  next(): Chunk | null {
    for (let [table] = this.#tables; table !== undefined; [table] = this.#tables) {
      const rows = this.#read(table);
      const last = rows.at(-1);
      if (last) {
        [this.#after] = last;
        const said = this.#say(rows);
        this.#fit(rows, said);
        return { table, rows: rows.length, ...said };
      }
      this.#tables.shift();
      this.#finder = new Finder();
      this.#after = 0;
      this.#rows = 16;
    }
    return null;
  }

  #read(table: DurableTable): Row[] {
    if (this.#select?.table !== table) {
      const sql = `SELECT rowid, id, json FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`;
      const statement = this.#db.prepare<[number, number], Row>(sql).raw();
      this.#select = { table, rowsAfter: (rowid, most) => statement.all(rowid, most) };
    }
    return this.#select.rowsAfter(this.#after, this.#rows);
  }

  #say(rows: readonly Row[]): Said {
    for (let at = 0; at < rows.length; at += 1) {
      const [, id, json] = rows[at] as Row;
      this.#finder.add(JSON.stringify(id), json);
    }
    return this.#finder.take();
  }

  /** By the size of the rows so far. It grows slowly: those to come may be bigger. */
  #fit(rows: readonly Row[], { text, columns }: Said): void {
    const length = columns.reduce((sum, column) => sum + column.length, text.length);
    const inFile = rows.reduce((sum, [, , json]) => sum + json.length, 0);
    const share = Math.min(wantedLength / length, mostLength / inFile);
    this.#rows = Math.max(1, Math.min(Math.floor(rows.length * share), rows.length * 4, mostRows));
  }
}
