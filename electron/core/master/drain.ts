// What follows from a drain, whatever came of a step: each task there is told to end, and when the last has ended the agent is
// drained, or gone. Derived from the tasks each time, so a task that comes to light later (a hello, a restored database) is
// ended as well, and a restart of the master goes on where it was.
import type { AgentRecord } from '../../contract/machine.ts';
import type { TaskRecord } from '../../contract/task.ts';
import { markAgentGone, openTasksOf } from './agents.ts';
import { beginDrain, moveAvailability } from './availability.ts';
import type { Draft } from './draft.ts';
import { advanceMachineOperations } from './operations.ts';
import { isLinkLive, send } from './sends.ts';

export function followDrains(draft: Draft): void {
  if (!draft.touches('agents') && !draft.touches('tasks')) return;
  for (const id of touchedAgents(draft)) {
    const agent = draft.get('agents', id);
    if (agent?.availability?.kind === 'draining') drain(draft, agent);
    else if (agent?.availability?.kind === 'drained') drainAgain(draft, agent);
  }
}

/** Those that drain or have drained: of most steps none. */
function touchedAgents(draft: Draft): string[] {
  const ids: string[] = [];
  const meet = (id: string | undefined): void => {
    const kind = id === undefined ? undefined : draft.get('agents', id)?.availability?.kind;
    if (id !== undefined && (kind === 'draining' || kind === 'drained')) ids.push(id);
  };
  for (const { id } of draft.changed('agents')) meet(id);
  for (const { before, now } of draft.changed('tasks')) meet((now ?? before)?.agentId);
  return ids.length < 2 ? ids : [...new Set(ids)].sort();
}

function drain(draft: Draft, agent: AgentRecord): void {
  const { availability } = agent;
  if (availability?.kind !== 'draining') return;
  const open = openTasksOf(draft, agent);
  for (const task of open) endTask(draft, task, availability.graceMs);
  if (isLinkLive(draft, agent.machineId)) {
    advanceMachineOperations(draft, 'drain-agent', agent.machineId, 'doing');
  }
  // What an agent that has not spoken yet holds, nobody knows.
  const hasSpoken = (draft.get('links', agent.machineId)?.lastHeardAtMs ?? null) !== null;
  if (open.length > 0 || agent.state.kind !== 'active' || !hasSpoken) return;
  if (availability.markGone) markAgentGone(draft, agent.id, 'declared');
  else {
    moveAvailability(draft, agent, { kind: 'drained', sinceMs: draft.atMs, cause: availability.cause });
  }
  advanceMachineOperations(draft, 'drain-agent', agent.machineId, 'seen');
}

/** Mesos: the kill policy of each task, capped. A kill that was asked before with more time gets less. */
function endTask(draft: Draft, task: TaskRecord, capMs: number | null): void {
  const ownMs = task.killGraceMs ?? task.info.killPolicy.graceMs;
  const graceMs = capMs === null ? ownMs : Math.min(ownMs, capMs);
  const isAsked = task.killAskedAtMs !== null;
  if (isAsked && graceMs === ownMs) return;
  draft.put('tasks', {
    ...task,
    ...(isAsked ? {} : { killAskedAtMs: draft.atMs, killReason: 'REASON_AGENT_DRAINING' }),
    ...(graceMs === task.info.killPolicy.graceMs ? {} : { killGraceMs: graceMs }),
  });
  send(draft, 'kill', task.id);
}

/** It was empty, and a hello brought what nobody here knew. */
function drainAgain(draft: Draft, agent: AgentRecord): void {
  const { availability } = agent;
  if (availability?.kind !== 'drained' || openTasksOf(draft, agent).length === 0) return;
  beginDrain(draft, agent, { graceMs: null, markGone: false, cause: availability.cause });
  const again = draft.get('agents', agent.id);
  if (again) drain(draft, again);
}
