// The master's tables in the window. One store, changed only by snapshot and patch; components select from it.
// Imports the contract's types, nothing of pages or kit.
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Refusal } from '../../electron/contract/errors.ts';
import {
  type Diff,
  forEachTable,
  type Patch,
  type Rows,
  type Snapshot,
  type TableName,
  type Tables,
  tableNames,
} from '../../electron/contract/tables.ts';
import { forgetHistory, recordSample } from './history.ts';
import { identityOf, meetRoles } from './identity.ts';

export type TableState = {
  readonly status: 'loading' | 'ready' | 'failed';
  readonly problem: Refusal | null;
  readonly seq: number;
  readonly tables: Tables;
};

const emptyTables: Tables = forEachTable(() => new Map<string, never>());

export const tableStore = createStore<TableState>()(() => ({
  status: 'loading',
  problem: null,
  seq: 0,
  tables: emptyTables,
}));

export function useTables<T>(select: (tables: Tables) => T): T {
  return useStore(tableStore, (state) => select(state.tables));
}

export function useRow<T extends TableName>(table: T, id: string | null): Rows[T] | undefined {
  return useStore(tableStore, (state) => (id === null ? undefined : state.tables[table].get(id)));
}

function rowsOf<T extends TableName>(rows: readonly Rows[T][]): ReadonlyMap<string, Rows[T]> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** All that is said of roles in a snapshot, or in what a patch puts. */
function rolesIn(rows: <T extends TableName>(table: T) => readonly Rows[T][]): string[] {
  return [
    ...rows('roles').map(({ id }) => id),
    ...rows('frameworks').flatMap(({ info }) => info.roles),
    ...rows('reservations').flatMap(({ part }) => part.reservation),
  ];
}

export function applySnapshot(snapshot: Snapshot): void {
  const tables = Object.fromEntries(
    tableNames.map((name) => [name, rowsOf(snapshot.rows[name])]),
  ) as unknown as Tables;
  for (const row of snapshot.rows.samples) recordSample(row);
  // In the order of their birth, so that every page and every session gives a name the same hue.
  const byAge = [...snapshot.rows.tasks].sort((a, b) => a.createdAtMs - b.createdAtMs);
  for (const task of byAge) identityOf(task.info.name);
  meetRoles(['*', ...rolesIn((table) => snapshot.rows[table])]);
  tableStore.setState({ status: 'ready', problem: null, seq: snapshot.seq, tables });
}

function applyTable<T extends TableName>(old: ReadonlyMap<string, Rows[T]>, diff: NonNullable<Diff[T]>) {
  const next = new Map<string, Rows[T]>(old);
  for (const id of diff.drop) next.delete(id);
  for (const row of diff.put) next.set(row.id, row);
  return next;
}

/** Only changed tables get a new Map, so that selectors on the others stay memoised. */
export function applyPatch(patch: Patch): void {
  const { tables } = tableStore.getState();
  const next: Record<string, unknown> = { ...tables };
  for (const name of tableNames) {
    const diff = patch.diff[name];
    if (diff !== undefined)
      next[name] = applyTable(tables[name] as ReadonlyMap<string, never>, diff as never);
  }
  for (const row of patch.diff.samples?.put ?? []) recordSample(row);
  for (const task of patch.diff.tasks?.put ?? []) identityOf(task.info.name);
  meetRoles(rolesIn((table) => patch.diff[table]?.put ?? []));
  for (const id of patch.diff.machines?.drop ?? []) forgetHistory(id);
  tableStore.setState({ seq: patch.to, tables: next as unknown as Tables });
}
