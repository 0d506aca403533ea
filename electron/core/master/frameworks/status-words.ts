// A status as it is told to one framework: in the words that it knows.
import type { AgentId, FrameworkId } from '../../../contract/ids.ts';
import type { TaskState, TaskStatus } from '../../../contract/task.ts';
import type { Draft } from '../draft.ts';
import { tell } from './tell.ts';

/** What a scheduler that does not know of partitions is told instead. */
const lostStates: ReadonlySet<TaskState> = new Set([
  'TASK_UNREACHABLE',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
]);

export function tellUpdate(
  draft: Draft,
  to: { readonly frameworkId: FrameworkId; readonly agentId: AgentId | null },
  status: TaskStatus,
): void {
  const capabilities = draft.get('frameworks', to.frameworkId)?.info.capabilities ?? [];
  if (status.state === 'TASK_KILLING' && !capabilities.includes('TASK_KILLING_STATE') && status.uuid === null)
    return;
  const isLost = lostStates.has(status.state) && !capabilities.includes('PARTITION_AWARE');
  const state = isLost ? 'TASK_LOST' : status.state;
  const reason = status.reason ?? reasonOfKill(draft, status);
  tell(draft, to.frameworkId, { kind: 'UPDATE', status: { ...status, state, reason, agentId: to.agentId } });
}

/** In Mesos the agent says why it kills; ours is only told to. */
function reasonOfKill(draft: Draft, { taskId, state }: TaskStatus): string | null {
  if (state !== 'TASK_KILLING' && state !== 'TASK_KILLED') return null;
  return draft.get('tasks', taskId)?.killReason ?? null;
}
