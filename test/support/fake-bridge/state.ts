// The tables of the fake cluster as a state of the real core, which then answers what pictures show.
import { type Tables, tableNames } from '../../../electron/contract/tables.ts';
import { RowMap } from '../../../electron/core/kernel/rows.ts';
import { createState, type State } from '../../../electron/core/master/state.ts';
import { noRows } from '../no-rows.ts';
import type { FakeTables } from './tables.ts';

export function stateOf(tables: FakeTables): State {
  const rows = Object.fromEntries(
    tableNames.map((name) => [name, RowMap.of(tables.all(name))]),
  ) as unknown as Tables;
  return { ...createState(noRows), tables: rows };
}
