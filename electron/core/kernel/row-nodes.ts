// The nodes of the trie that holds the rows of a table (rows.ts), how they are walked, and how two tries are compared: what they
// share is not looked at.
import type { Deadline } from './deadlines.ts';

export const bitsEach = 5;
export const fan = 1 << bitsEach;
export const slotMask = fan - 1;
/** Of 30 bits, so that it is a small integer on every engine. Below the last level a leaf only grows. */
const hashMask = 0x3fff_ffff;
export const lastShift = 30;
/** A leaf that grows past this is split; a branch that holds no more than half of it becomes a leaf again. */
export const mostInLeaf = 8;

/** FNV-1a over the UTF-16 units: stable, so that every run walks its rows in the same order. */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  // Folded: of this hash the high bits are the better ones.
  return (hash ^ (hash >>> 15)) & hashMask;
}

/** Whoever made a node may change it until it is done; everybody else copies it first. Each edit has a number of its own. */
export type Owner = number;
/**
 * A branch (children by the next bits of the hash) or a leaf (ids and rows side by side). One shape for both. Lists of ids are never
 * changed, so a leaf of which only rows change has the list of the leaf before it.
 */
export class Node<R> {
  readonly owner: Owner;
  readonly children: (Node<R> | undefined)[] | null;
  ids: readonly string[];
  rows: R[];
  /** Rows at or below. */
  count: number;
  /** Of `RowMap.earliest`, below this node; undefined: not looked for yet. */
  earliest: Deadline | undefined;

  constructor(owner: Owner, from: Node<R> | null, children: (Node<R> | undefined)[] | null) {
    this.owner = owner;
    this.children = children;
    const isCopy = children === null && from !== null;
    this.ids = isCopy ? from.ids : none;
    this.rows = isCopy ? from.rows.slice() : none;
    this.count = from?.count ?? 0;
    this.earliest = undefined;
  }

  /** The place of the id in a leaf, or -1. */
  find(id: string): number {
    const { ids } = this;
    for (let at = 0; at < ids.length; at += 1) if (ids[at] === id) return at;
    return -1;
  }
}

export const none: never[] = [];

/** In the order of the hashes. */
export function* leavesOf<R>(root: Node<R> | undefined): Generator<Node<R>, undefined> {
  const open = root ? [root] : [];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.children === null) {
      yield node;
      continue;
    }
    for (let slot = fan - 1; slot >= 0; slot -= 1) {
      const child = node.children[slot];
      if (child) open.push(child);
    }
  }
  return undefined;
}

export function* idsOf<K>(root: Node<unknown> | undefined): Generator<K, undefined> {
  for (const { ids } of leavesOf(root)) yield* ids as readonly unknown[] as readonly K[];
  return undefined;
}

export function* rowsOf<R>(root: Node<R> | undefined): Generator<R, undefined> {
  for (const { rows } of leavesOf(root)) {
    for (let at = 0; at < rows.length; at += 1) yield rows[at] as R;
  }
  return undefined;
}

/** Two leaves of which rows at most are others: what most changes leave. */
function hasSameIds<R>(then: Node<R>, now: Node<R>): boolean {
  if (then.ids === now.ids) return true;
  if (then.ids.length !== now.ids.length) return false;
  for (let at = 0; at < now.ids.length; at += 1) if (then.ids[at] !== now.ids[at]) return false;
  return true;
}

type OnChange<R> = (id: string, then: R | undefined, now: R | undefined) => void;

export function compare<R>(then: Node<R> | undefined, now: Node<R> | undefined, onChange: OnChange<R>): void {
  if (then === now) return;
  if (then?.children && now?.children) {
    for (let slot = 0; slot < fan; slot += 1) {
      const one = then.children[slot];
      const other = now.children[slot];
      if (one !== other) compare(one, other, onChange);
    }
    return;
  }
  if (then?.children || now?.children) compareLists(then, now, onChange);
  else if (then && now && hasSameIds(then, now)) compareInOrder(then, now, onChange);
  else compareLeaves(then, now, onChange);
}

function compareInOrder<R>(then: Node<R>, now: Node<R>, onChange: OnChange<R>): void {
  for (let at = 0; at < now.ids.length; at += 1) {
    if (then.rows[at] !== now.rows[at]) onChange(now.ids[at] ?? '', then.rows[at], now.rows[at]);
  }
}

/** Each with a few rows, or nothing. */
function compareLeaves<R>(then: Node<R> | undefined, now: Node<R> | undefined, onChange: OnChange<R>): void {
  now?.ids.forEach((id, at) => {
    const known = then?.rows[then.find(id)];
    if (known !== now.rows[at]) onChange(id, known, now.rows[at]);
  });
  then?.ids.forEach((id, at) => {
    if (!now || now.find(id) < 0) onChange(id, then.rows[at], undefined);
  });
}

/** One of them is a leaf, so there are few rows on one side at least. */
function compareLists<R>(then: Node<R> | undefined, now: Node<R> | undefined, onChange: OnChange<R>): void {
  const old = new Map<string, R>();
  for (const { ids, rows } of leavesOf(then)) ids.forEach((id, at) => old.set(id, rows[at] as R));
  for (const { ids, rows } of leavesOf(now)) {
    ids.forEach((id, at) => {
      const row = rows[at] as R;
      const known = old.get(id);
      old.delete(id);
      if (known !== row) onChange(id, known, row);
    });
  }
  for (const [id, row] of old) onChange(id, row, undefined);
}
