// What is typed to change a role, and what it says. Pure.
import type { Request } from '../../../../electron/contract/channels.ts';
import type { Preemption, Quota } from '../../../../electron/contract/role.ts';
import {
  noScalars,
  readAmount,
  type ScalarName,
  scalarNames,
  typedAmount,
} from '../../../parts/scalar-words.ts';

export type Typed = Readonly<Record<ScalarName, string>>;
export type RoleForm = {
  readonly name: string;
  readonly weight: string;
  readonly guarantee: Typed;
  readonly limit: Typed;
  readonly room: Room;
  readonly preemption: Preemption;
};
/** Whose word holds for what may end early: that of the role above, or its own. */
export type Room = 'inherit' | 'some' | 'never';
export type RoleFault = 'weight' | `guarantee.${ScalarName}` | `limit.${ScalarName}`;
export type RoleWish = Omit<Request<'role:change'>, 'force' | 'preemption'> & {
  readonly preemption: Preemption | null;
};

const nothing: Typed = { cpusMilli: '', memMib: '', diskMib: '', gpus: '' };

export function formOf({ role, weightMilli, quota, preemption }: RoleWish): RoleForm {
  const guarantee = { ...nothing };
  const limit = { ...nothing };
  for (const name of scalarNames) {
    const least = quota?.guarantee[name] ?? 0;
    const most = quota?.limit[name] ?? null;
    if (least > 0) guarantee[name] = typedAmount(name, least);
    if (most !== null) limit[name] = typedAmount(name, most);
  }
  return {
    name: role,
    weight: String(weightMilli / 1000),
    guarantee,
    limit,
    room: roomOf(role, preemption),
    preemption: preemption ?? never,
  };
}

const never: Preemption = { lowerPriority: false, aboveFairShare: false };

/** At the top of the tree nothing is above it: no word is never. */
function roomOf(role: string, preemption: Preemption | null): Room {
  if (preemption?.lowerPriority || preemption?.aboveFairShare) return 'some';
  return preemption === null || !isBelow(role) ? 'inherit' : 'never';
}

export function isBelow(role: string): boolean {
  return role.includes('/');
}

/** Only a role at the top of the tree, and not everybody's, can have a quota. */
export function canHaveQuota(role: string): boolean {
  return role.trim() !== '*' && !role.includes('/');
}

const weightPattern = /^\d{1,6}(?:[.,]\d{1,3})?$/;

function readWeight(text: string): number | null {
  if (!weightPattern.test(text.trim())) return null;
  const milli = Math.round(Number(text.trim().replace(',', '.')) * 1000);
  return milli >= 1 ? milli : null;
}

export function readForm(form: RoleForm): {
  readonly wish: RoleWish | null;
  readonly faults: ReadonlySet<RoleFault>;
} {
  const faults = new Set<RoleFault>();
  const weightMilli = readWeight(form.weight);
  if (weightMilli === null) faults.add('weight');
  const guarantee = { ...noScalars };
  const limit: Record<ScalarName, number | null> = {
    cpusMilli: null,
    memMib: null,
    diskMib: null,
    gpus: null,
  };
  for (const name of scalarNames) {
    const least = readAmount(name, form.guarantee[name]);
    const most = readAmount(name, form.limit[name]);
    if (least === undefined) faults.add(`guarantee.${name}`);
    if (most === undefined) faults.add(`limit.${name}`);
    guarantee[name] = least ?? 0;
    limit[name] = most ?? null;
  }
  const role = form.name.trim();
  if (weightMilli === null || faults.size > 0 || role === '') return { wish: null, faults };
  const quota = canHaveQuota(role) ? quotaOf({ guarantee, limit }) : null;
  return { wish: { role, weightMilli, quota, preemption: wishedRoom(form, role) }, faults };
}

function wishedRoom({ room, preemption }: RoleForm, role: string): Preemption | null {
  const isNone = room === 'never' || !(preemption.lowerPriority || preemption.aboveFairShare);
  if (room === 'inherit' || (isNone && !isBelow(role))) return null;
  return isNone ? never : preemption;
}

/** A quota that says nothing is none. */
function quotaOf(quota: Quota): Quota | null {
  const isEmpty = scalarNames.every((name) => quota.guarantee[name] === 0 && quota.limit[name] === null);
  return isEmpty ? null : quota;
}
