// Agents: registered, unreachable, gone. Unreachable may return and nothing of it is billed as a failure; gone never
// returns, because the machine now holds another agent (its state folder was lost).
//
//   active <--> unreachable
//     `------------`--------> gone
import type { MachineId } from '../../contract/ids.ts';
import type { AgentRecord, MachineRecord } from '../../contract/machine.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { FactEvent } from '../kernel/events.ts';
import { byId } from '../kernel/tables.ts';
import type { Draft } from './draft.ts';
import { dropSends } from './sends.ts';
import { settleTask } from './settle.ts';
import { applyMasterStatus, isTerminal } from './task-states.ts';

type LinkUp = Extract<FactEvent, { kind: 'link-up' }>;
type AgentState = AgentRecord['state']['kind'];

export const agentMoves: Readonly<Record<AgentState, readonly AgentState[]>> = {
  active: ['unreachable', 'gone'],
  unreachable: ['active', 'gone'],
  gone: [],
};

export function registerAgent(draft: Draft, machine: MachineRecord, event: LinkUp): void {
  if (machine.agentId !== null && machine.agentId !== event.agentId) markAgentGone(draft, machine.agentId);
  const known = draft.get('agents', event.agentId);
  draft.put('agents', {
    id: event.agentId,
    machineId: machine.id,
    version: event.agentVersion,
    resources: event.resources,
    facts: event.facts,
    registeredAtMs: known?.registeredAtMs ?? draft.atMs,
    lastHelloAtMs: draft.atMs,
    state: { kind: 'active' },
  });
  if (machine.agentId !== event.agentId) draft.put('machines', { ...machine, agentId: event.agentId });
}

/** False: it was not active. */
export function markAgentUnreachable(draft: Draft, machineId: MachineId): boolean {
  const agentId = draft.get('machines', machineId)?.agentId;
  const agent = agentId ? draft.get('agents', agentId) : undefined;
  if (agent?.state.kind !== 'active') return false;
  draft.put('agents', { ...agent, state: { kind: 'unreachable', sinceMs: draft.atMs } });
  for (const task of openTasksOf(draft, agent)) {
    const status = {
      state: 'TASK_UNREACHABLE',
      reason: 'REASON_AGENT_DISCONNECTED',
      message: 'the machine cannot be reached; the task may still run there',
    } as const;
    draft.put('tasks', applyMasterStatus(task, draft.atMs, status));
  }
  return true;
}

function markAgentGone(draft: Draft, agentId: AgentRecord['id']): void {
  const agent = draft.get('agents', agentId);
  if (!agent || agent.state.kind === 'gone') return;
  draft.put('agents', { ...agent, state: { kind: 'gone', sinceMs: draft.atMs } });
  for (const task of openTasksOf(draft, agent)) {
    const status = {
      state: 'TASK_GONE',
      reason: 'REASON_AGENT_REMOVED',
      message: 'the machine has a new agent; the old one and its tasks are gone',
    } as const;
    draft.put('tasks', applyMasterStatus(task, draft.atMs, status));
    settleTask(draft, task.id);
  }
  for (const row of [...draft.rows('reservations')])
    if (row.agentId === agentId) draft.drop('reservations', row.id);
  dropSends(draft, (session) => draft.get('tasks', session.taskId)?.agentId === agentId);
}

function openTasksOf(draft: Draft, agent: AgentRecord): TaskRecord[] {
  return byId(
    [...draft.rows('tasks')].filter(
      (task) => task.agentId === agent.id && !isTerminal(task) && task.state !== 'TASK_GONE_BY_OPERATOR',
    ),
  );
}
