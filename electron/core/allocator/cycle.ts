// One allocation cycle: agents in a seeded random order, and on each the clients in the order of shares, as in Mesos (mesos.md
// section 3.1). First what guarantees are owed, then the rest. README.md tells it in whole sentences.
import { createRandom } from '../kernel/random.ts';
import { writeDemandLeft } from './clients.ts';
import { type Draft, givenOf, markDrafts, type Run, takeAllBack } from './drafts.ts';
import { withSums, writeHold } from './holdings.ts';
import { type PieceRun, servePiece } from './pieces.ts';
import { lookAt, newScene, stopsSize } from './rules.ts';
import { amountsAt } from './scalars.ts';
import type { AgentRow, Client, Index } from './shapes.ts';
import { noSets } from './state.ts';
import { newTargets, pour, type Targets } from './targets.ts';
import { moveBack, refreshOrder, root } from './tree.ts';
import type { AllocateRequest, Allocation, Parts } from './types.ts';
import { type Stage, serveUnits } from './units.ts';

/** After each pouring less than half of the rest is left for want of a client that can use it. */
const mostPourings = 3;
/** With this many agents for each client whole ones come out even enough, and one offer for each agent is cheapest. */
const wholeAgentsEach = 4;
/** A rest that is this part of the whole is not worth another pouring. */
const smallRest = 1 / 16;
/** A share that rounding kept this near to its level has reached it. */
const justBelow = 1 - 1e-4;

type Cycle = PieceRun & {
  isShared: boolean;
  /** Clients that wait, and of those the ones that have not said for what. */
  readonly waiting: number;
  readonly blind: number;
  stage: Stage;
  targets: Targets | null;
  /** What no client without demand can use. */
  readonly pieceSets: readonly (readonly Float64Array[])[];
};

function serveClient(cycle: Cycle, client: Client): boolean {
  return client.demands === null ? servePiece(cycle, client) : serveUnits(cycle, client, cycle.stage);
}

function isOwed({ index }: Cycle, top: number): boolean {
  return index.quotas.unmet.get(top)?.some((amount) => amount > 0) ?? false;
}

/** Gives something to the first client at or below the node that may have it. */
function serve(cycle: Cycle, node: number): boolean {
  const { tree } = cycle.index;
  const { cursorMark, cursor } = cycle.room;
  const order = tree.order[node];
  if (order === undefined) return false;
  let at = cursorMark[node] === cycle.serial ? cursor[node]! : 0;
  cursorMark[node] = cycle.serial;
  const isGuarantees = node === root && cycle.stage === 'guarantees';
  const level = isGuarantees || cycle.targets === null ? Infinity : cycle.targets.levels[node]! * justBelow;
  for (; at < order.length; at += 1) {
    const child = order[at]!;
    if (tree.share[child]! >= level) {
      cycle.isLeft = true;
      if (tree.isRanked) continue;
      // So are all behind it.
      at = order.length;
      break;
    }
    if (isGuarantees && !isOwed(cycle, child)) continue;
    const client = tree.clients[child];
    if (client === undefined ? serve(cycle, child) : serveClient(cycle, client)) {
      cursor[node] = at;
      moveBack(tree, node, at);
      return true;
    }
  }
  cursor[node] = at;
  return false;
}

/** Nobody can use what is left of the agent's unreserved resources. */
function isUsedUp({ index, row, room, pieceSets }: Cycle): boolean {
  if (row.slots.length > 0) return false;
  const at = row.number * index.width;
  const { free } = index.agents;
  const { leastNeed } = room;
  let isTooLittle = false;
  for (let r = 0; r < leastNeed.length && !isTooLittle; r += 1) {
    isTooLittle = leastNeed[r]! > 0 && free[at + r]! < leastNeed[r]!;
  }
  if (!isTooLittle) return false;
  for (let n = 0; n < pieceSets.length; n += 1) {
    if (stopsSize(pieceSets[n]!, free, index.width, at) === null) return false;
  }
  return true;
}

