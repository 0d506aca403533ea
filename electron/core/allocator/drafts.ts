// What a run has given so far. A draft counts at once in all sums, so that the next decision sees it; at the end every draft is
// taken back, and what is applied goes through the same door as what the owner holds.
import { writeRank } from './clients.ts';
import { setsMinus } from './holdings.ts';
import { addFree, recountUnmet } from './quota.ts';
import { noRanges, type Ranges, united, without } from './ranges.ts';
import type { Scene } from './rules.ts';
import type { AgentRow, Client, DemandRow, Sets, Slot } from './shapes.ts';
import { noSets } from './state.ts';
import { addHeld, dominantShare, markChain } from './tree.ts';

export type Draft = {
  readonly client: Client;
  readonly row: AgentRow;
  readonly unreserved: Float64Array;
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
  /** By agent's number. */
  readonly draftsOf: (Draft[] | undefined)[];
  /** By client's node: its draft on the agent in the scene, valid when the mark is of this look. */
  readonly draftMark: Int32Array;
  readonly draftOf: (Draft | undefined)[];
  /** Free ports and sets as they were before each change. */
  readonly before: { readonly row: AgentRow; readonly ports: Ranges; readonly sets: Sets }[];
  /** By client's node: the first demand that was not found stopped on the agent in the scene, valid with the mark. */
  readonly demandMark: Int32Array;
  readonly demandAt: Int32Array;
  /** Nothing is reserved: a vector of zeros. */
  readonly zeros: Float64Array;
};

/** Marks the drafts of the agent that is looked at now. */
export function markDrafts(run: Run): void {
  const list = run.draftsOf[run.row.number];
  if (list === undefined) return;
  for (const draft of list) {
    run.draftMark[draft.client.node] = run.serial;
    run.draftOf[draft.client.node] = draft;
  }
}

export function findDraft(run: Run, client: Client): Draft | undefined {
  return run.draftMark[client.node] === run.serial ? run.draftOf[client.node] : undefined;
}

export function draftFor(run: Run, client: Client): Draft {
  const known = findDraft(run, client);
  if (known !== undefined) return known;
  const { row } = run;
  const draft: Draft = {
    client,
    row,
    unreserved: new Float64Array(run.index.width),
    reserved: null,
    reservedSum: row.slots.length === 0 ? run.zeros : new Float64Array(run.index.width),
    ports: [],
    sets: noSets,
    units: null,
    gives: 0,
  };
  run.drafts.push(draft);
  const list = run.draftsOf[row.number];
  if (list === undefined) run.draftsOf[row.number] = [draft];
  else list.push(draft);
  run.draftMark[client.node] = run.serial;
  run.draftOf[client.node] = draft;
  return draft;
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
  for (let r = 0; r < unreserved.length; r += 1) {
    draft.unreserved[r] = draft.unreserved[r]! + unreserved[r]!;
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

/** Everything as it was before the run. */
export function takeAllBack(run: Run): void {
  const { index } = run;
  const { tree } = index;
  const less = new Float64Array(index.width);
  for (const { client, row, unreserved, reserved, reservedSum, units, gives } of run.drafts) {
    addFree(index, row.number, unreserved, 1);
    for (let r = 0; r < less.length; r += 1) less[r] = -unreserved[r]!;
    addHeld(tree, client.chain, less, null);
    if (reserved !== null) {
      for (const [slot, part] of reserved) {
        for (let r = 0; r < part.length; r += 1) slot.free[r] = slot.free[r]! + part[r]!;
      }
      for (let r = 0; r < less.length; r += 1) less[r] = -reservedSum[r]!;
      addHeld(tree, client.chain, less, less);
    }
    for (const node of client.chain) tree.count[node] = tree.count[node]! - gives;
    markChain(tree, client.chain);
    if (units !== null) {
      for (const [demand, count] of units) {
        demand.left += count;
        client.left += count;
      }
      if (tree.isRanked) writeRank(index, client);
    }
    recountUnmet(index, client.top);
  }
  for (let at = run.before.length - 1; at >= 0; at -= 1) {
    const { row, ports, sets } = run.before[at]!;
    row.freePorts = ports;
    row.freeSets = sets;
  }
}
