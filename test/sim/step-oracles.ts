// What must hold after each single step, looked at only where the step changed something; the core's own `checkState` looks
// at everything, at every step of some runs and now and then in all. Nothing here asks the core what it thinks.
import type { AgentRecord } from '../../electron/contract/machine.ts';
import { durableTables, type Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import { scalarNames } from '../../electron/core/master/resources.ts';
import type { State } from '../../electron/core/master/state.ts';
import type { StepResult } from '../../electron/core/master/step.ts';

export function checkStep(before: State, result: StepResult, violate: (what: string) => void): void {
  const { state, diff, answer } = result;
  if (answer && !answer.ok) checkRefused(result, violate);
  const agents = new Set(diff.agents?.put.map(({ id }) => id));
  for (const task of diff.tasks?.put ?? []) {
    const old = before.tables.tasks.get(task.id);
    checkReach(task, state.tables.agents.get(task.agentId), violate);
    if (holds(task) && !(old && holds(old))) agents.add(task.agentId);
  }
  for (const id of agents) checkAgent(state.tables, id, violate);
  if (state.session.sends !== before.session.sends) checkSends(state, violate);
}

/** A refusal changes nothing but the activity list, and sends nothing. */
function checkRefused({ diff, effects }: StepResult, violate: (what: string) => void): void {
  if (effects.length > 0) violate('I12 a refused command had effects');
  if (durableTables.some((table) => diff[table] !== undefined)) violate('I12 a refused command was written');
}

function holds(task: TaskRecord): boolean {
  return !terminalTaskStates.has(task.state) && task.state !== 'TASK_GONE_BY_OPERATOR';
}

/** I7: what its tasks hold is never more than it has; no port twice. I9: they are lost to sight together with it. */
function checkAgent(tables: Tables, id: string, violate: (what: string) => void): void {
  const agent = tables.agents.get(id);
  const sum = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
  const ports: TaskRecord['info']['resources']['ports'][number][] = [];
  for (const task of tables.tasks.values()) {
    if (task.agentId !== id) continue;
    checkReach(task, agent, violate);
    if (!holds(task)) continue;
    for (const name of scalarNames) sum[name] += task.info.resources[name];
    ports.push(...task.info.resources.ports);
  }
  if (!agent) return;
  for (const name of scalarNames) {
    if (sum[name] > agent.resources[name])
      violate(`I7 ${id}: ${name} ${sum[name]} of ${agent.resources[name]}`);
  }
  ports.sort((a, b) => a.begin - b.begin);
  for (const [at, range] of ports.entries()) {
    if (at > 0 && range.begin <= (ports[at - 1]?.end ?? -1)) violate(`I7 ${id}: port ${range.begin} twice`);
  }
}

function checkReach(task: TaskRecord, agent: AgentRecord | undefined, violate: (what: string) => void): void {
  if (!agent) return violate(`task ${task.id} without agent`);
  const isAway = task.state === 'TASK_UNREACHABLE';
  if (agent.state.kind === 'unreachable' && holds(task) && !isAway)
    violate(`I9 ${task.id} is ${task.state} on an unreachable agent`);
  if (agent.state.kind === 'active' && isAway) violate(`I9 ${task.id} is unreachable on an active agent`);
}

function checkSends({ tables, session }: State, violate: (what: string) => void): void {
  for (const { taskId, kind } of session.sends.values()) {
    const task = tables.tasks.get(taskId);
    if (!task) violate(`${kind} for no task ${taskId}`);
    else if (kind === 'launch' && terminalTaskStates.has(task.state)) violate(`I4 launch of ended ${taskId}`);
  }
}
