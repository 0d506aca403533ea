// Immutable tables of records that nobody changes, and the transaction of one step over them. Nothing of a transaction is seen
// until `finish`; a step that throws leaves no trace. Rows keep no order: whoever turns rows into effects sorts by id.
// Rows are not frozen here: a frozen record costs ten times as much to copy (Node 20), and every change of one is a copy. Types
// forbid to write them; the rigs of the tests and the deep runs of the simulation freeze all that a step has made.
import {
  type Diff,
  durableTables,
  forEachTable,
  type Rows,
  type TableDiff,
  type TableName,
  type Tables,
  tableNames,
} from '../../contract/tables.ts';
import { RowMap } from './rows.ts';

type AnyRow = Rows[TableName];
/** A row that a transaction has touched: as it was before, and as it is now; undefined: it is not there. */
type Touched = { readonly before: AnyRow | undefined; now: AnyRow | undefined };
type Changes = Map<string, Touched>;
export type Changed<T extends TableName> = readonly [string, Rows[T] | undefined, Rows[T] | undefined];

const nothing: readonly never[] = [];

export const emptyTables: Tables = forEachTable(() => RowMap.empty<never>());

export class TableTx {
  readonly #base: Tables;
  readonly #changes = new Map<TableName, Changes>();

  constructor(base: Tables) {
    this.#base = base;
  }

  get<T extends TableName>(table: T, id: string): Rows[T] | undefined {
    const touched = this.#changes.get(table)?.get(id);
    return touched ? (touched.now as Rows[T] | undefined) : this.#base[table].get(id);
  }

  /** All rows as they are now within this transaction. */
  rows<T extends TableName>(table: T): Iterable<Rows[T]> {
    const changes = this.#changes.get(table);
    const base: ReadonlyMap<string, Rows[T]> = this.#base[table];
    if (changes) return rowsWith(base, changes as ReadonlyMap<string, { readonly now: Rows[T] | undefined }>);
    return base.size === 0 ? nothing : base.values();
  }

  put<T extends TableName>(table: T, row: Rows[T]): void {
    this.#set(table, row.id, row);
  }

  drop(table: TableName, id: string): void {
    this.#set(table, id, undefined);
  }

