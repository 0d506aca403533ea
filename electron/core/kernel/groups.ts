// Which rows of a table have something in common, kept so that nobody walks 100,000 tasks to find the ten of one agent. It is a
// cache beside the state: whatever rows it is asked about, it is brought to them by what differs from those it saw last.
import { RowMap } from './rows.ts';

export class Groups<R extends { readonly id: string }> {
  readonly #keyOf: (row: R) => string;
  #seen: RowMap<R> = RowMap.empty();
  readonly #ids = new Map<string, Set<string>>();

  constructor(keyOf: (row: R) => string) {
    this.#keyOf = keyOf;
  }

  /** Ids of the rows with that key, in no order. */
  idsOf(rows: ReadonlyMap<string, R>, key: string): ReadonlySet<string> {
    const now = rows instanceof RowMap ? (rows as RowMap<R>) : RowMap.of(rows.values());
    if (now !== this.#seen) this.#meet(now);
    return this.#ids.get(key) ?? none;
  }

  #meet(now: RowMap<R>): void {
    for (const [id, then, row] of now.changedSince(this.#seen)) {
      const before = then && this.#keyOf(then);
      const after = row && this.#keyOf(row);
      if (before === after) continue;
      if (before !== undefined) this.#leave(before, id);
      if (after !== undefined) this.#join(after, id);
    }
    this.#seen = now;
  }

  #join(key: string, id: string): void {
    const ids = this.#ids.get(key);
    if (ids) ids.add(id);
    else this.#ids.set(key, new Set([id]));
  }

  #leave(key: string, id: string): void {
    const ids = this.#ids.get(key);
    ids?.delete(id);
    if (ids?.size === 0) this.#ids.delete(key);
  }
}

const none: ReadonlySet<string> = new Set();
