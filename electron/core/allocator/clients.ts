// Clients in the index: a framework in one of its roles, what it may be offered and what it waits for.
import type { Refusal } from '../../contract/errors.ts';
import { isRoleKept, refuseId } from './agents.ts';
import { type CompiledConstraints, compileConstraints } from './constraints.ts';
import { removeOfClient } from './filters.ts';
import { findClient } from './holdings.ts';
import { refuseRanges } from './ranges.ts';
import { refuseRole } from './role-names.ts';
import { refuseAmounts, vectorOf } from './scalars.ts';
import type { Client, DemandRow, Index } from './shapes.ts';
import { minSetsOf, touchAll } from './state.ts';
import { addClientNode, chainOf, changeWaiting, clientKey, markChain, pruneFrom, roleNode } from './tree.ts';
import type { ClientInput, Demand } from './types.ts';

const maxDemands = 10_000;
const maxUnits = 1_000_000;

export function refuseDemand(demand: Demand): Refusal | null {
  const { count, anyPorts = 0, priority = 0 } = demand;
  if (!Number.isInteger(count) || count < 0 || count > maxUnits) {
    return { code: 'invalid', reason: 'demand-count', detail: String(count) };
  }
  if (!Number.isInteger(anyPorts) || anyPorts < 0 || anyPorts > 65536) {
    return { code: 'invalid', reason: 'demand-ports', detail: String(anyPorts) };
  }
  if (!Number.isInteger(priority)) {
    return { code: 'invalid', reason: 'demand-priority', detail: String(priority) };
  }
  return refuseAmounts(demand.amounts) ?? refuseRanges(demand.ports ?? []);
}

export function refuseClient(client: ClientInput): Refusal | null {
  let refusal = refuseId('framework', client.frameworkId) ?? refuseRole(client.role);
  if ((client.demand?.length ?? 0) > maxDemands) {
    refusal ??= { code: 'invalid', reason: 'too-many-demands', detail: String(client.demand?.length) };
  }
  for (const set of client.minAllocatable ?? []) refusal ??= refuseAmounts(set);
  refusal ??= refuseAmounts(client.unit ?? {});
  for (const demand of client.demand ?? []) refusal ??= refuseDemand(demand);
  return refusal;
}

/** Constraints are compiled once for each text of them in a client: many demands share theirs. */
export type Compiled = Map<object, CompiledConstraints>;

export function compileAll(client: ClientInput): Compiled | Refusal {
  const compiled: Compiled = new Map();
  const demands = client.demand ?? [];
  for (const constraints of [client.constraints, ...demands.map((demand) => demand.constraints)]) {
    if (constraints === null || constraints === undefined || compiled.has(constraints)) continue;
    const result = compileConstraints(constraints);
    if (!result.ok) return result.refusal;
    compiled.set(constraints, result.value);
  }
  return compiled;
}

/** A demand that stands alone, for the tests of rules and for questions. */
export function demandRow(
  index: Index,
  demand: Demand,
  place: number,
  constraints: CompiledConstraints | null,
): DemandRow {
  const isPlain =
    constraints === null &&
    (demand.ports?.length ?? 0) === 0 &&
    (demand.anyPorts ?? 0) === 0 &&
    (demand.volumes?.length ?? 0) === 0;
  return {
    input: demand,
    place,
    want: vectorOf(index.scalars, demand.amounts),
    left: demand.count,
    constraints,
    isPlain,
  };
}

