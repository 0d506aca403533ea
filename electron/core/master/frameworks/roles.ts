// What people set for roles: weights and quota. Both change the next allocation at once; quota takes back offers for it.
import type { Refusal } from '../../../contract/errors.ts';
import type { Quota, RoleRecord } from '../../../contract/role.ts';
import { refuseRole } from '../../allocator/role-names.ts';
import type { CommandEvent } from '../../kernel/events.ts';
import type { Draft } from '../draft.ts';
import { scalarNames } from '../resources.ts';
import { holdsResources } from '../task-states.ts';
import { askForAllocation, rescindAll } from './offers.ts';
import { usesOf } from './parts.ts';
import { isWithinRole, roleOf } from './words.ts';

type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;

const usualWeightMilli = 1000;

export function onSetWeight(draft: Draft, { role, weightMilli }: Command<'set-weight'>): Refusal | null {
  const refusal = refuseRole(role);
  if (refusal) return refusal;
  if (!Number.isSafeInteger(weightMilli) || weightMilli < 1 || weightMilli > 1_000_000_000) {
    return { code: 'invalid', reason: 'weight-wrong', detail: String(weightMilli) };
  }
  putRole(draft, { id: role, weightMilli, quota: draft.get('roles', role)?.quota ?? null });
  return null;
}

export function onSetQuota(draft: Draft, event: Command<'set-quota'>): Refusal | null {
  const { role, quota, force } = event;
  const refusal = refuseRole(role) ?? (quota && refuseQuota(role, quota));
  if (refusal) return refusal;
  if (quota && !force) {
    const used = usedBy(draft, role);
    const over = scalarNames.find(
      (name) => quota.limit[name] !== null && used[name] > (quota.limit[name] ?? 0),
    );
    if (over !== undefined) {
      const detail = `${over}: ${used[over]} held, limit ${quota.limit[over] ?? 0}`;
      return { code: 'conflict', reason: 'quota-below-use', detail };
    }
  }
  putRole(draft, { id: role, weightMilli: draft.get('roles', role)?.weightMilli ?? usualWeightMilli, quota });
  // Room for a guarantee may lie in anybody's offers; a limit concerns those of the role itself.
  rescindAll(draft, () => true);
  return null;
}

function refuseQuota(role: string, quota: Quota): Refusal | null {
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

/** Tasks and reservations of the role and those below; offers can be taken back. */
function usedBy(draft: Draft, role: string): Quota['guarantee'] {
  const sum = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
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
function putRole(draft: Draft, row: RoleRecord): void {
  if (row.weightMilli === usualWeightMilli && row.quota === null) draft.drop('roles', row.id);
  else draft.put('roles', row);
  askForAllocation(draft, 'all');
}