function visit(cycle: Cycle, row: AgentRow): void {
  cycle.row = row;
  cycle.room.isLeftAt[row.number] = 0;
  if (isUsedUp(cycle)) return;
  lookAt(cycle, row);
  markDrafts(cycle);
  cycle.isLeft = false;
  while (serve(cycle, root)) if (isUsedUp(cycle)) break;
  if (cycle.isLeft) cycle.room.isLeftAt[row.number] = 1;
}

function pass(cycle: Cycle, rows: readonly AgentRow[], targets: Targets | null): void {
  cycle.targets = targets;
  for (const row of rows) if (cycle.room.isLeftAt[row.number] === 1) visit(cycle, row);
}

function shuffled(rows: readonly AgentRow[], random: () => number): AgentRow[] {
  const list = [...rows];
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    const row = list[at]!;
    list[at] = list[other]!;
    list[other] = row;
  }
  return list;
}

/** What is free on those agents that may still give something, with what is reserved. */
function poolOf(cycle: Cycle, rows: readonly AgentRow[]): Float64Array {
  const { index } = cycle;
  const pool = new Float64Array(index.width);
  for (const row of rows) {
    if (cycle.room.isLeftAt[row.number] === 0) continue;
    for (let r = 0; r < pool.length; r += 1) {
      let free = Math.max(0, index.agents.free[row.number * index.width + r]!);
      for (const slot of row.slots) free += Math.max(0, slot.free[r]!);
      pool[r] = pool[r]! + free;
    }
  }
  return pool;
}

function serveGuarantees(cycle: Cycle, candidates: readonly AgentRow[], random: () => number): void {
  const { index } = cycle;
  const owed = [...index.quotas.unmet].filter(
    ([top, unmet]) => index.tree.waiting[top]! > 0 && unmet.some((amount) => amount > 0),
  );
  if (owed.length === 0) return;
  const rows = shuffled(candidates, random);
  cycle.stage = 'guarantees';
  cycle.room.isLeftAt.fill(1);
  if (cycle.isShared) {
    const targets = newTargets(index.tree.size);
    for (const [top, unmet] of owed) pour({ index, pool: unmet.slice(), targets }, top, 1);
    pass(cycle, rows, targets);
  }
  cycle.room.isLeftAt.fill(1);
  pass(cycle, rows, null);
}

function isSmall(pool: Float64Array, first: Float64Array): boolean {
  for (let r = 0; r < pool.length; r += 1) if (pool[r]! > first[r]! * smallRest) return false;
  return true;
}

function serveShares(cycle: Cycle, rows: readonly AgentRow[]): void {
  cycle.stage = 'shares';
  cycle.room.isLeftAt.fill(1);
  if (cycle.isShared) pourShares(cycle, rows);
  pass(cycle, rows, null);
}

function pourShares(cycle: Cycle, rows: readonly AgentRow[]): void {
  const { index } = cycle;
  const targets = newTargets(index.tree.size);
  let first: Float64Array | null = null;
  for (let n = 0; n < mostPourings; n += 1) {
    const pool = poolOf(cycle, rows);
    first ??= pool;
    if (isSmall(pool, first)) break;
    pour({ index, pool, targets }, root, 1);
    pass(cycle, rows, targets);
  }
}

function newCycle(index: Index, nowMonoMs: number): Cycle {
  const { width, tree } = index;
  const waiting = tree.clients.filter(
    (client): client is Client => client !== undefined && tree.waiting[client.node]! > 0,
  );
  const blind = waiting.filter(({ demands }) => demands === null);
  const own = blind.flatMap(({ minSets }) => (minSets === null ? [] : [minSets]));
  const scene = newScene(index, nowMonoMs);
  const { leastNeed } = scene.room;
  leastNeed.fill(Infinity);
  for (const client of waiting) {
    if (client.demands === null) continue;
    for (let r = 0; r < width; r += 1) {
      // A pinned one is not in `least`: then nothing is known to be too little.
      leastNeed[r] = client.pinned === null ? Math.min(leastNeed[r]!, client.least[r]!) : 0;
    }
  }
  // Field by field: a spread of this many costs as much as a small cycle.
  return {
    index,
    nowMonoMs,
    room: scene.room,
    row: scene.row,
    serial: scene.serial,
    shortage: scene.shortage,
    drafts: [],
    before: [],
    kept: null,
    stage: 'shares',
    targets: null,
    isShared: false,
    waiting: waiting.length,
    blind: blind.length,
    isLeft: false,
    pieceSets: own.length < blind.length ? [index.minSets, ...own] : own,
  };
}

