// The fake master's tables: changes are gathered and handed on as one patch, in order, as the real one does.
import {
  forEachTable,
  type Patch,
  type Rows,
  type Snapshot,
  type TableName,
  tableNames,
} from '../../../electron/contract/tables.ts';

type RowsById = { [T in TableName]: Map<string, Rows[T]> };

export class FakeTables {
  readonly #rows: RowsById = forEachTable(() => new Map());
  readonly #put = new Map<TableName, Map<string, unknown>>();
  readonly #drop = new Map<TableName, Set<string>>();
  #seq = 1;

  put<T extends TableName>(table: T, row: Rows[T]): void {
    this.#rows[table].set(row.id, row);
    const put = this.#put.get(table) ?? new Map<string, unknown>();
    put.set(row.id, row);
    this.#put.set(table, put);
    this.#drop.get(table)?.delete(row.id);
  }

  change<T extends TableName>(table: T, id: string, change: Partial<Rows[T]>): Rows[T] | undefined {
    const old = this.get(table, id);
    if (old === undefined) return undefined;
    const next = { ...old, ...change };
    this.put(table, next);
    return next;
  }

  drop(table: TableName, id: string): void {
    if (!this.#rows[table].delete(id)) return;
    this.#put.get(table)?.delete(id);
    const drop = this.#drop.get(table) ?? new Set<string>();
    drop.add(id);
    this.#drop.set(table, drop);
  }

  get<T extends TableName>(table: T, id: string): Rows[T] | undefined {
    return this.#rows[table].get(id);
  }

  all<T extends TableName>(table: T): readonly Rows[T][] {
    return [...this.#rows[table].values()];
  }

  /** null when nothing changed since the last one. */
  takePatch(): Patch | null {
    const diff: Record<string, unknown> = {};
    for (const name of tableNames) {
      const put = [...(this.#put.get(name)?.values() ?? [])];
      const drop = [...(this.#drop.get(name) ?? [])];
      if (put.length > 0 || drop.length > 0) diff[name] = { put, drop };
    }
    this.#put.clear();
    this.#drop.clear();
    if (Object.keys(diff).length === 0) return null;
    const from = this.#seq;
    this.#seq += 1;
    return { from, to: this.#seq, diff: diff };
  }

  snapshot(): Snapshot {
    const rows = Object.fromEntries(tableNames.map((name) => [name, [...this.#rows[name].values()]]));
    return { seq: this.#seq, rows: rows as unknown as Snapshot['rows'] };
  }
}
