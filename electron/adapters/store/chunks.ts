// Reading the tables in pieces of text: the thread of the store only hands on what is in the file, and whoever asked makes
// records of it (assembly.ts). Bytes of JSON cross between threads at no cost; records would be walked and cloned.
import { type DurableTable, durableTables } from '../../contract/tables.ts';
import type { Connection } from './connection.ts';

/** A JSON array of ids and rows in turn, in UTF-8. The id is that of the key; the row says its own again. */
export type Chunk = {
  readonly table: DurableTable;
  readonly rows: number;
  readonly bytes: Uint8Array;
};

/** As much as is made records of at once, without a pause: 3 to 6 ms. */
const wantedBytes = 256 * 1024;
const mostRows = 2000;

type Piece = { readonly last: number | null; readonly rows: number; readonly bytes: Uint8Array | null };

const pieceSql = (table: DurableTable): string => `
  SELECT max(rowid) AS last, count(*) AS rows,
    CAST('[' || group_concat(json_quote(id) || ',' || json) || ']' AS BLOB) AS bytes
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
      if (piece && piece.last !== null && piece.bytes !== null) {
        this.#after = piece.last;
        this.#fit(piece.rows, piece.bytes.length);
        return { table, rows: piece.rows, bytes: piece.bytes };
      }
      this.#tables.shift();
      this.#after = 0;
      this.#rows = 16;
    }
    return null;
  }

  /** By the size of the rows so far. It grows slowly: those to come may be bigger. */
  #fit(rows: number, bytes: number): void {
    const wanted = Math.floor((wantedBytes * rows) / bytes);
    this.#rows = Math.max(1, Math.min(wanted, rows * 4, mostRows));
  }
}
