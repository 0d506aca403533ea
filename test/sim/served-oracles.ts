// What must hold in the end for those who wait: whatever fits somewhere has been placed, every scheduler is back and served, knows
// the end of its tasks, and was told each update that is written (I4, I8).
import type { AgentRecord } from '../../electron/contract/machine.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import { nextRunId, type RunRecord } from '../../electron/contract/run.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import { type ScalarName, scalarNames } from '../../electron/core/master/resources.ts';
import { holds, usesOf } from './scheduler-oracles.ts';
import type { World } from './world.ts';

/** Less than a probe needs of each: enough for it, whatever offers lie in between. */
const probe: Pick<Resources, 'cpusMilli' | 'memMib' | 'diskMib' | 'gpus' | 'ports'> = {
  cpusMilli: 100,
  memMib: 64,
  diskMib: 100,
  gpus: 0,
  ports: [],
};

export function checkServed(world: World, tables: Tables): void {
  for (const run of tables.runs.values())
    if (runFits(world, tables, run)) world.violate(`I8 ${run.id} waits and fits somewhere`);
  checkSchedulers(world, isProbeRoom(tables));
  for (const { id, agentId } of tables.reservations.values()) {
    if ((tables.agents.get(agentId)?.state.kind ?? 'gone') === 'gone')
      world.violate(`I14 ${id} is reserved on an agent that is gone`);
  }
  for (const task of tables.tasks.values()) checkTold(world, tables, task);
  for (const id of world.book.killed) {
    const again = nextRunId(id);
    if (world.waited.has(again) || world.onDisk.has(again))
      world.violate(`I6 ${id} was killed and came back`);
  }
}

function checkSchedulers(world: World, isRoom: boolean): void {
  for (const scheduler of world.schedulers) {
    if (scheduler.phase === 'over') continue;
    if (scheduler.phase !== 'here') world.violate(`I8 ${scheduler.id} is ${scheduler.phase}`);
    else if (isRoom && !scheduler.isDone) world.violate(`I8 ${scheduler.id} waits for an offer, or an end`);
  }
}

/** Without room for one task nobody can be served: people have taken every machine out of service. */
export function isProbeRoom(tables: Tables): boolean {
  return fitsSomewhere(tables, probe, () => true);
}

function runFits(world: World, tables: Tables, { id, info, place }: RunRecord): boolean {
  const condition = world.book.conditionOf(id);
  return fitsSomewhere(tables, info.resources, ({ id: agentId, machineId }) => {
    const isThere = place === null || place.agentId === agentId;
    return isThere && holdsOf(condition, tables.machines.get(machineId)?.name ?? '');
  });
}

/** Conditions of the person in the simulation are about names: `machine=NAME`, `machine!=NAME`. */
export function holdsOf(condition: string | undefined, name: string): boolean {
  const [, isNot, wanted] = /^machine(!?)=(.*)$/.exec(condition ?? '') ?? [];
  return wanted === undefined || (wanted === name) === (isNot === '');
}

/** What is offered counts as free: offers end. */
function fitsSomewhere(tables: Tables, wanted: Resources, mayBe: (agent: AgentRecord) => boolean): boolean {
  for (const agent of tables.agents.values()) {
    const isLive = tables.links.get(agent.machineId)?.phase === 'live';
    if (agent.state.kind !== 'active' || !isLive || tables.machines.get(agent.machineId)?.removal) continue;
    if (agent.availability || !mayBe(agent)) continue;
    const isFit = scalarNames.every((name) => wanted[name] <= freeOn(tables, agent, name));
    if (isFit && arePortsFree(tables, agent.id, wanted)) return true;
  }
  return false;
}

function arePortsFree(tables: Tables, agentId: string, { ports }: Resources): boolean {
  const isTaken = ({ begin, end }: Resources['ports'][number]): boolean =>
    ports.some((wanted) => wanted.begin <= end && begin <= wanted.end);
  for (const task of tables.tasks.values())
    if (task.agentId === agentId && holds(task) && task.info.resources.ports.some(isTaken)) return false;
  return true;
}

/** Whatever is offered of it. */
function freeOn(tables: Tables, { id, resources }: AgentRecord, name: ScalarName): number {
  let free = resources[name];
  for (const row of tables.reservations.values()) if (row.agentId === id) free -= row.part.amounts[name];
  for (const task of tables.tasks.values()) if (task.agentId === id) free -= plainOf(task, name);
  return free;
}

function plainOf(task: TaskRecord, name: ScalarName): number {
  if (terminalTaskStates.has(task.state)) return 0;
  let sum = 0;
  for (const part of usesOf(task)) if (part.reservation.length === 0) sum += part.amounts[name];
  return sum;
}

/** I4: each update that is written has reached the scheduler whose task it is, and was acknowledged. */
function checkTold(world: World, tables: Tables, task: TaskRecord): void {
  const framework = tables.frameworks.get(task.frameworkId ?? '');
  if (framework?.kind !== 'remote' || framework.completedAtMs !== null) return;
  const untold = task.statuses.find(({ uuid }) => uuid !== null && !world.book.told.has(uuid));
  if (untold) world.violate(`I4 ${framework.id} was never told that ${task.id} is ${untold.state}`);
  if ((task.owed ?? []).length > 0)
    world.violate(`I8 ${task.id}: ${task.owed?.length} updates are still owed`);
}
