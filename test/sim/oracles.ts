// What must hold. Numbers are those of reference/reliability.md. The core's own invariants are checked at every step by
// master.ts; here is what only an observer of the whole world can see.
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Diff, Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import type { Effect } from '../../electron/core/kernel/effects.ts';
import { overCommitted } from '../../electron/core/master/invariants.ts';
import { isEnded } from '../../electron/core/master/operations.ts';
import type { FakeAgent } from '../support/fake-agent.ts';
import type { FakeDisk } from '../support/fake-store.ts';
import type { Master } from './master.ts';
import type { Host, World } from './world.ts';

/** Called after every commit. */
export function noteDisk(world: World, before: Tables, diff: Diff): void {
  // Made and removed again within one commit: also written, in its way.
  for (const id of diff.tasks?.drop ?? []) {
    world.onDisk.add(id);
    world.forgotten.set(id, before.tasks.get(id)?.machineId ?? null);
  }
  for (const task of diff.tasks?.put ?? []) {
    // Under another machine id it was adopted: that machine was removed and added again.
    if (world.forgotten.get(task.id) === task.machineId)
      world.violate(`I4 ${task.id} came back after it was forgotten`);
    world.onDisk.add(task.id);
    for (const { uuid } of task.statuses) if (uuid !== null) world.onDisk.add(uuid);
  }
}

/** A commit that nobody heard of was taken back: it counts as never written, so that acting on it is a violation. */
export function noteTakenBack(world: World, before: Tables, diff: Diff): void {
  for (const id of diff.tasks?.drop ?? []) world.onDisk.delete(id);
  for (const task of diff.tasks?.put ?? []) {
    world.forgotten.delete(task.id);
    world.onDisk.add(task.id);
    const kept = new Set(task.statuses.map(({ uuid }) => uuid));
    for (const { uuid } of before.tasks.get(task.id)?.statuses ?? [])
      if (uuid !== null && !kept.has(uuid)) world.onDisk.delete(uuid);
  }
}

/** I1: nothing reaches an agent that is not on the disk first; nothing is acknowledged that could still be forgotten. */
export function checkCall(
  place: { readonly world: World; readonly disk: FakeDisk; readonly agent: FakeAgent },
  effect: Effect,
): void {
  const { world, disk, agent } = place;
  if (effect.kind === 'send-launch' && !world.onDisk.has(effect.info.taskId)) {
    world.violate(`I1 launch of ${effect.info.taskId} before it was written`);
  }
  if (effect.kind !== 'send-ack' || world.onDisk.has(effect.uuid)) return;
  const task = disk.tables.tasks.get(effect.taskId);
  const isOpen = task && task.agentId === agent.id && !terminalTaskStates.has(task.state);
  // Of a long story only a part is kept: what came after it is on the disk instead.
  if (isOpen && !hasNewer(agent, task, effect.uuid))
    world.violate(`I1 acknowledged ${effect.uuid} of ${effect.taskId} (${task.state}) before it was written`);
}

function hasNewer(agent: FakeAgent, task: TaskRecord, uuid: string): boolean {
  const theirs = agent.history.get(task.id) ?? [];
  const at = theirs.indexOf(uuid);
  return at >= 0 && task.statuses.some((status) => status.uuid !== null && theirs.indexOf(status.uuid) > at);
}

/** At any moment. */
export function checkAgents(world: World): void {
  for (const agent of world.agents) {
    for (const [taskId, times] of agent.starts) {
      if (times > 1) world.violate(`I2 ${taskId} was started ${times} times`);
    }
  }
}

/** The end: faults have stopped long ago, so everything must have settled (I8) and both sides must agree (I4, I5). */
export function checkSettled(world: World, master: Master): void {
  const { tables } = master.loop.state;
  checkAgents(world);
  for (const broken of overCommitted(tables)) world.violate(broken);
  if (master.loop.isReadOnly) world.violate('I8 still read-only');
  for (const machine of tables.machines.values()) checkMachine(world, master, machine);
  for (const lane of tables.lanes.values()) {
    if (lane.state === 'running') world.violate(`I8 lane ${lane.id} still runs`);
  }
  checkNothingWaits(world, master);
  checkLeftovers(world, master);
}

function checkMachine(world: World, master: Master, machine: MachineRecord): void {
  const { tables } = master.loop.state;
  if (machine.via.kind !== 'ssh') return;
  const isRemoving = tables.lanes.get(machine.id)?.state === 'running';
  if (machine.removal && !isRemoving) world.violate(`I8 removal of ${machine.id} is stuck`);
  const { agent } = world.host(machine.via.address);
  if (!agent) return; // a removal that failed half way: it shows as unreachable, with its reason
  const phase = tables.links.get(machine.id)?.phase;
  if (phase !== 'live') world.violate(`I8 link of ${machine.id} is ${phase ?? 'missing'}`);
  checkTasks(world, master, agent);
}

function checkNothingWaits(world: World, master: Master): void {
  const { tables, session } = master.loop.state;
  for (const send of session.sends.values()) {
    if (!isBereft(world, master, send.machineId))
      world.violate(`I8 ${send.kind} of ${send.taskId} still waits`);
  }
  for (const operation of tables.operations.values()) {
    const isTask = operation.verb === 'kill-task' || operation.verb === 'run-task';
    if (!isTask || isEnded(operation)) continue;
    const isExcused = operation.machineId !== null && isBereft(world, master, operation.machineId);
    if (!isExcused) world.violate(`I8 ${operation.id} (${operation.verb}) never ended`);
  }
}

/** A removal took the agent away and then failed: the machine shows as unreachable until it is removed again. */
function isBereft(world: World, master: Master, machineId: string): boolean {
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
    if (!terminalTaskStates.has(held.status.state))
      world.violate(`I8 ${taskId} still ${held.status.state} on its agent`);
    else if (task && task.agentId === agent.id && task.state !== held.status.state) {
      world.violate(`I4 ${taskId} is ${task.state} here and ${held.status.state} there`);
    }
  }
  for (const task of tasks.values()) if (task.agentId === agent.id) checkTask(world, agent, task);
}

function checkTask(world: World, agent: FakeAgent, task: TaskRecord): void {
  if (!terminalTaskStates.has(task.state)) world.violate(`I8 ${task.id} is still ${task.state}`);
  const last = task.statuses.at(-1);
  const neverRan = last?.source === 'SOURCE_MASTER' && task.state === 'TASK_KILLED';
  if (neverRan && (agent.starts.get(task.id) ?? 0) > 0)
    world.violate(`I2 ${task.id} ran although a kill came first`);
  const theirs = agent.history.get(task.id) ?? [];
  let at = -1;
  for (const { uuid } of task.statuses) {
    if (uuid === null) continue;
    const next = theirs.indexOf(uuid, at + 1);
    if (next <= at) world.violate(`I4 ${task.id}: update ${uuid} out of order`);
    at = next;
  }
}

/** I14: what is installed belongs to a machine, or to a lane that waits for the person. */
function checkLeftovers(world: World, master: Master): void {
  const { machines, lanes } = master.loop.state.tables;
  const isOurs = (host: Host): boolean =>
    [...machines.values()].some(
      (machine) => machine.via.kind === 'ssh' && machine.via.address === host.name,
    ) ||
    [...lanes.values()].some((lane) => lane.state === 'needs-you' && lane.title.includes(`@${host.name}:`));
  for (const host of world.hosts) {
    if (host.agent && !host.mayHaveLeftovers && !isOurs(host))
      world.violate(`I14 ${host.name} still has our agent`);
  }
}
