// Status updates to schedulers: each one that an agent made, in order, one at a time for a task, until it is acknowledged (at
// least once); those that the master made, once. What is owed is in the task's record, so it survives a restart.

import type { Refusal } from '../../../contract/errors.ts';
import type { Call } from '../../../contract/framework.ts';
import type { FrameworkId, TaskId } from '../../../contract/ids.ts';
import type { TaskRecord, TaskStatus } from '../../../contract/task.ts';
import { backoffMs } from '../../kernel/deadlines.ts';
import { byId } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { send } from '../sends.ts';
import { copyTask } from '../task-copy.ts';
import { isTerminal } from '../task-states.ts';
import { reconcileOne } from './reconciling.ts';
import { hearsOf, tellUpdate } from './status-words.ts';
import { frameworkOf, refuseCall } from './words.ts';

/** As Mesos' agents: 10 s growing to 10 min. */
const firstRetryMs = 10_000;
const retryCapMs = 600_000;

/** What is new in a task since the step began. Called once for each change, whatever made it. */
export function tellChanges(draft: Draft, before: TaskRecord | undefined, task: TaskRecord): void {
  const framework = draft.get('frameworks', frameworkOf(task));
  if (!framework || framework.completedAtMs !== null) return;
  const isOurs = framework.kind === 'built-in';
  const uuids: string[] = [];
  // Most changes of a task are no words of it.
  const fresh = before?.statuses === task.statuses ? [] : freshOf(draft, before?.statuses ?? [], task);
  for (const status of fresh) {
    const to = { frameworkId: framework.id, agentId: task.agentId };
    if (isOurs || status.uuid === null) tellUpdate(draft, to, status);
    else uuids.push(status.uuid);
  }
  if (isOurs) return;
  if (uuids.length > 0) owe(draft, task, uuids);
  if (isBack(before, task) && !framework.info.capabilities.includes('PARTITION_AWARE')) {
    killTask(draft, draft.get('tasks', task.id) ?? task);
  }
}

function freshOf(draft: Draft, known: readonly TaskStatus[], task: TaskRecord): TaskStatus[] {
  const id = frameworkOf(task);
  const isFresh = (status: TaskStatus): boolean =>
    !known.includes(status) && status.state !== 'TASK_STAGING' && hearsOf(draft, id, status.state);
  return task.statuses.filter(isFresh);
}

function owe(draft: Draft, task: TaskRecord, uuids: readonly string[]): void {
  const owed = [...(task.owed ?? []), ...uuids];
  draft.put('tasks', copyTask(task, owed));
  if (!draft.owing.get(task.id)) sendOwed(draft, task.id, 0);
}

/** Mesos: who does not know of partitions has counted it as lost, so it must not run on. */
function isBack(before: TaskRecord | undefined, task: TaskRecord): boolean {
  return before?.state === 'TASK_UNREACHABLE' && task.state !== 'TASK_UNREACHABLE' && !isTerminal(task);
}

/** The first that is not acknowledged; later ones wait for it. */
function sendOwed(draft: Draft, taskId: TaskId, attempt: number): void {
  const task = draft.get('tasks', taskId);
  if (!task?.owed) {
    draft.owing.delete(taskId);
    return;
  }
  const frameworkId = frameworkOf(task);
  // Of a long story the record keeps a part: what it has dropped nobody can send. And the framework may know less than it did.
  const canSend = ({ uuid, state }: TaskStatus, wanted: string): boolean =>
    uuid === wanted && hearsOf(draft, frameworkId, state);
  const owed = task.owed.filter((uuid) => task.statuses.some((status) => canSend(status, uuid)));
  if (owed.length !== task.owed.length) putOwed(draft, task, owed);
  const status = task.statuses.find((each) => each.uuid === owed[0]);
  const isThere = draft.get('subscriptions', frameworkId)?.phase === 'subscribed';
  if (!status || owed.length === 0 || !isThere) {
    draft.owing.delete(taskId);
    return;
  }
  draft.owing.set(taskId, {
    attempt,
    retryAtMonoMs: draft.monoMs + backoffMs(attempt, firstRetryMs, retryCapMs),
  });
  tellUpdate(draft, { frameworkId, agentId: task.agentId }, status);
}

function putOwed(draft: Draft, task: TaskRecord, owed: readonly string[]): void {
  draft.put('tasks', copyTask(task, owed.length === 0 ? undefined : [...owed]));
}

