// The allocator's figures for people, and the dry run of a change: the very handler on a draft that nobody keeps, then the
// figures again. So what a preview says and what the change does cannot differ.
import type { Refusal } from '../../../contract/errors.ts';
import type { FrameworkId } from '../../../contract/ids.ts';
import { defaultRole } from '../../../contract/role.ts';
import type {
  ClientShare,
  FilterShown,
  RoleShare,
  Scalars,
  ShareChange,
  Shares,
  SharesPreview,
  ShareWarning,
} from '../../../contract/shares.ts';
import type { Tables } from '../../../contract/tables.ts';
import type { ClusterSums, RoleSums, SomeAmounts } from '../../allocator/types.ts';
import type { Stamp } from '../../kernel/events.ts';
import { Draft } from '../draft.ts';
import { scalarNames } from '../resources.ts';
import type { State } from '../state.ts';
import { withIndex } from './index-sync.ts';
import { onPartitionMachine } from './partition.ts';
import { onChangeRole, usualWeightMilli } from './roles.ts';
import type { FilterSession } from './shapes.ts';
import { isWithinRole } from './words.ts';

type Clock = Pick<Stamp, 'atMs' | 'monoMs'>;
type Known = Pick<State, 'tables' | 'session'>;

export function sharesOf({ tables, session }: Known, clock: Clock): Shares {
  const monoZeroMs = clock.atMs - clock.monoMs;
  const sums = withIndex(session.cell, { tables, filters: session.filters }, (index) => index.sums());
  return {
    monoZeroMs,
    total: scalars(sums.total),
    allocated: scalars(sums.allocated),
    reserved: scalars(sums.reserved),
    free: scalars(sums.free),
    headroom: scalars(sums.headroom),
    roles: rolesOf(tables, sums),
    clients: sums.clients.map((client): ClientShare => {
      const { frameworkId, role, allocated, share, dominant, fairShare } = client;
      return {
        frameworkId: frameworkId as FrameworkId,
        role,
        allocated: scalars(allocated),
        share,
        dominant: scalarNames.find((name) => name === dominant) ?? null,
        fairShare,
      };
    }),
    filters: [...session.filters.values()].map((filter) => shownFilter(filter, monoZeroMs)),
  };
}

function scalars(amounts: SomeAmounts): Scalars {
  const { cpusMilli = 0, memMib = 0, diskMib = 0, gpus = 0 } = amounts;
  return { cpusMilli, memMib, diskMib, gpus };
}

function shownFilter(filter: FilterSession, monoZeroMs: number): FilterShown {
  const { frameworkId, role, agentId, refused, untilMonoMs } = filter;
  return {
    frameworkId,
    role,
    agentId,
    unreserved: scalars(refused.unreserved),
    reserved: scalars(refused.reserved),
    untilMs: monoZeroMs + untilMonoMs,
  };
}

