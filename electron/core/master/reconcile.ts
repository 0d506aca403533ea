// Reconciliation: at every hello the agent tells all tasks it holds, and both sides are made equal. As in Mesos: a task
// that only the master knows and that was never seen is launched again (idempotent), one that was seen is TASK_GONE;
// one that only the agent knows is adopted, so a lost database comes back from the agents.
import type { AgentId, MachineId } from '../../contract/ids.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { AgentTask } from '../../contract/wire.ts';
import { byId } from '../kernel/tables.ts';
import type { Draft } from './draft.ts';
import { endSend, getSend, resendForgets, send } from './sends.ts';
import { settleTask } from './settle.ts';
import {
  applyAgentStatus,
  applyMasterStatus,
  canAgentSay,
  isTerminal,
  wasSeenOnAgent,
} from './task-states.ts';

export function reconcile(
  draft: Draft,
  machineId: MachineId,
  agentId: AgentId,
  held: readonly AgentTask[],
): void {
  const heldIds = new Set<string>(held.map((task) => task.info.taskId));
  for (const task of held) takeIn(draft, { machineId, agentId, held: task });
  const ours = byId(draft.tasksOn(agentId));
  for (const task of ours) {
    if (isTerminal(task)) continue;
    if (heldIds.has(task.id)) {
      if (task.killAskedAtMs !== null) send(draft, 'kill', task.id, { isAbsent: false });
    } else meetAbsence(draft, task);
  }
  resendForgets(draft, machineId);
}

function takeIn(
  draft: Draft,
  from: { readonly machineId: MachineId; readonly agentId: AgentId; readonly held: AgentTask },
): void {
  const { held } = from;
  const known = draft.get('tasks', held.info.taskId);
  if (!known) {
    adopt(draft, from);
    return;
  }
  if (known.agentId !== from.agentId) {
    draft.note('ignore-foreign-task', {
      taskId: known.id,
      machineId: from.machineId,
      holder: known.machineId,
    });
    return;
  }
  // It is on the agent's disk: nothing is to be launched any more.
  if (getSend(draft, 'launch', known.id)) endSend(draft, 'launch', known.id);
  const verdict = applyAgentStatus(known, held.status);
  if (verdict.kind === 'illegal') {
    draft.note('refuse-status', { taskId: known.id, why: verdict.why });
    if (known.state === 'TASK_UNREACHABLE') markUnknown(draft, known);
  }
  if (verdict.kind !== 'applied') return;
  const task = verdict.task;
  draft.put('tasks', {
    ...task,
    startedAtMs: task.startedAtMs ?? held.startedAtMs,
    endedAtMs: isTerminal(task) ? (held.endedAtMs ?? task.endedAtMs) : task.endedAtMs,
  });
  settleTask(draft, known.id);
}

/** It is there, but what the agent says of it makes no sense: neither lost nor fine. */
function markUnknown(draft: Draft, task: TaskRecord): void {
  const status = {
    state: 'TASK_UNKNOWN',
    reason: 'REASON_RECONCILIATION',
    message: 'the agent holds the task but tells no state that it can have',
  } as const;
  draft.put('tasks', applyMasterStatus(task, draft.atMs, status));
}

function adopt(
  draft: Draft,
  from: { readonly machineId: MachineId; readonly agentId: AgentId; readonly held: AgentTask },
): void {
  const { info, status, startedAtMs, endedAtMs } = from.held;
  if (!canAgentSay(status.state)) {
    draft.note('refuse-status', { taskId: info.taskId, why: `${status.state} is not an agent's to say` });
    return;
  }
  draft.note('adopt-task', { taskId: info.taskId, machineId: from.machineId, state: status.state });
  draft.put('tasks', {
    id: info.taskId,
    machineId: from.machineId,
    agentId: from.agentId,
    info,
    state: status.state,
    statuses: [status],
    createdAtMs: startedAtMs ?? draft.atMs,
    startedAtMs,
    endedAtMs: isTerminal(status) ? (endedAtMs ?? status.timestampMs) : null,
    killAskedAtMs: null,
  });
}

/** We have a task that has not ended, and the agent does not hold it. */
function meetAbsence(draft: Draft, task: TaskRecord): void {
  if (wasSeenOnAgent(task)) {
    const status = {
      state: 'TASK_GONE',
      reason: 'REASON_RECONCILIATION',
      message: 'the agent no longer knows this task',
    } as const;
    draft.put('tasks', applyMasterStatus(task, draft.atMs, status));
    settleTask(draft, task.id);
    return;
  }
  if (task.state === 'TASK_UNREACHABLE') {
    const status = {
      state: 'TASK_STAGING',
      reason: 'REASON_AGENT_REREGISTERED',
      message: 'the machine is back; asked again',
    } as const;
    draft.put('tasks', applyMasterStatus(task, draft.atMs, status));
  }
  // A kill wins for ever: the agent remembers it, so that no launch that is still on its way can start the task.
  if (task.killAskedAtMs === null) send(draft, 'launch', task.id);
  else {
    endSend(draft, 'launch', task.id);
    send(draft, 'kill', task.id, { isAbsent: true });
  }
}
