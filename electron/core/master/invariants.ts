// What must hold in every committed state (numbers of reference/reliability.md). `checkDiff` looks only at what changed
// and runs before each commit in production too; `checkState` looks at everything and runs in tests and the simulation.
import { type AgentRecord, demoSliceOf } from '../../contract/machine.ts';
import type { Diff, Tables } from '../../contract/tables.ts';
import type { TaskRecord } from '../../contract/task.ts';
import { availabilityMoves, availabilityOf } from './availability.ts';
import { offerGaps, overCommitted } from './frameworks/invariants.ts';
import type { State } from './state.ts';
import { holdsResources, isTerminal } from './task-states.ts';

export function checkDiff(before: Tables, after: Tables, diff: Diff): string[] {
  const broken: string[] = [];
  for (const task of diff.tasks?.put ?? []) {
    checkTaskChange(before.tasks.get(task.id), task, broken);
    if (!after.machines.has(task.machineId)) broken.push(`task ${task.id} without machine`);
  }
  for (const agent of diff.agents?.put ?? []) {
    if (!after.machines.has(agent.machineId)) broken.push(`agent ${agent.id} without machine`);
    const wasGone = before.agents.get(agent.id)?.state.kind === 'gone';
    if (wasGone && agent.state.kind !== 'gone') broken.push(`I9 agent ${agent.id} came back from gone`);
    broken.push(...checkAvailability(before.agents.get(agent.id), agent));
  }
  for (const id of diff.machines?.drop ?? []) broken.push(...orphansOf(after, id));
  return broken;
}

function checkAvailability(old: AgentRecord | undefined, agent: AgentRecord): string[] {
  if (!old || agent.state.kind === 'gone') return [];
  const from = availabilityOf(old);
  const to = availabilityOf(agent);
  // From paused or new to drained within one step, when nothing runs there.
  const isLegal = from === to || availabilityMoves[from].includes(to) || to === 'drained';
  return isLegal ? [] : [`agent ${agent.id} went from ${from} to ${to}`];
}

/** While it drains every task there is told to end; drained means that none is left; gone, that nobody counts on one. */
function checkDrain(task: TaskRecord, agent: AgentRecord | undefined): string[] {
  if (!agent || !holdsResources(task)) return [];
  if (agent.state.kind === 'gone') return [`I9 ${task.id} is ${task.state} on an agent that is gone`];
  const kind = availabilityOf(agent);
  if (kind === 'drained') return [`${task.id} is ${task.state} on a drained agent`];
  return kind === 'draining' && task.killAskedAtMs === null
    ? [`${task.id} was not told to end on an agent that drains`]
    : [];
}

function checkTaskChange(old: TaskRecord | undefined, task: TaskRecord, broken: string[]): void {
  if (old && isTerminal(old) && old.state !== task.state) {
    broken.push(`I4 ${task.id}: ${old.state} became ${task.state}`);
  }
  if (old && old.agentId !== task.agentId) broken.push(`I2 ${task.id} moved to another agent`);
  if (isTerminal(task) !== (task.endedAtMs !== null))
    broken.push(`I4 ${task.id}: ${task.state} and its end disagree`);
  if (task.statuses.at(-1)?.state !== task.state) broken.push(`I4 ${task.id}: last status is not its state`);
}

function orphansOf(after: Tables, machineId: string): string[] {
  const isOrphan = (row: { readonly machineId: string }): boolean => row.machineId === machineId;
  const orphans = [...after.agents.values(), ...after.tasks.values()].filter(isOrphan);
  return orphans.map((row) => `${row.id} without machine`);
}

export function checkState({ tables, session }: State): string[] {
  const broken: string[] = [];
  for (const { id, agentId } of tables.machines.values()) {
    if (agentId !== null && tables.agents.get(agentId)?.machineId !== id) {
      broken.push(`machine ${id}: agent ${agentId} is not its own`);
    }
    const hasLink = tables.links.has(id) && session.links.has(id);
    if (session.isStarted && !hasLink) broken.push(`machine ${id} without link`);
  }
  for (const task of tables.tasks.values()) {
    checkTaskChange(undefined, task, broken);
    broken.push(...checkReach(task, tables.agents.get(task.agentId)));
    broken.push(...checkDrain(task, tables.agents.get(task.agentId)));
  }
  broken.push(...overCommitted(tables), ...caps(tables), ...sessionGaps({ tables, session }));
  broken.push(...doubledSlots(tables), ...offerGaps(tables));
  return broken;
}

function checkReach(task: TaskRecord, agent: AgentRecord | undefined): string[] {
  if (!agent) return [`task ${task.id} without agent`];
  const isAway = task.state === 'TASK_UNREACHABLE';
  if (agent.state.kind === 'unreachable' && holdsResources(task) && !isAway) {
    return [`I9 ${task.id} is ${task.state} on an unreachable agent`];
  }
  return agent.state.kind === 'active' && isAway ? [`I9 ${task.id} is unreachable on an active agent`] : [];
}

function caps(tables: Tables): string[] {
  const broken = tables.operations.size > 200 ? [`I10 ${tables.operations.size} operations`] : [];
  for (const task of tables.tasks.values()) {
    if (task.statuses.length > 32) broken.push(`I10 ${task.id}: ${task.statuses.length} statuses`);
  }
  return broken;
}

/** Two machines on one slot would hand out the same share of this computer twice. */
function doubledSlots(tables: Tables): string[] {
  const slots = [...tables.machines.values()].flatMap((machine) => demoSliceOf(machine)?.slot ?? []);
  return slots.length === new Set(slots).size ? [] : [`demo slots ${slots.join(' ')}`];
}

function sessionGaps({ tables, session }: State): string[] {
  const machines: ReadonlyMap<string, unknown> = tables.machines;
  const broken: string[] = [];
  for (const { id } of tables.progress.values()) {
    const task = tables.tasks.get(id);
    if (!task || isTerminal(task)) broken.push(`progress of no open task ${id}`);
  }
  for (const id of [...session.links.keys(), ...tables.links.keys()]) {
    if (!machines.has(id)) broken.push(`link of no machine ${id}`);
  }
  for (const id of session.lanes.keys())
    if (!tables.lanes.has(id)) broken.push(`lane session without lane ${id}`);
  for (const { taskId } of session.sends.values()) {
    if (!tables.tasks.has(taskId)) broken.push(`send for no task ${taskId}`);
  }
  return broken;
}
