// Rows between tables and SQL: how each durable table is read, checked and written. All SQL of the tables is here.
import type { z } from 'zod';
import { frameworkRecordSchema } from '../../contract/framework.ts';
import { agentRecordSchema, machineRecordSchema } from '../../contract/machine.ts';
import { reservationRecordSchema, roleRecordSchema } from '../../contract/role.ts';
import { runRecordSchema } from '../../contract/run.ts';
import { settingsSchema } from '../../contract/settings.ts';
import type { DurableTable, Rows } from '../../contract/tables.ts';
import { taskRecordSchema } from '../../contract/task.ts';
import type { DurableRows } from '../../core/kernel/ports.ts';
import type { Connection } from './connection.ts';
import type { Columns, TableWrites } from './writes.ts';

type TableSql = {
  readonly read: string;
  readonly put: string;
  /** Of a row that is there under the same keys; null: the table has none. */
  readonly change: string | null;
  readonly drop: string;
};

/** Beside its id and the whole row as JSON, a table has the columns that SQLite needs for its keys. */
function tableSql(
  table: DurableTable,
  keys: Readonly<Record<string, string>> = {},
  others: Readonly<Record<string, string>> = {},
): TableSql {
  const values: Readonly<Record<string, string>> = { ...others, json: '@json' };
  const columns: Readonly<Record<string, string>> = { id: '@id', ...keys, ...values };
  const names = Object.keys(columns);
  const taken = names.filter((name) => name !== 'id').map((name) => `${name} = excluded.${name}`);
  return {
    read: `SELECT id, json FROM ${table} ORDER BY id`,
    put: `INSERT INTO ${table} (${names.join(', ')}) VALUES (${Object.values(columns).join(', ')})
      ON CONFLICT (id) DO UPDATE SET ${taken.join(', ')}`,
    change: Object.keys(keys).length === 0 ? null : changeSql(table, keys, values),
    drop: `DELETE FROM ${table} WHERE id = ?`,
  };
}

/**
 * A key that is named in an update is looked up in its parent and written anew in its index, whether it changes or not. Most
 * updates are of tasks that stay on their machine: they name it in the condition only.
 */
function changeSql(
  table: DurableTable,
  keys: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
): string {
  const pairs = (columns: Readonly<Record<string, string>>, sign: string): string[] =>
    Object.entries(columns).map(([name, value]) => `${name} ${sign} ${value}`);
  const conditions = ['id = @id', ...pairs(keys, 'IS')];
  return `UPDATE ${table} SET ${pairs(values, '=').join(', ')} WHERE ${conditions.join(' AND ')}`;
}

const onMachine = { machine_id: '@machineId' };
const sql: Readonly<Record<DurableTable, TableSql>> = {
  machines: tableSql('machines'),
  agents: tableSql('agents', onMachine),
  tasks: tableSql('tasks', onMachine, { state: '@state' }),
  settings: tableSql('settings'),
  frameworks: tableSql('frameworks'),
  roles: tableSql('roles'),
  reservations: tableSql('reservations', onMachine),
  runs: tableSql('runs', onMachine),
};

const schemas: { readonly [T in DurableTable]: z.ZodType<Rows[T]> } = {
  machines: machineRecordSchema,
  agents: agentRecordSchema,
  tasks: taskRecordSchema,
  settings: settingsSchema,
  frameworks: frameworkRecordSchema,
  roles: roleRecordSchema,
  reservations: reservationRecordSchema,
  runs: runRecordSchema,
};

export type BadRow = {
  readonly table: DurableTable;
  readonly id: string;
  readonly json: string;
  readonly why: string;
};

export function readRows(db: Connection): { readonly rows: DurableRows; readonly bad: readonly BadRow[] } {
  const bad: BadRow[] = [];
  const machines = readTable(db, 'machines', bad);
  const known = new Set<string>(machines.map((machine) => machine.id));
  const agents = withMachine('agents', readTable(db, 'agents', bad), known, bad);
  const tasks = withMachine('tasks', readTable(db, 'tasks', bad), known, bad);
  return {
    rows: {
      machines: onlyOwnAgents(machines, agents),
      agents,
      tasks,
      settings: readTable(db, 'settings', bad),
      frameworks: readTable(db, 'frameworks', bad),
      roles: readTable(db, 'roles', bad),
      reservations: withMachine('reservations', readTable(db, 'reservations', bad), known, bad),
      runs: withMachine('runs', readTable(db, 'runs', bad), known, bad),
    },
    bad,
  };
}

function readTable<T extends DurableTable>(db: Connection, table: T, bad: BadRow[]): Rows[T][] {
  const good: Rows[T][] = [];
  for (const { id, json } of db.prepare<[], { id: string; json: string }>(sql[table].read).iterate()) {
    const parsed = schemas[table].safeParse(parseJson(json));
    if (parsed.success && parsed.data.id === id) good.push(parsed.data);
    else
      bad.push({
        table,
        id,
        json,
        why: parsed.success ? 'another id inside' : parsed.error.message.slice(0, 1000),
      });
  }
  return good;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The schema then says what is missing: everything.
    return undefined;
  }
}

/** What hangs on a machine that could not be read goes aside with it; the agent's own record brings it back. */
function withMachine<R extends { readonly id: string; readonly machineId: string | null }>(
  table: 'agents' | 'tasks' | 'reservations' | 'runs',
  rows: readonly R[],
  machines: ReadonlySet<string>,
  bad: BadRow[],
): R[] {
  const isOrphan = ({ machineId }: R): boolean => machineId !== null && !machines.has(machineId);
  const orphans = rows.filter(isOrphan);
  const why = 'its machine could not be read';
  bad.push(...orphans.map((row) => ({ table, id: row.id, json: JSON.stringify(row), why })));
  return rows.filter((row) => !isOrphan(row));
}

/** A machine whose agent could not be read meets it again at the next hello. */
function onlyOwnAgents(
  machines: readonly Rows['machines'][],
  agents: readonly Rows['agents'][],
): Rows['machines'][] {
  const known = new Set<string>(agents.map((agent) => agent.id));
  return machines.map((machine) =>
    machine.agentId === null || known.has(machine.agentId) ? machine : { ...machine, agentId: null },
  );
}

/** Statements prepared once for a connection. */
export function prepareTables(db: Connection): (tables: readonly TableWrites[]) => void {
  const prepare = (table: DurableTable) => ({
    put: db.prepare<[Columns]>(sql[table].put),
    change: sql[table].change === null ? null : db.prepare<[Columns]>(sql[table].change),
    drop: db.prepare<[string]>(sql[table].drop),
  });
  const prepared: { readonly [T in DurableTable]: ReturnType<typeof prepare> } = {
    machines: prepare('machines'),
    agents: prepare('agents'),
    tasks: prepare('tasks'),
    settings: prepare('settings'),
    frameworks: prepare('frameworks'),
    roles: prepare('roles'),
    reservations: prepare('reservations'),
    runs: prepare('runs'),
  };
  return (tables) => {
    for (const { table, put, drop } of tables) {
      for (const id of drop) prepared[table].drop.run(id);
      const { change } = prepared[table];
      for (const columns of put) {
        if (change === null || change.run(columns).changes === 0) prepared[table].put.run(columns);
      }
    }
  };
}

export function dropBadRow(db: Connection, bad: BadRow): void {
  db.prepare<[string]>(sql[bad.table].drop).run(bad.id);
}