const noReserved: Parts['reserved'] = [];
const noUnits: Allocation['units'] = [];

function allocationOf({ index, room }: Run, draft: Draft): Allocation {
  const { row, sets, ports } = draft;
  const { scalars } = index;
  const { frameworkId, role } = draft.client.input;
  const { agentId, unavailability } = row.input;
  const unreserved = amountsAt(scalars, room.given, draft.at);
  const reserved: Parts['reserved'] =
    draft.reserved === null
      ? noReserved
      : [...draft.reserved].map(([slot, amounts]) => ({
          reservationId: slot.input.id,
          amounts: amountsAt(scalars, amounts),
        }));
  const units =
    draft.units === null ? noUnits : [...draft.units].map(([{ place }, count]) => ({ demand: place, count }));
  const parts: Parts =
    sets === noSets ? { unreserved, reserved, ports } : { unreserved, reserved, ports, sets };
  return { frameworkId, role, agentId, parts, units, unavailability };
}

/** What was given is held from now on. */
function applyDrafts(run: Run): void {
  const { index } = run;
  const served = new Set<Client>();
  for (const draft of run.drafts) {
    const { client, row, reserved, ports, sets, units } = draft;
    const unreserved = givenOf(run, draft);
    const parts = [...(reserved ?? [])].map(([slot, amounts]) => ({ id: slot.input.id, amounts }));
    writeHold(index, { row, client }, withSums({ unreserved, reserved: parts, ports, sets }));
    for (const [demand, count] of units ?? []) {
      demand.left -= count;
      served.add(client);
    }
  }
  for (const client of served) writeDemandLeft(index, client);
}

/** The candidates as they are named, or in the order in which they came. */
function candidatesOf(index: Index, { agents }: AllocateRequest): AgentRow[] {
  const { numbers, isOpen, isTouched, rows } = index.agents;
  const candidates: AgentRow[] = [];
  if (typeof agents !== 'string') {
    // In their order: few of many cost what they are.
    for (const agentId of new Set(agents)) {
      const number = numbers.get(agentId);
      if (number !== undefined && isOpen[number] === 1) candidates.push(rows[number]!);
    }
    return candidates;
  }
  for (const number of numbers.values()) {
    if (isOpen[number] === 0) continue;
    if (agents === 'all' || isTouched[number] === 1) candidates.push(rows[number]!);
  }
  return candidates;
}

/** How many agents have something for those who wait. No more than `most` are counted. */
function countUsable(cycle: Cycle, rows: readonly AgentRow[], most: number): number {
  let usable = 0;
  for (let n = 0; n < rows.length && usable < most; n += 1) {
    cycle.row = rows[n]!;
    if (!isUsedUp(cycle)) usable += 1;
  }
  return usable;
}

export function runCycle(index: Index, request: AllocateRequest): readonly Allocation[] {
  const rows = candidatesOf(index, request);
  const cycle = newCycle(index, request.nowMonoMs);
  const { waiting, blind } = cycle;
  // With this many nothing has to be cut; without blind clients, or a second one, nothing is.
  const enough = waiting > 1 && blind > 0 ? wholeAgentsEach * waiting : Math.min(waiting, 1);
  const usable = countUsable(cycle, rows, enough);
  // Nobody waits, or no agent has anything for those who do: nothing has to be put in order.
  if (usable > 0) {
    const random = createRandom(request.seed);
    refreshOrder(index.tree, index.measure);
    cycle.isShared = usable < enough;
    serveGuarantees(cycle, rows, random);
    serveShares(cycle, shuffled(rows, random));
    takeAllBack(cycle);
  }
  const allocations = cycle.drafts.map((draft) => allocationOf(cycle, draft));
  if (request.apply) {
    applyDrafts(cycle);
    index.agents.isTouched.fill(0);
  }
  return allocations;
}
