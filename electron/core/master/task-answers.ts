// What agents answer and report about tasks.
import type { Refusal } from '../../contract/errors.ts';
import type { TaskRecord, TaskState } from '../../contract/task.ts';
import type { FactEvent } from '../kernel/events.ts';
import type { Draft } from './draft.ts';
import { hear, reconnect } from './links.ts';
import { advanceTaskOperations, refuseTaskOperations } from './operations.ts';
import { awaitAnswer, delaySend, endSend, getSend } from './sends.ts';
import { settleTask } from './settle.ts';
import { applyAgentStatus, applyMasterStatus, isTerminal, wasSeenOnAgent } from './task-states.ts';
import { forgetTask } from './tasks.ts';

type Fact<K extends FactEvent['kind']> = Extract<FactEvent, { kind: K }>;

/** Acknowledged whatever comes of it, or it would be sent again for ever. The loop commits before the effect runs. */
export function onStatusUpdateReceived(draft: Draft, event: Fact<'status-update-received'>): void {
  const { machineId, status } = event;
  if (!hear(draft, machineId, null)) return;
  if (status.uuid !== null) {
    draft.issue({ kind: 'send-ack', machineId, taskId: status.taskId, uuid: status.uuid });
  }
  const task = draft.get('tasks', status.taskId);
  if (task?.machineId !== machineId) {
    draft.note('ignore-status', {
      taskId: status.taskId,
      machineId,
      why: task ? 'other machine' : 'unknown task',
    });
    return;
  }
  const verdict = applyAgentStatus(task, status);
  if (verdict.kind === 'applied') {
    draft.put('tasks', verdict.task);
    settleTask(draft, task.id);
  } else if (verdict.kind === 'past') {
    draft.put('tasks', verdict.task);
  } else if (verdict.kind === 'illegal') {
    draft.note('refuse-status', { taskId: task.id, uuid: status.uuid, why: verdict.why });
  } else if (verdict.kind === 'late') {
    draft.note('ignore-status', { taskId: task.id, uuid: status.uuid, why: `already ${task.state}` });
  }
}

/** The agent may have acted or not: only asking again tells. */
function isUnknown(refusal: Refusal): boolean {
  return refusal.code === 'unreachable' || refusal.code === 'timeout';
}

export function onLaunchAnswered(draft: Draft, event: Fact<'launch-answered'>): void {
  const { taskId, refusal } = event;
  const task = draft.get('tasks', taskId);
  if (!task || !getSend(draft, 'launch', taskId)) return;
  if (refusal === null) {
    endSend(draft, 'launch', taskId);
    advanceTaskOperations(draft, 'run-task', taskId, 'doing');
    return;
  }
  if (isUnknown(refusal)) {
    if (task.killAskedAtMs === null) delaySend(draft, 'launch', taskId);
    else askForList(draft, task);
    return;
  }
  endSend(draft, 'launch', taskId);
  if (task.state !== 'TASK_STAGING') return;
  const state = stateAfterRefusal(refusal);
  draft.put(
    'tasks',
    applyMasterStatus(task, draft.atMs, {
      state,
      reason: state === 'TASK_ERROR' ? 'REASON_TASK_INVALID' : 'REASON_CONTAINER_LAUNCH_FAILED',
      message: refusal.detail,
    }),
  );
  settleTask(draft, taskId, refusal);
}

/** Of a task on its way, for the eye. As long as a launch makes progress, its answer is not overdue. */
export function onTaskProgressed(draft: Draft, event: Fact<'task-progressed'>): void {
  const { machineId, taskId, phase, what, doneBytes, totalBytes } = event;
  const task = draft.get('tasks', taskId);
  if (task?.machineId !== machineId || isTerminal(task)) return;
  if (phase === 'upload') awaitAnswer(draft, 'launch', taskId);
  draft.put('progress', { id: taskId, phase, what, doneBytes, totalBytes, atMs: draft.atMs });
}

/** Mesos: ERROR for a bad description, DROPPED for one that was fine but never started. */
function stateAfterRefusal(refusal: Refusal): TaskState {
  if (refusal.reason === 'killed-before-launch') return 'TASK_KILLED';
  // A file that is gone from this computer does not come back by trying elsewhere.
  if (refusal.reason === 'artifact-lost') return 'TASK_ERROR';
  return refusal.code === 'invalid' || refusal.code === 'unsupported' ? 'TASK_ERROR' : 'TASK_DROPPED';
}

/** A launch without an answer and a kill behind it: the list in a fresh hello says which of them the agent met. */
function askForList(draft: Draft, task: TaskRecord): void {
  endSend(draft, 'launch', task.id);
  const phase = draft.get('links', task.machineId)?.phase;
  const machine = draft.get('machines', task.machineId);
  if (machine && (phase === 'live' || phase === 'silent')) reconnect(draft, machine);
}

export function onKillAnswered(draft: Draft, event: Fact<'kill-answered'>): void {
  const { taskId, refusal } = event;
  const session = getSend(draft, 'kill', taskId);
  const task = draft.get('tasks', taskId);
  if (!task || !session) return;
  if (refusal && isUnknown(refusal)) {
    delaySend(draft, 'kill', taskId);
    return;
  }
  endSend(draft, 'kill', taskId);
  if (refusal && refusal.code !== 'not-found' && !isTerminal(task)) {
    draft.note('kill-refused', { taskId, reason: refusal.reason, detail: refusal.detail });
    refuseTaskOperations(draft, 'kill-task', taskId, refusal);
    return;
  }
  advanceTaskOperations(draft, 'kill-task', taskId, 'doing');
  if (session.isAbsent && task.state === 'TASK_STAGING' && !wasSeenOnAgent(task)) {
    draft.put(
      'tasks',
      applyMasterStatus(task, draft.atMs, {
        state: 'TASK_KILLED',
        reason: 'REASON_TASK_KILLED_DURING_LAUNCH',
        message: 'killed before it was started',
      }),
    );
    settleTask(draft, taskId);
  }
}

export function onForgetAnswered(draft: Draft, event: Fact<'forget-answered'>): void {
  const { taskId, refusal } = event;
  const task = draft.get('tasks', taskId);
  if (!task || !getSend(draft, 'forget', taskId)) return;
  if (refusal && isUnknown(refusal)) {
    delaySend(draft, 'forget', taskId);
    return;
  }
  endSend(draft, 'forget', taskId);
  if (refusal === null || refusal.code === 'not-found') forgetTask(draft, task);
  else draft.note('forget-refused', { taskId, reason: refusal.reason, detail: refusal.detail });
}