export function onAcknowledge(draft: Draft, call: Extract<Call, { kind: 'ACKNOWLEDGE' }>): Refusal | null {
  const task = draft.get('tasks', call.taskId);
  const isOwn = task && frameworkOf(task) === call.frameworkId && task.agentId === call.agentId;
  const owed = isOwn ? (task.owed ?? []) : [];
  if (!task || owed[0] !== call.uuid)
    return refuseCall('not-found', 'update-unknown', `${call.uuid} of ${call.taskId}`);
  putOwed(draft, task, owed.slice(1));
  sendOwed(draft, task.id, 0);
  return null;
}

/** At each subscription: what was not acknowledged before begins anew. */
export function resendAll(draft: Draft, frameworkId: FrameworkId): void {
  for (const task of byId(draft.rows('tasks'))) {
    if (frameworkOf(task) === frameworkId && task.owed !== undefined) sendOwed(draft, task.id, 0);
  }
}

export function onUpdateDeadlines(draft: Draft): void {
  for (const [taskId, { attempt }] of draft.owing.due(draft.monoMs).sort(([a], [b]) => (a < b ? -1 : 1))) {
    sendOwed(draft, taskId, attempt + 1);
  }
}

/** A task that is not known is answered by reconciliation; one on another agent than said is left alone. */
export function onKill(draft: Draft, call: Extract<Call, { kind: 'KILL' }>): null {
  const task = draft.get('tasks', call.taskId);
  if (!task || frameworkOf(task) !== call.frameworkId) {
    reconcileOne(draft, call.frameworkId, call);
    return null;
  }
  if (call.agentId !== null && call.agentId !== task.agentId) {
    draft.note('ignore-kill', { taskId: task.id, frameworkId: call.frameworkId, why: 'other agent' });
    return null;
  }
  killByWish(draft, task, call.graceMs);
  return null;
}

/** Whoever owns it wants its end: it ends for that, not for what it was to make room for, and does not wait to run again. */
export function killByWish(draft: Draft, task: TaskRecord, graceMs: number | null = null): void {
  const { madeRoomFor, roomTaker: _, ...rest } = task;
  if (madeRoomFor !== undefined) draft.put('tasks', rest);
  killTask(draft, madeRoomFor === undefined ? task : rest, graceMs);
}

/** With the others of its group. Remembered for ever: a machine that is away gets it at its next hello. */
export function killTask(draft: Draft, task: TaskRecord, graceMs: number | null = null): void {
  killAll(draft, byId([task, ...othersOf(draft, task)]), {
    graceMs,
    because: { id: task.id, how: onRequest },
  });
}

const onRequest = 'killed on request';
const maxCause = 300;

type End = {
  readonly graceMs: number | null;
  /** The one that the others end with. */
  readonly because: { readonly id: TaskId; readonly how: string };
};

function killAll(draft: Draft, tasks: readonly TaskRecord[], { graceMs, because }: End): void {
  const name = draft.get('tasks', because.id)?.info.name ?? because.id;
  const endedWith = `${name}: ${because.how}`.slice(0, maxCause);
  for (const each of tasks) {
    if (isTerminal(each) || each.state === 'TASK_GONE_BY_OPERATOR') continue;
    if (each.killAskedAtMs === null || graceMs !== null) {
      const grace = graceMs === null ? {} : { killGraceMs: graceMs };
      const isDrawnIn = each.killAskedAtMs === null && each.id !== because.id;
      const cause = isDrawnIn && each.madeRoomFor === undefined ? { endedWith } : {};
      draft.put('tasks', { ...each, killAskedAtMs: each.killAskedAtMs ?? draft.atMs, ...grace, ...cause });
    }
    send(draft, 'kill', each.id);
  }
}

/** Of its group, as named by their ids. */
function othersOf(draft: Draft, { id, groupId }: TaskRecord): TaskRecord[] {
  if (groupId === undefined) return [];
  return [...draft.rows('tasks')].filter((each) => each.groupId === groupId && each.id !== id);
}

/** Mesos' default executor: when one of a group fails or is killed, the others go too. */
export function endGroup(draft: Draft, task: TaskRecord): void {
  if (task.groupId === undefined || !isTerminal(task) || task.state === 'TASK_FINISHED') return;
  const others = byId(othersOf(draft, task));
  const open = others.filter((each) => !isTerminal(each) && each.killAskedAtMs === null);
  const how = task.statuses.at(-1)?.message || task.state;
  killAll(draft, open, { graceMs: null, because: { id: task.id, how } });
}
