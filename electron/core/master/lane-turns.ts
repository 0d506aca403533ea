// When a lane that is being added may begin its next step: not while a person has paused it, and, for a step that opens
// connections, not before it is its turn.
//
// sshd's MaxStartups is 10:30:100 when nobody changes it (sshd_config(5)): with 10 connections that have not logged in
// yet it drops 30 % of the new ones. Over all lanes we stay below that, so that one jump host or one router in front
// of all of them never meets it; at one address, where others log in too, well below.
import type { LaneRecord } from '../../contract/enrolment.ts';
import type { Draft } from './draft.ts';
import { currentStep, type LaneStepName } from './lane-states.ts';

export const openingLanesMost = 8;
export const openingLanesPerAddress = 4;

/** Steps with a connection that has not logged in. All later ones have one that has. */
const openingSteps: ReadonlySet<LaneStepName> = new Set(['jumps', 'reach', 'identify', 'login']);
/** The person's step and the link's: nothing of them is begun here, so nothing is held back. */
const ownSteps: ReadonlySet<LaneStepName> = new Set(['host-key', 'first-sample']);

/** Its next step has to wait. */
export function isHeldBack(draft: Draft, lane: LaneRecord): boolean {
  const next = lane.steps.find((step) => step.state === 'waiting')?.name;
  if (next === undefined || ownSteps.has(next)) return false;
  return lane.isPaused === true || (openingSteps.has(next) && !hasTurn(draft, lane));
}

function hasTurn(draft: Draft, lane: LaneRecord): boolean {
  const own = addressOf(draft, lane);
  let all = 0;
  let there = 0;
  for (const other of draft.rows('lanes')) {
    if (other.id === lane.id || !isOpening(other)) continue;
    all += 1;
    if (addressOf(draft, other) === own) there += 1;
  }
  return all < openingLanesMost && there < openingLanesPerAddress;
}

function isOpening(lane: LaneRecord): boolean {
  if (lane.kind !== 'add' || lane.state !== 'running') return false;
  const step = currentStep(lane);
  return step !== null && openingSteps.has(step.name);
}

function addressOf(draft: Draft, { id }: LaneRecord): string | null {
  return draft.lanes.get(id)?.add?.address.toLowerCase() ?? null;
}

/** Lanes between two steps, the longest under way first. One that is paused goes on when the person says so. */
export function lanesInLine(draft: Draft): readonly LaneRecord[] {
  const found: LaneRecord[] = [];
  for (const lane of draft.rows('lanes')) {
    const add = draft.lanes.get(lane.id)?.add;
    const isBetween = lane.state === 'running' && lane.isPaused !== true && currentStep(lane) === null;
    if (add && !add.isCleaning && isBetween) found.push(lane);
  }
  return found.sort((a, b) => a.startedAtMs - b.startedAtMs || (a.id < b.id ? -1 : 1));
}
