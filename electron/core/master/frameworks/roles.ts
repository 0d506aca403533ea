// What people set for roles: weights and quota. Both change the next allocation at once; quota takes back offers for it.
import type { Refusal } from '../../../contract/errors.ts';
import type { OperationRecord } from '../../../contract/operation.ts';
import type { Preemption, Quota, RoleRecord } from '../../../contract/role.ts';
import type { Scalars } from '../../../contract/shares.ts';
import { refuseRole } from '../../allocator/role-names.ts';
import type { CommandEvent } from '../../kernel/events.ts';
import { isSame } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { noteDone } from '../operations.ts';
import { scalarNames } from '../resources.ts';
import { holdsResources } from '../task-states.ts';
import { askForAllocation, rescindAll } from './offers.ts';
import { usesOf } from './parts.ts';
import { isWithinRole, roleOf } from './words.ts';

type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;
type Wish = Pick<Command<'set-quota'>, 'role' | 'quota' | 'force'>;

export const usualWeightMilli = 1000;
const noScalars: Scalars = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };

export function onSetWeight(draft: Draft, { role, weightMilli }: Command<'set-weight'>): Refusal | null {
  const refusal = refuseRole(role) ?? refuseWeight(weightMilli);
  if (refusal) return refusal;
  putRole(draft, role, { weightMilli });
  return null;
}

export function onSetQuota(draft: Draft, event: Command<'set-quota'>): Refusal | null {
  const refusal = refuseRole(event.role) ?? refuseQuota(draft, event);
  if (refusal) return refusal;
  putRole(draft, event.role, { quota: event.quota });
  return null;
}

export function onSetPreemption(
  draft: Draft,
  { role, preemption }: Command<'set-preemption'>,
): Refusal | null {
  const refusal = refuseRole(role);
  if (refusal) return refusal;
  putRole(draft, role, { preemption: preemption ?? undefined });
  return null;
}

/** As a person does it: all at once or none, and the role stays from now on. */
export function onChangeRole(draft: Draft, event: Command<'change-role'>): Refusal | null {
  const { role, weightMilli, quota, preemption } = event;
  const refusal = refuseRole(role) ?? refuseWeight(weightMilli) ?? refuseQuota(draft, event);
  if (refusal) return refusal;
  const ending = preemption === undefined ? {} : { preemption: preemption ?? undefined };
  putRole(draft, role, { weightMilli, quota, ...ending, isNamed: true });
  return null;
}

/** What is set for it goes. Refused while anybody has to do with it. */
export function onRemoveRole(draft: Draft, { role }: Command<'remove-role'>): Refusal | null {
  const refusal = refuseRole(role) ?? refuseRemoval(draft, role);
  if (refusal) return refusal;
  const known = draft.get('roles', role);
  if (!known) return { code: 'not-found', reason: 'role-unknown', detail: role };
  draft.drop('roles', role);
  noteDone(draft, 'remove-role', { subject: role });
  if (known.quota) rescindAll(draft, () => true);
  askForAllocation(draft, 'all');
  return null;
}

function refuseRemoval(draft: Draft, role: string): Refusal | null {
  const conflict = (reason: string, names: readonly string[]): Refusal | null =>
    names.length === 0 ? null : { code: 'conflict', reason, detail: names.slice(0, 10).join(', ') };
  const isOfRole = (each: string): boolean => isWithinRole(each, role);
  const frameworks = [...draft.rows('frameworks')].filter(
    ({ info, completedAtMs }) => completedAtMs === null && info.roles.some(isOfRole),
  );
  const tasks = [...draft.rows('tasks')].filter((task) => holdsResources(task) && isOfRole(roleOf(task)));
  const slices = [...draft.rows('reservations')].filter(({ part }) => part.reservation.some(isOfRole));
  const below = [...draft.rows('roles')].filter(({ id }) => id !== role && isOfRole(id));
  return (
    conflict(
      'role-has-frameworks',
      frameworks.map(({ info }) => info.name),
    ) ??
    conflict(
      'role-has-tasks',
      tasks.map(({ info }) => info.name),
    ) ??
    conflict('role-has-slices', [...new Set(slices.map(({ agentId }) => agentId))]) ??
    conflict(
      'role-has-roles',
      below.map(({ id }) => id),
    )
  );
}

function refuseWeight(weightMilli: number): Refusal | null {
  const isGood = Number.isSafeInteger(weightMilli) && weightMilli >= 1 && weightMilli <= 1_000_000_000;
  return isGood ? null : { code: 'invalid', reason: 'weight-wrong', detail: String(weightMilli) };
}

/** What is wrong with it in itself is refused for good, what is unwise only unless it is forced. */
function refuseQuota(draft: Draft, { role, quota, force }: Wish): Refusal | null {
  if (!quota) return null;
  const refusal = refuseAmounts(role, quota);
  if (refusal || force) return refusal;
  return refuseBelowUse(draft, role, quota) ?? refuseAboveCluster(draft, role, quota);
}

function refuseBelowUse(draft: Draft, role: string, { limit }: Quota): Refusal | null {
  const used = usedBy(draft, role);
  const over = scalarNames.find((name) => limit[name] !== null && used[name] > (limit[name] ?? 0));
  if (over === undefined) return null;
  const detail = `${over}: ${used[over]} held, limit ${limit[over] ?? 0}`;
  return { code: 'conflict', reason: 'quota-below-use', detail };
}

