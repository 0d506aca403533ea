// The rows of one table: an immutable map that shares what did not change. It is a hash trie (Bagwell, "Ideal Hash Trees",
// 2001) with small leaves: changing one row of 100,000 copies three lists of 32 and one leaf of a few rows, so a step costs
// nearly the same in a small cluster and a big one. A table of a few rows is one leaf.
import { type Deadline, isDue } from './deadlines.ts';
import { buildTrie } from './row-build.ts';
import {
  bitsEach,
  compare,
  fan,
  hashOf,
  idsOf,
  lastShift,
  leavesOf,
  mostInLeaf,
  Node,
  none,
  type Owner,
  rowsOf,
  slotMask,
} from './row-nodes.ts';

let edits: Owner = 0;

/** For changes of which nobody keeps what is in between: with the same number they change in place what the first has copied. */
export function newSeries(): Owner {
  edits += 1;
  return edits;
}

/** One series of changes. What it has made it changes in place. */
class Edit<R> {
  readonly #owner: Owner;
  root: Node<R> | undefined;
  // Of the change at hand: as fields, because it goes down through the levels.
  #id = '';
  #hash = 0;
  #row: R | undefined;

  constructor(root: Node<R> | undefined, owner: Owner) {
    this.#owner = owner;
    this.root = root;
  }

  put(id: string, row: R): void {
    this.#id = id;
    this.#hash = hashOf(id);
    this.#row = row;
    this.root = this.#putAt(this.root, 0);
  }

  drop(id: string): void {
    this.#id = id;
    this.#hash = hashOf(id);
    if (this.root) this.root = this.#dropAt(this.root, 0);
  }

  #own(node: Node<R>): Node<R> {
    if (node.owner === this.#owner) {
      node.earliest = undefined;
      return node;
    }
    return new Node(this.#owner, node, node.children?.slice() ?? null);
  }

  #slot(shift: number): number {
    return (this.#hash >>> shift) & slotMask;
  }

  #putAt(node: Node<R> | undefined, shift: number): Node<R> {
    const own = node ? this.#own(node) : new Node<R>(this.#owner, null, null);
    if (own.children === null) return this.#putInLeaf(own, shift);
    const slot = this.#slot(shift);
    const child = own.children[slot];
    const before = child?.count ?? 0;
    const next = this.#putAt(child, shift + bitsEach);
    own.children[slot] = next;
    own.count += next.count - before;
    return own;
  }

  #putInLeaf(own: Node<R>, shift: number): Node<R> {
    const at = own.find(this.#id);
    if (at >= 0) {
      own.rows[at] = this.#row as R;
      return own;
    }
    push(own, this.#id, this.#row as R);
    return own.count > mostInLeaf && shift < lastShift ? this.#split(own, shift) : own;
  }

  #split(leaf: Node<R>, shift: number): Node<R> {
    const branch = new Node<R>(this.#owner, leaf, Array.from({ length: fan }));
    const children = branch.children ?? none;
    leaf.ids.forEach((id, at) => {
      const slot = (hashOf(id) >>> shift) & slotMask;
      const child = children[slot] ?? new Node<R>(this.#owner, null, null);
      children[slot] = child;
      push(child, id, leaf.rows[at] as R);
    });
    return branch;
  }

  /** The node without the id; undefined when nothing is left. What does not have it stays the same. */
  #dropAt(node: Node<R>, shift: number): Node<R> | undefined {
    if (node.children === null) return this.#dropFromLeaf(node);
    const slot = this.#slot(shift);
    const child = node.children[slot];
    if (!child) return node;
    const before = child.count;
    const next = this.#dropAt(child, shift + bitsEach);
    if (next?.count === before) return node;
    const own = this.#own(node);
    (own.children ?? none)[slot] = next as never;
    own.count += (next?.count ?? 0) - before;
    if (own.count === 0) return undefined;
    return own.count > mostInLeaf / 2 ? own : this.#gather(own);
  }

  #dropFromLeaf(node: Node<R>): Node<R> | undefined {
    const at = node.find(this.#id);
    if (at < 0) return node;
    if (node.count === 1) return undefined;
    const own = this.#own(node);
    own.ids = own.ids.filter((_, place) => place !== at);
    own.rows.splice(at, 1);
    own.count -= 1;
    return own;
  }

  /** A branch with few rows as one leaf. */
  #gather(branch: Node<R>): Node<R> {
    const leaf = new Node<R>(this.#owner, null, null);
    for (const each of leavesOf(branch)) {
      each.ids.forEach((id, at) => push(leaf, id, each.rows[at] as R));
    }
    return leaf;
  }
}

/** New lists of just that length: to push would reserve room for sixteen more. */
function push<R>(leaf: Node<R>, id: string, row: R): void {
  leaf.ids = [...leaf.ids, id];
  leaf.rows = [...leaf.rows, row];
  leaf.count += 1;
}

const noLeaf = { ids: none, rows: none };

/** Rows with an id are changed many at once by `changed`; what has none of its own by `with` and `without`. */
export class RowMap<R, K extends string = string> implements ReadonlyMap<K, R> {
  readonly #root: Node<R> | undefined;
  readonly #deadlineOf: ((row: R) => Deadline) | null;

  private constructor(root: Node<R> | undefined, deadlineOf: ((row: R) => Deadline) | null) {
    this.#root = root;
    this.#deadlineOf = deadlineOf;
  }

  /** `deadlineOf`: when something of a row is due by itself; `earliest` then answers for all of them. */
  static empty<R, K extends string = string>(deadlineOf: ((row: R) => Deadline) | null = null): RowMap<R, K> {
    return new RowMap<R, K>(undefined, deadlineOf);
  }

