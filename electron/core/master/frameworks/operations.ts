// The operations of one ACCEPT, tried in their order on a copy of what is offered. Nothing is written here: what comes out
// is either the first thing that is wrong or everything that is to be done.
import type { Refusal } from '../../../contract/errors.ts';
import type { Launch, OfferRecord, Operation } from '../../../contract/offer.ts';
import { noResources, type Resources } from '../../../contract/resources.ts';
import { defaultRole, type ResourcePart } from '../../../contract/role.ts';
import { refuseRole } from '../../allocator/role-names.ts';
import { unreachable } from '../../kernel/assert.ts';
import type { Draft } from '../draft.ts';
import { scalarNames } from '../resources.ts';
import { refuseTask } from '../task-rules.ts';
import {
  type Bag,
  bagOf,
  give,
  holds,
  isNothing,
  kindOf,
  minus,
  partsOf,
  refuseAmounts,
  sumOf,
  take,
  unreserved,
} from './parts.ts';
import type { Place, PlannedLaunch, ReservationChange } from './shapes.ts';
import { isWithinRole, refuseCall } from './words.ts';

type Plan = {
  readonly ok: true;
  readonly launches: readonly PlannedLaunch[];
  readonly reservations: readonly ReservationChange[];
  readonly left: Bag;
};
type NoPlan = {
  readonly ok: false;
  readonly refusal: Refusal;
  /** What was wrong, and the task of it if it was one. */
  readonly culprit: Operation;
  readonly launch: Launch | null;
};

type Work = {
  readonly draft: Draft;
  readonly place: Place;
  readonly bag: Bag;
  readonly launches: PlannedLaunch[];
  readonly reservations: ReservationChange[];
};

export function planOperations(
  draft: Draft,
  asked: {
    readonly place: Place;
    readonly offers: readonly OfferRecord[];
    readonly operations: readonly Operation[];
  },
): Plan | NoPlan {
  const bag = bagOf(asked.offers.flatMap((offer) => offer.resources));
  const work: Work = { draft, place: asked.place, bag, launches: [], reservations: [] };
  for (const operation of asked.operations) {
    const fault = planOne(work, operation);
    if (fault) return { ok: false, culprit: operation, ...fault };
  }
  return { ok: true, launches: work.launches, reservations: work.reservations, left: bag };
}

type Fault = { readonly refusal: Refusal; readonly launch: Launch | null };

function planOne(work: Work, operation: Operation): Fault | null {
  switch (operation.kind) {
    case 'LAUNCH':
    case 'LAUNCH_GROUP': {
      const groupId = operation.kind === 'LAUNCH_GROUP' ? (operation.tasks[0]?.info.taskId ?? null) : null;
      for (const launch of operation.tasks) {
        const refusal = planLaunch(work, launch, groupId);
        if (refusal) return { refusal, launch };
      }
      return null;
    }
    case 'RESERVE':
      return firstFault(operation.resources, (part) => planReserve(work, part));
    case 'UNRESERVE':
      return firstFault(operation.resources, (part) => planUnreserve(work, part));
    case 'CREATE':
      return firstFault(operation.volumes, (part) => planCreate(work, part));
    case 'DESTROY':
      return firstFault(operation.volumes, (part) => planDestroy(work, part));
    default:
      return unreachable(operation);
  }
}

function firstFault(
  parts: readonly ResourcePart[],
  plan: (part: ResourcePart) => Refusal | null,
): Fault | null {
  for (const part of parts) {
    const refusal = refuseAmounts(part.amounts) ?? refuseStack(part) ?? plan(part);
    if (refusal) return { refusal, launch: null };
  }
  return null;
}

function planLaunch(work: Work, launch: Launch, groupId: PlannedLaunch['groupId']): Refusal | null {
  const { draft, place } = work;
  const { info } = launch;
  const isKnown =
    draft.get('tasks', info.taskId) !== undefined ||
    work.launches.some((each) => each.launch.info.taskId === info.taskId);
  if (isKnown) return refuseCall('conflict', 'task-exists', info.taskId);
  const bad = refuseAmounts(info.resources);
  if (bad) return bad;
  if (isNothing(info.resources)) return refuseCall('invalid', 'task-without-resources', info.taskId);
  const refusal = refuseTask(info, place.agent);
  if (refusal) return refusal;
  const uses = launch.uses ?? chooseParts(work.bag, info.resources);
  // What was chosen here is just what is asked for.
  const wrong = launch.uses === null ? null : refuseUses(launch.uses, info.resources);
  if (wrong) return wrong;
  for (const part of uses) if (!take(work.bag, part)) return lack(work.bag, part);
  work.launches.push({ launch, uses, groupId });
  return null;
}

/** What is named must be what the task asks for; a volume comes on top of it. */
function refuseUses(uses: readonly ResourcePart[], wanted: Resources): Refusal | null {
  for (const part of uses) {
    const refusal = refuseAmounts(part.amounts);
    if (refusal) return refusal;
  }
  const sum = sumOf(uses.filter((part) => part.volume === null));
  const differs = scalarNames.find((name) => sum[name] !== wanted[name]);
  if (differs !== undefined) {
    return refuseCall(
      'invalid',
      'more-than-offered',
      `${differs}: wants ${wanted[differs]}, names ${sum[differs]}`,
    );
  }
  return holds(sum, { ...noResources, ports: wanted.ports })
    ? null
    : refuseCall('invalid', 'more-than-offered', 'ports');
}

