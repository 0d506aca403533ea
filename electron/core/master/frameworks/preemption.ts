// Room for work that waits, made of work that is less important or more than fair: which units, on which machine, at whose
// cost. Off unless a role says that its tasks may end early (`Preemption`). See docs/adr/0020-making-room.md.
import type { Demand } from '../../../contract/framework.ts';
import type { TaskId } from '../../../contract/ids.ts';
import type { Preemption } from '../../../contract/role.ts';
import type { RunRecord } from '../../../contract/run.ts';
import type { TaskRecord } from '../../../contract/task.ts';
import { isDue } from '../../kernel/deadlines.ts';
import { byId } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { holdsResources } from '../task-states.ts';
import { isOffering } from './allocation.ts';
import { isSameUnit, putClaim } from './claims.ts';
import { topOf } from './fairness.ts';
import { withIndex } from './index-sync.ts';
import { rescindAll } from './offers.ts';
import { type Bundle, planRoom, type Room, type Unit } from './room-plan.ts';
import { killTask } from './updates.ts';
import { roleOf, runFrameworkId } from './words.ts';

/** Units that are looked at in one go; the end of their victims asks again for the rest. */
const maxUnits = 32;

/** After an allocation, for what it could not place. True: tasks were asked to end. */
export function makeRoom(draft: Draft): boolean {
  if (!isJustAllocated(draft)) return false;
  const policies = policiesOf(draft);
  if (policies.size === 0) return false;
  const bundles = bundlesOf(draft, policies);
  const units = unitsOf(draft, bundles);
  if (units.length === 0) return false;
  const seen = { tables: draft.tables(), filters: draft.filters.finish() };
  const rooms = withIndex(draft.cell, seen, (allocator) => planRoom({ draft, allocator, bundles, units }));
  for (const room of rooms) carryOut(draft, room);
  return rooms.length > 0;
}

function isJustAllocated({ plan, monoMs }: Draft): boolean {
  return plan.allocatedAtMonoMs === monoMs && !isDue(plan.allocateAtMonoMs, monoMs);
}

function policiesOf(draft: Draft): ReadonlyMap<string, Preemption> {
  const policies = new Map<string, Preemption>();
  for (const { id, preemption } of draft.rows('roles')) if (preemption) policies.set(id, preemption);
  return policies;
}

/** Of the role itself, or of the nearest above it that says something. */
function policyOf(policies: ReadonlyMap<string, Preemption>, role: string): Preemption | null {
  for (let at = role; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const policy = policies.get(at);
    if (policy) return policy;
    if (!at.includes('/')) return null;
  }
}

/** What runs where something can be offered, and may end early; tasks of a group as one. */
function bundlesOf(draft: Draft, policies: ReadonlyMap<string, Preemption>): Bundle[] {
  const groups = new Map<string, TaskRecord[]>();
  for (const task of byId(draft.rows('tasks'))) {
    if (!holdsResources(task) || !isOffering(draft, task.agentId)) continue;
    const key = task.groupId ?? task.id;
    groups.set(key, [...(groups.get(key) ?? []), task]);
  }
  return [...groups].flatMap(([id, tasks]): Bundle[] => {
    const [first] = tasks;
    const policy = first && policyOf(policies, roleOf(first));
    if (!policy || tasks.some(({ killAskedAtMs }) => killAskedAtMs !== null)) return [];
    return [
      {
        id,
        tasks,
        agentId: first.agentId,
        role: roleOf(first),
        priority: Math.max(...tasks.map(({ priority = 0 }) => priority)),
        sinceMs: Math.max(...tasks.map(({ createdAtMs }) => createdAtMs)),
        policy,
      },
    ];
  });
}

/** What waits and has somebody to its side or below; what is more important first. */
function unitsOf(draft: Draft, bundles: readonly Bundle[]): Unit[] {
  const units: Unit[] = [];
  for (const { id: frameworkId, phase, demand } of byId(draft.rows('subscriptions'))) {
    const framework = draft.get('frameworks', frameworkId);
    if (phase !== 'subscribed' || !framework) continue;
    for (const each of demand) {
      if (framework.suppressedRoles.includes(each.role) || each.resources.ports.length > 0) continue;
      if (!bundles.some((bundle) => mayMakeRoom(bundle, each))) continue;
      const claimed = [...draft.rows('claims')].filter(
        (claim) => claim.frameworkId === frameworkId && isSameUnit(claim.demand, each),
      ).length;
      const unit = { frameworkId, demand: { ...each, count: 1 } };
      const open = Math.min(each.count - claimed, maxUnits);
      for (let n = 0; n < open; n += 1) units.push(unit);
    }
  }
  const priorityOf = ({ demand: { priority = 0 } }: Unit): number => priority;
  return units.sort((a, b) => priorityOf(b) - priorityOf(a)).slice(0, maxUnits);
}

/** At first sight; shares and guarantees are looked at with the rest. */
function mayMakeRoom({ role, priority, policy }: Bundle, demand: Demand): boolean {
  if (role === demand.role) return policy.lowerPriority && priority < (demand.priority ?? 0);
  return policy.aboveFairShare;
}

function carryOut(draft: Draft, { unit, agentId, resources, victims }: Room): void {
  const { words, roomTaker } = takerOf(draft, unit);
  // What is offered there would come back only later, and perhaps to somebody else.
  // Under a limit what lies in offers of the role would fill it up again before the room is free.
  const top = topOf(unit.demand.role);
  const hasLimit = (draft.get('roles', top)?.quota ?? null) !== null;
  rescindAll(draft, ({ agentId: at, role }) => at === agentId || (hasLimit && topOf(role) === top));
  const ended: TaskId[] = [];
  for (const { tasks } of victims) {
    for (const { id } of tasks) {
      const task = draft.get('tasks', id);
      if (!task) continue;
      draft.put('tasks', { ...task, madeRoomFor: words, roomTaker });
      ended.push(id);
    }
    const first = tasks[0] && draft.get('tasks', tasks[0].id);
    if (first) killTask(draft, first);
  }
  const claimId = putClaim(draft, { unit, agentId, resources, victims: ended });
  draft.note('make-room', {
    claimId,
    frameworkId: unit.frameworkId,
    agentId,
    role: unit.demand.role,
    victims: ended.join(' '),
  });
}

const maxWords = 300;

/** By its name where we know it: the oldest run that asks for just this. */
function takerOf(draft: Draft, { frameworkId, demand }: Unit) {
  const run = frameworkId === runFrameworkId ? runFor(draft, demand) : undefined;
  const name = run?.info.name ?? draft.get('frameworks', frameworkId)?.info.name ?? frameworkId;
  const words = `${name} (priority ${demand.priority ?? 0}, role ${demand.role})`.slice(0, maxWords);
  return { words, roomTaker: { frameworkId, taskId: run?.id ?? null } };
}

function runFor(draft: Draft, demand: Demand): RunRecord | undefined {
  const runs = [...draft.rows('runs')].sort((a, b) => a.askedAtMs - b.askedAtMs);
  return runs.find(
    ({ info, place, priority = 0 }) =>
      priority === (demand.priority ?? 0) &&
      (place?.agentId ?? null) === demand.agentId &&
      isSameUnit({ ...demand, resources: info.resources }, demand),
  );
}
