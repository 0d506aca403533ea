// The rules: what stops a client from being offered something of an agent. `allocate` and `explain` ask these functions and no
// others, so what a person is told is what happened. A rule answers with its reason, or null when it stops nothing.
// All rules are monotone within a visit: what is stopped stays stopped while the agent's free resources shrink.
import { noResources } from '../../contract/resources.ts';
import { holdsOn } from './constraints.ts';
import { covers, firstOfAgent, nextAtAgent } from './filters.ts';
import { consumedOf } from './quota.ts';
import { areIn, rangesSize, without } from './ranges.ts';
import { roomOf } from './room.ts';
import type { AgentRow, Client, DemandRow, Index, Room, Slot } from './shapes.ts';
import type { WaitReason } from './types.ts';

const none = -1;

/** One agent being looked at, with the room of the rules. It is used again for each agent. */
export type Scene = {
  readonly index: Index;
  readonly room: Room;
  readonly nowMonoMs: number;
  row: AgentRow;
  /** Goes up with each agent looked at: what is marked with it belongs to this look. */
  serial: number;
  /** What a rule found too little of. */
  readonly shortage: { place: number; wanted: number; there: number };
};

const noRow: AgentRow = {
  number: 0,
  input: {
    agentId: '',
    resources: noResources,
    reservations: [],
    mode: 'deactivated',
    hostname: '',
    attributes: [],
    unavailability: null,
  },
  version: 0,
  slots: [],
  held: new Map(),
  freePorts: [],
  freeSets: {},
};

/** Looks at nothing yet. */
export function newScene(index: Index, nowMonoMs: number): Scene {
  return {
    index,
    room: roomOf(index),
    nowMonoMs,
    row: noRow,
    serial: 0,
    shortage: { place: none, wanted: 0, there: 0 },
  };
}

export function lookAt(scene: Scene, row: AgentRow): void {
  const { filterMark, filterHead, filterNext } = scene.room;
  const { filters } = scene.index;
  scene.row = row;
  scene.serial += 1;
  if (filters.count === 0) return;
  const { client, until } = filters;
  for (let at = firstOfAgent(filters, row.number); at !== none; at = nextAtAgent(filters, at)) {
    if (until[at]! <= scene.nowMonoMs) continue;
    const node = client[at]!;
    filterNext[at] = filterMark[node] === scene.serial ? filterHead[node]! : none;
    filterMark[node] = scene.serial;
    filterHead[node] = at;
  }
}

export function stopsClient(client: Client): WaitReason | null {
  if (!client.input.active) return 'client-inactive';
  return client.input.suppressed ? 'client-suppressed' : null;
}

/** What has nothing to do with amounts. */
export function stopsPair({ index, row }: Scene, client: Client): WaitReason | null {
  const { agents, width, settings } = index;
  if (agents.isOpen[row.number] === 0) return 'agent-not-active';
  if (settings.filterGpuAgents && !client.input.gpuCapable && agents.total[row.number * width + 3]! > 0) {
    return 'gpu-agent';
  }
  return client.constraints !== null && !holdsOn(client.constraints, row.number, row) ? 'constraints' : null;
}

/** The client's role or one above it. */
export function mayUse(client: Client, slot: Slot): boolean {
  return client.chain.includes(slot.role);
}

/** What is free of the client's reservations, without volumes. */
export function sumReserved({ row, room }: Scene, client: Client): void {
  const { reservedFree } = room;
  reservedFree.fill(0);
  for (const slot of row.slots) {
    if (slot.input.volume === true || !mayUse(client, slot)) continue;
    for (let r = 0; r < reservedFree.length; r += 1) {
      reservedFree[r] = reservedFree[r]! + Math.max(0, slot.free[r]!);
    }
  }
}

/** How much more of the unreserved the top-level role may consume. */
export function limitLeft(index: Index, top: number, r: number): number {
  const limit = index.quotas.limit.get(top);
  return limit === undefined ? Infinity : limit[r]! - consumedOf(index, top, r);
}

/** How much of the unreserved may go to the role without taking what is owed to others. */
export function spareFor(index: Index, top: number, r: number): number {
  const { required, unmet } = index.quotas;
  const owed = required[r]!;
  return owed === 0 ? Infinity : index.agents.pool[r]! - owed + (unmet.get(top)?.[r] ?? 0);
}

/** In the order of `waitReasons`. */
const amountReasons = [
  'agent-too-small',
  'quota-limit',
  'reserved-for-others',
  'resources-in-use',
  'quota-headroom',
] as const satisfies readonly WaitReason[];

/** All of the scalar that the client could ever have here. */
function reachable({ index, row }: Scene, client: Client, r: number): number {
  let sum = index.agents.unreserved[row.number * index.width + r]!;
  for (const slot of row.slots) {
    if (slot.input.volume !== true && mayUse(client, slot)) sum += slot.amounts[r]!;
  }
  return sum;
}

