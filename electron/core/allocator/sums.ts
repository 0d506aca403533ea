// Sums for pages: what roles and clients hold, what weights alone would give them, what quotas hold back.
import { consumedOf } from './quota.ts';
import { amountsAt } from './scalars.ts';
import type { Index } from './shapes.ts';
import { dominantPlace, dominantShare, root } from './tree.ts';
import type { ClientSums, ClusterSums, RoleSums } from './types.ts';

function isPresent({ tree, width }: Index, node: number): boolean {
  if (tree.waiting[node]! > 0) return true;
  return tree.held.subarray(node * width, (node + 1) * width).some((amount) => amount > 0);
}

/** By node: its part of its parent's part, by weight, among those that wait or hold something. */
function fairShares(index: Index): Float64Array {
  const { tree } = index;
  const fair = new Float64Array(tree.size);
  const open = [root];
  fair[root] = 1;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const present = [...(tree.children[node] ?? [])].filter((child) => isPresent(index, child));
    const weights = present.reduce((sum, child) => sum + tree.weight[child]!, 0);
    for (const child of present) {
      fair[child] = (fair[node]! * tree.weight[child]!) / weights;
      open.push(child);
    }
  }
  return fair;
}

function shareOf(index: Index, node: number): { readonly share: number; readonly dominant: string | null } {
  const place = dominantPlace(index.tree, node, index.measure);
  return {
    share: dominantShare(index.tree, node, index.measure),
    dominant: index.scalars.names[place] ?? null,
  };
}

function roleSums(index: Index, node: number, fair: Float64Array): RoleSums {
  const { tree, scalars, width, quotas } = index;
  const quota = quotas.inputs.get(node);
  const consumed = Array.from({ length: width }, (_, r) => consumedOf(index, node, r));
  return {
    role: tree.paths[node]!,
    weight: tree.weight[node]!,
    waiting: tree.waiting[node]!,
    allocated: amountsAt(scalars, tree.held, node * width),
    reserved: amountsAt(scalars, tree.reserved, node * width),
    ...shareOf(index, node),
    fairShare: fair[node]!,
    guarantee: quota?.guarantee ?? {},
    limit: quota?.limit ?? {},
    consumed: amountsAt(scalars, consumed),
    unmet: amountsAt(scalars, quotas.unmet.get(node) ?? new Float64Array(width)),
  };
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function sumsOf(index: Index): ClusterSums {
  const { tree, scalars, width, agents, quotas } = index;
  const fair = fairShares(index);
  const allocated = new Float64Array(width);
  const reserved = new Float64Array(width);
  for (const top of tree.children[root] ?? []) {
    for (let r = 0; r < width; r += 1) {
      allocated[r] = allocated[r]! + tree.held[top * width + r]!;
      reserved[r] = reserved[r]! + tree.reserved[top * width + r]!;
    }
  }
  const roles = [...tree.roles.values()].filter((node) => tree.names[node] !== '.');
  const clients = [...tree.clientNodes.values()].map((node): ClientSums => {
    const { frameworkId, role } = tree.clients[node]!.input;
    return {
      frameworkId,
      role,
      allocated: amountsAt(scalars, tree.held, node * width),
      ...shareOf(index, node),
      fairShare: fair[node]!,
      allocations: tree.count[node]!,
    };
  });
  return {
    total: amountsAt(scalars, agents.sumTotal),
    allocated: amountsAt(scalars, allocated),
    reserved: amountsAt(scalars, reserved),
    free: amountsAt(scalars, agents.pool),
    headroom: amountsAt(
      scalars,
      quotas.required.map((owed, r) => Math.min(owed, agents.pool[r]!)),
    ),
    roles: roles.map((node) => roleSums(index, node, fair)).sort((a, b) => byName(a.role, b.role)),
    clients: clients.sort((a, b) => byName(a.role, b.role) || byName(a.frameworkId, b.frameworkId)),
  };
}
