// Quota of top-level roles: what they consume, what is still owed to them, and what that leaves for others.
// Consumed is, as in Mesos 1.9, all that is reserved for the role and those below (held or not), and what they hold of the
// unreserved. Free resources are kept as one pool, so that "enough headroom" is one comparison.
import { vectorOf } from './scalars.ts';
import type { Index } from './shapes.ts';
import type { Quota } from './types.ts';

export function consumedOf(index: Index, top: number, r: number): number {
  const { reserved, held, heldReserved } = index.tree;
  const at = top * index.width + r;
  return reserved[at]! + held[at]! - heldReserved[at]!;
}

/** After a change of what a top-level role consumes. */
export function recountUnmet(index: Index, top: number): void {
  if (index.quotas.guarantee.size === 0) return;
  const guarantee = index.quotas.guarantee.get(top);
  const unmet = index.quotas.unmet.get(top);
  if (guarantee === undefined || unmet === undefined) return;
  for (let r = 0; r < index.width; r += 1) {
    const owed = Math.max(0, guarantee[r]! - consumedOf(index, top, r));
    index.quotas.required[r] = index.quotas.required[r]! + owed - unmet[r]!;
    unmet[r] = owed;
  }
}

export function writeQuota(index: Index, top: number, quota: Quota | null): void {
  const { inputs, limit, guarantee, unmet, required } = index.quotas;
  const owed = unmet.get(top);
  if (owed !== undefined) for (let r = 0; r < index.width; r += 1) required[r] = required[r]! - owed[r]!;
  for (const table of [inputs, limit, guarantee, unmet]) table.delete(top);
  if (quota === null) return;
  inputs.set(top, quota);
  limit.set(top, vectorOf(index.scalars, quota.limit, Infinity));
  const guaranteed = vectorOf(index.scalars, quota.guarantee);
  if (guaranteed.every((amount) => amount === 0)) return;
  guarantee.set(top, guaranteed);
  unmet.set(top, new Float64Array(index.width));
  recountUnmet(index, top);
}

/** Adds to what is free on an agent; the pool follows when the agent is open. */
export function addFree(index: Index, agent: number, amounts: Float64Array, sign: 1 | -1): void {
  const { free, isOpen, pool } = index.agents;
  const at = agent * index.width;
  const isPooled = isOpen[agent] === 1;
  for (let r = 0; r < index.width; r += 1) {
    const before = free[at + r]!;
    const after = before + sign * amounts[r]!;
    free[at + r] = after;
    if (isPooled) pool[r] = pool[r]! + Math.max(0, after) - Math.max(0, before);
  }
}
