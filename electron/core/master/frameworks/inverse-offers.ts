// Inverse offers: frameworks with tasks on a machine whose maintenance is planned are asked to make room for it in time. Their
// answer is kept and shown, and forces nobody: when the maintenance begins, the machine is drained.
//
//   asked --> accepted                     for good; Mesos asks again even then
//     `-----> declined --> asked again     after the time of its filter
//
// Session rows, like offers: after a restart of the master everybody is asked anew.
import type { Call } from '../../../contract/framework.ts';
import type { FrameworkId, InverseOfferId, MachineId } from '../../../contract/ids.ts';
import type { MachineRecord } from '../../../contract/machine.ts';
import type { InverseOffer, InverseOfferRecord } from '../../../contract/offer.ts';
import { isDue } from '../../kernel/deadlines.ts';
import { byId, isSame } from '../../kernel/tables.ts';
import { openTasksOf } from '../agents.ts';
import type { Draft } from '../draft.ts';
import { unavailabilityOf } from './agent-words.ts';
import { refuseMsOf } from './offers.ts';
import { tell } from './tell.ts';
import { frameworkOf } from './words.ts';

type Answer = Extract<Call, { kind: 'ACCEPT_INVERSE_OFFERS' | 'DECLINE_INVERSE_OFFERS' }>;

/** What is gone, or somebody else's, is passed over, as with DECLINE. */
export function onInverseOffersAnswered(draft: Draft, call: Answer): null {
  const isAccepted = call.kind === 'ACCEPT_INVERSE_OFFERS';
  for (const id of call.inverseOfferIds) {
    const row = draft.get('inverseOffers', id);
    if (row?.frameworkId !== call.frameworkId) {
      const why = row ? 'foreign' : 'gone';
      draft.note('ignore-inverse-offer', { inverseOfferId: id, frameworkId: call.frameworkId, why });
      continue;
    }
    const againAtMonoMs = isAccepted ? null : draft.monoMs + refuseMsOf(call.filters);
    const state = isAccepted ? 'accepted' : 'declined';
    draft.put('inverseOffers', { ...row, state, changedAtMs: draft.atMs, againAtMonoMs });
    noteAgain(draft, againAtMonoMs);
  }
  return null;
}

function noteAgain(draft: Draft, atMonoMs: number | null): void {
  const next = draft.plan.inverseAtMonoMs;
  if (atMonoMs !== null) draft.plan.inverseAtMonoMs = next === null ? atMonoMs : Math.min(next, atMonoMs);
}

/** Only marked: at the end of the step it is asked again, or called off when what else was due took its reason away. */
export function onInverseOfferDeadlines(draft: Draft): void {
  if (!isDue(draft.plan.inverseAtMonoMs, draft.monoMs)) return;
  draft.plan.inverseAtMonoMs = null;
  for (const row of byId(draft.rows('inverseOffers'))) {
    if (isDue(row.againAtMonoMs, draft.monoMs)) draft.put('inverseOffers', { ...row, state: 'asked' });
    else noteAgain(draft, row.againAtMonoMs);
  }
}

/** Its refusal is over. Of those that wait for an answer none has a time. */
function isDueAgain({ state, againAtMonoMs }: InverseOfferRecord): boolean {
  return state === 'asked' && againAtMonoMs !== null;
}

/** Whoever is on another connection now, or away, has not heard what was asked. */
export function forgetInverseOffers(draft: Draft): void {
  if (!draft.hasRows('inverseOffers')) return;
  for (const id of movedFrameworks(draft)) {
    for (const row of byId(draft.rows('inverseOffers')))
      if (row.frameworkId === id) draft.drop('inverseOffers', row.id);
  }
}

function movedFrameworks(draft: Draft): string[] {
  const ids: string[] = [];
  for (const { id, before, now } of draft.changed('subscriptions'))
    if (before?.streamId !== now?.streamId) ids.push(id);
  return ids;
}

