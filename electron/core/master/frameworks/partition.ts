// RESERVE and UNRESERVE by the operator: what a person sets aside on a machine for roles. The slices are those reservations
// that name one role only; what frameworks refined of them, and volumes, are theirs and stay. What is wanted is given whole,
// so that several slices change in one step or none does.
import type { Refusal } from '../../../contract/errors.ts';
import { noResources, type Resources } from '../../../contract/resources.ts';
import { defaultRole, type ResourcePart, type Slice } from '../../../contract/role.ts';
import type { TaskRecord } from '../../../contract/task.ts';
import { refuseRole } from '../../allocator/role-names.ts';
import type { CommandEvent } from '../../kernel/events.ts';
import type { Draft } from '../draft.ts';
import { noteDone } from '../operations.ts';
import { allocatedOn, scalarNames } from '../resources.ts';
import { holdsResources } from '../task-states.ts';
import { rescindAll } from './offers.ts';
import { isNothing, kindOf, usesOf } from './parts.ts';
import { applyReservations } from './reservations.ts';
import { usedBy } from './roles.ts';
import type { Place, ReservationChange } from './shapes.ts';
import { isWithinRole } from './words.ts';

type On = Pick<Place, 'agent' | 'machine'>;
type Wanted = { readonly draft: Draft; readonly on: On; readonly changes: readonly ReservationChange[] };

export function onPartitionMachine(
  draft: Draft,
  { machineId, slices }: Extract<CommandEvent, { kind: 'partition-machine' }>,
): Refusal | null {
  const machine = draft.get('machines', machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machineId };
  const agent = machine.agentId ? draft.get('agents', machine.agentId) : undefined;
  if (!agent || agent.state.kind === 'gone')
    return { code: 'conflict', reason: 'agent-gone', detail: machineId };
  const on: On = { agent, machine };
  const bad = refuseSlices(slices);
  if (bad) return bad;
  const changes = changesTo(draft, on, slices);
  if (changes.length === 0) return null;
  const refusal = refuseChanges({ draft, on, changes });
  if (refusal) return refusal;
  // What is offered of it was cut before; as in Mesos the operator goes first.
  const limited = new Set(changes.map(({ part }) => topOf(part)).filter((role) => hasQuota(draft, role)));
  rescindAll(draft, ({ agentId, role }) => agentId === agent.id || limited.has(topOfRole(role)));
  applyReservations(draft, on, changes);
  noteDone(draft, 'partition-machine', { subject: machine.name, machineId });
  return null;
}

function refuseSlices(slices: readonly Slice[]): Refusal | null {
  for (const [at, { role, amounts }] of slices.entries()) {
    if (role === defaultRole) return { code: 'invalid', reason: 'slice-for-everybody', detail: role };
    const refusal = refuseRole(role);
    if (refusal) return refusal;
    if (slices.findIndex((each) => each.role === role) !== at)
      return { code: 'invalid', reason: 'slice-twice', detail: role };
    const wrong = scalarNames.find((name) => !Number.isSafeInteger(amounts[name]) || amounts[name] < 0);
    if (wrong !== undefined) return { code: 'invalid', reason: 'quota-wrong', detail: `${role}: ${wrong}` };
  }
  return null;
}

const topOfRole = (role: string): string => role.split('/')[0] ?? '';
const topOf = ({ reservation }: ResourcePart): string => topOfRole(reservation[0] ?? '');

/** What is set aside may leave no room below its limit for what is offered elsewhere. */
function hasQuota(draft: Draft, role: string): boolean {
  return (draft.get('roles', role)?.quota ?? null) !== null;
}

function sliceOf(role: string, amounts: Omit<Resources, 'ports'>): ResourcePart {
  return { reservation: [role], volume: null, amounts: { ...noResources, ...amounts } };
}

