// Agents in the index: their resources, reservations and facts.
import type { Refusal } from '../../contract/errors.ts';
import { bytes, doubles, longer } from './arrays.ts';
import { removeOfAgent } from './filters.ts';
import { freePortsOf, freeSetsOf, giveBackAll } from './holdings.ts';
import { recountUnmet } from './quota.ts';
import { refuseRanges } from './ranges.ts';
import { refuseRole } from './role-names.ts';
import { refuseAmounts, vectorOf } from './scalars.ts';
import type { AgentRow, Index, Slot } from './shapes.ts';
import { noSets } from './state.ts';
import { chainOf, markAllDirty, pruneFrom, roleNode } from './tree.ts';
import { type AgentInput, type Amounts, agentModes } from './types.ts';

const maxAgents = 16_000;
const maxReservations = 1000;
const maxIdLength = 255;

function invalid(reason: string, detail: string): Refusal {
  return { code: 'invalid', reason, detail };
}

export function refuseId(what: string, id: string): Refusal | null {
  const isGood = id !== '' && id.length <= maxIdLength && !/[\p{Cc}]/u.test(id);
  return isGood ? null : invalid(`${what}-id`, JSON.stringify(id.slice(0, maxIdLength)));
}

export function scalarsOfAgent({ resources, custom }: AgentInput): Amounts {
  return custom === undefined ? resources : { ...resources, custom };
}

function refuseReservations(index: Index, agent: AgentInput): Refusal | null {
  if (agent.reservations.length > maxReservations) {
    return invalid('too-many-reservations', `${agent.reservations.length}`);
  }
  const ids = new Set<string>();
  const left = vectorOf(index.scalars, scalarsOfAgent(agent));
  for (const { id, role, amounts } of agent.reservations) {
    const refusal = refuseId('reservation', id) ?? refuseRole(role) ?? refuseAmounts(amounts);
    if (refusal !== null) return refusal;
    if (role === '*') return invalid('reservation-role', `${id}: nothing is reserved for *`);
    if (ids.has(id)) return invalid('reservation-twice', id);
    ids.add(id);
    const vector = vectorOf(index.scalars, amounts);
    const short = left.findIndex((amount, r) => amount < vector[r]!);
    if (short >= 0) return invalid('reserved-more-than-total', `${id}: ${index.scalars.names[short]}`);
    vector.forEach((amount, r) => {
      left[r] = left[r]! - amount;
    });
  }
  return null;
}

export function refuseAgent(index: Index, agent: AgentInput): Refusal | null {
  if (!agentModes.includes(agent.mode)) return invalid('agent-mode', agent.mode);
  const refusal =
    refuseId('agent', agent.agentId) ??
    refuseAmounts(scalarsOfAgent(agent)) ??
    refuseRanges(agent.resources.ports) ??
    refuseReservations(index, agent);
  if (refusal !== null) return refusal;
  const known = index.agents.numbers.get(agent.agentId);
  if (known === undefined) {
    return index.agents.numbers.size < maxAgents
      ? null
      : { code: 'exhausted', reason: 'too-many-agents', detail: `${maxAgents}` };
  }
  return refuseLostReservation(index.agents.rows[known]!, agent);
}

/** A reservation that somebody holds keeps its role. */
function refuseLostReservation(row: AgentRow, agent: AgentInput): Refusal | null {
  for (const { input, free, amounts } of row.slots) {
    const next = agent.reservations.find(({ id }) => id === input.id);
    const isHeld = free.some((left, r) => left < amounts[r]!);
    if (isHeld && next?.role !== input.role) {
      return { code: 'conflict', reason: 'reservation-in-use', detail: input.id };
    }
  }
  return null;
}

function newRow(index: Index, agent: AgentInput): AgentRow {
  const { agents } = index;
  const number = agents.unused.pop() ?? agents.size;
  if (number === agents.size) {
    if (number >= agents.isOpen.length) {
      const room = Math.max(64, 2 * agents.size);
      for (const key of ['total', 'unreserved', 'free'] as const) {
        agents[key] = longer(agents[key], doubles, room * index.width);
      }
      for (const key of ['isOpen', 'isTouched'] as const) agents[key] = longer(agents[key], bytes, room);
    }
    agents.size += 1;
  }
  index.version += 1;
  const row: AgentRow = {
    number,
    input: agent,
    version: index.version,
    slots: [],
    held: new Map(),
    freePorts: [],
    freeSets: noSets,
  };
  agents.rows[number] = row;
  // Agents keep the order in which they came: a Map does.
  agents.numbers.set(agent.agentId, number);
  return row;
}

