// Weights and quotas, as the person sets them.
import type { Refusal } from '../../contract/errors.ts';
import { isRoleKept } from './agents.ts';
import { consumedOf, writeQuota } from './quota.ts';
import { refuseRole } from './role-names.ts';
import { vectorOf } from './scalars.ts';
import type { Index } from './shapes.ts';
import { touchAll } from './state.ts';
import { pruneFrom, roleNode, root } from './tree.ts';
import type { Quota } from './types.ts';

/** A weight is a factor; beyond this shares are no longer told apart. */
const maxWeight = 1_000_000;

export function refuseWeight(role: string, weight: number): Refusal | null {
  const isGood = Number.isFinite(weight) && weight >= 1 / maxWeight && weight <= maxWeight;
  return isGood ? refuseRole(role) : { code: 'invalid', reason: 'weight', detail: `${role}: ${weight}` };
}

export function setWeight(index: Index, role: string, weight: number): void {
  const { tree } = index;
  if (weight === 1) tree.weights.delete(role);
  else tree.weights.set(role, weight);
  const node = tree.roles.get(role);
  if (node !== undefined) {
    tree.weight[node] = weight;
    tree.isDirty[tree.parent[node]!] = 1;
  }
  touchAll(index);
}

/** As Mesos 1.9: only for top-level roles, not for `*`; the limit covers guarantee and, unless forced, consumption. */
export function refuseQuota(index: Index, role: string, quota: Quota | null, force: boolean): Refusal | null {
  const refusal = refuseRole(role);
  if (refusal !== null) return refusal;
  if (role.includes('/')) return { code: 'invalid', reason: 'quota-on-nested-role', detail: role };
  if (role === '*') return { code: 'invalid', reason: 'quota-on-default-role', detail: role };
  if (quota === null) return null;
  const guarantee = vectorOf(index.scalars, quota.guarantee);
  const limit = vectorOf(index.scalars, quota.limit, Infinity);
  const node = index.tree.roles.get(role);
  for (let r = 0; r < index.width; r += 1) {
    const name = index.scalars.names[r]!;
    if (guarantee[r]! > limit[r]!) return { code: 'invalid', reason: 'guarantee-above-limit', detail: name };
    const consumed = node === undefined ? 0 : consumedOf(index, node, r);
    if (!force && consumed > limit[r]!) {
      return {
        code: 'conflict',
        reason: 'limit-below-consumed',
        detail: `${name}: ${consumed} of ${limit[r]!}`,
      };
    }
  }
  return null;
}

export function setQuota(index: Index, role: string, quota: Quota | null): void {
  const node = roleNode(index.tree, role);
  writeQuota(index, node, quota);
  if (quota === null && node !== root) pruneFrom(index.tree, node, (one) => isRoleKept(index, one));
  touchAll(index);
}