/** What is taken away first, then what is added: between them there is never more than there will be. */
function changesTo(draft: Draft, { agent }: On, slices: readonly Slice[]): ReservationChange[] {
  const wanted = new Map(slices.map(({ role, amounts }) => [role, amounts]));
  const now = new Map<string, Resources>();
  for (const { agentId, part } of draft.rows('reservations')) {
    const [role, ...others] = part.reservation;
    if (agentId === agent.id && role !== undefined && others.length === 0 && part.volume === null)
      now.set(role, part.amounts);
  }
  const difference = (role: string, sign: 1 | -1): ReservationChange[] => {
    const amounts = { ...noResources };
    for (const name of scalarNames) {
      const by = (wanted.get(role)?.[name] ?? 0) - (now.get(role)?.[name] ?? 0);
      amounts[name] = Math.max(0, sign * by);
    }
    return isNothing(amounts) ? [] : [{ part: sliceOf(role, amounts), sign }];
  };
  const roles = [...new Set([...now.keys(), ...wanted.keys()])].sort();
  return [...roles.flatMap((role) => difference(role, -1)), ...roles.flatMap((role) => difference(role, 1))];
}

function refuseChanges(wish: Wanted): Refusal | null {
  for (const change of wish.changes) {
    const refusal = change.sign === -1 ? refuseTaking(wish, change.part) : refuseLimit(wish, change.part);
    if (refusal) return refusal;
  }
  return refuseSize(wish);
}

/** What tasks have of a slice cannot be taken out of it. */
function refuseTaking({ draft, on }: Wanted, part: ResourcePart): Refusal | null {
  const role = part.reservation[0] ?? '';
  const slice = draft.get('reservations', `${on.agent.id}|${kindOf(part)}`);
  const users = [...draft.rows('tasks')].filter((task) => heldOf(task, on.agent.id, part).length > 0);
  for (const name of scalarNames) {
    const used = users.flatMap((task) => heldOf(task, on.agent.id, part));
    const held = used.reduce((sum, { amounts }) => sum + amounts[name], 0);
    const left = (slice?.part.amounts[name] ?? 0) - part.amounts[name];
    if (left >= held) continue;
    const names = users.map(({ info }) => info.name).slice(0, 5);
    return {
      code: 'conflict',
      reason: 'slice-in-use',
      detail: `${role}: ${name} ${left} wanted, ${held} used by ${names.join(', ')}`,
    };
  }
  return null;
}

function heldOf(task: TaskRecord, agentId: string, part: ResourcePart): readonly ResourcePart[] {
  if (task.agentId !== agentId || !holdsResources(task)) return [];
  return usesOf(task).filter((each) => kindOf(each) === kindOf(part));
}

/** What is set aside counts against the quota, as in Mesos. */
function refuseLimit({ draft, changes }: Wanted, part: ResourcePart): Refusal | null {
  const top = topOf(part);
  const limit = draft.get('roles', top)?.quota?.limit;
  if (!limit) return null;
  const used = usedBy(draft, top);
  const parts = changes.filter((each) => isWithinRole(each.part.reservation[0] ?? '', top));
  for (const name of scalarNames) {
    const most = limit[name];
    const after = parts.reduce((sum, each) => sum + each.sign * each.part.amounts[name], used[name]);
    if (most === null || after <= most || after <= used[name]) continue;
    return {
      code: 'conflict',
      reason: 'slice-above-limit',
      detail: `${top}: ${name} ${after}, limit ${most}`,
    };
  }
  return null;
}

/** A machine that came back smaller may be over its size already; only more of it is refused. */
function refuseSize({ draft, on: { agent }, changes }: Wanted): Refusal | null {
  const inUse = allocatedOn(agent.id, draft.rows('tasks'));
  for (const name of scalarNames) {
    let before = 0;
    for (const { agentId, part } of draft.rows('reservations'))
      if (agentId === agent.id) before += part.amounts[name];
    const after = changes.reduce((sum, { part, sign }) => sum + sign * part.amounts[name], before);
    const total = agent.resources[name];
    if (after <= before || after + inUse[name] <= total) continue;
    const reason = after > total ? 'slice-too-large' : 'slice-space-in-use';
    const detail = `${name}: ${after} set aside, ${inUse[name]} used by tasks, ${total} there`;
    return { code: 'conflict', reason, detail };
  }
  return null;
}