/** Takes the agent's capacity out of all sums, so that it can be put in anew. */
function takeOut(index: Index, row: AgentRow): void {
  const { agents, width } = index;
  const at = row.number * width;
  for (let r = 0; r < width; r += 1) {
    agents.sumTotal[r] = agents.sumTotal[r]! - agents.total[at + r]!;
    if (agents.isOpen[row.number] === 1) {
      agents.pool[r] = agents.pool[r]! - Math.max(0, agents.free[at + r]!);
    }
    // What stays is what is held, as a negative amount.
    agents.free[at + r] = agents.free[at + r]! - agents.unreserved[at + r]!;
    agents.total[at + r] = 0;
    agents.unreserved[at + r] = 0;
  }
  agents.isOpen[row.number] = 0;
  const old = row.slots;
  row.slots = [];
  for (const slot of old) addReserved(index, slot.role, slot.amounts, -1);
  for (const { role } of old) pruneFrom(index.tree, role, (node) => isRoleKept(index, node));
}

function addReserved(index: Index, role: number, amounts: Float64Array, sign: 1 | -1): void {
  const { tree, width } = index;
  tree.reservations[role] = tree.reservations[role]! + sign;
  for (const node of chainOf(tree, role)) {
    for (let r = 0; r < width; r += 1) {
      tree.reserved[node * width + r] = tree.reserved[node * width + r]! + sign * amounts[r]!;
    }
  }
  recountUnmet(index, tree.top[role]!);
}

/** A role without clients and children is kept while it has a quota, or something is reserved for it. */
export function isRoleKept(index: Index, node: number): boolean {
  return index.quotas.inputs.has(node) || index.tree.reservations[node]! > 0;
}

function putIn(index: Index, row: AgentRow, agent: AgentInput): void {
  const { agents, width, scalars, tree } = index;
  const heldOf = new Map(row.slots.map((slot) => [slot.input.id, slot]));
  takeOut(index, row);
  row.input = agent;
  const at = row.number * width;
  const total = vectorOf(scalars, scalarsOfAgent(agent));
  const unreserved = total.slice();
  row.slots = agent.reservations.map((input): Slot => {
    const amounts = vectorOf(scalars, input.amounts);
    const before = heldOf.get(input.id);
    const role = roleNode(tree, input.role);
    addReserved(index, role, amounts, 1);
    for (let r = 0; r < width; r += 1) unreserved[r] = unreserved[r]! - amounts[r]!;
    const free = amounts.map((amount, r) =>
      before === undefined ? amount : amount - (before.amounts[r]! - before.free[r]!),
    );
    return { input, role, amounts, free };
  });
  // The most refined reservation is used up first.
  row.slots = [...row.slots].sort((a, b) => depth(b) - depth(a));
  agents.isOpen[row.number] = agent.mode === 'active' ? 1 : 0;
  for (let r = 0; r < width; r += 1) {
    agents.total[at + r] = total[r]!;
    agents.unreserved[at + r] = unreserved[r]!;
    agents.free[at + r] = agents.free[at + r]! + unreserved[r]!;
    agents.sumTotal[r] = agents.sumTotal[r]! + total[r]!;
    if (agents.isOpen[row.number] === 1) agents.pool[r] = agents.pool[r]! + Math.max(0, agents.free[at + r]!);
  }
}

const depth = ({ input }: Slot): number => input.role.split('/').length;

function areFactsSame(a: AgentInput, b: AgentInput): boolean {
  const isSameRest = a.hostname === b.hostname && a.region === b.region && a.zone === b.zone;
  // As a rule it is the same list.
  return isSameRest && (a.attributes === b.attributes || factsOf(a) === factsOf(b));
}

const factsOf = ({ hostname, region, zone, attributes }: AgentInput): string =>
  JSON.stringify([hostname, region, zone, attributes]);

export function writeAgent(index: Index, agent: AgentInput): void {
  const known = index.agents.numbers.get(agent.agentId);
  const row = known === undefined ? newRow(index, agent) : index.agents.rows[known]!;
  if (!areFactsSame(row.input, agent)) {
    index.version += 1;
    row.version = index.version;
    removeOfAgent(index.filters, row.number);
  }
  const sameTotal = vectorOf(index.scalars, scalarsOfAgent(agent)).every(
    (amount, r) => amount === index.agents.total[row.number * index.width + r],
  );
  putIn(index, row, agent);
  row.freePorts = freePortsOf(row);
  row.freeSets = freeSetsOf(row);
  index.agents.isTouched[row.number] = 1;
  if (!sameTotal) markAllDirty(index.tree);
}

export function removeAgent(index: Index, row: AgentRow): void {
  giveBackAll(index, row);
  removeOfAgent(index.filters, row.number);
  takeOut(index, row);
  index.agents.isTouched[row.number] = 0;
  index.agents.free.fill(0, row.number * index.width, (row.number + 1) * index.width);
  index.agents.rows[row.number] = undefined;
  index.agents.numbers.delete(row.input.agentId);
  index.agents.unused.push(row.number);
  markAllDirty(index.tree);
}
