// What must hold in the end, when the faults have stopped: everything settles by itself (I8), both sides agree (I4, I5),
// nothing is left behind (I14). Only an observer of the whole world can see this.
import type { LinkRecord, MachineRecord } from '../../electron/contract/machine.ts';
import { type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import { isEnded } from '../../electron/core/master/operations.ts';
import type { FakeAgent } from '../support/fake-agent.ts';
import { checkOutagesOver } from './availability-oracles.ts';
import type { Master } from './master.ts';
import { holds } from './scheduler-oracles.ts';
import { checkServed, isProbeRoom } from './served-oracles.ts';
import type { Host, World } from './world.ts';

/** Cheap: false as long as something obvious is left to wait for. */
export function isQuiet(world: World, master: Master): boolean {
  if (!master.isAlive || master.isAsleep || master.loop.isReadOnly) return false;
  const { tables, session } = master.loop.state;
  if (session.sends.size > 0) return false;
  for (const { id, phase } of tables.links.values())
    if (phase !== 'live' && !isBereft(world, master, id) && !isDeclaredGone(master, id)) return false;
  for (const task of tables.tasks.values()) if (holds(task) && !mayStay(world, task)) return false;
  const isRoom = world.ending === 'as-it-is' || isProbeRoom(tables);
  return !isRoom || world.schedulers.every(({ isDone }) => isDone);
}

/** The end: faults have stopped long ago, so everything must have settled (I8) and both sides must agree (I4, I5). */
export function checkSettled(world: World, master: Master): void {
  const { tables } = master.loop.state;
  if (master.loop.isReadOnly) world.violate('I8 still read-only');
  for (const machine of tables.machines.values()) checkMachine(world, master, machine);
  checkPlaces(world, master);
  for (const lane of tables.lanes.values()) {
    if (lane.state === 'running') world.violate(`I8 lane ${lane.id} still runs`);
  }
  checkNothingWaits(world, master);
  checkServed(world, tables);
  checkOutagesOver(world, tables);
  checkLeftovers(world, master);
}

/** I3: two records at one address would fight for one agent. */
function checkPlaces(world: World, master: Master): void {
  const places = new Set<string>();
  for (const { id, via } of master.loop.state.tables.machines.values()) {
    if (via.kind !== 'ssh') continue;
    if (places.has(via.address)) world.violate(`I3 ${id} is a second record of ${via.address}`);
    places.add(via.address);
  }
}

function checkMachine(world: World, master: Master, machine: MachineRecord): void {
  const { tables } = master.loop.state;
  if (machine.via.kind !== 'ssh') return;
  const isRemoving = tables.lanes.get(machine.id)?.state === 'running';
  if (machine.removal && !isRemoving) world.violate(`I8 removal of ${machine.id} is stuck`);
  const { agent } = world.host(machine.via.address);
  if (!agent) return; // a removal that failed half way: it shows as unreachable, with its reason
  if (isSecondRecord(master, machine.id)) return;
  if (isDeclaredGone(master, machine.id)) return; // for good: what runs there is nobody's business any more
  checkLink(world, master, machine);
  checkTasks(world, master, agent);
}

function checkLink(world: World, master: Master, machine: MachineRecord): void {
  const { tables } = master.loop.state;
  const phase = tables.links.get(machine.id)?.phase;
  const state = tables.agents.get(machine.agentId ?? '')?.state.kind;
  if (phase === 'live' && state !== 'active')
    world.violate(`I8 the agent of ${machine.id} is ${state ?? 'missing'}`);
  if (phase !== 'live') world.violate(`I8 link of ${machine.id} is ${phase ?? 'missing'}`);
}

function checkNothingWaits(world: World, master: Master): void {
  const { tables, session } = master.loop.state;
  for (const send of session.sends.values()) {
    if (!isBereft(world, master, send.machineId))
      world.violate(`I8 ${send.kind} of ${send.taskId} still waits`);
  }
  for (const operation of tables.operations.values()) {
    const isTask = ['kill-task', 'run-task', 'drain-agent'].includes(operation.verb);
    // What fits nowhere waits on: see `checkServed`.
    if (!isTask || isEnded(operation) || tables.runs.has(operation.taskId ?? '')) continue;
    const isExcused = operation.machineId !== null && isBereft(world, master, operation.machineId);
    if (!isExcused) world.violate(`I8 ${operation.id} (${operation.verb}) never ended`);
  }
}

/** The link to an agent that a person gave up stays down, and says why. */
function isDeclaredGone(master: Master, machineId: string): boolean {
  const { links, agents } = master.loop.state.tables;
  const known: ReadonlyMap<string, LinkRecord> = links;
  const machines: ReadonlyMap<string, MachineRecord> = master.loop.state.tables.machines;
  const isGone = agents.get(machines.get(machineId)?.agentId ?? '')?.state.kind === 'gone';
  const { phase, problem } = known.get(machineId) ?? {};
  return isGone && phase === 'stopped' && problem?.reason === 'agent-gone';
}

/** Two records of one computer, from before its (new) agent's first hello: the second stays stopped and says so. */
function isSecondRecord(master: Master, machineId: string): boolean {
  const links: ReadonlyMap<string, LinkRecord> = master.loop.state.tables.links;
  return links.get(machineId)?.problem?.reason === 'already-added';
}

/** A removal took the agent away and then failed: the machine shows as unreachable until it is removed again. */
function isBereft(world: World, master: Master, machineId: string): boolean {
  if (isSecondRecord(master, machineId)) return true;
  const machines: ReadonlyMap<string, MachineRecord> = master.loop.state.tables.machines;
  const via = machines.get(machineId)?.via;
  return via?.kind === 'ssh' && world.host(via.address).agent === null;
}

function checkTasks(world: World, master: Master, agent: FakeAgent): void {
  const { tasks } = master.loop.state.tables;
  for (const [taskId, held] of agent.tasks) {
    const task = tasks.get(taskId);
    if (!task) world.violate(`I8 ${taskId} of ${agent.id} was never adopted`);
    if (held.unacknowledged.length > 0)
      world.violate(`I4 ${taskId}: ${held.unacknowledged.length} updates unacknowledged`);
    if (!terminalTaskStates.has(held.status.state) && !(task && mayStay(world, task)))
      world.violate(`I8 ${taskId} still ${held.status.state} on its agent`);
    else if (task && task.agentId === agent.id && task.state !== held.status.state) {
      world.violate(`I4 ${taskId} is ${task.state} here and ${held.status.state} there`);
    }
  }
  for (const task of tasks.values()) if (task.agentId === agent.id) checkTask(world, agent, task);
}

/** What nobody wanted to end. */
function mayStay(world: World, { id, agentId, state, killAskedAtMs }: TaskRecord): boolean {
  return killAskedAtMs === null && world.mayStay(agentId, id, state);
}

function checkTask(world: World, agent: FakeAgent, task: TaskRecord): void {
  if (holds(task) && !mayStay(world, task)) world.violate(`I8 ${task.id} is still ${task.state}`);
  const last = task.statuses.at(-1);
  const neverRan = last?.source === 'SOURCE_MASTER' && task.state === 'TASK_KILLED';
  if (neverRan && (agent.starts.get(task.id) ?? 0) > 0)
    world.violate(`I2 ${task.id} ran although a kill came first`);
  // Its launch got lost on the way: no reason to give it up.
  const isGivenUp =
    task.state === 'TASK_GONE' && task.killAskedAtMs === null && !world.firstRuns.has(task.id);
  if (isGivenUp && last?.reason === 'REASON_RECONCILIATION')
    world.violate(`I8 ${task.id} was confirmed and never ran`);
}

/** I14: what is installed belongs to a machine, or to a lane that waits for the person. */
function checkLeftovers(world: World, master: Master): void {
  const { machines, lanes } = master.loop.state.tables;
  const isOurs = (host: Host): boolean =>
    [...machines.values()].some(({ via }) => via.kind === 'ssh' && world.host(via.address) === host) ||
    [...lanes.values()].some(
      (lane) => lane.state === 'needs-you' && world.host(addressIn(lane.title)) === host,
    );
  for (const host of world.hosts) {
    if (!host.agent || host.mayHaveLeftovers) continue;
    if (!isOurs(host)) world.violate(`I14 ${host.name} still has our agent`);
    else if (isLeftBy(master, host.installedBy))
      world.violate(`I14 ${host.name} still has what ${host.installedBy} put there`);
  }
}

/** An attempt that is not done and does not go on has taken away what it had put there. */
function isLeftBy(master: Master, attempt: string | null): boolean {
  if (attempt === null) return false;
  const lanes: ReadonlyMap<string, { readonly state: string }> = master.loop.state.tables.lanes;
  return lanes.get(attempt.slice(0, attempt.lastIndexOf('#')))?.state !== 'running';
}

/** `user@address:port` */
function addressIn(title: string): string {
  return title.slice(title.indexOf('@') + 1, title.lastIndexOf(':'));
}
