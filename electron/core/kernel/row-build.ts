// All rows of a table at once, as a start has them: the trie that putting one row after the other would make, made from its leaves
// up, each list once and of its length. Rows are brought into the order of their hashes first, five bits after five.
import { bitsEach, fan, hashOf, lastShift, mostInLeaf, Node, type Owner, slotMask } from './row-nodes.ts';

/** Fewer are put one after the other as quickly. */
const leastToBuild = 64;

/** null: they are few, or an id is there twice: it is for those who put one after the other to say which row counts. */
export function buildTrie<R extends { readonly id: string }>(
  rows: readonly R[],
  owner: Owner,
): Node<R> | null {
  if (rows.length < leastToBuild) return null;
  const build = new Build(rows, owner);
  return build.isTwice ? null : build.root;
}

class Build<R extends { readonly id: string }> {
  readonly #owner: Owner;
  readonly #hashes: Int32Array;
  readonly #ids: string[];
  readonly #rows: R[];
  readonly root: Node<R>;
  isTwice = false;

  constructor(rows: readonly R[], owner: Owner) {
    this.#owner = owner;
    const count = rows.length;
    const sorting = {
      hashes: new Int32Array(count),
      order: new Int32Array(count),
      spare: new Int32Array(count),
    };
    const { hashes, order, spare } = sorting;
    for (let at = 0; at < count; at += 1) {
      hashes[at] = hashOf((rows[at] as R).id);
      order[at] = at;
    }
    sort(sorting, 0, count, 0);
    this.#rows = rows.slice();
    this.#ids = [];
    for (let at = 0; at < count; at += 1) {
      const from = order[at] ?? 0;
      const row = rows[from] as R;
      this.#rows[at] = row;
      this.#ids.push(row.id);
      spare[at] = hashes[from] ?? 0;
    }
    this.#hashes = spare;
    this.root = this.#nodeOf(0, rows.length, 0);
  }

  #nodeOf(from: number, to: number, shift: number): Node<R> {
    if (isLeaf(to - from, shift)) return this.#leafOf(from, to);
    const children: (Node<R> | undefined)[] = Array.from({ length: fan });
    for (let at = from; at < to; ) {
      const slot = slotOf(this.#hashes[at], shift);
      let end = at + 1;
      while (end < to && slotOf(this.#hashes[end], shift) === slot) end += 1;
      children[slot] = this.#nodeOf(at, end, shift + bitsEach);
      at = end;
    }
    const branch = new Node<R>(this.#owner, null, children);
    branch.count = to - from;
    return branch;
  }

  #leafOf(from: number, to: number): Node<R> {
    const leaf = new Node<R>(this.#owner, null, null);
    leaf.ids = this.#ids.slice(from, to);
    leaf.rows = this.#rows.slice(from, to);
    leaf.count = to - from;
    for (let at = 1; at < leaf.count; at += 1) this.isTwice ||= leaf.find(leaf.ids[at] as string) < at;
    return leaf;
  }
}

function isLeaf(count: number, shift: number): boolean {
  return count <= mostInLeaf || shift >= lastShift;
}

function slotOf(hash: number | undefined, shift: number): number {
  return ((hash ?? 0) >>> shift) & slotMask;
}

type Sorting = { readonly hashes: Int32Array; readonly order: Int32Array; readonly spare: Int32Array };

/** Stable, so that the rows of a leaf are in it as they came. */
function sort(sorting: Sorting, from: number, to: number, shift: number): void {
  if (isLeaf(to - from, shift)) return;
  const { hashes, order, spare } = sorting;
  const ends = new Int32Array(fan + 1);
  for (let at = from; at < to; at += 1) {
    const slot = slotOf(hashes[order[at] ?? 0], shift);
    ends[slot + 1] = (ends[slot + 1] ?? 0) + 1;
  }
  for (let slot = 0; slot < fan; slot += 1) ends[slot + 1] = (ends[slot + 1] ?? 0) + (ends[slot] ?? 0);
  // From here on the begin of each slot; what is put there moves it to its end.
  for (let at = from; at < to; at += 1) {
    const slot = slotOf(hashes[order[at] ?? 0], shift);
    const place = ends[slot] ?? 0;
    spare[from + place] = order[at] ?? 0;
    ends[slot] = place + 1;
  }
  order.set(spare.subarray(from, to), from);
  for (let slot = 0, begin = 0; slot < fan; slot += 1) {
    const end = ends[slot] ?? 0;
    sort(sorting, from + begin, from + end, shift + bitsEach);
    begin = end;
  }
}