/** Those that the allocator knows, everybody's, and those that people have named, with all above them. */
function rolesOf(tables: Tables, sums: ClusterSums): RoleShare[] {
  const shown = new Map<string, RoleShare>();
  for (const role of sums.roles) shown.set(role.role, roleShare(tables, role));
  for (const id of [defaultRole, ...tables.roles.keys()]) {
    const parts = id.split('/');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const role = parts.slice(0, depth).join('/');
      if (!shown.has(role)) shown.set(role, roleShare(tables, { ...nobody, role }));
    }
  }
  // A slash at the end brings each role right before those below it.
  const key = ({ role }: RoleShare): string => `${role}/`;
  return [...shown.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const none = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
const nobody: Omit<RoleSums, 'role'> = {
  weight: 1,
  waiting: 0,
  allocated: none,
  reserved: none,
  share: 0,
  dominant: null,
  fairShare: 0,
  guarantee: {},
  limit: {},
  consumed: none,
  unmet: none,
};

function roleShare(tables: Tables, sums: RoleSums): RoleShare {
  const { role, waiting, share, fairShare, limit } = sums;
  return {
    role,
    weightMilli: tables.roles.get(role)?.weightMilli ?? usualWeightMilli,
    waiting,
    allocated: scalars(sums.allocated),
    reserved: scalars(sums.reserved),
    share,
    dominant: scalarNames.find((name) => name === sums.dominant) ?? null,
    fairShare,
    guarantee: scalars(sums.guarantee),
    limit: {
      cpusMilli: limit.cpusMilli ?? null,
      memMib: limit.memMib ?? null,
      diskMib: limit.diskMib ?? null,
      gpus: limit.gpus ?? null,
    },
    consumed: scalars(sums.consumed),
    owed: scalars(sums.unmet),
  };
}

/** Refused for caution only. */
const forceable: ReadonlySet<string> = new Set(['quota-below-use', 'quota-above-cluster']);

export function previewOf(state: State, stamp: Stamp, change: ShareChange): SharesPreview {
  const before = sharesOf(state, stamp);
  const asked = tryOut(state, stamp, change, false);
  const canForce = asked.refusal !== null && forceable.has(asked.refusal.reason);
  const { draft, refusal } = canForce ? tryOut(state, stamp, change, true) : asked;
  if (refusal) return { ...unchanged(before), refusal: asked.refusal };
  const tables = draft.tables();
  const after = sharesOf({ tables, session: state.session }, stamp);
  const names = new Set([...before.roles, ...after.roles].map(({ role }) => role));
  return {
    refusal: asked.refusal,
    canForce,
    warnings: warningsOf(tables, after, change),
    offersTakenBack: state.tables.offers.size - tables.offers.size,
    roles: [...names].map((role) => ({ role, before: find(before, role), after: find(after, role) })),
  };
}

function unchanged({ roles }: Shares): SharesPreview {
  const same = roles.map((each) => ({ role: each.role, before: each, after: each }));
  return { refusal: null, canForce: false, warnings: [], offersTakenBack: 0, roles: same };
}

function find({ roles }: Shares, role: string): RoleShare | null {
  return roles.find((each) => each.role === role) ?? null;
}

type Tried = { readonly draft: Draft; readonly refusal: Refusal | null };

function tryOut(state: State, stamp: Stamp, change: ShareChange, force: boolean): Tried {
  const draft = new Draft(state, stamp);
  const refusal =
    change.kind === 'change-role'
      ? onChangeRole(draft, { ...change, force })
      : onPartitionMachine(draft, change);
  return { draft, refusal };
}

function warningsOf(tables: Tables, after: Shares, change: ShareChange): ShareWarning[] {
  const concerned = change.kind === 'change-role' ? [change.role] : change.slices.map(({ role }) => role);
  const tops = after.roles.filter(({ role }) => !role.includes('/'));
  const perResource = scalarNames.flatMap((resource): ShareWarning[] => {
    const guaranteed = tops.reduce((sum, role) => sum + role.guarantee[resource], 0);
    const owed = tops.reduce((sum, role) => sum + role.owed[resource], 0);
    const free = after.free[resource];
    if (guaranteed > after.total[resource]) {
      const there = after.total[resource];
      return [{ kind: 'guarantees-above-cluster', resource, wanted: guaranteed, there }];
    }
    return owed > free ? [{ kind: 'owed-more-than-free', resource, wanted: owed, there: free }] : [];
  });
  const perRole = tops.flatMap((each) => (concerned.includes(each.role) ? roleWarnings(tables, each) : []));
  return [...perResource, ...perRole];
}

function roleWarnings(tables: Tables, role: RoleShare): ShareWarning[] {
  const over = scalarNames.flatMap((resource): ShareWarning[] => {
    const there = role.limit[resource];
    const wanted = role.consumed[resource];
    return there !== null && wanted > there ? [{ kind: 'limit-below-use', resource, wanted, there }] : [];
  });
  const holdsBack = scalarNames.some((name) => role.owed[name] > 0);
  const isEmpty = ![...tables.frameworks.values()].some(
    ({ completedAtMs, info }) =>
      completedAtMs === null && info.roles.some((each) => isWithinRole(each, role.role)),
  );
  return holdsBack && isEmpty
    ? [...over, { kind: 'nobody-in-role', resource: null, wanted: 0, there: 0 }]
    : over;
}
