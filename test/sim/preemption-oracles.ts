// What must hold when tasks end early to make room (docs/adr/0020-making-room.md): only those that may, only for what is more
// important or poorer, nothing of a guarantee, and the room is kept for what it was made for. Shares are added up here anew, from
// the tables; nothing asks the allocator.
import type { ClaimRecord } from '../../electron/contract/claim.ts';
import { nextRunId } from '../../electron/contract/run.ts';
import type { Diff, Tables } from '../../electron/contract/tables.ts';
import { preemptedReason, type TaskRecord } from '../../electron/contract/task.ts';
import { type ScalarName, scalarNames } from '../../electron/core/master/resources.ts';
import { holds, isWithinRole, usesOf } from './scheduler-oracles.ts';
import type { Stepping } from './step-oracles.ts';
import type { World } from './world.ts';

type Violate = (what: string) => void;

export function checkPreemption(world: World, { before, result }: Stepping, violate: Violate): void {
  const { state, diff } = result;
  const made = (diff.claims?.put ?? []).filter(({ id }) => !before.tables.claims.has(id));
  for (const claim of made) checkClaim(world, state.tables, claim, violate);
  for (const task of diff.tasks?.put ?? []) {
    if (!isNewVictim(before.tables, task)) continue;
    if (!made.some(({ victims }) => victims.includes(task.id)))
      violate(`I6 ${task.id} ends early and makes room for nobody`);
    checkGrace(before.tables, task, violate);
  }
  if (made.length > 0) checkGuarantees(state.tables, made, violate);
  if (made.length === 1 && made[0]) checkFairness(state.tables, made[0], violate);
  if (state.tables.claims.size > 0) checkKept(state.tables, diff, violate);
}

function isNewVictim(then: Tables, { id, madeRoomFor }: TaskRecord): boolean {
  return madeRoomFor !== undefined && then.tasks.get(id)?.madeRoomFor === undefined;
}

/** It gets the time that it came with. */
function checkGrace(then: Tables, { id, killGraceMs }: TaskRecord, violate: Violate): void {
  if (killGraceMs !== then.tasks.get(id)?.killGraceMs)
    violate(`I6 ${id} makes room within ${killGraceMs ?? 'its own'} ms, which nobody said`);
}

function checkClaim(world: World, tables: Tables, claim: ClaimRecord, violate: Violate): void {
  const { demand, victims, agentId } = claim;
  if (victims.length === 0) violate(`${claim.id} is room that nobody made`);
  for (const id of victims) {
    const task = tables.tasks.get(id);
    const why = task ? whyNot(tables, { task, claim }) : 'unknown';
    if (why !== null) {
      violate(`I6 ${id} must end for ${demand.role} (${demand.priority ?? 0}) on ${agentId} and is ${why}`);
      continue;
    }
    world.book.preempted.add(id);
  }
}

function whyNot(
  tables: Tables,
  { task, claim }: { readonly task: TaskRecord; readonly claim: ClaimRecord },
): string | null {
  const { demand, agentId } = claim;
  const role = roleOf(task);
  if (task.agentId !== agentId) return `on ${task.agentId}`;
  if (task.killAskedAtMs === null) return 'not told to end';
  const policy = policyOf(tables, role);
  if (!policy) return `of ${role}, which ends nothing early`;
  if (role !== demand.role) return policy.aboveFairShare ? null : `of ${role}, another role`;
  if (!policy.lowerPriority) return `of ${role}, which ends nothing for its own`;
  const most = Math.max(...groupOf(tables, task).map(({ priority = 0 }) => priority));
  return most < (demand.priority ?? 0) ? null : `of priority ${most}`;
}

function groupOf(tables: Tables, task: TaskRecord): readonly TaskRecord[] {
  if (task.groupId === undefined) return [task];
  return [...tables.tasks.values()].filter(({ groupId }) => groupId === task.groupId);
}

function policyOf(tables: Tables, role: string): { lowerPriority: boolean; aboveFairShare: boolean } | null {
  const above = [...tables.roles.values()].filter((row) => row.preemption && isWithinRole(role, row.id));
  const [nearest] = above.sort((a, b) => b.id.length - a.id.length);
  return nearest?.preemption ?? null;
}

const roleOf = ({ role = '*' }: TaskRecord): string => role;
const topOf = (role: string): string => role.split('/')[0] ?? role;

function isStaying(task: TaskRecord): boolean {
  return holds(task) && task.killAskedAtMs === null;
}

/** Nothing of a guarantee is taken for another top-level role. */
function checkGuarantees(tables: Tables, made: readonly ClaimRecord[], violate: Violate): void {
  for (const { id: role, quota } of tables.roles.values()) {
    if (!quota) continue;
    const taken = made
      .filter(({ demand }) => topOf(demand.role) !== role)
      .flatMap(({ victims }) => victims.flatMap((id) => tables.tasks.get(id) ?? []))
      .filter((task) => isWithinRole(roleOf(task), role));
    for (const name of scalarNames) {
      if (plainSum(taken, name) === 0) continue;
      let left = plainSum(
        [...tables.tasks.values()].filter((task) => isStaying(task) && isWithinRole(roleOf(task), role)),
        name,
      );
      for (const { part } of tables.reservations.values())
        if (isWithinRole(part.reservation[0] ?? '*', role)) left += part.amounts[name];
      for (const claim of tables.claims.values()) {
        if (!isWithinRole(claim.demand.role, role)) continue;
        for (const part of claim.resources) if (part.reservation.length === 0) left += part.amounts[name];
      }
      if (left < quota.guarantee[name])
        violate(`I7 ${role} keeps ${left} ${name} of ${quota.guarantee[name]} that it is guaranteed`);
    }
  }
}