function setDemands(index: Index, client: Client, compiled: Compiled): void {
  const { demand } = client.input;
  client.demands =
    demand?.map((one, place) =>
      demandRow(index, one, place, (one.constraints && compiled.get(one.constraints)) ?? null),
    ) ?? null;
  const rows = (client.demands ?? []).filter(({ left }) => left > 0);
  // Stable: what is equal keeps the order in which it was said.
  if (rows.some(({ input }) => priorityOf(input) !== 0)) {
    rows.sort((a, b) => priorityOf(b.input) - priorityOf(a.input));
  }
  client.open = rows.filter(({ input }) => input.agentId === undefined);
  client.pinned = null;
  const pinned = new Map<string, DemandRow[]>();
  for (const row of rows) {
    if (row.input.agentId === undefined) continue;
    const list = pinned.get(row.input.agentId) ?? [];
    list.push(row);
    pinned.set(row.input.agentId, list);
  }
  if (pinned.size > 0) client.pinned = pinned;
  client.left = rows.reduce((sum, { left }) => sum + left, 0);
  client.least = new Float64Array(index.width).fill(client.open.length > 0 ? Infinity : 0);
  for (const { want } of client.open) {
    for (let r = 0; r < index.width; r += 1) client.least[r] = Math.min(client.least[r]!, want[r]!);
  }
  writeRank(index, client);
}

export function priorityOf({ priority = 0 }: Demand): number {
  return priority;
}

/** After its demands changed: its place among the clients of its role. */
export function writeRank({ tree }: Index, client: Client): void {
  let rank = -Infinity;
  for (const { left, input } of client.demands ?? []) if (left > 0) rank = Math.max(rank, priorityOf(input));
  if (rank === -Infinity) rank = 0;
  if (rank === tree.rank[client.node]) return;
  tree.rank[client.node] = rank;
  tree.isRanked = true;
  markChain(tree, client.chain);
}

function isWaiting(client: Client): boolean {
  const { active, suppressed } = client.input;
  return active && !suppressed && (client.demands === null || client.left > 0);
}

export function writeClient(index: Index, input: ClientInput, compiled: Compiled): void {
  const { tree } = index;
  let client = findClient(index, input);
  if (client === undefined) {
    const role = roleNode(tree, input.role);
    const node = addClientNode(tree, role, input.frameworkId);
    client = {
      node,
      input,
      chain: chainOf(tree, node),
      role,
      top: tree.top[node]!,
      constraints: null,
      demands: [],
      open: [],
      pinned: null,
      left: 0,
      least: new Float64Array(index.width),
      unit: null,
      minSets: null,
    };
    tree.clients[node] = client;
  }
  const before = tree.waiting[client.node]!;
  client.input = input;
  client.constraints = (input.constraints && compiled.get(input.constraints)) ?? null;
  client.unit = input.unit === undefined ? null : vectorOf(index.scalars, input.unit);
  client.minSets = input.minAllocatable === null ? null : minSetsOf(index.scalars, input.minAllocatable);
  setDemands(index, client, compiled);
  const after = isWaiting(client) ? 1 : 0;
  changeWaiting(tree, client.chain, after - before);
  if (after === 1) touchAll(index);
}

/** After units were given: its demand as it is now. */
export function writeDemandLeft(index: Index, client: Client): void {
  const { demands } = client;
  if (demands === null) return;
  const demand = demands.map(({ input, left }) => (input.count === left ? input : { ...input, count: left }));
  const compiled: Compiled = new Map();
  for (const { constraints } of demands) {
    if (constraints !== null) compiled.set(constraints.input, constraints);
  }
  const before = index.tree.waiting[client.node]!;
  client.input = { ...client.input, demand };
  setDemands(index, client, compiled);
  changeWaiting(index.tree, client.chain, (isWaiting(client) ? 1 : 0) - before);
}

export function refuseDropClient(index: Index, client: Client): Refusal | null {
  for (const row of index.agents.rows) {
    if (row?.held.has(client.node)) {
      return { code: 'conflict', reason: 'client-holds', detail: row.input.agentId };
    }
  }
  return null;
}

export function removeClient(index: Index, client: Client): void {
  const { tree } = index;
  changeWaiting(tree, client.chain, -tree.waiting[client.node]!);
  const made = tree.count[client.node]!;
  for (const node of client.chain) tree.count[node] = tree.count[node]! - made;
  removeOfClient(index.filters, client.node);
  tree.clientNodes.delete(clientKey(client.input.role, client.input.frameworkId));
  tree.clients[client.node] = undefined;
  pruneFrom(tree, client.node, (role) => isRoleKept(index, role));
}
