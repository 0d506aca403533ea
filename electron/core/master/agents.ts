// Agents: registered, unreachable, gone. Unreachable may return and nothing of it is billed as a failure; gone never
// returns: the machine now holds another agent (its state folder was lost), or a person has declared it.
//
//   active <--> unreachable
//     `------------`--------> gone
import type { MachineId } from '../../contract/ids.ts';
import type { AgentRecord, Availability, MachineRecord } from '../../contract/machine.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { FactEvent } from '../kernel/events.ts';
import { byId } from '../kernel/tables.ts';
import type { Draft } from './draft.ts';
import { stopLink } from './links.ts';
import { dropSends } from './sends.ts';
import { settleTask } from './settle.ts';
import { applyMasterStatus, holdsResources } from './task-states.ts';

type LinkUp = Extract<FactEvent, { kind: 'link-up' }>;
type AgentState = AgentRecord['state']['kind'];

export const agentMoves: Readonly<Record<AgentState, readonly AgentState[]>> = {
  active: ['unreachable', 'gone'],
  unreachable: ['active', 'gone'],
  gone: [],
};

/** Resources as it says them now: when they are less than its tasks hold, it is over-committed, and nothing is killed. */
export function registerAgent(draft: Draft, machine: MachineRecord, event: LinkUp): void {
  const availability = availabilityAtHello(draft, machine, event.agentId);
  if (machine.agentId !== null && machine.agentId !== event.agentId) {
    markAgentGone(draft, machine.agentId, 'replaced');
  }
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
    ...(availability === undefined ? {} : { availability }),
  });
  if (machine.agentId !== event.agentId) draft.put('machines', { ...machine, agentId: event.agentId });
}

/** Mesos keeps it with the agent's id. A new agent of the same machine takes it over: it was the machine that people meant. */
function availabilityAtHello(
  draft: Draft,
  machine: MachineRecord,
  agentId: AgentRecord['id'],
): Availability | undefined {
  const known = draft.get('agents', agentId);
  if (known) return known.availability;
  const last = machine.agentId === null ? undefined : draft.get('agents', machine.agentId);
  if (last) return last.state.kind === 'gone' ? undefined : last.availability;
  if (machine.maintenance?.hasBegun !== true) return undefined;
  return { kind: 'drained', sinceMs: draft.atMs, cause: 'maintenance' };
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

const lastWords = {
  replaced: {
    state: 'TASK_GONE',
    reason: 'REASON_AGENT_REMOVED',
    message: 'the machine has a new agent; the old one and its tasks are gone',
  },
  declared: {
    state: 'TASK_GONE_BY_OPERATOR',
    reason: 'REASON_AGENT_REMOVED_BY_OPERATOR',
    message: 'the machine was declared gone',
  },
} as const;

/** For ever: its id is refused from now on. */
export function markAgentGone(draft: Draft, agentId: AgentRecord['id'], why: keyof typeof lastWords): void {
  const agent = draft.get('agents', agentId);
  if (!agent || agent.state.kind === 'gone') return;
  const { availability: _, ...rest } = agent;
  draft.put('agents', { ...rest, state: { kind: 'gone', sinceMs: draft.atMs } });
  for (const task of openTasksOf(draft, agent)) {
    draft.put('tasks', applyMasterStatus(task, draft.atMs, lastWords[why]));
    settleTask(draft, task.id);
  }
  for (const row of [...draft.rows('reservations')])
    if (row.agentId === agentId) draft.drop('reservations', row.id);
  dropSends(draft, (session) => draft.get('tasks', session.taskId)?.agentId === agentId);
  if (why === 'replaced') return;
  const refusal = { code: 'conflict', reason: 'agent-gone', detail: agentId } as const;
  draft.issue({ kind: 'disconnect', machineId: agent.machineId });
  stopLink(draft, agent.machineId, refusal);
}

export function openTasksOf(draft: Draft, agent: Pick<AgentRecord, 'id'>): TaskRecord[] {
  return byId(draft.tasksOn(agent.id).filter(holdsResources));
}