/** The most refined reservation first, unreserved last; volumes only by name. What is missing stays in the last part. */
export function chooseParts(bag: Bag, wanted: Resources): ResourcePart[] {
  let left = wanted;
  const uses: ResourcePart[] = [];
  const reserved = partsOf(bag).filter((part) => part.volume === null && part.reservation.length > 0);
  for (const part of reserved.sort((a, b) => b.reservation.length - a.reservation.length)) {
    const some = { ...noResources };
    for (const name of scalarNames) some[name] = Math.min(left[name], part.amounts[name]);
    if (isNothing(some)) continue;
    uses.push({ ...part, amounts: some });
    left = minus(left, some);
  }
  if (!isNothing(left)) uses.push(unreserved(left));
  return uses;
}

function lack(bag: Bag, part: ResourcePart): Refusal {
  const there = bag.get(kindOf(part))?.amounts ?? noResources;
  const short = scalarNames.find((name) => part.amounts[name] > there[name]);
  const kind = part.reservation.length > 0 ? ` reserved for ${part.reservation.at(-1)}` : '';
  const detail =
    short === undefined ? 'ports' : `${short}: wants ${part.amounts[short]}, offered ${there[short]}${kind}`;
  return refuseCall('exhausted', 'more-than-offered', detail);
}

function refuseStack(part: ResourcePart): Refusal | null {
  const bad = part.reservation.find((role) => role === defaultRole || refuseRole(role) !== null);
  if (bad !== undefined) return refuseCall('invalid', 'reservation-wrong', `the role ${bad}`);
  const loose = part.reservation.find((role, at) => at > 0 && !isBelow(role, part.reservation[at - 1] ?? ''));
  if (loose !== undefined)
    return refuseCall('invalid', 'reservation-wrong', `${loose} does not refine the role before it`);
  if (part.reservation.length === 0) return refuseCall('invalid', 'reservation-wrong', 'no role is named');
  return part.amounts.ports.length > 0 ? refuseCall('unsupported', 'ports-not-reservable', 'ports') : null;
}

function isBelow(inner: string, outer: string): boolean {
  return inner !== outer && isWithinRole(inner, outer);
}

function planReserve(work: Work, part: ResourcePart): Refusal | null {
  const { place, draft } = work;
  const role = part.reservation.at(-1) ?? '';
  if (part.volume) return refuseCall('invalid', 'reservation-wrong', 'a volume is made by CREATE');
  // Only for itself, or for a role above that it shares with others.
  if (!isWithinRole(place.role, role))
    return refuseCall('unauthorized', 'reservation-wrong', `${role} is not ${place.role}`);
  const capabilities = draft.get('frameworks', place.frameworkId)?.info.capabilities ?? [];
  if (part.reservation.length > 1 && !capabilities.includes('RESERVATION_REFINEMENT')) {
    return refuseCall('unsupported', 'reservation-wrong', 'refined without RESERVATION_REFINEMENT');
  }
  return exchange(work, { ...part, reservation: part.reservation.slice(0, -1) }, part);
}

function planUnreserve(work: Work, part: ResourcePart): Refusal | null {
  if (part.volume) return refuseCall('invalid', 'reservation-wrong', 'the volume must be destroyed first');
  return exchange(work, part, { ...part, reservation: part.reservation.slice(0, -1) });
}

function planCreate(work: Work, part: ResourcePart): Refusal | null {
  const { volume, amounts } = part;
  if (!volume || amounts.diskMib === 0 || amounts.cpusMilli + amounts.memMib + amounts.gpus > 0) {
    return refuseCall('invalid', 'reservation-wrong', 'a volume is disk with an id');
  }
  const planned = work.reservations.some(
    (each) => each.sign === 1 && each.part.volume?.persistenceId === volume.persistenceId,
  );
  if (planned || findVolume(work, volume.persistenceId))
    return refuseCall('conflict', 'volume-exists', volume.persistenceId);
  return exchange(work, { ...part, volume: null }, part);
}

function findVolume({ draft, place }: Work, persistenceId: string): ResourcePart | undefined {
  for (const { agentId, part } of draft.rows('reservations')) {
    if (agentId === place.agent.id && part.volume?.persistenceId === persistenceId) return part;
  }
  return undefined;
}

/** Whole, and only when no task has it: then it is in the offer. */
function planDestroy(work: Work, part: ResourcePart): Refusal | null {
  const id = part.volume?.persistenceId ?? '';
  const known = findVolume(work, id) ?? work.bag.get(kindOf(part));
  if (!part.volume || !known) return refuseCall('not-found', 'volume-unknown', id);
  const offered = work.bag.get(kindOf(part));
  if (!offered) return refuseCall('conflict', 'volume-in-use', id);
  if (offered.amounts.diskMib !== part.amounts.diskMib)
    return refuseCall('invalid', 'more-than-offered', `${id} goes as a whole`);
  return exchange(work, part, { ...part, volume: null });
}

function exchange(work: Work, from: ResourcePart, to: ResourcePart): Refusal | null {
  if (!take(work.bag, from)) return lack(work.bag, from);
  give(work.bag, to);
  if (from.reservation.length > 0) work.reservations.push({ part: from, sign: -1 });
  if (to.reservation.length > 0) work.reservations.push({ part: to, sign: 1 });
  return null;
}
