// What a framework says of itself and of what it wants, checked before anything of it is written: names, capabilities,
// constraints, amounts. The edge has parsed the shapes; this holds for whoever calls from within too.
import type { Refusal } from '../../../contract/errors.ts';
import type { Demand, FrameworkInfo, FrameworkRecord } from '../../../contract/framework.ts';
import { refuseRole } from '../../allocator/role-names.ts';
import { refuseAmounts as refuseSomeAmounts } from '../../allocator/scalars.ts';
import { refuseConstraints } from './conditions.ts';
import { refuseAmounts } from './parts.ts';
import { refuseCall } from './words.ts';

type Wanted = Pick<FrameworkRecord, 'info' | 'suppressedRoles' | 'offerConstraints'>;

export function refuseInfo({ info, suppressedRoles, offerConstraints = {} }: Wanted): Refusal | null {
  const named = [...suppressedRoles, ...Object.keys(info.offerFilters), ...Object.keys(offerConstraints)];
  for (const role of [...info.roles, ...named]) {
    const bad = refuseRole(role);
    if (bad) return bad;
  }
  if (info.roles.length === 0) return refuseCall('invalid', 'role-missing', 'a framework has a role');
  const twice = info.roles.find((role, at) => info.roles.indexOf(role) !== at);
  if (twice !== undefined) return refuseCall('invalid', 'role-twice', twice);
  if (info.roles.length > 1 && !info.capabilities.includes('MULTI_ROLE')) {
    return refuseCall('unsupported', 'multi-role-needed', `${info.roles.length} roles`);
  }
  return refuseRoles(info, named) ?? refuseFilters(info) ?? firstOf(Object.values(offerConstraints));
}

/** Roles that a call names must be the framework's own. */
export function refuseRoles(info: FrameworkInfo, named: readonly string[]): Refusal | null {
  const foreign = named.find((role) => !info.roles.includes(role));
  return foreign === undefined ? null : refuseCall('invalid', 'role-not-subscribed', foreign);
}

/** As in Mesos a set that names nothing is an error: it would let everything pass unnoticed. */
function refuseFilters({ offerFilters }: FrameworkInfo): Refusal | null {
  for (const [role, { minAllocatable }] of Object.entries(offerFilters)) {
    for (const set of minAllocatable) {
      const some = Object.fromEntries(Object.entries(set).filter(([, amount]) => amount !== undefined));
      if (Object.keys(some).length === 0)
        return refuseCall('invalid', 'amount-not-a-number', `${role}: no amount`);
      const refusal = refuseSomeAmounts(some);
      if (refusal) return refusal;
    }
  }
  return null;
}

function firstOf(constraints: readonly Parameters<typeof refuseConstraints>[0][]): Refusal | null {
  for (const each of constraints) {
    const refusal = refuseConstraints(each);
    if (refusal) return refusal;
  }
  return null;
}

const maxUnits = 1_000_000;

export function refuseDemands(info: FrameworkInfo, demands: readonly Demand[]): Refusal | null {
  for (const demand of demands) {
    const isOwn = info.roles.includes(demand.role);
    const refusal = isOwn
      ? refuseDemand(demand)
      : (refuseRole(demand.role) ?? refuseRoles(info, [demand.role]));
    if (refusal) return refusal;
  }
  return null;
}

function refuseDemand({ resources, count, priority = 0, constraints }: Demand): Refusal | null {
  const isCount = Number.isInteger(count) && count >= 1 && count <= maxUnits;
  if (!isCount) return refuseCall('invalid', 'amount-not-a-number', `count: ${count}`);
  if (!Number.isInteger(priority)) return refuseCall('invalid', 'priority-wrong', String(priority));
  return refuseAmounts(resources) ?? (constraints ? refuseConstraints(constraints) : null);
}
