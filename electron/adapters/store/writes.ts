// One commit as plain texts and numbers: made by the thread that owns the records, written by the thread that owns the
// connection. Texts cross between threads at the cost of a copy; records would be walked and cloned.
import { type Diff, type DurableTable, durableTables, type Rows } from '../../contract/tables.ts';
import type { MasterEvent } from '../../core/kernel/events.ts';
import { journalJson } from './journal.ts';

/** The columns SQLite needs for its keys, and the whole row as JSON. */
export type Columns = {
  readonly id: string;
  readonly json: string;
  readonly machineId?: string | null;
  readonly state?: string;
};

export type JournalRow = {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly json: string;
};

export type TableWrites = {
  readonly table: DurableTable;
  readonly put: readonly Columns[];
  readonly drop: readonly string[];
};

export type Writes = { readonly journal: readonly JournalRow[]; readonly tables: readonly TableWrites[] };

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

const columnsOf: { readonly [T in DurableTable]: (row: Rows[T], json: string) => Columns } = {
  machines: ({ id }, json) => ({ id, json }),
  agents: ({ id, machineId }, json) => ({ id, machineId, json }),
  tasks: ({ id, machineId, state }, json) => ({ id, machineId, state, json }),
  settings: ({ id }, json) => ({ id, json }),
  frameworks: ({ id }, json) => ({ id, json }),
  roles: ({ id }, json) => ({ id, json }),
  reservations: ({ id, machineId }, json) => ({ id, machineId, json }),
  runs: ({ id, machineId }, json) => ({ id, machineId, json }),
  claims: ({ id, machineId }, json) => ({ id, machineId, json }),
};

export function writesOf(batch: readonly MasterEvent[], diff: Diff, texts = new Texts()): Writes {
  return {
    journal: batch.map((event) => ({
      seq: event.seq,
      atMs: event.atMs,
      kind: event.kind,
      json: texts.ofEvent(event),
    })),
    tables: durableTables.flatMap((table) => {
      const drop = diff[table]?.drop ?? [];
      const put = columnsIn(diff, table, texts);
      return put.length + drop.length > 0 ? [{ table, put, drop }] : [];
    }),
  };
}

/** The table name decides the row type, which TypeScript cannot follow through a variable. */
function columnsIn(diff: Diff, table: DurableTable, texts: Texts): Columns[] {
  const columns = columnsOf[table] as (row: never, json: string) => Columns;
  return (diff[table]?.put ?? []).map((row) => columns(row as never, texts.ofRow(row)));
}
