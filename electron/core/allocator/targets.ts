// How far each client may go when several wait for whatever there is: the level of water-filling. The free resources are a
// pool; it is poured over the tree, level by level, so that those with the lowest share per weight rise together. A client's
// target is the dominant share it reaches then. This is weighted DRF of a divisible pool (Ghodsi et al., NSDI'11, section 4),
// solved for all at once instead of piece by piece, so that an agent has to be cut only where a target ends.
import type { Client, Index } from './shapes.ts';

/** The level is found by halving: 2^-40 of a cluster is less than a unit of anything. */
const halvings = 40;

export type Pouring = {
  readonly index: Index;
  /** What is poured. */
  readonly pool: Float64Array;
  readonly targets: Targets;
};

export type Targets = {
  /** By client's node: the dominant share it may reach. */
  readonly shares: Float64Array;
  /** By any other node: the level of its children, a share divided by weight. Children at or above it get nothing. */
  readonly levels: Float64Array;
};

/** How much of the pool a client can use at most, 0..1. */
function mostOf({ index, pool }: Pouring, client: Client): number {
  if (client.demands === null) return 1;
  let most = 0;
  for (let r = 0; r < pool.length; r += 1) {
    if (pool[r] === 0 || index.isCounted[r] === 0) continue;
    let wanted = 0;
    for (const { want, left } of client.demands) wanted += want[r]! * left;
    most = Math.max(most, wanted / pool[r]!);
  }
  return Math.min(1, most);
}

/** Room for one level of the tree. */
type Level = {
  readonly children: Int32Array;
  readonly most: Float64Array;
  /** For each child and scalar: part of the pool = level x slope - start. */
  readonly slope: Float64Array;
  readonly start: Float64Array;
};

function mostBelow(pouring: Pouring, node: number): number {
  const { tree } = pouring.index;
  const client = tree.clients[node];
  if (client !== undefined) return mostOf(pouring, client);
  let sum = 0;
  const order = tree.order[node];
  for (let at = 0; order !== undefined && at < order.length && sum < 1; at += 1) {
    sum += mostBelow(pouring, order[at]!);
  }
  return Math.min(1, sum);
}

function levelOf(pouring: Pouring, node: number): Level {
  const { index, pool } = pouring;
  const { tree, agents, width } = index;
  const children = tree.order[node] ?? new Int32Array(0);
  const slope = new Float64Array(children.length * width);
  const start = new Float64Array(children.length * width);
  const most = new Float64Array(children.length);
  for (let at = 0; at < children.length; at += 1) {
    const child = children[at]!;
    most[at] = mostBelow(pouring, child);
    for (let r = 0; r < width; r += 1) {
      const total = agents.sumTotal[r]!;
      if (pool[r] === 0 || total === 0 || index.isCounted[r] === 0) {
        slope[at * width + r] = Infinity;
        continue;
      }
      slope[at * width + r] = (tree.weight[child]! * total) / pool[r]!;
      start[at * width + r] = tree.held[child * width + r]! / pool[r]!;
    }
  }
  return { children, most, slope, start };
}

/** The part of the pool that brings the child to the level. */
function partAt({ most, slope, start }: Level, at: number, level: number): number {
  const width = slope.length / most.length;
  let part = most[at]!;
  for (let r = at * width; r < (at + 1) * width; r += 1) {
    if (slope[r] === Infinity) continue;
    const here = level * slope[r]! - start[r]!;
    if (here < part) part = here;
  }
  return part > 0 ? part : 0;
}

function findLevel(level: Level, fraction: number): number {
  let low = 0;
  let high = 0;
  let isMeasured = false;
  const width = level.slope.length / level.most.length;
  // High enough for the one that would need the highest to get everything.
  for (let at = 0; at < level.slope.length; at += 1) {
    if (level.slope[at] === Infinity) continue;
    const most = Math.min(fraction, level.most[Math.floor(at / width)]!);
    high = Math.max(high, (most + level.start[at]!) / level.slope[at]!);
    isMeasured = true;
  }
  if (!isMeasured) return Infinity;
  for (let n = 0; n < halvings; n += 1) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (let at = 0; at < level.most.length; at += 1) sum += partAt(level, at, middle);
    if (sum < fraction) low = middle;
    else high = middle;
  }
  return high;
}

export function newTargets(size: number): Targets {
  return { shares: new Float64Array(size), levels: new Float64Array(size) };
}

/** Sets the targets of all waiting clients at and below the node, which gets this part of the pool. */
export function pour(pouring: Pouring, node: number, fraction: number): void {
  const { index, pool, targets } = pouring;
  const { tree, agents, width } = index;
  if (tree.clients[node] !== undefined) {
    let target = 0;
    let isMeasured = false;
    for (let r = 0; r < width; r += 1) {
      const total = agents.sumTotal[r]!;
      if (total === 0 || index.isCounted[r] === 0) continue;
      isMeasured ||= pool[r]! > 0;
      target = Math.max(target, (tree.held[node * width + r]! + fraction * pool[r]!) / total);
    }
    targets.shares[node] = isMeasured ? target : Infinity;
    return;
  }
  const only = tree.order[node];
  if (only?.length === 1) {
    // Nobody to be measured against.
    targets.levels[node] = Infinity;
    pour(pouring, only[0]!, Math.min(fraction, mostBelow(pouring, only[0]!)));
    return;
  }
  const level = levelOf(pouring, node);
  if (level.most.length === 0) return;
  const height = findLevel(level, fraction);
  targets.levels[node] = height;
  for (let at = 0; at < level.children.length; at += 1) {
    pour(pouring, level.children[at]!, partAt(level, at, height));
  }
}
