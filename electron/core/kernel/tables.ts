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
type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** A row that a transaction has touched: as it was before, and as it is now; undefined: it is not there. */
export type Changed<T extends TableName> = {
  readonly id: string;
  readonly before: Rows[T] | undefined;
  readonly now: Rows[T] | undefined;
  /** As whoever follows the changes has met it last; at first as it was before. */
  met: Rows[T] | undefined;
};
type Part = { readonly put: readonly AnyRow[]; readonly drop: readonly string[] };
type Touched = {
  readonly id: string;
  readonly before: AnyRow | undefined;
  now: AnyRow | undefined;
  met: AnyRow | undefined;
};

const nothing: readonly never[] = [];

/**
 * Named one by one, as everything that is copied in each step: a literal costs 50 ns, where a spread of what was made by a spread
 * costs 400 to 1,000, and a new key in such a copy more than that (V8 11.3, Node 20).
 */
export function copyTables(tables: Tables): Writable<Tables> {
  return {
    machines: tables.machines,
    agents: tables.agents,
    tasks: tables.tasks,
    settings: tables.settings,
    frameworks: tables.frameworks,
    roles: tables.roles,
    reservations: tables.reservations,
    runs: tables.runs,
    claims: tables.claims,
    links: tables.links,
    samples: tables.samples,
    lanes: tables.lanes,
    operations: tables.operations,
    progress: tables.progress,
    faults: tables.faults,
    subscriptions: tables.subscriptions,
    offers: tables.offers,
    inverseOffers: tables.inverseOffers,
  };
}

export const emptyTables: Tables = copyTables(forEachTable(() => RowMap.empty<never>()));

/** Of most steps a row or two of a table are touched: as long as they are few, they are looked for one by one. */
const fewRows = 8;

/** What a transaction has touched in one table. */
class Changes {
  readonly table: TableName;
  readonly all: Touched[];
  #byId: Map<string, Touched> | null = null;

  constructor(table: TableName, first: Touched) {
    this.table = table;
    this.all = [first];
  }

  find(id: string): Touched | undefined {
    if (this.#byId) return this.#byId.get(id);
    for (const touched of this.all) if (touched.id === id) return touched;
    return undefined;
  }

  add(touched: Touched): void {
    this.all.push(touched);
    if (this.#byId) this.#byId.set(touched.id, touched);
    else if (this.all.length > fewRows) this.#byId = new Map(this.all.map((each) => [each.id, each]));
  }

  /** null: all is as it was. */
  diff(): Part | null {
    const [first] = this.all;
    // Nearly always: lists of just that length.
    if (first && this.all.length === 1) return diffOfOne(first);
    const put: AnyRow[] = [];
    const drop: string[] = [];
    for (const { id, before, now } of this.all) {
      if (now === before) continue;
      if (now) put.push(now);
      else drop.push(id);
    }
    return put.length + drop.length > 0 ? { put, drop } : null;
  }
}

function diffOfOne({ id, before, now }: Touched): Part | null {
  if (now === before) return null;
  return now ? { put: [now], drop: nothing } : { put: nothing, drop: [id] };
}

export class TableTx {
  readonly #base: Tables;
  /** Of each table that was touched, in the order in which they were. */
  #changes: readonly Changes[] = nothing;

  constructor(base: Tables) {
    this.#base = base;
  }

  #changesOf(table: TableName): Changes | undefined {
    for (const changes of this.#changes) if (changes.table === table) return changes;
    return undefined;
  }

  get<T extends TableName>(table: T, id: string): Rows[T] | undefined {
    const touched = this.#changesOf(table)?.find(id);
    return touched ? (touched.now as Rows[T] | undefined) : this.#base[table].get(id);
  }

  /** All rows as they are now within this transaction. */
  rows<T extends TableName>(table: T): Iterable<Rows[T]> {
    const changes = this.#changesOf(table);
    const base: ReadonlyMap<string, Rows[T]> = this.#base[table];
    if (changes) return rowsWith(base, changes);
    return base.size === 0 ? nothing : base.values();
  }

  put<T extends TableName>(table: T, row: Rows[T]): void {
    this.#set(table, row.id, row);
  }

  drop(table: TableName, id: string): void {
    this.#set(table, id, undefined);
  }

  #set(table: TableName, id: string, now: AnyRow | undefined): void {
    const changes = this.#changesOf(table);
    const touched = changes?.find(id);
    if (touched) {
      touched.now = now;
      return;
    }
    const before = this.#base[table].get(id);
    if (before === now) return;
    const fresh: Touched = { id, before, now, met: before };
    if (changes) changes.add(fresh);
    else this.#changes = [...this.#changes, new Changes(table, fresh)];
  }

  /** May be true although all rows were dropped within this transaction. */
  hasRows(table: TableName): boolean {
    return this.#base[table].size > 0 || this.touches(table);
  }

  /** False: nothing in that table was touched. After each step many ask, mostly about nothing. */
  touches(table: TableName): boolean {
    return this.#changesOf(table) !== undefined;
  }

  /** Every row that this transaction has touched so far; whoever walks them may touch more. */
  changed<T extends TableName>(table: T): readonly Changed<T>[] {
    const changes = this.#changesOf(table);
    return changes ? (changes.all.slice() as readonly unknown[] as readonly Changed<T>[]) : nothing;
  }

  /** As they are now within this transaction, which goes on. */
  current(): Tables {
    return this.finish().tables;
  }

  finish(): { readonly tables: Tables; readonly diff: Diff } {
    const diff: { [T in TableName]?: TableDiff<T> } = {};
    for (const changes of this.#changes) {
      const part = changes.diff();
      if (part) setDiff(diff, changes.table, part);
    }
    return { tables: applyDiff(this.#base, diff), diff };
  }
}

function* rowsWith<R>(base: ReadonlyMap<string, R>, changes: Changes): Generator<R, undefined> {
  for (const [id, row] of base) if (!changes.find(id)) yield row;
  // A copy, so that the caller may write while it walks.
  const changed = changes.all.map(({ now }) => now as R | undefined);
  for (const row of changed) if (row) yield row;
  return undefined;
}

/** Writes one table's part. The table name decides the row type, which TypeScript cannot follow through a variable. */
function setDiff(diff: { [T in TableName]?: TableDiff<T> }, table: TableName, part: Part): void {
  (diff as Record<string, unknown>)[table] = part;
}

/** Tables of which the diff says something: of most steps one or two of all. */
function tablesIn(diff: Diff): readonly TableName[] {
  return Object.keys(diff) as TableName[];
}

export function applyDiff(tables: Tables, diff: Diff): Tables {
  const changed = tablesIn(diff);
  if (changed.length === 0) return tables;
  const next = copyTables(tables);
  for (const table of changed) {
    const part = diff[table];
    if (!part) continue;
    const before: ReadonlyMap<string, AnyRow> = tables[table];
    const rows = before instanceof RowMap ? (before as RowMap<AnyRow>) : RowMap.of(before.values());
    (next as Record<TableName, ReadonlyMap<string, AnyRow>>)[table] = rows.changed(part.drop, part.put);
  }
  return next;
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
