// Reading the tables in pieces of text: the thread of the store only hands on what is in the file, and whoever asked makes
// records of it (assembly.ts). A text crosses between threads as one copy of memory; records would be walked and cloned. Bytes that
// change hands would save that copy, but are then decoded by the thread of the loop, and lie about until its next full collection.
import { type DurableTable, durableTables } from '../../contract/tables.ts';
import type { Connection } from './connection.ts';

/** A JSON array of ids and rows in turn. The id is that of the key; the row says its own again. */
export type Chunk = {
  readonly table: DurableTable;
  readonly rows: number;
  readonly text: string;
};

/** As much as is made records of at once, without a pause: 3 to 6 ms. */
const wantedLength = 256 * 1024;
const mostRows = 2000;

type Piece = { readonly last: number | null; readonly rows: number; readonly text: string | null };

const pieceSql = (table: DurableTable): string => `
  SELECT max(rowid) AS last, count(*) AS rows,
    '[' || group_concat(json_quote(id) || ',' || json) || ']' AS text
  FROM (SELECT rowid, id, json FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?)`;

/** Machines first: the others hang on them. */
export class ChunkReader {
  readonly #db: Connection;
  readonly #tables = [...durableTables];
  #after = 0;
  #rows = 16;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** null: that was all. */
  next(): Chunk | null {
    for (let [table] = this.#tables; table !== undefined; [table] = this.#tables) {
      const piece = this.#db.prepare<[number, number], Piece>(pieceSql(table)).get(this.#after, this.#rows);
      if (piece && piece.last !== null && piece.text !== null) {
        this.#after = piece.last;
        this.#fit(piece.rows, piece.text.length);
        return { table, rows: piece.rows, text: piece.text };
      }
      this.#tables.shift();
      this.#after = 0;
      this.#rows = 16;
    }
    return null;
  }

  /** By the size of the rows so far. It grows slowly: those to come may be bigger. */
  #fit(rows: number, length: number): void {
    const wanted = Math.floor((wantedLength * rows) / length);
    this.#rows = Math.max(1, Math.min(wanted, rows * 4, mostRows));
  }
}
