// What a run has given so far. A draft counts at once in all sums, so that the next decision sees it; at the end every draft is
// taken back, and what is applied goes through the same door as what the owner holds.
import { doubles, longer } from './arrays.ts';
import { setsMinus } from './holdings.ts';
import { addFree, recountUnmet } from './quota.ts';
import { noRanges, type Ranges, united, without } from './ranges.ts';
import type { Scene } from './rules.ts';
import type { AgentRow, Client, DemandRow, Index, Room, Sets, Slot } from './shapes.ts';
import { noSets } from './state.ts';
import { addHeld, dominantShare } from './tree.ts';

export type Draft = {
  readonly client: Client;
  readonly row: AgentRow;
  /** Where its unreserved amounts begin in `given`: one long array costs the collector nothing, 10,000 short ones do. */
  readonly at: number;
  /** The one before it on this agent, as its place in `drafts` plus one; 0: none. */
  readonly before: number;
  /** Of each reservation of the agent; made when the first is used. */
  reserved: Map<Slot, Float64Array> | null;
  /** Sum of `reserved`. */
  readonly reservedSum: Float64Array;
  ports: Ranges;
  sets: Sets;
  /** Units by demand. */
  units: Map<DemandRow, number> | null;
  /** How often it was added to. */
  gives: number;
};

export type Run = Scene & {
  readonly drafts: Draft[];
  /** Free ports and sets as they were before each change. */
  readonly before: { readonly row: AgentRow; readonly ports: Ranges; readonly sets: Sets }[];
  /** As it was before the first draft; null: nothing was given, so nothing has changed. */
  kept: KeptSums | null;
};

/** Marks the drafts of the agent that is looked at now. */
export function markDrafts(run: Run): void {
  const { lastDraft, draftMark, draftAt } = run.room;
  for (let place = lastDraft[run.row.number]!; place > 0; ) {
    const draft = run.drafts[place - 1]!;
    draftMark[draft.client.node] = run.serial;
    draftAt[draft.client.node] = place - 1;
    place = draft.before;
  }
}

export function findDraft(run: Run, client: Client): Draft | undefined {
  const { draftMark, draftAt } = run.room;
  return draftMark[client.node] === run.serial ? run.drafts[draftAt[client.node]!] : undefined;
}

export function draftFor(run: Run, client: Client): Draft {
  const known = findDraft(run, client);
  if (known !== undefined) return known;
  const { row, drafts, room } = run;
  const { width } = run.index;
  // Many runs give nothing, and then there is nothing to take back.
  run.kept ??= keepSums(run.index, room);
  const at = drafts.length * width;
  if (at + width > room.given.length) room.given = longer(room.given, doubles, Math.max(64, 2 * at) + width);
  for (let r = 0; r < width; r += 1) room.given[at + r] = 0;
  const draft: Draft = {
    client,
    row,
    at,
    before: room.lastDraft[row.number]!,
    reserved: null,
    reservedSum: row.slots.length === 0 ? room.zeros : new Float64Array(width),
    ports: noRanges,
    sets: noSets,
    units: null,
    gives: 0,
  };
  room.draftMark[client.node] = run.serial;
  room.draftAt[client.node] = drafts.length;
  drafts.push(draft);
  room.lastDraft[row.number] = drafts.length;
  return draft;
}

/** What the draft has of the unreserved. */
export function givenOf({ room, index }: Run, { at }: Draft): Float64Array {
  return room.given.slice(at, at + index.width);
}

/** Takes from the unreserved and, when given, a sum that was already taken from reservations. */
export function give(
  run: Run,
  draft: Draft,
  unreserved: Float64Array,
  reservedSum: Float64Array | null,
): void {
  const { index } = run;
  const { tree } = index;
  const { client, row } = draft;
  const { given } = run.room;
  for (let r = 0; r < unreserved.length; r += 1) {
    given[draft.at + r] = given[draft.at + r]! + unreserved[r]!;
  }
  addFree(index, row.number, unreserved, -1);
  addHeld(tree, client.chain, unreserved, null);
  if (reservedSum !== null) {
    for (let r = 0; r < reservedSum.length; r += 1) {
      draft.reservedSum[r] = draft.reservedSum[r]! + reservedSum[r]!;
    }
    addHeld(tree, client.chain, reservedSum, reservedSum);
  }
  for (const node of client.chain) {
    tree.count[node] = tree.count[node]! + 1;
    tree.share[node] = dominantShare(tree, node, index.measure) / tree.weight[node]!;
  }
  draft.gives += 1;
  recountUnmet(index, client.top);
}

export function takeFromSlot(draft: Draft, slot: Slot, r: number, amount: number): void {
  draft.reserved ??= new Map();
  let part = draft.reserved.get(slot);
  if (part === undefined) {
    part = new Float64Array(slot.free.length);
    draft.reserved.set(slot, part);
  }
  part[r] = part[r]! + amount;
  slot.free[r] = slot.free[r]! - amount;
}

export function takeNamed(run: Run, draft: Draft, ports: Ranges, sets: Sets): void {
  const { row } = draft;
  if (ports.length === 0 && sets === noSets) return;
  run.before.push({ row, ports: row.freePorts, sets: row.freeSets });
  draft.ports = draft.ports.length === 0 ? ports : united(draft.ports, ports);
  row.freePorts = ports === row.freePorts ? noRanges : without(row.freePorts, ports);
  if (sets === noSets) return;
  draft.sets = sets;
  row.freeSets = setsMinus(row.freeSets, sets);
}

/** The sums and the order of the tree as they are. A copy costs less than to take 10,000 drafts back one by one. */
type KeptSums = {
  /** The arrays themselves; their copies are in the room, at the same places. */
  readonly live: readonly Float64Array[];
  readonly orders: readonly (readonly [number, Int32Array])[];
};

function keepSums({ tree, agents, quotas }: Index, { copies }: Room): KeptSums {
  const { held, heldReserved, count, share, rank } = tree;
  const owed = quotas.unmet.values();
  const live = [held, heldReserved, count, share, rank, agents.pool, quotas.required, ...owed];
  for (let n = 0; n < live.length; n += 1) {
    const copy = copies[n];
    if (copy?.length === live[n]!.length) copy.set(live[n]!);
    else copies[n] = live[n]!.slice();
  }
  const orders: (readonly [number, Int32Array])[] = [];
  tree.order.forEach((order, node) => {
    if (order !== undefined && order.length > 1) orders.push([node, order.slice()]);
  });
  return { live, orders };
}

/** Everything as it was before the run, also the order: the next run need not sort anew. */
export function takeAllBack(run: Run): void {
  const { index, kept } = run;
  const { given, copies } = run.room;
  if (kept === null) return;
  const { width } = index;
  const { free } = index.agents;
  for (let n = 0; n < kept.live.length; n += 1) kept.live[n]!.set(copies[n]!);
  for (const [node, order] of kept.orders) index.tree.order[node] = order;
  for (const { client, row, at, reserved, units } of run.drafts) {
    const from = row.number * width;
    for (let r = 0; r < width; r += 1) free[from + r] = free[from + r]! + given[at + r]!;
    if (reserved !== null) {
      for (const [slot, part] of reserved) {
        for (let r = 0; r < part.length; r += 1) slot.free[r] = slot.free[r]! + part[r]!;
      }
    }
    if (units === null) continue;
    for (const [demand, count] of units) {
      demand.left += count;
      client.left += count;
    }
  }
  for (let at = run.before.length - 1; at >= 0; at -= 1) {
    const { row, ports, sets } = run.before[at]!;
    row.freePorts = ports;
    row.freeSets = sets;
  }
}
