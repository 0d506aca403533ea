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

const columnsOf: { readonly [T in DurableTable]: (row: Rows[T]) => Columns } = {
  machines: (row) => ({ id: row.id, json: JSON.stringify(row) }),
  agents: (row) => ({ id: row.id, machineId: row.machineId, json: JSON.stringify(row) }),
  tasks: (row) => ({ id: row.id, machineId: row.machineId, state: row.state, json: JSON.stringify(row) }),
  settings: (row) => ({ id: row.id, json: JSON.stringify(row) }),
  frameworks: (row) => ({ id: row.id, json: JSON.stringify(row) }),
  roles: (row) => ({ id: row.id, json: JSON.stringify(row) }),
  reservations: (row) => ({ id: row.id, machineId: row.machineId, json: JSON.stringify(row) }),
  runs: (row) => ({ id: row.id, machineId: row.machineId, json: JSON.stringify(row) }),
  claims: (row) => ({ id: row.id, machineId: row.machineId, json: JSON.stringify(row) }),
};

export function writesOf(batch: readonly MasterEvent[], diff: Diff): Writes {
  return {
    journal: batch.map((event) => ({
      seq: event.seq,
      atMs: event.atMs,
      kind: event.kind,
      json: journalJson(event),
    })),
    tables: durableTables.flatMap((table) => {
      const drop = diff[table]?.drop ?? [];
      const put = columnsIn(diff, table);
      return put.length + drop.length > 0 ? [{ table, put, drop }] : [];
    }),
  };
}

/** The table name decides the row type, which TypeScript cannot follow through a variable. */
function columnsIn(diff: Diff, table: DurableTable): Columns[] {
  const columns = columnsOf[table] as (row: never) => Columns;
  return (diff[table]?.put ?? []).map((row) => columns(row as never));
}
