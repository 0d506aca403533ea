// A database in which nothing is.
import { durableTables } from '../../electron/contract/tables.ts';
import type { DurableRows } from '../../electron/core/kernel/ports.ts';

export const noRows = Object.fromEntries(durableTables.map((table) => [table, []])) as unknown as DurableRows;
