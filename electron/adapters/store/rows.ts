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

type TableSql = { readonly read: string; readonly put: string; readonly drop: string };

/** One whole row as JSON, and the columns SQLite needs for its keys. */
const sql: Readonly<Record<DurableTable, TableSql>> = {
  machines: {
    read: 'SELECT id, json FROM machines ORDER BY id',
    put: 'INSERT INTO machines (id, json) VALUES (@id, @json) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
    drop: 'DELETE FROM machines WHERE id = ?',
  },
  agents: {
    read: 'SELECT id, json FROM agents ORDER BY id',
    put: `INSERT INTO agents (id, machine_id, json) VALUES (@id, @machineId, @json)
      ON CONFLICT (id) DO UPDATE SET machine_id = excluded.machine_id, json = excluded.json`,
    drop: 'DELETE FROM agents WHERE id = ?',
  },
  tasks: {
    read: 'SELECT id, json FROM tasks ORDER BY id',
    put: `INSERT INTO tasks (id, machine_id, state, json) VALUES (@id, @machineId, @state, @json)
      ON CONFLICT (id) DO UPDATE SET machine_id = excluded.machine_id, state = excluded.state, json = excluded.json`,
    drop: 'DELETE FROM tasks WHERE id = ?',
  },
  settings: {
    read: 'SELECT id, json FROM settings ORDER BY id',
    put: 'INSERT INTO settings (id, json) VALUES (@id, @json) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
    drop: 'DELETE FROM settings WHERE id = ?',
  },
  frameworks: {
    read: 'SELECT id, json FROM frameworks ORDER BY id',
    put: 'INSERT INTO frameworks (id, json) VALUES (@id, @json) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
    drop: 'DELETE FROM frameworks WHERE id = ?',
  },
  roles: {
    read: 'SELECT id, json FROM roles ORDER BY id',
    put: 'INSERT INTO roles (id, json) VALUES (@id, @json) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
    drop: 'DELETE FROM roles WHERE id = ?',
  },
  reservations: {
    read: 'SELECT id, json FROM reservations ORDER BY id',
    put: `INSERT INTO reservations (id, machine_id, json) VALUES (@id, @machineId, @json)
      ON CONFLICT (id) DO UPDATE SET machine_id = excluded.machine_id, json = excluded.json`,
    drop: 'DELETE FROM reservations WHERE id = ?',
  },
  runs: {
    read: 'SELECT id, json FROM runs ORDER BY id',
    put: `INSERT INTO runs (id, machine_id, json) VALUES (@id, @machineId, @json)
      ON CONFLICT (id) DO UPDATE SET machine_id = excluded.machine_id, json = excluded.json`,
    drop: 'DELETE FROM runs WHERE id = ?',
  },
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
      for (const columns of put) prepared[table].put.run(columns);
    }
  };
}

export function dropBadRow(db: Connection, bad: BadRow): void {
  db.prepare<[string]>(sql[bad.table].drop).run(bad.id);
}
