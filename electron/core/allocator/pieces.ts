// A client that said nothing of what it waits for gets a piece of the agent: all of it when nobody else waits, otherwise as
// much as brings it to its target, in steps of a usual task of it. (Mesos always gives all of it, so on few machines a few
// frameworks have everything; mesos.md section 5, 2.)
import {
  type Draft,
  draftFor,
  findDraft,
  give,
  givenOf,
  type Run,
  takeFromSlot,
  takeNamed,
} from './drafts.ts';
import { firstPorts, rangesSize } from './ranges.ts';
import { blockingFilter, isWhole, limitLeft, mayUse, spareFor, stopsPair, stopsSize } from './rules.ts';
import type { Client, Slot } from './shapes.ts';
import type { Targets } from './targets.ts';
import type { Stage } from './units.ts';

/** Without a usual task known, an agent is not cut into more pieces than this. */
const mostPieces = 16;
/** A target that is this near to one usual task more reaches it: what is missing is rounding. */
const roundingPart = 0.02;

export type PieceRun = Run & {
  readonly stage: Stage;
  /** What is not to be passed; null: as far as there is something. */
  readonly targets: Targets | null;
  /** Agents are cut into pieces. */
  readonly isShared: boolean;
  /** Something was left because of a target or of a piece: a later pass may give it. */
  isLeft: boolean;
};

/** What quota leaves of the free unreserved resources, in `usable`. False when a guarantee is due and nothing helps it. */
function findUsable(run: PieceRun, client: Client): boolean {
  const { index, row } = run;
  const { usable } = run.room;
  if (run.stage === 'shares' && index.quotas.inputs.size === 0) {
    // Nobody has a quota: what is free.
    const at = row.number * index.width;
    for (let r = 0; r < usable.length; r += 1) usable[r] = Math.max(0, index.agents.free[at + r]!);
    return true;
  }
  const unmet = index.quotas.unmet.get(client.top);
  let isHelping = run.stage === 'shares';
  for (let r = 0; r < usable.length; r += 1) {
    const free = index.agents.free[row.number * index.width + r]!;
    let most = Math.min(free, limitLeft(index, client.top, r), spareFor(index, client.top, r));
    if (most < 0) most = 0;
    if (run.stage === 'guarantees' && unmet !== undefined && unmet[r]! > 0) {
      most = Math.min(most, unmet[r]!);
      if (most > 0) isHelping = true;
    }
    usable[r] = most;
  }
  return isHelping;
}

/** The reserved part of the whole, in `reservedPart`: what is divisible. */
function findReserved(run: PieceRun, client: Client): void {
  const { reservedPart } = run.room;
  // Not by `fill`: a call of that for a few numbers costs more than the rest of a piece.
  for (let r = 0; r < reservedPart.length; r += 1) reservedPart[r] = 0;
  for (const slot of run.row.slots) {
    if (!mayUse(client, slot)) continue;
    if (slot.input.volume === true) continue;
    for (let r = 0; r < slot.free.length; r += 1) {
      reservedPart[r] = reservedPart[r]! + Math.max(0, slot.free[r]!);
    }
  }
}

/**
 * How much more a piece must be than what the client takes at least: a part is rounded down in what is unreserved and in each
 * reservation by itself, so over n reservations as much as n is lost of a sum of whole numbers.
 */
function roundingOf({ row }: PieceRun, client: Client): number {
  let lost = 0;
  for (const slot of row.slots) if (slot.input.volume !== true && mayUse(client, slot)) lost += 1;
  return lost;
}

/** Which part of all that is there holds one usual task. */
function unitPart(run: PieceRun, client: Client): number {
  const { index, row } = run;
  const { sum } = run.room;
  let part = 0;
  for (let r = 0; r < sum.length; r += 1) {
    const unit =
      client.unit === null ? index.agents.total[row.number * index.width + r]! / mostPieces : client.unit[r]!;
    if (unit === 0 || (client.unit === null && sum[r] === 0)) continue;
    part = Math.max(part, unit / sum[r]!);
  }
  if (client.minSets !== null) part = Math.max(part, leastPart(client.minSets, sum, roundingOf(run, client)));
  return part === 0 || part > 1 ? 1 : part;
}

/** Less than the client takes at all would never be offered, however often it is its turn. */
function leastPart(minSets: readonly Float64Array[], sum: Float64Array, lost: number): number {
  let least = minSets.length === 0 ? 0 : 1;
  for (const set of minSets) {
    let part = 0;
    for (let r = 0; r < set.length; r += 1)
      if (set[r]! > 0) part = Math.max(part, (set[r]! + lost) / sum[r]!);
    least = Math.min(least, part);
  }
  return least;
}

/** Which part of all that is there the target allows: 0 when it is reached. */
function targetPart(run: PieceRun, client: Client, target: number): number {
  const { index } = run;
  const { sum } = run.room;
  const { held } = index.tree;
  let part = 1;
  for (let r = 0; r < sum.length; r += 1) {
    if (sum[r] === 0 || index.isCounted[r] === 0) continue;
    const room = target * index.agents.sumTotal[r]! - held[client.node * index.width + r]!;
    part = Math.min(part, room / sum[r]!);
  }
  if (part <= 0) return 0;
  const unit = unitPart(run, client);
  return Math.min(1, Math.floor(part / unit + roundingPart) * unit);
}

/** What was refused here is doubled, not repeated: the next piece goes through the filter, and is still not everything. */
function cutToRefused(run: PieceRun, client: Client): void {
  const { usable, filterMark, filterHead, filterNext } = run.room;
  if (!run.isShared || filterMark[client.node] !== run.serial) return;
  const { index } = run;
  const { refused } = index.filters;
  for (let r = 0; r < usable.length; r += 1) {
    let most = 0;
    for (let at = filterHead[client.node]!; at >= 0; at = filterNext[at]!) {
      most = Math.max(most, refused[at * 2 * index.width + r]!);
    }
    if (most === 0 || usable[r]! <= 2 * most) continue;
    usable[r] = Math.max(2 * most, Math.min(usable[r]!, client.unit?.[r] ?? 0));
    run.isLeft = true;
  }
}