/** True: somebody was told something. */
export function followInverseOffers(draft: Draft): boolean {
  const isNobodyAsked = !draft.hasRows('inverseOffers');
  // Nothing is planned that is still to begin.
  if (isNobodyAsked && draft.plan.windowAtMs === null) return false;
  let hasNews = false;
  for (const machineId of touchedMachines(draft)) {
    // Of nearly every step: nothing is planned there and nobody was asked.
    if (isNobodyAsked && !draft.get('machines', machineId)?.maintenance) continue;
    if (follow(draft, machineId)) hasNews = true;
  }
  return hasNews;
}

function touchedMachines(draft: Draft): readonly MachineId[] {
  const ids = new Set<MachineId>();
  for (const { id } of draft.changed('machines')) ids.add(id as MachineId);
  for (const { before, now } of draft.changed('agents')) addMachine(ids, now ?? before);
  for (const { before, now } of draft.changed('tasks')) addMachine(ids, now ?? before);
  for (const { before, now } of draft.changed('inverseOffers')) addMachine(ids, now ?? before);
  if (movedFrameworks(draft).length > 0) {
    for (const machine of draft.rows('machines')) if (machine.maintenance) ids.add(machine.id);
  }
  return ids.size === 0 ? noMachines : [...ids].sort();
}

const noMachines: readonly MachineId[] = [];

function addMachine(ids: Set<MachineId>, row: { readonly machineId: MachineId } | undefined): void {
  if (row) ids.add(row.machineId);
}

function follow(draft: Draft, machineId: MachineId): boolean {
  const machine = draft.get('machines', machineId);
  const known = byId([...draft.rows('inverseOffers')].filter((row) => row.machineId === machineId));
  if (!machine?.maintenance && known.length === 0) return false;
  const wanted = machine ? wantedOn(draft, machine) : [];
  const kept: InverseOfferRecord[] = [];
  let hasNews = false;
  for (const row of known) {
    const isStill = wanted.some((each) => isSame(each, partOf(row)));
    if (isStill && isDueAgain(row)) draft.drop('inverseOffers', row.id);
    else if (isStill) kept.push(row);
    if (isStill) continue;
    hasNews = true;
    rescind(draft, row);
  }
  for (const inverse of wanted) {
    if (kept.some((row) => isSame(inverse, partOf(row)))) continue;
    hasNews = true;
    ask(draft, machineId, inverse);
  }
  return hasNews;
}

type Wanted = Omit<InverseOffer, 'id'>;

function partOf({ frameworkId, agentId, unavailability }: InverseOfferRecord): Wanted {
  return { frameworkId, agentId, unavailability };
}

/** Everybody with tasks there who can be asked. Once it has begun, there is nothing left to arrange. */
function wantedOn(draft: Draft, machine: MachineRecord): Wanted[] {
  const unavailability = unavailabilityOf(machine);
  const agent = machine.agentId === null ? undefined : draft.get('agents', machine.agentId);
  const isOver = machine.maintenance?.hasBegun === true || machine.removal !== null;
  if (!unavailability || isOver || agent?.state.kind !== 'active') return [];
  const ids = new Set<FrameworkId>(openTasksOf(draft, agent).map(frameworkOf));
  return [...ids]
    .filter((id) => draft.get('subscriptions', id)?.phase === 'subscribed')
    .sort()
    .map((frameworkId) => ({ frameworkId, agentId: agent.id, unavailability }));
}

function ask(draft: Draft, machineId: MachineId, wanted: Wanted): void {
  draft.plan.offerSerial += 1;
  const id = `inverse-${draft.plan.life}-${draft.plan.offerSerial}` as InverseOfferId;
  const rest = { machineId, state: 'asked', changedAtMs: draft.atMs, againAtMonoMs: null } as const;
  draft.put('inverseOffers', { id, ...wanted, ...rest });
  tell(draft, wanted.frameworkId, { kind: 'INVERSE_OFFERS', inverseOffers: [{ id, ...wanted }] });
}

function rescind(draft: Draft, row: InverseOfferRecord): void {
  draft.drop('inverseOffers', row.id);
  tell(draft, row.frameworkId, { kind: 'RESCIND_INVERSE_OFFER', inverseOfferId: row.id });
}