  static of<R extends { readonly id: string }>(rows: Iterable<R>): RowMap<R> {
    return RowMap.empty<R>().changed([], rows);
  }

  get size(): number {
    return this.#root?.count ?? 0;
  }

  get(id: K): R | undefined {
    const hash = hashOf(id);
    let node = this.#root;
    for (let shift = 0; node !== undefined; shift += bitsEach) {
      if (node.children === null) {
        const at = node.find(id);
        return at < 0 ? undefined : node.rows[at];
      }
      node = node.children[(hash >>> shift) & slotMask];
    }
    return undefined;
  }

  has(id: K): boolean {
    return this.get(id) !== undefined;
  }

  /** A new map without `drop` and with `put`; this one stays as it is. */
  changed(drop: Iterable<string>, put: Iterable<R & { readonly id: string }>): RowMap<R, K> {
    if (this.#root === undefined) return this.#all(put);
    const edit = new Edit(this.#root, newSeries());
    for (const id of drop) edit.drop(id);
    for (const row of put) edit.put(row.id, row);
    return this.#after(edit);
  }

  /** Of an empty map: these and no others. */
  #all(put: Iterable<R & { readonly id: string }>): RowMap<R, K> {
    const rows = Array.isArray(put) ? (put as readonly (R & { readonly id: string })[]) : [...put];
    const root = buildTrie(rows, newSeries());
    if (root) return new RowMap<R, K>(root, this.#deadlineOf);
    const edit = new Edit(this.#root, newSeries());
    for (const row of rows) edit.put(row.id, row);
    return this.#after(edit);
  }

  with(id: K, row: R, series = newSeries()): RowMap<R, K> {
    const edit = new Edit(this.#root, series);
    edit.put(id, row);
    return this.#after(edit);
  }

  without(id: K, series = newSeries()): RowMap<R, K> {
    const edit = new Edit(this.#root, series);
    edit.drop(id);
    return this.#after(edit);
  }

  #after(edit: Edit<R>): RowMap<R, K> {
    return edit.root === this.#root ? this : new RowMap<R, K>(edit.root, this.#deadlineOf);
  }

  /** The earliest deadline of any row. Kept in the nodes: after a change only what has changed is looked at again. */
  earliest(): Deadline {
    const deadlineOf = this.#deadlineOf;
    return this.#root && deadlineOf ? earliestBelow(this.#root, deadlineOf) : null;
  }

  /** What is due at that moment, with nothing else looked at but the way to it. */
  due(atMonoMs: number): [K, R][] {
    const deadlineOf = this.#deadlineOf;
    const found: [K, R][] = [];
    if (this.#root && deadlineOf) dueBelow(this.#root, { atMonoMs, deadlineOf, found });
    return found;
  }

  /**
   * Rows that are not the same record in `before`, as [id, then, now]. What both share is not walked, so two maps of which one
   * came from the other cost what has changed.
   */
  changedSince(before: RowMap<R, K>): (readonly [K, R | undefined, R | undefined])[] {
    const changes: (readonly [K, R | undefined, R | undefined])[] = [];
    compare(before.#root, this.#root, (id, then, now) => changes.push([id as K, then, now]));
    return changes;
  }

  *entries(): Generator<[K, R], undefined> {
    for (const { ids, rows } of leavesOf(this.#root)) {
      for (let at = 0; at < ids.length; at += 1) yield [ids[at] as K, rows[at] as R];
    }
    return undefined;
  }

  keys(): MapIterator<K> {
    const leaf = this.#onlyLeaf;
    return leaf ? (leaf.ids as readonly K[]).values() : idsOf<K>(this.#root);
  }

  values(): MapIterator<R> {
    const leaf = this.#onlyLeaf;
    return leaf ? leaf.rows.values() : rowsOf(this.#root);
  }

  /** Most tables are one leaf, and a generator within a generator costs more than all of its few rows. */
  get #onlyLeaf(): Pick<Node<R>, 'ids' | 'rows'> | null {
    const root = this.#root;
    if (root === undefined) return noLeaf;
    return root.children === null ? root : null;
  }

  [Symbol.iterator](): Generator<[K, R], undefined> {
    return this.entries();
  }

  forEach(call: (row: R, id: K, map: ReadonlyMap<K, R>) => void): void {
    for (const { ids, rows } of leavesOf(this.#root)) {
      for (let at = 0; at < ids.length; at += 1) call(rows[at] as R, ids[at] as K, this);
    }
  }
}

function earliestBelow<R>(node: Node<R>, deadlineOf: (row: R) => Deadline): Deadline {
  if (node.earliest !== undefined) return node.earliest;
  // By number: after each turn this looks at a few lists of 32.
  const { children, rows } = node;
  let first: Deadline = null;
  const count = children === null ? rows.length : fan;
  for (let at = 0; at < count; at += 1) {
    const child = children?.[at];
    if (children !== null && child === undefined) continue;
    const deadline = child ? earliestBelow(child, deadlineOf) : deadlineOf(rows[at] as R);
    if (deadline !== null && (first === null || deadline < first)) first = deadline;
  }
  node.earliest = first;
  return first;
}

type Looking<R> = {
  readonly atMonoMs: number;
  readonly deadlineOf: (row: R) => Deadline;
  readonly found: [string, R][];
};

function dueBelow<R>(node: Node<R>, looking: Looking<R>): void {
  if (!isDue(earliestBelow(node, looking.deadlineOf), looking.atMonoMs)) return;
  node.rows.forEach((row, at) => {
    if (isDue(looking.deadlineOf(row), looking.atMonoMs)) looking.found.push([node.ids[at] ?? '', row]);
  });
  for (const child of node.children ?? none) if (child) dueBelow(child, looking);
}
