// ACCEPT: offers of one agent and one role become tasks and reservations. All or nothing: the first thing that is wrong
// refuses the whole call, and nothing has changed. Mesos takes what is right and drops the rest; its updates are the same.

import { ok, type Refusal, type Result } from '../../../contract/errors.ts';
import type { Call } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId, OfferId } from '../../../contract/ids.ts';
import type { Launch, OfferRecord, Operation } from '../../../contract/offer.ts';
import type { TaskStatus } from '../../../contract/task.ts';
import type { Draft } from '../draft.ts';
import { modeOf } from './agent-words.ts';
import { launchAll } from './launch.ts';
import { endOffer, refuseParts, wasOffered } from './offers.ts';
import { oweFinished, refuseNames, tellNotDone } from './operation-feedback.ts';
import { planOperations } from './operations.ts';
import { partsOf } from './parts.ts';
import { applyReservations } from './reservations.ts';
import type { Place } from './shapes.ts';
import { tellUpdate } from './status-words.ts';
import { refuseCall } from './words.ts';

type Accept = Extract<Call, { kind: 'ACCEPT' }>;

export function onAccept(draft: Draft, call: Accept): Refusal | null {
  const { frameworkId, operations } = call;
  const offers = findOffers(draft, frameworkId, call.offerIds);
  if (!offers.ok) return dropAll(draft, call, offers.refusal);
  const place = findPlace(draft, offers.value);
  if (!place.ok) return dropAll(draft, call, place.refusal);
  const taken = refuseNames(draft, frameworkId, operations);
  if (taken) return dropAll(draft, call, taken);
  const planned = planOperations(draft, { place: place.value, offers: offers.value, operations });
  const from = { frameworkId, agentId: place.value.agent.id };
  if (!planned.ok) {
    const { refusal, launch, culprit } = planned;
    // As in Mesos: what is wrong in a group is wrong with all of it.
    const group = culprit.kind === 'LAUNCH_GROUP' ? culprit.tasks : [];
    for (const each of launchesOf(operations)) {
      if (group.includes(each)) tellInvalid(draft, from, { launch: each, isGroup: true }, refusal);
      else if (each === launch) tellInvalid(draft, from, { launch: each, isGroup: false }, refusal);
      else dropLaunch(draft, frameworkId, each, refusal);
    }
    tellNotDone(draft, from, { operations, culprit }, refusal);
    return refusal;
  }
  for (const offer of offers.value) endOffer(draft, offer);
  applyReservations(draft, place.value, planned.reservations);
  launchAll(draft, place.value, planned.launches);
  oweFinished(draft, from, operations);
  const [first] = offers.value;
  if (first) refuseParts(draft, first, partsOf(planned.left), call.filters);
  return null;
}

/** What is wrong is not in any of the operations. */
function dropAll(draft: Draft, { frameworkId, operations }: Accept, why: Refusal): Refusal {
  for (const launch of launchesOf(operations)) dropLaunch(draft, frameworkId, launch, why);
  tellNotDone(draft, { frameworkId, agentId: null }, { operations, culprit: null }, why);
  return why;
}

/** Offers that this framework may answer, all of one agent and one role. */
function findOffers(
  draft: Draft,
  frameworkId: FrameworkId,
  ids: readonly OfferId[],
): Result<readonly OfferRecord[]> {
  const offers: OfferRecord[] = [];
  for (const id of ids) {
    const offer = draft.get('offers', id);
    if (!offer && wasOffered(draft, id)) return no('conflict', 'offer-expired', id);
    if (!offer) return no('not-found', 'offer-unknown', id);
    if (offer.frameworkId !== frameworkId) return no('unauthorized', 'offer-foreign', id);
    if (offers.includes(offer)) return no('invalid', 'offer-twice', id);
    const [first] = offers;
    if (first && first.agentId !== offer.agentId)
      return no('invalid', 'offers-of-two-agents', `${first.agentId} and ${offer.agentId}`);
    if (first && first.role !== offer.role)
      return no('invalid', 'offers-of-two-roles', `${first.role} and ${offer.role}`);
    offers.push(offer);
  }
  return offers.length === 0 ? no('not-found', 'offer-unknown', 'no offer is named') : ok(offers);
}

function no(...words: Parameters<typeof refuseCall>): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: refuseCall(...words) };
}

/** An offer of an agent that left is rescinded in that step; this is for whoever would get past that. */
function findPlace(draft: Draft, offers: readonly OfferRecord[]): Result<Place> {
  const [offer] = offers;
  const agent = offer && draft.get('agents', offer.agentId);
  const machine = offer && draft.get('machines', offer.machineId);
  if (
    !offer ||
    !agent ||
    !machine ||
    modeOf({ agent, machine, link: draft.get('links', machine.id) }) !== 'active'
  ) {
    return no('unreachable', 'agent-not-active', offer?.agentId ?? '');
  }
  return ok({ frameworkId: offer.frameworkId, role: offer.role, agent, machine });
}

function launchesOf(operations: readonly Operation[]): Launch[] {
  return operations.flatMap((each) =>
    each.kind === 'LAUNCH' || each.kind === 'LAUNCH_GROUP' ? each.tasks : [],
  );
}

/** Fine in itself, but never started. */
function dropLaunch(draft: Draft, frameworkId: FrameworkId, launch: Launch, why: Refusal): void {
  tellUpdate(
    draft,
    { frameworkId, agentId: null },
    madeStatus(draft, launch, {
      state: 'TASK_DROPPED',
      reason: 'REASON_INVALID_OFFERS',
      message: `${why.reason}: ${why.detail}`,
    }),
  );
}

function tellInvalid(
  draft: Draft,
  from: { readonly frameworkId: FrameworkId; readonly agentId: AgentId },
  { launch, isGroup }: { readonly launch: Launch; readonly isGroup: boolean },
  why: Refusal,
): void {
  const reason = isGroup ? 'REASON_TASK_GROUP_INVALID' : 'REASON_TASK_INVALID';
  const message = `${why.reason}: ${why.detail}`;
  tellUpdate(draft, from, madeStatus(draft, launch, { state: 'TASK_ERROR', reason, message }));
}

function madeStatus(
  draft: Draft,
  launch: Launch,
  patch: Pick<TaskStatus, 'state' | 'reason' | 'message'>,
): TaskStatus {
  return {
    taskId: launch.info.taskId,
    source: 'SOURCE_MASTER',
    timestampMs: draft.atMs,
    uuid: null,
    exitCode: null,
    signal: null,
    ...patch,
  };
}

/** Offers that are gone already are not worth a word, as in Mesos. */
export function onDecline(draft: Draft, call: Extract<Call, { kind: 'DECLINE' }> | Accept): null {
  for (const id of call.offerIds) {
    const offer = draft.get('offers', id);
    if (offer?.frameworkId !== call.frameworkId) {
      draft.note('ignore-decline', {
        offerId: id,
        frameworkId: call.frameworkId,
        why: offer ? 'foreign' : 'gone',
      });
      continue;
    }
    endOffer(draft, offer);
    refuseParts(draft, offer, offer.resources, call.filters);
  }
  return null;
}

/** Our agents have no executors of their own: a task is a command. */
export function onMessage(call: Extract<Call, { kind: 'MESSAGE' | 'SHUTDOWN' }>): Refusal {
  return refuseCall('not-found', 'executor-unknown', `${call.executorId} on ${call.agentId}`);
}
