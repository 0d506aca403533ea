// The tree of roles with the clients as leaves, and the order of each level by dominant share (Mesos' hierarchical DRF
// sorter, sorter/drf). Clients hang under a node of their own named "." below their role, so a role that is parent and leaf
// competes with its children as Mesos' virtual leaf does; the weight of "." is 1, as there.
import { bytes, doubles, ints, longer } from './arrays.ts';
import type { Tree } from './shapes.ts';

export const root = 0;
/** Between the parts of a key; it is in no role and in no id. */
const between = '\n';

export function newTree(width: number): Tree {
  const tree: Tree = {
    width,
    size: 0,
    unused: [],
    parent: new Int32Array(0),
    top: new Int32Array(0),
    waiting: new Int32Array(0),
    weight: new Float64Array(0),
    share: new Float64Array(0),
    rank: new Float64Array(0),
    isRanked: false,
    count: new Float64Array(0),
    held: new Float64Array(0),
    heldReserved: new Float64Array(0),
    reserved: new Float64Array(0),
    reservations: [],
    isDirty: new Uint8Array(0),
    names: [],
    paths: [],
    children: [],
    order: [],
    orderLength: [],
    clients: [],
    roles: new Map(),
    clientNodes: new Map(),
    weights: new Map(),
  };
  addNode(tree, root, '');
  return tree;
}

export function clientKey(role: string, frameworkId: string): string {
  return role + between + frameworkId;
}

function grow(tree: Tree): void {
  const room = Math.max(64, 2 * tree.size);
  for (const key of ['parent', 'top', 'waiting'] as const) tree[key] = longer(tree[key], ints, room);
  for (const key of ['weight', 'share', 'rank', 'count'] as const)
    tree[key] = longer(tree[key], doubles, room);
  for (const key of ['held', 'heldReserved', 'reserved'] as const) {
    tree[key] = longer(tree[key], doubles, room * tree.width);
  }
  tree.isDirty = longer(tree.isDirty, bytes, room);
}

function addNode(tree: Tree, parent: number, name: string): number {
  const node = tree.unused.pop() ?? tree.size;
  if (node === tree.size) {
    if (node >= tree.parent.length) grow(tree);
    tree.size += 1;
  }
  tree.parent[node] = parent;
  tree.top[node] = parent === root ? node : tree.top[parent]!;
  tree.waiting[node] = 0;
  tree.weight[node] = 1;
  tree.rank[node] = 0;
  tree.count[node] = 0;
  const { width } = tree;
  for (const vectors of [tree.held, tree.heldReserved, tree.reserved]) {
    vectors.fill(0, node * width, (node + 1) * width);
  }
  tree.isDirty[node] = 1;
  tree.reservations[node] = 0;
  tree.names[node] = name;
  tree.paths[node] = '';
  tree.children[node] = undefined;
  tree.order[node] = undefined;
  tree.orderLength[node] = 0;
  tree.clients[node] = undefined;
  if (node !== root) {
    const siblings = tree.children[parent] ?? new Set();
    siblings.add(node);
    tree.children[parent] = siblings;
    tree.isDirty[parent] = 1;
  }
  return node;
}

/** The node of a role, made when it is not there. */
export function roleNode(tree: Tree, path: string): number {
  const known = tree.roles.get(path);
  if (known !== undefined) return known;
  const slash = path.lastIndexOf('/');
  const parent = slash < 0 ? root : roleNode(tree, path.slice(0, slash));
  const node = addNode(tree, parent, path.slice(slash + 1));
  tree.paths[node] = path;
  tree.weight[node] = tree.weights.get(path) ?? 1;
  tree.roles.set(path, node);
  return node;
}

/** A leaf for a client below the "." of its role. */
export function addClientNode(tree: Tree, role: number, frameworkId: string): number {
  const dotPath = `${tree.paths[role]}/.`;
  let dot = tree.roles.get(dotPath);
  if (dot === undefined) {
    dot = addNode(tree, role, '.');
    tree.paths[dot] = dotPath;
    tree.roles.set(dotPath, dot);
  }
  const node = addNode(tree, dot, frameworkId);
  tree.clientNodes.set(clientKey(tree.paths[role]!, frameworkId), node);
  return node;
}

/** From the node up to its top-level role. */
export function chainOf(tree: Tree, node: number): readonly number[] {
  const chain: number[] = [];
  for (let at = node; at !== root; at = tree.parent[at]!) chain.push(at);
  return chain;
}

