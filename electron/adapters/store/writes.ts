// One commit as plain texts and numbers: made by the thread that owns the records, written by the thread that owns the
// connection. Texts cross between threads at the cost of a copy; records would be walked and cloned. So that even the rows need no
// names on the way, which costs thrice as much, they lie in one list, so many values each.
import { type Diff, type DurableTable, durableTables, type Rows } from '../../contract/tables.ts';
import type { MasterEvent } from '../../core/kernel/events.ts';
import { journalJson } from './journal.ts';

/** The whole row as JSON, and what SQLite needs for its keys; null: its table has no such column. */
export type Columns = {
  readonly id: string;
  readonly json: string;
  readonly machineId: string | null;
  readonly state: string | null;
};
/** Values of one row in `put`, in the order of `Columns`. */
const columnsEach = 4;

export type TableWrites = {
  readonly table: DurableTable;
  readonly put: readonly (string | null)[];
  readonly drop: readonly string[];
};

export type JournalRow = readonly [seq: number, atMs: number, kind: string, json: string];
const journalColumnsEach = 4;

export type Writes = {
  readonly journal: readonly (number | string)[];
  readonly tables: readonly TableWrites[];
};

export function* rowsOf({ put }: TableWrites): Generator<Columns, undefined> {
  for (let at = 0; at < put.length; at += columnsEach) {
    const [id, json, machineId = null, state = null] = put.slice(at, at + columnsEach);
    yield { id: id ?? '', json: json ?? '', machineId, state };
  }
  return undefined;
}

export function* journalRowsOf({ journal }: Writes): Generator<JournalRow, undefined> {
  for (let at = 0; at < journal.length; at += journalColumnsEach)
    yield journal.slice(at, at + journalColumnsEach) as readonly unknown[] as JournalRow;
  return undefined;
}

/**
 * Events and rows in JSON. A text that was made beforehand is here until it is asked for, once, or until nobody has the row any
 * more: another took its place before the commit.
 */
export class Texts {
  readonly #made = new WeakMap<object, string>();

  prepare(event: MasterEvent, diff: Diff): void {
    this.#made.set(event, journalJson(event));
    for (const table of durableTables) {
      for (const row of diff[table]?.put ?? []) this.#made.set(row, JSON.stringify(row));
    }
  }

  ofEvent(event: MasterEvent): string {
    return this.#taken(event) ?? journalJson(event);
  }

  ofRow(row: Rows[DurableTable]): string {
    return this.#taken(row) ?? JSON.stringify(row);
  }

  #taken(of: object): string | undefined {
    const text = this.#made.get(of);
    if (text !== undefined) this.#made.delete(of);
    return text;
  }
}

/** Beside its id and its JSON. */
const keysOf: { readonly [T in DurableTable]: (row: Rows[T]) => readonly [string | null, string | null] } = {
  machines: () => noKeys,
  agents: ({ machineId }) => [machineId, null],
  tasks: ({ machineId, state }) => [machineId, state],
  settings: () => noKeys,
  frameworks: () => noKeys,
  roles: () => noKeys,
  reservations: ({ machineId }) => [machineId, null],
  runs: ({ machineId }) => [machineId, null],
  claims: ({ machineId }) => [machineId, null],
};
const noKeys = [null, null] as const;

export function writesOf(batch: readonly MasterEvent[], diff: Diff, texts = new Texts()): Writes {
  const journal: (number | string)[] = [];
  for (const event of batch) journal.push(event.seq, event.atMs, event.kind, texts.ofEvent(event));
  const tables: TableWrites[] = [];
  for (const table of durableTables) {
    const drop = diff[table]?.drop ?? [];
    const put = columnsIn(diff, table, texts);
    if (put.length + drop.length > 0) tables.push({ table, put, drop });
  }
  return { journal, tables };
}

/** The table name decides the row type, which TypeScript cannot follow through a variable. */
function columnsIn(diff: Diff, table: DurableTable, texts: Texts): (string | null)[] {
  const keysOfRow = keysOf[table] as (row: never) => readonly [string | null, string | null];
  const columns: (string | null)[] = [];
  for (const row of diff[table]?.put ?? [])
    columns.push(row.id, texts.ofRow(row), ...keysOfRow(row as never));
  return columns;
}
