// How the rows of the durable tables are written, and set aside when they cannot be used. How they are read: chunks.ts.
import type { DurableTable } from '../../contract/tables.ts';
import type { BadRow } from './assembly.ts';
import type { Connection } from './connection.ts';
import { type Columns, rowsOf, type TableWrites } from './writes.ts';

type TableSql = {
  readonly put: string;
  /** Of a row that is there under the same keys; null: the table has none. */
  readonly change: string | null;
  readonly drop: string;
  /** A row that cannot be used, to the table `quarantine`. */
  readonly keep: string;
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
    put: `INSERT INTO ${table} (${names.join(', ')}) VALUES (${Object.values(columns).join(', ')})
      ON CONFLICT (id) DO UPDATE SET ${taken.join(', ')}`,
    change: Object.keys(keys).length === 0 ? null : changeSql(table, keys, values),
    drop: `DELETE FROM ${table} WHERE id = ?`,
    keep: `INSERT INTO quarantine (table_name, row_id, json, why, at_ms)
      SELECT ?, id, json, ?, ? FROM ${table} WHERE id = ?`,
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
  claims: tableSql('claims', onMachine),
};

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
    claims: prepare('claims'),
  };
  return (tables) => {
    for (const writes of tables) {
      const { put, change, drop } = prepared[writes.table];
      for (const id of writes.drop) drop.run(id);
      for (const columns of rowsOf(writes)) {
        if (change === null || change.run(columns).changes === 0) put.run(columns);
      }
    }
  };
}

/** Kept byte for byte in the table `quarantine`, out of the way of everything else. */
export function setRowsAside(db: Connection, bad: readonly BadRow[], nowMs: number): void {
  db.transaction(() => {
    for (const { table, id, why } of bad) {
      db.prepare<[string, string, number, string]>(sql[table].keep).run(table, why, nowMs, id);
      db.prepare<[string]>(sql[table].drop).run(id);
    }
  }).immediate();
}
