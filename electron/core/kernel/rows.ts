// The rows of one table: an immutable map that shares what did not change. Changing one row of 5,000 copies one bucket of a
// few dozen rows and a short list of buckets, not the whole table, so a step costs the same in a small cluster and a big one.

const bucketCount = 128;

type Bucket<R> = ReadonlyMap<string, R>;

/** FNV-1a over the UTF-16 units: stable, so that every run walks its rows in the same order. */
function bucketOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % bucketCount;
}

export class RowMap<R> implements ReadonlyMap<string, R> {
  readonly size: number;
  readonly #buckets: readonly (Bucket<R> | undefined)[];
  #walked: readonly Bucket<R>[] | null = null;

  private constructor(buckets: readonly (Bucket<R> | undefined)[], size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static empty<R>(): RowMap<R> {
    return new RowMap<R>([], 0);
  }

  static of<R extends { readonly id: string }>(rows: Iterable<R>): RowMap<R> {
    return RowMap.empty<R>().changed([], rows);
  }

  get(id: string): R | undefined {
    return this.#buckets[bucketOf(id)]?.get(id);
  }

  has(id: string): boolean {
    return this.#buckets[bucketOf(id)]?.has(id) ?? false;
  }

  /** A new map without `drop` and with `put`; this one stays as it is. */
  changed(drop: Iterable<string>, put: Iterable<R & { readonly id: string }>): RowMap<R> {
    const buckets = [...this.#buckets];
    const own = new Map<number, Map<string, R>>();
    let size = this.size;
    const open = (id: string): Map<string, R> => {
      const at = bucketOf(id);
      const known = own.get(at);
      if (known) return known;
      const copy = new Map(buckets[at]);
      own.set(at, copy);
      buckets[at] = copy;
      return copy;
    };
    for (const id of drop) if (open(id).delete(id)) size -= 1;
    for (const row of put) {
      const bucket = open(row.id);
      if (!bucket.has(row.id)) size += 1;
      bucket.set(row.id, row);
    }
    return new RowMap(buckets, size);
  }

  /**
   * Rows that are not the same record in `before`, as [id, then, now]. Buckets that both share are not walked, so two maps of
   * which one came from the other cost what has changed.
   */
  *changedSince(before: RowMap<R>): Generator<readonly [string, R | undefined, R | undefined]> {
    for (let at = 0; at < bucketCount; at += 1) {
      const then = before.#buckets[at];
      const now = this.#buckets[at];
      if (then === now) continue;
      for (const [id, row] of then ?? []) {
        const next = now?.get(id);
        if (next !== row) yield [id, row, next];
      }
      for (const [id, row] of now ?? []) if (!then?.has(id)) yield [id, undefined, row];
    }
  }

  *entries(): Generator<[string, R], undefined> {
    for (const bucket of this.#filled()) for (const entry of bucket) yield entry;
    return undefined;
  }

  *keys(): Generator<string, undefined> {
    for (const bucket of this.#filled()) for (const id of bucket.keys()) yield id;
    return undefined;
  }

  *values(): Generator<R, undefined> {
    for (const bucket of this.#filled()) for (const row of bucket.values()) yield row;
    return undefined;
  }

  [Symbol.iterator](): Generator<[string, R], undefined> {
    return this.entries();
  }

  forEach(call: (row: R, id: string, map: ReadonlyMap<string, R>) => void): void {
    for (const [id, row] of this.entries()) call(row, id, this);
  }

  /** Most tables are small or empty, and are walked far more often than they change: the empty buckets are passed over once. */
  #filled(): readonly Bucket<R>[] {
    this.#walked ??= this.#buckets.filter((bucket) => bucket !== undefined && bucket.size > 0) as Bucket<R>[];
    return this.#walked;
  }
}
