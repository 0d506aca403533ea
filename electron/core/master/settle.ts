// What follows from a task's new state: operations come to their end and sends that have become pointless stop.
import type { Refusal } from '../../contract/errors.ts';
import type { TaskId } from '../../contract/ids.ts';
import { must } from '../kernel/assert.ts';
import type { Draft } from './draft.ts';
import { advanceTaskOperations, refuseTaskOperations } from './operations.ts';
import { endSend, getSend } from './sends.ts';
import { isTerminal, wasSeenOnAgent } from './task-states.ts';

/** `refusal`: why it never ran, for the operation that asked for it. */
export function settleTask(draft: Draft, taskId: TaskId, refusal: Refusal | null = null): void {
  const task = must(draft.get('tasks', taskId), `task ${taskId}`);
  // Starting, it may go on being fetched; in any other state that is over.
  if (task.state !== 'TASK_STARTING') draft.drop('progress', taskId);
  if (
    task.state !== 'TASK_STAGING' &&
    task.state !== 'TASK_UNREACHABLE' &&
    getSend(draft, 'launch', taskId)
  ) {
    endSend(draft, 'launch', taskId);
  }
  if (wasSeenOnAgent(task) && task.state !== 'TASK_STAGING')
    advanceTaskOperations(draft, 'run-task', taskId, 'seen');
  if (task.state === 'TASK_GONE_BY_OPERATOR') {
    // Not an end, as in Mesos, but nobody will ever see what comes of it.
    const gone: Refusal = { code: 'conflict', reason: 'agent-gone', detail: task.agentId };
    refuseTaskOperations(draft, 'run-task', taskId, gone);
    refuseTaskOperations(draft, 'kill-task', taskId, gone);
  }
  if (!isTerminal(task)) return;
  endSend(draft, 'kill', taskId);
  advanceTaskOperations(draft, 'kill-task', taskId, 'seen');
  refuseTaskOperations(draft, 'run-task', taskId, refusal ?? notSeen(task.state));
}

function notSeen(state: string): Refusal {
  return { code: 'conflict', reason: 'task-never-ran', detail: state };
}
