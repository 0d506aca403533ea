// What must hold whenever something reaches an agent: it was asked for, it was written first (I1), it is that agent's to do
// (I2, I5, I6), nothing is given out twice (I7), and nobody fights for a lease (I3).
import type { MachineId } from '../../electron/contract/ids.ts';
import { type TaskInfo, type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import { scalarNames } from '../../electron/core/master/resources.ts';
import type { FakeAgent } from '../support/fake-agent.ts';
import type { FakeDisk } from '../support/fake-store.ts';
import type { AgentCall } from './network.ts';
import type { World } from './world.ts';

type Place = { readonly world: World; readonly disk: FakeDisk; readonly agent: FakeAgent };
type CallOf<K extends AgentCall['kind']> = Extract<AgentCall, { kind: K }>;

/** Just before the agent acts. */
export function checkCall(place: Place, call: AgentCall): void {
  switch (call.kind) {
    case 'send-launch':
      return checkLaunch(place, call.info);
    case 'send-kill':
      return checkKill(place, call);
    case 'send-forget':
      if (!place.world.asked.forgets.has(call.taskId))
        place.world.violate(`I5 nobody asked to forget ${call.taskId}`);
      return;
    case 'send-ack':
      return checkAck(place, call);
  }
}

function checkLaunch({ world, disk, agent }: Place, info: TaskInfo): void {
  const { taskId } = info;
  if (!world.onDisk.has(taskId)) world.violate(`I1 launch of ${taskId} before it was written`);
  const record = disk.tables.tasks.get(taskId);
  if (record && record.agentId !== agent.id)
    world.violate(`I2 launch of ${taskId} on ${agent.id}, it is of ${record.agentId}`);
  if (!agent.tasks.has(taskId) && !agent.tombstones.has(taskId)) checkRoom(world, agent, info);
}

/** I7 as the agent sees it: what it holds and has not ended, and this one, fit into what it has. */
function checkRoom(world: World, agent: FakeAgent, info: TaskInfo): void {
  const open = [...agent.tasks.values()].filter(({ status }) => !terminalTaskStates.has(status.state));
  for (const name of scalarNames) {
    const taken = open.reduce((sum, held) => sum + held.info.resources[name], info.resources[name]);
    if (taken > agent.resources[name])
      world.violate(`I7 ${agent.id} gets ${info.taskId}: ${name} ${taken} of ${agent.resources[name]}`);
  }
  for (const { begin, end } of info.resources.ports) {
    const isTaken = open.some((held) =>
      held.info.resources.ports.some((range) => range.begin <= end && begin <= range.end),
    );
    if (isTaken) world.violate(`I7 port ${begin} of ${info.taskId} is taken on ${agent.id}`);
  }
}

/** Without the wish on the disk, the next life would not know that it was killed, and could start it again. */
function checkKill({ world, disk, agent }: Place, { taskId, graceMs }: CallOf<'send-kill'>): void {
  const { book } = world;
  const record = disk.tables.tasks.get(taskId);
  if (record && record.killAskedAtMs === null)
    world.violate(`I1 kill of ${taskId} before the wish was written`);
  // One whose wish is written was judged when it was.
  if (!record && !book.mayBeKilled(world, taskId) && !book.mayBeDrained(taskId))
    world.violate(`I6 nobody asked to kill ${taskId}`);
  if (record && !isGraceSaid({ world, agent, record }, graceMs))
    world.violate(`I6 ${taskId} gets ${graceMs} ms to end, which nobody said`);
  if (record && record.agentId !== agent.id)
    world.violate(`I6 kill of ${taskId} on ${agent.id}, it is of ${record.agentId}`);
}

/** What it came with, or what somebody said who may say so. */
function isGraceSaid(
  { world, agent, record }: Pick<Place, 'world' | 'agent'> & { readonly record: TaskRecord },
  graceMs: number,
): boolean {
  const { id, info, machineId } = record;
  const isOwn = graceMs === (agent.tasks.get(id)?.info ?? info).killPolicy.graceMs;
  const isSaid = world.book.graces.get(id)?.includes(graceMs) === true;
  return isOwn || isSaid || world.book.outages.mayGrant(machineId, graceMs);
}

/** I1: nothing is acknowledged that could still be forgotten. */
function checkAck({ world, disk, agent }: Place, { taskId, uuid }: CallOf<'send-ack'>): void {
  // What no agent ever made is nobody's loss.
  if (world.onDisk.has(uuid) || !world.updates.has(uuid)) return;
  const task = disk.tables.tasks.get(taskId);
  const isOpen = task && task.agentId === agent.id && !terminalTaskStates.has(task.state);
  // Of a long story only a part is kept: what came after it is on the disk instead.
  if (isOpen && !hasNewer(world, task, uuid))
    world.violate(`I1 acknowledged ${uuid} of ${taskId} (${task.state}) before it was written`);
}

function hasNewer(world: World, task: TaskRecord, uuid: string): boolean {
  const at = world.updates.get(uuid)?.at ?? Number.POSITIVE_INFINITY;
  return task.statuses.some((status) => {
    const known = status.uuid === null ? undefined : world.updates.get(status.uuid);
    return known !== undefined && known.taskId === task.id && known.at > at;
  });
}

/** I3: a lease that another master holds is asked for once, and taken only when a person said so. */
export function checkHello(
  world: World,
  hello: { readonly machineId: MachineId; readonly agent: FakeAgent | null; readonly takeOver: boolean },
  masterId: string,
): void {
  const { machineId, agent, takeOver } = hello;
  if (takeOver) {
    const left = world.asked.takeOvers.get(machineId) ?? 0;
    if (left <= 0) world.violate(`I3 nobody asked to take ${machineId} over`);
    world.asked.takeOvers.set(machineId, left - 1);
  } else if (agent?.lease && agent.lease.masterId !== masterId) {
    const tries = (world.leaseTries.get(machineId) ?? 0) + 1;
    world.leaseTries.set(machineId, tries);
    if (tries > 1) world.violate(`I3 fights for the lease of ${machineId}`);
  }
}
