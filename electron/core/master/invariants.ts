// What must hold in every committed state (numbers of reference/reliability.md). `checkDiff` looks only at what changed
// and runs before each commit in production too; `checkState` looks at everything and runs in tests and the simulation.
import type { Diff, Tables } from '../../contract/tables.ts';
import { allocatedOn, scalarNames } from './resources.ts';
import type { State } from './state.ts';
import { holdsResources, isTerminal } from './task-states.ts';

export function checkDiff(before: Tables, after: Tables, diff: Diff): string[] {
  const broken: string[] = [];
  for (const task of diff.tasks?.put ?? []) {
    const old = before.tasks.get(task.id);
    if (old && isTerminal(old) && old.state !== task.state)
      broken.push(`I4 ${task.id}: ${old.state} became ${task.state}`);
    if (old && old.agentId !== task.agentId) broken.push(`I2 ${task.id} moved to another agent`);
    if (isTerminal(task) !== (task.endedAtMs !== null))
      broken.push(`I4 ${task.id}: ${task.state} and its end disagree`);
    if (task.statuses.at(-1)?.state !== task.state)
      broken.push(`I4 ${task.id}: last status is not its state`);
    if (!after.machines.has(task.machineId)) broken.push(`task ${task.id} without machine`);
  }
  for (const agent of diff.agents?.put ?? []) {
    if (!after.machines.has(agent.machineId)) broken.push(`agent ${agent.id} without machine`);
    const old = before.agents.get(agent.id);
    if (old?.state.kind === 'gone' && agent.state.kind !== 'gone')
      broken.push(`I9 agent ${agent.id} came back from gone`);
  }
  for (const id of diff.machines?.drop ?? []) {
    for (const agent of after.agents.values())
      if (agent.machineId === id) broken.push(`agent ${agent.id} without machine`);
    for (const task of after.tasks.values())
      if (task.machineId === id) broken.push(`task ${task.id} without machine`);
  }
  for (const [id] of after.machines)
    if (!after.links.has(id) && before.links.has(id)) broken.push(`machine ${id} lost its link`);
  return broken;
}

export function checkState({ tables, session }: State): string[] {
  const broken: string[] = [];
  for (const machine of tables.machines.values()) {
    const agent = machine.agentId === null ? undefined : tables.agents.get(machine.agentId);
    if (machine.agentId !== null && agent?.machineId !== machine.id)
      broken.push(`machine ${machine.id}: agent is not its own`);
    if (session.isStarted && !(tables.links.has(machine.id) && session.links.has(machine.id))) {
      broken.push(`machine ${machine.id} without link`);
    }
  }
  for (const task of tables.tasks.values()) {
    const agent = tables.agents.get(task.agentId);
    if (!agent) broken.push(`task ${task.id} without agent`);
    if (agent?.state.kind === 'unreachable' && holdsResources(task) && task.state !== 'TASK_UNREACHABLE') {
      broken.push(`I9 ${task.id} is ${task.state} on an unreachable agent`);
    }
    if (agent?.state.kind === 'active' && task.state === 'TASK_UNREACHABLE') {
      broken.push(`I9 ${task.id} is unreachable on an active agent`);
    }
    if (isTerminal(task) !== (task.endedAtMs !== null))
      broken.push(`I4 ${task.id}: ${task.state} and its end disagree`);
  }
  broken.push(...overCommitted(tables), ...caps(tables), ...sessionGaps({ tables, session }));
  return broken;
}

/** I7. An agent that comes back smaller than its tasks is a fact, not our mistake: the caller leaves those out. */
export function overCommitted(tables: Tables): string[] {
  const broken: string[] = [];
  for (const agent of tables.agents.values()) {
    const allocated = allocatedOn(agent.id, tables.tasks.values());
    for (const name of scalarNames) {
      if (allocated[name] > agent.resources[name])
        broken.push(`I7 ${agent.id}: ${name} ${allocated[name]} of ${agent.resources[name]}`);
    }
  }
  return broken;
}

function caps(tables: Tables): string[] {
  const broken: string[] = [];
  if (tables.operations.size > 200) broken.push(`I10 ${tables.operations.size} operations`);
  for (const task of tables.tasks.values()) {
    if (task.statuses.length > 32) broken.push(`I10 ${task.id}: ${task.statuses.length} statuses`);
  }
  return broken;
}

function sessionGaps({ tables, session }: State): string[] {
  const broken: string[] = [];
  for (const id of session.links.keys())
    if (!tables.machines.has(id)) broken.push(`link of no machine ${id}`);
  for (const id of tables.links.keys())
    if (!tables.machines.has(id as never)) broken.push(`link row of no machine ${id}`);
  for (const id of session.lanes.keys())
    if (!tables.lanes.has(id)) broken.push(`lane session without lane ${id}`);
  for (const send of session.sends.values())
    if (!tables.tasks.has(send.taskId)) broken.push(`send for no task ${send.taskId}`);
  return broken;
}