/** As in Mesos: guarantees that all machines together could not hold would hold back everything from everybody. */
function refuseAboveCluster(draft: Draft, role: string, { guarantee }: Quota): Refusal | null {
  for (const name of scalarNames) {
    if (guarantee[name] === 0) continue;
    let total = 0;
    for (const { state, resources } of draft.rows('agents'))
      if (state.kind !== 'gone') total += resources[name];
    let wanted = guarantee[name];
    for (const each of draft.rows('roles')) if (each.id !== role) wanted += each.quota?.guarantee[name] ?? 0;
    if (wanted <= total) continue;
    return {
      code: 'conflict',
      reason: 'quota-above-cluster',
      detail: `${name}: ${wanted} guaranteed, ${total} there`,
    };
  }
  return null;
}

function refuseAmounts(role: string, quota: Quota): Refusal | null {
  // As in Mesos; the tree below a role shares what the role has.
  if (role === '*' || role.includes('/'))
    return { code: 'unsupported', reason: 'quota-on-nested-role', detail: role };
  for (const name of scalarNames) {
    const guarantee = quota.guarantee[name];
    const limit = quota.limit[name];
    const isBad = (value: number): boolean => !Number.isSafeInteger(value) || value < 0;
    if (isBad(guarantee) || (limit !== null && isBad(limit))) {
      return {
        code: 'invalid',
        reason: 'quota-wrong',
        detail: `${name}: ${guarantee}, ${limit ?? 'no limit'}`,
      };
    }
    if (limit !== null && limit < guarantee) {
      return {
        code: 'invalid',
        reason: 'quota-limit-below-guarantee',
        detail: `${name}: ${limit} below ${guarantee}`,
      };
    }
  }
  return null;
}

/** What counts against its quota: tasks and reservations of the role and those below; offers can be taken back. */
export function usedBy(draft: Draft, role: string): Scalars {
  const sum = { ...noScalars };
  for (const task of draft.rows('tasks')) {
    if (!holdsResources(task) || !isWithinRole(roleOf(task), role)) continue;
    for (const part of usesOf(task)) {
      if (part.reservation.length > 0) continue;
      for (const name of scalarNames) sum[name] += part.amounts[name];
    }
  }
  for (const { part } of draft.rows('reservations')) {
    if (!isWithinRole(part.reservation[0] ?? '', role)) continue;
    for (const name of scalarNames) sum[name] += part.amounts[name];
  }
  return sum;
}

/** A row that says nothing is none. */
function putRole(
  draft: Draft,
  role: string,
  change: Partial<Omit<RoleRecord, 'id' | 'preemption'>> & { readonly preemption?: Preemption | undefined },
): void {
  const before = draft.get('roles', role);
  const known = before ?? usualRole(role);
  const { preemption, ...rest } = { ...known, ...change };
  const row: RoleRecord = preemption ? { ...rest, preemption } : rest;
  if (row.weightMilli === usualWeightMilli && row.quota === null && !row.isNamed && !row.preemption)
    draft.drop('roles', role);
  else draft.put('roles', row);
  noteChange(draft, known, { row, isNew: before === undefined && row.isNamed === true });
  // Room for a guarantee may lie in anybody's offers; a limit concerns those of the role itself.
  if (!isSame(known.quota, row.quota)) rescindAll(draft, () => true);
  askForAllocation(draft, 'all');
}

/** What is set anew as it was is not worth a line. */
function noteChange(
  draft: Draft,
  known: RoleRecord,
  { row, isNew }: { readonly row: RoleRecord; readonly isNew: boolean },
): void {
  const change = changeBetween(known, { preemption: undefined, ...row });
  const isOther = change.weightMilli !== undefined || change.quota || change.preemption;
  if (isNew || isOther) noteDone(draft, isNew ? 'make-role' : 'change-role', { subject: row.id, change });
}

type Change = NonNullable<OperationRecord['change']>;
type RoleWish = {
  readonly weightMilli?: number;
  readonly quota?: Quota | null;
  readonly preemption?: Preemption | null | undefined;
};

/** What somebody wants to be other than it is. */
export function changeOfRole(draft: Draft, role: string, wish: RoleWish): Change {
  const known = draft.get('roles', role) ?? usualRole(role);
  return changeBetween(known, {
    weightMilli: wish.weightMilli ?? known.weightMilli,
    quota: wish.quota === undefined ? known.quota : wish.quota,
    preemption: wish.preemption === undefined ? known.preemption : wish.preemption,
  });
}

function usualRole(id: string): RoleRecord {
  return { id, weightMilli: usualWeightMilli, quota: null };
}

function changeBetween(known: RoleRecord, next: Required<RoleWish>): Change {
  const isWeight = known.weightMilli !== next.weightMilli;
  return {
    ...(isWeight ? { weightMilli: { from: known.weightMilli, to: next.weightMilli } } : {}),
    quota: !isSame(known.quota, next.quota),
    preemption: !isSame(known.preemption ?? null, next.preemption ?? null),
  };
}
