// Calls to agents that wait for their answer. All are idempotent, so a lost answer is met by asking again: after a
// while on the same link, and at once after the next hello. Nothing of this is stored: the agent's list tells after a restart.
import type { MachineId, TaskId } from '../../contract/ids.ts';
import { backoffMs, type Deadline } from '../kernel/deadlines.ts';
import type { Draft } from './draft.ts';
import type { SendSession, State } from './state.ts';

type SendKind = SendSession['kind'];

/** The agent answers after one fsync; the link adapter has its own limit below this. */
const answerCapMs = 15_000;
const firstRetryMs = 1000;
const retryCapMs = 30_000;

const keyOf = (kind: SendKind, taskId: TaskId): string => `${kind}:${taskId}`;

export function getSend(draft: Draft, kind: SendKind, taskId: TaskId): SendSession | undefined {
  return draft.sends.get(keyOf(kind, taskId));
}

export function isLinkLive(draft: Draft, machineId: MachineId): boolean {
  return draft.get('links', machineId)?.phase === 'live';
}

/** A silent link is still connected: sending on it is right, but it is no proof that the machine can take work. */
function isLinkUp(draft: Draft, machineId: MachineId): boolean {
  const phase = draft.get('links', machineId)?.phase;
  return phase === 'live' || phase === 'silent';
}

/** Sends now when the link is up, else at the next hello. */
export function send(
  draft: Draft,
  kind: SendKind,
  taskId: TaskId,
  options?: { readonly isAbsent: boolean },
): void {
  const task = draft.get('tasks', taskId);
  if (!task) return;
  const isUp = isLinkUp(draft, task.machineId);
  const previous = getSend(draft, kind, taskId);
  draft.sends.set(keyOf(kind, taskId), {
    kind,
    machineId: task.machineId,
    taskId,
    attempt: (previous?.attempt ?? 0) + 1,
    retryAtMonoMs: isUp ? draft.monoMs + answerCapMs : null,
    // Asking again does not make the task any more present than the agent's list said.
    isAbsent: options?.isAbsent ?? previous?.isAbsent ?? false,
  });
  if (!isUp) return;
  const { machineId, info } = task;
  if (kind === 'launch') draft.issue({ kind: 'send-launch', machineId, info });
  else if (kind === 'kill') {
    draft.issue({
      kind: 'send-kill',
      machineId,
      taskId,
      graceMs: task.killGraceMs ?? info.killPolicy.graceMs,
    });
  } else draft.issue({ kind: 'send-forget', machineId, taskId });
}

export function endSend(draft: Draft, kind: SendKind, taskId: TaskId): void {
  draft.sends.delete(keyOf(kind, taskId));
}

/** It is still being worked on: the time for its answer starts anew. */
export function awaitAnswer(draft: Draft, kind: SendKind, taskId: TaskId): void {
  const session = getSend(draft, kind, taskId);
  if (!session || !isLinkUp(draft, session.machineId)) return;
  draft.sends.set(keyOf(kind, taskId), { ...session, retryAtMonoMs: draft.monoMs + answerCapMs });
}

/** No answer (refusal `unreachable` or `timeout`): on a live link ask again after a while, else at the next hello. */
export function delaySend(draft: Draft, kind: SendKind, taskId: TaskId): void {
  const session = getSend(draft, kind, taskId);
  if (!session) return;
  const isUp = isLinkUp(draft, session.machineId);
  const delayMs = backoffMs(session.attempt - 1, firstRetryMs, retryCapMs);
  draft.sends.set(keyOf(kind, taskId), { ...session, retryAtMonoMs: isUp ? draft.monoMs + delayMs : null });
}

/** The link is gone: nothing is due until the next hello, and nothing is seen of what its tasks do. */
export function pauseSends(draft: Draft, machineId: MachineId): void {
  for (const row of [...draft.rows('progress')]) {
    // Whatever was under way over that link is not any more.
    if (draft.get('tasks', row.id)?.machineId === machineId) draft.drop('progress', row.id);
  }
  for (const [key, session] of draft.sends.entries()) {
    if (session.machineId === machineId && session.retryAtMonoMs !== null) {
      draft.sends.set(key, { ...session, retryAtMonoMs: null });
    }
  }
}

/** Everything of a task, or of a machine, that is no more. */
export function dropSends(draft: Draft, isOf: (session: SendSession) => boolean): void {
  for (const [key, session] of draft.sends.entries()) if (isOf(session)) draft.sends.delete(key);
}

/** After a hello: forgets wait for nothing else, so they go out again here; launches and kills are reconcile's. */
export function resendForgets(draft: Draft, machineId: MachineId): void {
  const waiting = draft.sends.entries().map(([, session]) => session);
  for (const session of waiting.sort((a, b) => (a.taskId < b.taskId ? -1 : 1))) {
    if (session.machineId === machineId && session.kind === 'forget') send(draft, 'forget', session.taskId);
  }
}

export function onSendDeadlines(draft: Draft): void {
  for (const [key, session] of draft.sends.due(draft.monoMs).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (draft.get('tasks', session.taskId)) {
      send(draft, session.kind, session.taskId, { isAbsent: session.isAbsent });
    } else draft.sends.delete(key);
  }
}

export function nextSendDeadline(state: State): Deadline {
  return state.session.sends.earliest();
}