/** Which of the rules about one scalar stops `wanted`, as a place in `amountReasons`, or their number for none. */
function stopsScalar(scene: Scene, client: Client, r: number, wanted: number): number {
  const { index, row } = scene;
  const { need, reservedFree } = scene.room;
  const at = row.number * index.width + r;
  const missing = Math.max(0, wanted - reservedFree[r]!);
  need[r] = missing;
  if (missing === 0) return amountReasons.length;
  if (wanted > index.agents.total[at]!) return 0;
  if (missing > limitLeft(index, client.top, r)) return 1;
  if (missing > index.agents.free[at]!) return wanted > reachable(scene, client, r) ? 2 : 3;
  return missing > spareFor(index, client.top, r) ? 4 : amountReasons.length;
}

function thereFor(scene: Scene, client: Client, r: number, rule: number): number {
  const { index, row } = scene;
  const at = row.number * index.width + r;
  if (rule === 0) return index.agents.total[at]!;
  if (rule === 1) return limitLeft(index, client.top, r);
  if (rule === 2) return reachable(scene, client, r);
  return rule === 3 ? index.agents.free[at]! : spareFor(index, client.top, r);
}

/** The rules about amounts, for one unit. Afterwards `need` says what it takes of the unreserved. */
export function stopsAmounts(scene: Scene, client: Client, want: Float64Array): WaitReason | null {
  const { shortage, row } = scene;
  if (row.slots.length > 0) sumReserved(scene, client);
  else scene.room.reservedFree.fill(0);
  let first: number = amountReasons.length;
  for (let r = 0; r < want.length; r += 1) {
    const rule = stopsScalar(scene, client, r, want[r]!);
    if (rule >= first) continue;
    first = rule;
    shortage.place = r;
  }
  if (first === amountReasons.length) return null;
  shortage.wanted = first === 0 || first === 2 ? want[shortage.place]! : scene.room.need[shortage.place]!;
  shortage.there = Math.max(0, thereFor(scene, client, shortage.place, first));
  return amountReasons[first]!;
}

/** Ports and volumes of a unit. */
function stopsNamed({ row }: Scene, client: Client, { input }: DemandRow): WaitReason | null {
  const ports = input.ports ?? [];
  if (!areIn(ports, row.freePorts)) return 'ports-in-use';
  if ((input.anyPorts ?? 0) > rangesSize(without(row.freePorts, ports))) return 'ports-in-use';
  for (const id of input.volumes ?? []) {
    const slot = row.slots.find((one) => one.input.id === id);
    if (slot?.input.volume !== true || !mayUse(client, slot) || !isWhole(slot)) return 'volume-missing';
  }
  return null;
}

/** Nobody holds any of it. */
export function isWhole({ free, amounts }: Slot): boolean {
  for (let r = 0; r < free.length; r += 1) if (free[r]! < amounts[r]!) return false;
  return true;
}

/** A live filter on the agent that refuses all of this, or -1. */
export function blockingFilter(
  scene: Scene,
  client: Client,
  unreserved: Float64Array,
  reserved: Float64Array,
): number {
  const { filterMark, filterHead, filterNext } = scene.room;
  if (filterMark[client.node] !== scene.serial) return none;
  const { filters } = scene.index;
  for (let at = filterHead[client.node]!; at !== none; at = filterNext[at]!) {
    if (covers(filters, at, unreserved, reserved)) return at;
  }
  return none;
}

/** The first rule that stops one unit of the demand on the agent in the scene, but for filters. */
export function stopsBare(scene: Scene, client: Client, demand: DemandRow): WaitReason | null {
  const { row } = scene;
  if (demand.input.agentId !== undefined && demand.input.agentId !== row.input.agentId) {
    return 'other-agent-wanted';
  }
  return (
    stopsPair(scene, client) ??
    (demand.constraints !== null && !holdsOn(demand.constraints, row.number, row) ? 'constraints' : null) ??
    stopsAmounts(scene, client, demand.want) ??
    (demand.isPlain ? null : stopsNamed(scene, client, demand))
  );
}

/** After `stopsBare` found nothing: the filter that refuses this unit, or -1. */
export function filterOfUnit(scene: Scene, client: Client, { want }: DemandRow): number {
  const { filterMark, need, reservedUse } = scene.room;
  if (filterMark[client.node] !== scene.serial) return none;
  for (let r = 0; r < want.length; r += 1) reservedUse[r] = want[r]! - need[r]!;
  return blockingFilter(scene, client, need, reservedUse);
}

export function stopsUnit(scene: Scene, client: Client, demand: DemandRow): WaitReason | null {
  const stopped = stopsBare(scene, client, demand);
  if (stopped !== null) return stopped;
  return filterOfUnit(scene, client, demand) === none ? null : 'refused-before';
}

/** Big enough to be offered: something at all, and all of one of the sets, when there are any. */
export function stopsSize(
  sets: readonly Float64Array[],
  amounts: ArrayLike<number>,
  width: number,
  from = 0,
): WaitReason | null {
  let isNothing = true;
  for (let r = 0; r < width && isNothing; r += 1) isNothing = !(amounts[from + r]! > 0);
  if (isNothing) return 'below-min-allocatable';
  for (const set of sets) {
    let isReached = true;
    for (let r = 0; r < width && isReached; r += 1) isReached = !(amounts[from + r]! < set[r]!);
    if (isReached) return null;
  }
  return sets.length === 0 ? null : 'below-min-allocatable';
}