const cut = (amount: number, part: number): number =>
  part === 1 ? amount : Math.floor(amount * part + 1e-6);

/**
 * Which part of what is there it gets, or 0. Up to a target in whole tasks, rounded down, or those that come first would take
 * from those that come last; the rest goes out task by task when there are no targets any more. No rest is left that is too
 * small for an offer.
 */
function partOf(run: PieceRun, client: Client): number {
  const { index } = run;
  const { sum, usable, reservedPart, filterMark } = run.room;
  const isByTask = run.isShared && filterMark[client.node] !== run.serial;
  if (run.targets === null && !isByTask) return 1;
  for (let r = 0; r < sum.length; r += 1) sum[r] = usable[r]! + reservedPart[r]!;
  const part =
    run.targets === null ? unitPart(run, client) : targetPart(run, client, run.targets.shares[client.node]!);
  if (part < 1) run.isLeft = true;
  if (part === 0 || part === 1) return part;
  // Less than one of everything: it is not divided any more.
  if (sum.every((amount) => cut(amount, part) === 0)) return 1;
  for (let r = 0; r < sum.length; r += 1) sum[r] = sum[r]! * (1 - part);
  return stopsSize(index.minSets, sum, sum.length) === null ? part : 1;
}

function isTooSmallOrRefused(run: PieceRun, client: Client): boolean {
  const { index } = run;
  const { sum, usable, reservedPart, given } = run.room;
  const draft = findDraft(run, client);
  for (let r = 0; r < sum.length; r += 1) {
    sum[r] = usable[r]! + reservedPart[r]!;
    if (draft !== undefined) sum[r] = sum[r]! + given[draft.at + r]! + draft.reservedSum[r]!;
  }
  if (stopsSize(client.minSets ?? index.minSets, sum, sum.length) !== null) return true;
  if (draft === undefined) return blockingFilter(run, client, usable, reservedPart) >= 0;
  const unreserved = givenOf(run, draft).map((amount, r) => amount + usable[r]!);
  const reserved = reservedPart.map((amount, r) => amount + draft.reservedSum[r]!);
  return blockingFilter(run, client, unreserved, reserved) >= 0;
}

type SlotPart = { readonly slot: Slot; readonly amounts: Float64Array };

const noParts: readonly SlotPart[] = [];

/** Parts of each reservation, and their sum in `reservedPart`; volumes that nobody uses come whole. */
function cutReserved(run: PieceRun, client: Client, part: number): readonly SlotPart[] {
  if (run.row.slots.length === 0) return noParts;
  const { reservedPart } = run.room;
  reservedPart.fill(0);
  const parts: SlotPart[] = [];
  for (const slot of run.row.slots) {
    if (!mayUse(client, slot)) continue;
    if (slot.input.volume === true && !isWhole(slot)) continue;
    const size = slot.input.volume === true ? 1 : part;
    const amounts = slot.free.map((amount) => cut(Math.max(0, amount), size));
    amounts.forEach((amount, r) => {
      reservedPart[r] = reservedPart[r]! + amount;
    });
    if (amounts.some((amount) => amount > 0)) parts.push({ slot, amounts });
  }
  return parts;
}

function givePiece(run: PieceRun, client: Client, parts: readonly SlotPart[]): Draft {
  const draft = draftFor(run, client);
  for (const { slot, amounts } of parts) {
    for (let r = 0; r < amounts.length; r += 1) {
      if (amounts[r]! > 0) takeFromSlot(draft, slot, r, amounts[r]!);
    }
  }
  const { usable, reservedPart } = run.room;
  give(run, draft, usable, parts.length === 0 ? null : reservedPart);
  return draft;
}

/** Which part of what is there the client may have; 0: none. Leaves what is there in `usable` and `reservedPart`. */
function findPart(run: PieceRun, client: Client): number {
  if (run.room.servedMark[client.node] === run.serial) return 0;
  if (stopsPair(run, client) !== null || !findUsable(run, client)) return 0;
  if (run.targets === null) cutToRefused(run, client);
  findReserved(run, client);
  return partOf(run, client);
}

function isNothing(amounts: Float64Array): boolean {
  for (let r = 0; r < amounts.length; r += 1) if (amounts[r] !== 0) return false;
  return true;
}

export function servePiece(run: PieceRun, client: Client): boolean {
  const part = findPart(run, client);
  if (part === 0) return false;
  const { usable } = run.room;
  if (part < 1) for (let r = 0; r < usable.length; r += 1) usable[r] = cut(usable[r]!, part);
  const parts = cutReserved(run, client, part);
  // Rounded down in each reservation. What gives nothing would be asked again and again.
  if (parts.length === 0 && isNothing(usable)) return false;
  if (isTooSmallOrRefused(run, client)) {
    if (part < 1) run.isLeft = true;
    return false;
  }
  carryNamed(run, givePiece(run, client, parts), part);
  // Task by task it may come again, behind the others.
  const isByTask = run.targets === null && part < 1;
  if (!isByTask) run.room.servedMark[client.node] = run.serial;
  return true;
}

/** Ports go along in the same part; sets go to whoever comes first. */
function carryNamed(run: PieceRun, draft: Draft, part: number): void {
  const { freePorts, freeSets } = run.row;
  const ports = part === 1 ? freePorts : firstPorts(freePorts, Math.floor(rangesSize(freePorts) * part));
  takeNamed(run, draft, ports, freeSets);
}
