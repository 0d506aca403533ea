// What is held of agents: in offers, in tasks, in executors. All of it is added and taken away by amounts.
import type { Refusal } from '../../contract/errors.ts';
import { addFree, recountUnmet } from './quota.ts';
import { areIn, type Ranges, rangesSize, refuseRanges, united, without } from './ranges.ts';
import { vectorOf } from './scalars.ts';
import type { AgentRow, Client, Held, Index, Sets } from './shapes.ts';
import { noSets, rowOf } from './state.ts';
import { addHeld, clientKey, markChain } from './tree.ts';
import type { ClientKey, Holding, Parts } from './types.ts';

/** `Parts` with vectors; `sum` is the unreserved and all reserved. */
export type PartVectors = {
  readonly unreserved: Float64Array;
  readonly reserved: readonly { readonly id: string; readonly amounts: Float64Array }[];
  readonly reservedSum: Float64Array | null;
  readonly sum: Float64Array;
  readonly ports: Ranges;
  readonly sets: Sets;
};

export function findClient(index: Index, { frameworkId, role }: ClientKey): Client | undefined {
  const node = index.tree.clientNodes.get(clientKey(role, frameworkId));
  return node === undefined ? undefined : index.tree.clients[node];
}

/** The amounts themselves have been looked at. */
function refuseParts({ reserved, ports }: Parts): Refusal | null {
  const ids = reserved.length < 2 ? null : new Set(reserved.map(({ reservationId }) => reservationId));
  if (ids !== null && ids.size !== reserved.length) {
    return { code: 'invalid', reason: 'reservation-twice', detail: [...ids].join(' ') };
  }
  return ports.length === 0 ? null : refuseRanges(ports);
}

export function partVectors(index: Index, parts: Parts): PartVectors {
  const unreserved = vectorOf(index.scalars, parts.unreserved);
  const reserved = parts.reserved.map(({ reservationId, amounts }) => ({
    id: reservationId,
    amounts: vectorOf(index.scalars, amounts),
  }));
  const ports = parts.ports.length === 0 ? parts.ports : united(parts.ports, []);
  return withSums({ unreserved, reserved, ports, sets: parts.sets ?? noSets });
}

export function withSums(parts: Omit<PartVectors, 'reservedSum' | 'sum'>): PartVectors {
  const { unreserved, reserved, ports, sets } = parts;
  if (reserved.length === 0) return { unreserved, reserved, ports, sets, reservedSum: null, sum: unreserved };
  const reservedSum = new Float64Array(unreserved.length);
  for (const { amounts } of reserved) {
    for (let r = 0; r < amounts.length; r += 1) reservedSum[r] = reservedSum[r]! + amounts[r]!;
  }
  const sum = reservedSum.map((amount, r) => amount + unreserved[r]!);
  return { unreserved, reserved, ports, sets, reservedSum, sum };
}

type Place = { readonly row: AgentRow; readonly client: Client };

/** The agent and the client of a holding, or why there is none. Its amounts are right. */
export function placeOf(index: Index, holding: Holding): Place | Refusal {
  const refusal = refuseParts(holding.parts);
  if (refusal !== null) return refusal;
  const row = rowOf(index, holding.agentId);
  if (row === undefined) return { code: 'not-found', reason: 'agent-unknown', detail: holding.agentId };
  const client = findClient(index, holding);
  if (client === undefined) {
    return { code: 'not-found', reason: 'client-unknown', detail: `${holding.frameworkId} ${holding.role}` };
  }
  return { row, client };
}

/** `force` is for what an agent reports: it runs, whether we would have allowed it or not. */
export function refuseHold(
  index: Index,
  { row, client }: Place,
  parts: PartVectors,
  force: boolean,
): Refusal | null {
  const exhausted = (detail: string): Refusal => ({
    code: 'exhausted',
    reason: 'more-than-free',
    detail: `${row.input.agentId}: ${detail}`,
  });
  for (const { id, amounts } of parts.reserved) {
    const slot = row.slots.find(({ input }) => input.id === id);
    if (slot === undefined) return { code: 'not-found', reason: 'reservation-unknown', detail: id };
    if (!client.chain.includes(slot.role)) {
      return {
        code: 'unauthorized',
        reason: 'reserved-for-others',
        detail: `${id} is of ${slot.input.role}`,
      };
    }
    if (!force && amounts.some((amount, r) => amount > slot.free[r]!)) return exhausted(`reservation ${id}`);
  }
  if (force) return null;
  const at = row.number * index.width;
  const short = parts.unreserved.findIndex((amount, r) => amount > Math.max(0, index.agents.free[at + r]!));
  if (short >= 0) return exhausted(index.scalars.names[short]!);
  if (!areIn(parts.ports, row.freePorts)) return exhausted('ports');
  for (const [name, items] of Object.entries(parts.sets)) {
    if (items.some((item) => !row.freeSets[name]?.includes(item))) return exhausted(name);
  }
  return null;
}