  #set(table: TableName, id: string, now: AnyRow | undefined): void {
    let changes = this.#changes.get(table);
    const touched = changes?.get(id);
    if (touched) {
      touched.now = now;
      return;
    }
    const before = this.#base[table].get(id);
    if (before === now) return;
    if (!changes) {
      changes = new Map();
      this.#changes.set(table, changes);
    }
    changes.set(id, { before, now });
  }

  /** May be true although all rows were dropped within this transaction. */
  hasRows(table: TableName): boolean {
    return this.#base[table].size > 0 || this.#changes.has(table);
  }

  /** False: nothing in that table was touched. After each step many ask, mostly about nothing. */
  touches(table: TableName): boolean {
    return this.#changes.has(table);
  }

  /** [id, before this transaction, now] of every row that it has touched. */
  changed<T extends TableName>(table: T): readonly Changed<T>[] {
    const changes = this.#changes.get(table);
    if (!changes) return nothing;
    const all: Changed<T>[] = [];
    for (const [id, { before, now }] of changes) {
      all.push([id, before as Rows[T] | undefined, now as Rows[T] | undefined]);
    }
    return all;
  }

  /** As they are now within this transaction, which goes on. */
  current(): Tables {
    return applyDiff(this.#base, this.#diff());
  }

  finish(): { readonly tables: Tables; readonly diff: Diff } {
    const diff = this.#diff();
    return { tables: applyDiff(this.#base, diff), diff };
  }

  #diff(): Diff {
    const diff: { [T in TableName]?: TableDiff<T> } = {};
    for (const [table, changes] of this.#changes) {
      const put: AnyRow[] = [];
      const drop: string[] = [];
      for (const [id, { before, now }] of changes) {
        if (now === before) continue;
        if (now) put.push(now);
        else drop.push(id);
      }
      if (put.length + drop.length > 0) setDiff(diff, table, { put, drop });
    }
    return diff;
  }
}

function* rowsWith<R>(
  base: ReadonlyMap<string, R>,
  changes: ReadonlyMap<string, { readonly now: R | undefined }>,
): Generator<R, undefined> {
  for (const [id, row] of base) if (!changes.has(id)) yield row;
  // A copy, so that the caller may write while it walks.
  const changed = [...changes.values()].map(({ now }) => now);
  for (const row of changed) if (row) yield row;
  return undefined;
}

/** Writes one table's part. The table name decides the row type, which TypeScript cannot follow through a variable. */
function setDiff(
  diff: { [T in TableName]?: TableDiff<T> },
  table: TableName,
  part: { put: readonly AnyRow[]; drop: readonly string[] },
): void {
  (diff as Record<string, unknown>)[table] = part;
}

/** Tables of which the diff says something: of most steps one or two of all. */
function tablesIn(diff: Diff): readonly TableName[] {
  return Object.keys(diff) as TableName[];
}

export function applyDiff(tables: Tables, diff: Diff): Tables {
  const changed = tablesIn(diff);
  if (changed.length === 0) return tables;
  const next: Record<string, ReadonlyMap<string, AnyRow>> = { ...tables };
  for (const table of changed) {
    const part = diff[table];
    if (!part) continue;
    const before: ReadonlyMap<string, AnyRow> = tables[table];
    const rows = before instanceof RowMap ? (before as RowMap<AnyRow>) : RowMap.of(before.values());
    next[table] = rows.changed(part.drop, part.put);
  }
  return next as unknown as Tables;
}

/** One diff with the effect of all, in order. */
export function squash(diffs: readonly Diff[]): Diff {
  if (diffs.length === 1 && diffs[0]) return diffs[0];
  const result: { [T in TableName]?: TableDiff<T> } = {};
  const changed = new Set(diffs.flatMap(tablesIn));
  for (const table of changed) {
    const put = new Map<string, AnyRow>();
    const drop = new Set<string>();
    for (const diff of diffs) {
      for (const id of diff[table]?.drop ?? []) {
        put.delete(id);
        drop.add(id);
      }
      for (const row of diff[table]?.put ?? []) {
        drop.delete(row.id);
        put.set(row.id, row);
      }
    }
    // A row made and dropped in between stays in `drop`: harmless to whoever never had it.
    if (put.size + drop.size > 0) setDiff(result, table, { put: [...put.values()], drop: [...drop] });
  }
  return result;
}

/** What changes `from` into `to`. Rows are compared by content, so it also compares a reload with the memory. */
export function diffOf(from: Tables, to: Tables): Diff {
  const result: { [T in TableName]?: TableDiff<T> } = {};
  for (const table of tableNames) {
    const put: AnyRow[] = [];
    const before: ReadonlyMap<string, AnyRow> = from[table];
    const after: ReadonlyMap<string, AnyRow> = to[table];
    for (const [id, row] of after) if (!isSame(before.get(id), row)) put.push(row);
    const drop = [...before.keys()].filter((id) => !after.has(id));
    if (put.length + drop.length > 0) setDiff(result, table, { put, drop });
  }
  return result;
}

/** The part that is written to disk; session tables never are. */
export function durablePart(diff: Diff): Diff {
  const result: { [T in TableName]?: TableDiff<T> } = {};
  for (const table of durableTables) {
    const part = diff[table];
    if (part) setDiff(result, table, part);
  }
  return result;
}

export function isEmpty(diff: Diff): boolean {
  return tablesIn(diff).every((table) => diff[table] === undefined);
}

/** Equal by content: plain JSON values only. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  if (left.length !== Object.keys(b).length) return false;
  const right = b as Readonly<Record<string, unknown>>;
  return left.every(([key, value]) => key in right && isSame(value, right[key]));
}

export function byId<R extends { readonly id: string }>(rows: Iterable<R>): R[] {
  return [...rows].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/**
 * A copy with other values in some fields. Two spreads and not `{ ...row, field }`: V8 defines a field that is named after a
 * spread instead of setting it, which costs three times as much as the copy (Node 20).
 */
export function withFields<R extends object>(row: R, fields: Partial<NoInfer<R>>): R {
  return { ...row, ...fields };
}