function plainSum(tasks: readonly TaskRecord[], name: ScalarName): number {
  let sum = 0;
  for (const part of tasks.flatMap(usesOf)) if (part.reservation.length === 0) sum += part.amounts[name];
  return sum;
}

/** Where the two roles part, the one that gave has, for its weight, no less than the one that got. */
function checkFairness(tables: Tables, claim: ClaimRecord, violate: Violate): void {
  const roles = new Set(
    claim.victims.flatMap((id) => {
      const task = tables.tasks.get(id);
      return task ? [roleOf(task)] : [];
    }),
  );
  for (const role of roles) {
    if (role === claim.demand.role) continue;
    const apart = whereTheyPart(role, claim.demand.role);
    if (!apart) {
      violate(`I6 ${role} must make room for ${claim.demand.role}, which is above or below it`);
      continue;
    }
    const [gave, got] = apart.map((each) => shareOf(tables, each) / weightOf(tables, each)) as [
      number,
      number,
    ];
    if (gave < got - 1e-9)
      violate(`I6 ${apart[0]} is left with ${gave.toFixed(4)} for ${apart[1]}, which has ${got.toFixed(4)}`);
  }
}

function whereTheyPart(a: string, b: string): readonly [string, string] | null {
  const left = a.split('/');
  const right = b.split('/');
  for (let depth = 1; depth <= Math.min(left.length, right.length); depth += 1) {
    if (left[depth - 1] !== right[depth - 1])
      return [left.slice(0, depth).join('/'), right.slice(0, depth).join('/')];
  }
  return null;
}

function weightOf(tables: Tables, role: string): number {
  return tables.roles.get(role)?.weightMilli ?? 1000;
}

/** Dominant, of all machines that count, with what is held for it. */
function shareOf(tables: Tables, role: string): number {
  const shares = scalarNames.map((name) => {
    let total = 0;
    for (const { state, resources } of tables.agents.values())
      if (state.kind !== 'gone') total += resources[name];
    let sum = 0;
    for (const task of tables.tasks.values())
      if (isStaying(task) && isWithinRole(roleOf(task), role))
        for (const part of usesOf(task)) sum += part.amounts[name];
    for (const { demand, resources } of tables.claims.values())
      if (isWithinRole(demand.role, role)) for (const part of resources) sum += part.amounts[name];
    return total === 0 ? 0 : sum / total;
  });
  return Math.max(...shares);
}

/** What is held for one is offered to no other. */
function checkKept(tables: Tables, diff: Diff, violate: Violate): void {
  for (const offer of diff.offers?.put ?? []) {
    const claims = [...tables.claims.values()].filter(({ agentId }) => agentId === offer.agentId);
    const agent = tables.agents.get(offer.agentId);
    if (claims.length === 0 || !agent) continue;
    const offers = [...tables.offers.values()].filter(({ agentId }) => agentId === offer.agentId);
    for (const name of scalarNames) {
      const of = (parts: readonly { readonly resources: ClaimRecord['resources'] }[]): number =>
        parts
          .flatMap(({ resources }) => resources)
          .filter(({ reservation }) => reservation.length === 0)
          .reduce((sum, { amounts }) => sum + amounts[name], 0);
      if (of([offer]) === 0) continue;
      const staying = [...tables.tasks.values()].filter(
        (task) => task.agentId === offer.agentId && isStaying(task),
      );
      let sum = of(offers) + of(claims) + plainSum(staying, name);
      for (const row of tables.reservations.values())
        if (row.agentId === offer.agentId) sum += row.part.amounts[name];
      if (sum > agent.resources[name])
        violate(`I7 ${offer.id} has ${name} on ${offer.agentId} that is held for somebody else`);
    }
  }
}

/** Who may be started again by what a person said waits again, in the step that ends it. */
export function checkRunsAgain(
  tables: Tables,
  before: TaskRecord | undefined,
  task: TaskRecord,
): string | null {
  const isEnd = task.state === 'TASK_KILLED' && before?.state !== 'TASK_KILLED';
  const isEarly = isEnd && task.statuses.at(-1)?.reason === preemptedReason;
  if (!isEarly || (task.frameworkId !== undefined && task.frameworkId !== 'f-run')) return null;
  if ((task.info.restart?.on ?? 'never') === 'never') return null;
  const next = nextRunId(task.id);
  const isThere = tables.runs.has(next) || tables.tasks.has(next);
  return isThere ? null : `${task.id} made room and does not wait again`;
}