/** Takes a node away, and those above it that nothing is kept for. `isKept` says it of roles. */
export function pruneFrom(tree: Tree, node: number, isKept: (role: number) => boolean): void {
  for (let at = node; at !== root; ) {
    const isDot = tree.names[at] === '.' && tree.paths[at] !== '';
    const hasUse = (tree.children[at]?.size ?? 0) > 0 || tree.clients[at] !== undefined;
    if (hasUse || (tree.paths[at] !== '' && !isDot && isKept(at))) return;
    const parent = tree.parent[at]!;
    // Gone already: a role may be named twice.
    if (tree.children[parent]?.has(at) !== true) return;
    if (tree.paths[at] !== '') tree.roles.delete(tree.paths[at]!);
    tree.children[parent]?.delete(at);
    tree.isDirty[parent] = 1;
    tree.unused.push(at);
    at = parent;
  }
}

export function changeWaiting(tree: Tree, chain: readonly number[], by: number): void {
  if (by === 0) return;
  for (const node of chain) {
    tree.waiting[node] = tree.waiting[node]! + by;
    tree.isDirty[tree.parent[node]!] = 1;
  }
  tree.waiting[root] = tree.waiting[root]! + by;
}

export function markChain(tree: Tree, chain: readonly number[]): void {
  for (const node of chain) tree.isDirty[tree.parent[node]!] = 1;
}

/** Adds to what the client and all above it hold. `reserved` is part of `amounts`, or null for none. */
export function addHeld(
  tree: Tree,
  chain: readonly number[],
  amounts: Float64Array,
  reserved: Float64Array | null,
): void {
  const { width, held, heldReserved } = tree;
  for (const node of chain) {
    const at = node * width;
    for (let r = 0; r < width; r += 1) held[at + r] = held[at + r]! + amounts[r]!;
    if (reserved === null) continue;
    for (let r = 0; r < width; r += 1) heldReserved[at + r] = heldReserved[at + r]! + reserved[r]!;
  }
}

/** What shares are measured against. */
export type Measure = { readonly sumTotal: Float64Array; readonly isCounted: Uint8Array };

/** Of which scalar the node holds the greatest part of the cluster, or -1 when it holds nothing that counts. */
export function dominantPlace(tree: Tree, node: number, { sumTotal, isCounted }: Measure): number {
  let most = 0;
  let place = -1;
  for (let r = 0; r < tree.width; r += 1) {
    const share = sumTotal[r] === 0 ? 0 : tree.held[node * tree.width + r]! / sumTotal[r]!;
    if (isCounted[r] === 0 || share <= most) continue;
    most = share;
    place = r;
  }
  return place;
}

/** The greatest part of the cluster that is held of any counted scalar, not divided by the weight. */
export function dominantShare(tree: Tree, node: number, { sumTotal, isCounted }: Measure): number {
  const { width, held } = tree;
  const at = node * width;
  let most = 0;
  for (let r = 0; r < width; r += 1) {
    const total = sumTotal[r]!;
    if (total === 0 || isCounted[r] === 0) continue;
    const share = held[at + r]! / total;
    if (share > most) most = share;
  }
  return most;
}

/** Clients of one role: what has the higher priority. Then the sort key of Mesos: share, number of allocations, name. */
function isBefore(tree: Tree, a: number, b: number): boolean {
  const rankA = tree.rank[a]!;
  const rankB = tree.rank[b]!;
  if (rankA !== rankB) return rankA > rankB;
  const shareA = tree.share[a]!;
  const shareB = tree.share[b]!;
  if (shareA !== shareB) return shareA < shareB;
  const countA = tree.count[a]!;
  const countB = tree.count[b]!;
  if (countA !== countB) return countA < countB;
  return tree.names[a]! < tree.names[b]!;
}

/** Makes shares and order of all dirty levels again. */
export function refreshOrder(tree: Tree, measure: Measure): void {
  for (let node = 0; node < tree.size; node += 1) {
    if (tree.isDirty[node] === 0) continue;
    tree.isDirty[node] = 0;
    const children = tree.children[node];
    if (children === undefined) continue;
    const waiting = [...children].filter((child) => tree.waiting[child]! > 0);
    for (const child of children)
      tree.share[child] = dominantShare(tree, child, measure) / tree.weight[child]!;
    const order = Int32Array.from(waiting);
    order.sort((a, b) => (isBefore(tree, a, b) ? -1 : 1));
    tree.order[node] = order;
    tree.orderLength[node] = order.length;
  }
}

/** After an allocation to the child at `place`: to its new place among those behind it. */
export function moveBack(tree: Tree, node: number, place: number): void {
  const order = tree.order[node]!;
  const moved = order[place]!;
  let low = place + 1;
  let high = tree.orderLength[node]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(tree, order[middle]!, moved)) low = middle + 1;
    else high = middle;
  }
  if (low === place + 1) return;
  order.copyWithin(place, place + 1, low);
  order[low - 1] = moved;
}

export function markAllDirty(tree: Tree): void {
  tree.isDirty.fill(1, 0, tree.size);
}
