// A client that said what it waits for gets one unit at a time: progressive filling, as in the DRF paper.
import { priorityOf, writeRank } from './clients.ts';
import { draftFor, give, type Run, takeFromSlot, takeNamed } from './drafts.ts';
import { firstPorts, united, without } from './ranges.ts';
import { mayUse, stopsAmounts, stopsUnit } from './rules.ts';
import type { Client, DemandRow } from './shapes.ts';
import { noSets } from './state.ts';

/** In the first stage only what brings a role nearer to its guarantee. */
export type Stage = 'guarantees' | 'shares';

function helps(run: Run, client: Client): boolean {
  const unmet = run.index.quotas.unmet.get(client.top);
  if (unmet === undefined) return false;
  return run.room.need.some((amount, r) => amount > 0 && unmet[r]! > 0);
}

/** What the unit takes of reservations: of the most refined first. Volumes come whole, besides the amounts. */
function takeReserved(run: Run, client: Client, demand: DemandRow): Float64Array | null {
  const { row } = run;
  const { need } = run.room;
  if (row.slots.length === 0) return null;
  const draft = draftFor(run, client);
  const missing = demand.want.map((amount, r) => amount - need[r]!);
  const sum = new Float64Array(need.length);
  for (const slot of row.slots) {
    const isVolume = slot.input.volume === true;
    if (isVolume && demand.input.volumes?.includes(slot.input.id) !== true) continue;
    if (!mayUse(client, slot)) continue;
    for (let r = 0; r < sum.length; r += 1) {
      const amount = isVolume ? slot.amounts[r]! : Math.min(missing[r]!, Math.max(0, slot.free[r]!));
      if (amount === 0) continue;
      takeFromSlot(draft, slot, r, amount);
      if (!isVolume) missing[r] = missing[r]! - amount;
      sum[r] = sum[r]! + amount;
    }
  }
  return sum.some((amount) => amount > 0) ? sum : null;
}

function giveUnit(run: Run, client: Client, demand: DemandRow): void {
  const draft = draftFor(run, client);
  give(run, draft, run.room.need, takeReserved(run, client, demand));
  if (!demand.isPlain) {
    const wanted = demand.input.ports ?? [];
    const any = firstPorts(without(run.row.freePorts, wanted), demand.input.anyPorts ?? 0);
    takeNamed(run, draft, united(wanted, any), noSets);
  }
  demand.left -= 1;
  client.left -= 1;
  if (demand.left === 0 && run.index.tree.isRanked) writeRank(run.index, client);
  draft.units ??= new Map();
  draft.units.set(demand, (draft.units.get(demand) ?? 0) + 1);
}

/** The first demand of the list that nothing stops. Of open ones those before the cursor are known to be stopped here. */
function findIn(run: Run, client: Client, list: readonly DemandRow[], stage: Stage): DemandRow | null {
  const { demandMark, demandAt } = run.room;
  const isOpen = list === client.open;
  let at = isOpen && demandMark[client.node] === run.serial ? demandAt[client.node]! : 0;
  for (; at < list.length; at += 1) {
    const demand = list[at]!;
    if (demand.left === 0 || stopsUnit(run, client, demand) !== null) continue;
    if (stage === 'guarantees' && !helps(run, client)) continue;
    break;
  }
  if (isOpen) {
    demandMark[client.node] = run.serial;
    demandAt[client.node] = at;
  }
  return list[at] ?? null;
}

function serveFrom(run: Run, client: Client, list: readonly DemandRow[], stage: Stage): boolean {
  const demand = findIn(run, client, list, stage);
  // Nothing was looked at since, so `need` is that of this demand.
  if (demand !== null) giveUnit(run, client, demand);
  return demand !== null;
}

/** Serves one unit of the first demand that nothing stops. */
export function serveUnits(run: Run, client: Client, stage: Stage): boolean {
  if (client.left === 0) return false;
  const pinned = client.pinned?.get(run.row.input.agentId);
  if (pinned === undefined) return serveOpen(run, client, stage);
  const { isRanked } = run.index.tree;
  const first = isRanked ? findIn(run, client, pinned, stage) : null;
  if (isRanked && first !== null) {
    const open = mayHaveOpen(run, client) ? findIn(run, client, client.open, stage) : null;
    if (open !== null && priorityOf(open.input) > priorityOf(first.input)) {
      giveUnit(run, client, open);
      return true;
    }
  }
  return serveFrom(run, client, pinned, stage) || serveOpen(run, client, stage);
}

/** What is too little for the least of all demands is too little for each. */
function mayHaveOpen(run: Run, client: Client): boolean {
  if (client.open.length === 0) return false;
  return client.open.length === 1 || stopsAmounts(run, client, client.least) === null;
}

function serveOpen(run: Run, client: Client, stage: Stage): boolean {
  return mayHaveOpen(run, client) && serveFrom(run, client, client.open, stage);
}
