// A status as it is told to one framework: in the words that it knows. Who does not know of partitions is told LOST, who does
// not know of KILLING nothing of it, and by RECONCILE what the task was before.
import type { FrameworkInfo } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId } from '../../../contract/ids.ts';
import type { TaskRecord, TaskState, TaskStatus } from '../../../contract/task.ts';
import type { Draft } from '../draft.ts';
import { tell } from './tell.ts';

type Capability = FrameworkInfo['capabilities'][number];

/** What a scheduler that does not know of partitions is told instead. */
const lostStates: ReadonlySet<TaskState> = new Set([
  'TASK_UNREACHABLE',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
]);

function knows(draft: Draft, frameworkId: FrameworkId, capability: Capability): boolean {
  return draft.get('frameworks', frameworkId)?.info.capabilities.includes(capability) ?? false;
}

/** Whether it is told of this state at all. */
export function hearsOf(draft: Draft, frameworkId: FrameworkId, state: TaskState): boolean {
  return state !== 'TASK_KILLING' || knows(draft, frameworkId, 'TASK_KILLING_STATE');
}

const openStates: ReadonlySet<TaskState> = new Set(['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING']);

/** What the task is to its framework. */
export function stateHeard(draft: Draft, frameworkId: FrameworkId, task: TaskRecord): TaskState {
  if (hearsOf(draft, frameworkId, task.state)) return task.state;
  return task.statuses.findLast(({ state }) => openStates.has(state))?.state ?? 'TASK_RUNNING';
}

export function tellUpdate(
  draft: Draft,
  { frameworkId, agentId }: { readonly frameworkId: FrameworkId; readonly agentId: AgentId | null },
  status: TaskStatus,
): void {
  const isLost = lostStates.has(status.state) && !knows(draft, frameworkId, 'PARTITION_AWARE');
  const state = isLost ? 'TASK_LOST' : status.state;
  const reason = status.reason ?? reasonOfKill(draft, status);
  tell(draft, frameworkId, { kind: 'UPDATE', status: { agentId, ...status, state, reason } });
}

/** In Mesos the agent says why it kills; ours is only told to. */
function reasonOfKill(draft: Draft, { taskId, state }: TaskStatus): string | null {
  if (state !== 'TASK_KILLING' && state !== 'TASK_KILLED') return null;
  return draft.get('tasks', taskId)?.killReason ?? null;
}
