// RECONCILE: what a scheduler asks for is answered in pages, so that one that asks for 100,000 tasks, or asks again and again,
// never holds up the loop. Every question is answered, with what is known when its turn comes.
import type { Refusal } from '../../../contract/errors.ts';
import type { Call } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId } from '../../../contract/ids.ts';
import type { TaskRecord, TaskState } from '../../../contract/task.ts';
import { byId } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { isTerminal } from '../task-states.ts';
import { askedOfOwed, reconcileOperation } from './operation-feedback.ts';
import type { Asked, AskedTask, ReconcileSession } from './shapes.ts';
import { stateHeard, tellUpdate } from './status-words.ts';
import { frameworkOf, refuseCall } from './words.ts';

/** Answers for one framework within one window, and for all of them within one step. */
const pageSize = 1000;
const windowMs = 100;
/** As many as one call may name. */
const maxLeft = 100_000;

/** Empty list: everything that is known and has not ended. */
export function onReconcile(draft: Draft, call: Extract<Call, { kind: 'RECONCILE' }>): Refusal | null {
  const { frameworkId, tasks } = call;
  return askMore(draft, frameworkId, tasks, tasks.length === 0);
}

/** Empty list: everything that was done and is not acknowledged. */
export function onReconcileOperations(
  draft: Draft,
  call: Extract<Call, { kind: 'RECONCILE_OPERATIONS' }>,
): Refusal | null {
  const { frameworkId, operations } = call;
  const asked = operations.length > 0 ? operations : askedOfOwed(draft, frameworkId);
  return askMore(draft, frameworkId, asked, false);
}

function askMore(
  draft: Draft,
  frameworkId: FrameworkId,
  asked: readonly Asked[],
  areAllTasksAsked: boolean,
): Refusal | null {
  const session = draft.reconciling.get(frameworkId) ?? newWindow(draft, { left: [], isAllAsked: false });
  const { left } = session;
  if (left.length > 0 && left.length + asked.length > maxLeft)
    return refuseCall('exhausted', 'reconciling-already', `${left.length} answers are still to come`);
  const isAllAsked = session.isAllAsked || areAllTasksAsked;
  answerSome(draft, frameworkId, { ...session, left: [...left, ...asked], isAllAsked }, pageSize);
  return null;
}

function newWindow(draft: Draft, rest: Pick<ReconcileSession, 'left' | 'isAllAsked'>): ReconcileSession {
  return { ...rest, told: 0, hasLooked: false, endsAtMonoMs: draft.monoMs + windowMs };
}

/** How many were answered. */
function answerSome(draft: Draft, frameworkId: FrameworkId, session: ReconcileSession, most: number): number {
  let { left, isAllAsked, hasLooked } = session;
  // To find all of them is a walk over the tasks of everybody: once in a window.
  if (left.length === 0 && isAllAsked && !hasLooked) {
    left = openTasksOf(draft, frameworkId);
    isAllAsked = false;
    hasLooked = true;
  }
  const page = left.slice(0, Math.min(most, pageSize - session.told));
  for (const asked of page) {
    if ('taskId' in asked) reconcileOne(draft, frameworkId, asked);
    else reconcileOperation(draft, frameworkId, asked);
  }
  draft.reconciling.set(frameworkId, {
    ...session,
    left: left.slice(page.length),
    isAllAsked,
    hasLooked,
    told: session.told + page.length,
  });
  return page.length;
}

function openTasksOf(draft: Draft, frameworkId: FrameworkId): AskedTask[] {
  const own: TaskRecord[] = [];
  for (const task of draft.rows('tasks'))
    if (frameworkOf(task) === frameworkId && !isTerminal(task)) own.push(task);
  return byId(own).map(({ id, agentId }) => ({ taskId: id, agentId }));
}

/** The longest waiting first. What does not fit into this step stays due, and others have their turn in between. */
export function onReconcileDeadlines(draft: Draft): void {
  let most = pageSize;
  const due = draft.reconciling.due(draft.monoMs);
  due.sort(([a, one], [b, other]) => one.endsAtMonoMs - other.endsAtMonoMs || (a < b ? -1 : 1));
  for (const [frameworkId, session] of due) {
    if (session.left.length === 0 && !session.isAllAsked) draft.reconciling.delete(frameworkId);
    else if (most > 0) most -= answerSome(draft, frameworkId, newWindow(draft, session), most);
  }
}

/** Of one that is known the latest state, of another what can be said of it. */
export function reconcileOne(draft: Draft, frameworkId: FrameworkId, asked: AskedTask): void {
  const task = draft.get('tasks', asked.taskId);
  if (task && frameworkOf(task) === frameworkId) {
    tellState(draft, frameworkId, task);
    return;
  }
  const state = stateOfUnknown(draft, asked.agentId);
  if (state !== null)
    tellReconciled(draft, frameworkId, { ...asked, state, message: 'Reconciliation: the task is not known' });
}

/** null: the agent has not said yet what it holds, so nothing is known. */
function stateOfUnknown(draft: Draft, agentId: AgentId | null): TaskState | null {
  const agent = agentId === null ? undefined : draft.get('agents', agentId);
  if (!agent) return 'TASK_UNKNOWN';
  if (agent.state.kind === 'gone') return 'TASK_GONE_BY_OPERATOR';
  if (agent.state.kind === 'unreachable') return 'TASK_UNREACHABLE';
  const hasSaid = (draft.get('links', agent.machineId)?.lastHeardAtMs ?? null) !== null;
  return hasSaid ? 'TASK_GONE' : null;
}

function tellState(draft: Draft, frameworkId: FrameworkId, task: TaskRecord): void {
  const message = 'Reconciliation: the latest state';
  const state = stateHeard(draft, frameworkId, task);
  tellReconciled(draft, frameworkId, { taskId: task.id, agentId: task.agentId, state, message });
}

function tellReconciled(
  draft: Draft,
  frameworkId: FrameworkId,
  answer: AskedTask & { readonly state: TaskState; readonly message: string },
): void {
  const { taskId, agentId, state, message } = answer;
  tellUpdate(
    draft,
    { frameworkId, agentId },
    {
      taskId,
      state,
      source: 'SOURCE_MASTER',
      reason: 'REASON_RECONCILIATION',
      message,
      timestampMs: draft.atMs,
      uuid: null,
      exitCode: null,
      signal: null,
    },
  );
}