export function refuseRelease({ row, client }: Place, parts: PartVectors): Refusal | null {
  const held = row.held.get(client.node);
  const conflict = (detail: string): Refusal => ({ code: 'conflict', reason: 'more-than-held', detail });
  if (held === undefined) return conflict(`nothing of ${row.input.agentId}`);
  if (parts.unreserved.some((amount, r) => amount > held.unreserved[r]!)) return conflict('unreserved');
  for (const { id, amounts } of parts.reserved) {
    const part = held.reserved.get(id);
    if (part === undefined || amounts.some((amount, r) => amount > part[r]!))
      return conflict(`reservation ${id}`);
  }
  if (!areIn(parts.ports, held.ports)) return conflict('ports');
  const isHeld = ([name, items]: readonly [string, readonly string[]]): boolean =>
    items.every((item) => held.sets[name]?.includes(item));
  return Object.entries(parts.sets).every(isHeld) ? null : conflict('sets');
}

export function writeHold(index: Index, { row, client }: Place, parts: PartVectors): void {
  let held = row.held.get(client.node);
  if (held === undefined) {
    held = { unreserved: new Float64Array(index.width), reserved: new Map(), ports: [], sets: noSets };
    row.held.set(client.node, held);
  }
  move(index, { row, client }, held, { parts, sign: 1 });
  const { count } = index.tree;
  for (const node of client.chain) count[node] = count[node]! + 1;
  if (parts.ports.length > 0) {
    held.ports = united(held.ports, parts.ports);
    row.freePorts = without(row.freePorts, parts.ports);
  }
  if (parts.sets !== noSets) {
    held.sets = setsWith(held.sets, parts.sets);
    row.freeSets = setsMinus(row.freeSets, parts.sets);
  }
}

export function writeRelease(index: Index, { row, client }: Place, parts: PartVectors): void {
  const held = row.held.get(client.node)!;
  move(index, { row, client }, held, { parts, sign: -1 });
  if (parts.ports.length > 0) {
    held.ports = without(held.ports, parts.ports);
    row.freePorts = freePortsOf(row);
  }
  if (parts.sets !== noSets) {
    held.sets = setsMinus(held.sets, parts.sets);
    row.freeSets = freeSetsOf(row);
  }
  if (isNothing(held)) row.held.delete(client.node);
  index.agents.isTouched[row.number] = 1;
}

function move(
  index: Index,
  { row, client }: Place,
  held: Held,
  { parts, sign }: { readonly parts: PartVectors; readonly sign: 1 | -1 },
): void {
  const { width } = index;
  for (let r = 0; r < width; r += 1) held.unreserved[r] = held.unreserved[r]! + sign * parts.unreserved[r]!;
  for (const { id, amounts } of parts.reserved) {
    const part = held.reserved.get(id) ?? new Float64Array(width);
    const slot = row.slots.find(({ input }) => input.id === id);
    for (let r = 0; r < width; r += 1) {
      part[r] = part[r]! + sign * amounts[r]!;
      if (slot !== undefined) slot.free[r] = slot.free[r]! - sign * amounts[r]!;
    }
    if (part.some((amount) => amount !== 0)) held.reserved.set(id, part);
    else held.reserved.delete(id);
  }
  addFree(index, row.number, parts.unreserved, sign === 1 ? -1 : 1);
  const signed = (vector: Float64Array): Float64Array =>
    sign === 1 ? vector : vector.map((amount) => -amount);
  addHeld(
    index.tree,
    client.chain,
    signed(parts.sum),
    parts.reservedSum === null ? null : signed(parts.reservedSum),
  );
  markChain(index.tree, client.chain);
  recountUnmet(index, client.top);
}

function isNothing({ unreserved, reserved, ports, sets }: Held): boolean {
  return (
    reserved.size === 0 &&
    rangesSize(ports) === 0 &&
    Object.values(sets).every((items) => items.length === 0) &&
    unreserved.every((amount) => amount === 0)
  );
}

export function setsMinus(some: Sets, taken: Sets): Sets {
  const left: Record<string, readonly string[]> = { ...some };
  for (const [name, items] of Object.entries(taken)) {
    const rest = (some[name] ?? []).filter((item) => !items.includes(item));
    if (rest.length > 0) left[name] = rest;
    else delete left[name];
  }
  return Object.keys(left).length === 0 ? noSets : left;
}

function setsWith(some: Sets, others: Sets): Sets {
  const sum: Record<string, readonly string[]> = { ...some };
  for (const [name, items] of Object.entries(others)) {
    if (items.length > 0) sum[name] = [...new Set([...(some[name] ?? []), ...items])].sort();
  }
  return sum;
}

/** Of what the agent has, what nobody holds. */
export function freePortsOf(row: AgentRow): Ranges {
  let free = united(row.input.resources.ports, []);
  for (const { ports } of row.held.values()) free = without(free, ports);
  return free;
}

export function freeSetsOf(row: AgentRow): Sets {
  let free = setsMinus(row.input.sets ?? noSets, noSets);
  for (const { sets } of row.held.values()) free = setsMinus(free, sets);
  return free;
}

function vectorsOfHeld(held: Held): PartVectors {
  return withSums({
    unreserved: held.unreserved.slice(),
    reserved: [...held.reserved].map(([id, amounts]) => ({ id, amounts: amounts.slice() })),
    ports: held.ports,
    sets: held.sets,
  });
}

/** All that anyone holds of an agent that goes. */
export function giveBackAll(index: Index, row: AgentRow): void {
  for (const [node, held] of row.held) {
    const client = index.tree.clients[node]!;
    writeRelease(index, { row, client }, vectorsOfHeld(held));
  }
}
