// What must hold of what is written: nobody hears of what is not on the disk (I1), updates are taken in order and for what
// they are (I4), and the master says only what it may say by itself (I2, I9).
import type { Result } from '../../electron/contract/errors.ts';
import type { MachineId, TaskId } from '../../electron/contract/ids.ts';
import { priorRunId } from '../../electron/contract/run.ts';
import { type Diff, durableTables, type Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, type TaskStatus, terminalTaskStates } from '../../electron/contract/task.ts';
import type { CommandEvent } from '../../electron/core/kernel/events.ts';
import { isSame } from '../../electron/core/kernel/tables.ts';
import type { FakeDisk } from '../support/fake-store.ts';
import { checkEnds } from './scheduler-oracles.ts';
import type { World } from './world.ts';

/** Called after every commit. */
export function noteDisk(world: World, before: Tables, after: Tables, diff: Diff): void {
  noteRuns(world, before, after, diff);
  for (const task of diff.tasks?.put ?? []) noteFate(world, after, task);
  checkEnds(world, after, diff);
  for (const id of diff.tasks?.drop ?? []) noteDropped(world, before, { id, diff });
  for (const task of diff.tasks?.put ?? []) noteTask(world, before.tasks.get(task.id), task);
  for (const machine of diff.machines?.put ?? []) {
    if (machine.removal && !world.asked.removals.has(machine.id))
      world.violate(`I6 nobody asked to remove ${machine.id}`);
  }
}

function noteTask(world: World, before: TaskRecord | undefined, task: TaskRecord): void {
  // Under another machine id it was adopted: that machine was removed and added again.
  if (world.forgotten.get(task.id) === task.machineId)
    world.violate(`I4 ${task.id} came back after it was forgotten`);
  world.onDisk.add(task.id);
  world.book.noteTask(task);
  noteAgain(world, task.id);
  for (const { uuid } of task.statuses) if (uuid !== null) world.onDisk.add(uuid);
  checkTask(world, before, task);
}

function noteRuns(world: World, before: Tables, after: Tables, { runs, machines }: Diff): void {
  for (const run of runs?.put ?? []) {
    world.waited.add(run.id);
    noteAgain(world, run.id);
    const prior = before.runs.has(run.id) ? null : priorRunId(run.id);
    if (prior !== null && world.book.killed.has(prior))
      world.violate(`I6 ${run.id} waits, and a person ended it as ${prior}`);
  }
  for (const id of runs?.drop ?? []) {
    // Made and removed again within one commit: also written, in its way.
    world.waited.add(id);
    // Placed, and its task gone with its machine, within one commit.
    const mayHaveGone = (machines?.drop.length ?? 0) > 0;
    if (!mayHaveGone) checkWaitedEnd(world, before, { id, after });
  }
}

/** Asked for once; that it made room for something else is no reason to ask again. */
function noteAgain({ asked, book }: World, id: TaskId): void {
  const prior = priorRunId(id);
  if (prior !== null && asked.runs.has(prior) && book.preempted.has(prior)) asked.runs.add(id);
}

/** I12: what waits for any machine waits until it is placed, or taken back by a person. */
function checkWaitedEnd(
  world: World,
  before: Tables,
  ended: { readonly id: string; readonly after: Tables },
): void {
  const { id, after } = ended;
  const isAnywhere = before.runs.get(id)?.place === null;
  if (isAnywhere && !after.tasks.has(id) && !world.asked.kills.has(id))
    world.violate(`I12 ${id} waits no more, and nobody took it back`);
}

/** What the others of a group, and a scheduler that knows of no partitions, have to do with it. */
function noteFate(world: World, after: Tables, { id, state }: TaskRecord): void {
  const { book } = world;
  if (state === 'TASK_UNREACHABLE') book.lostSight.add(id);
  if (!terminalTaskStates.has(state) || state === 'TASK_FINISHED') return;
  book.failed.add(id);
  for (const other of book.groups.get(id) ?? []) {
    const task = after.tasks.get(other);
    if (
      task &&
      task.groupId !== undefined &&
      !terminalTaskStates.has(task.state) &&
      task.killAskedAtMs === null
    )
      world.violate(`I6 ${other} goes on without ${id} of its group`);
  }
}

/** Made and removed again within one commit: also written, in its way. */
function noteDropped(
  world: World,
  before: Tables,
  dropped: { readonly id: string; readonly diff: Diff },
): void {
  const { id, diff } = dropped;
  const machineId = before.tasks.get(id)?.machineId ?? null;
  world.onDisk.add(id);
  world.forgotten.set(id, machineId);
  const goesWithMachine = machineId !== null && diff.machines?.drop.includes(machineId);
  if (machineId !== null && !goesWithMachine && !world.asked.forgets.has(id))
    world.violate(`I12 ${id} was dropped and nobody asked for it`);
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

function checkTask(world: World, before: TaskRecord | undefined, task: TaskRecord): void {
  if (before) checkChange(world, before, task);
  const isNewWish = task.killAskedAtMs !== null && (before?.killAskedAtMs ?? null) === null;
  if (isNewWish && !isWished(world, task)) world.violate(`I6 nobody asked to kill ${task.id}`);
  checkStory(world, task);
  const last = task.statuses.at(-1);
  if (last?.source === 'SOURCE_MASTER' && before?.state !== task.state) checkOwnWord(world, task);
}

function isWished(world: World, { id, machineId, killReason }: TaskRecord): boolean {
  const isDrained = killReason === 'REASON_AGENT_DRAINING';
  return isDrained ? world.book.outages.mayDrain(machineId) : world.book.mayBeKilled(world, id);
}

function checkChange(
  world: World,
  before: TaskRecord,
  { id, state, killAskedAtMs, startedAtMs }: TaskRecord,
): void {
  if (terminalTaskStates.has(before.state) && before.state !== state)
    world.violate(`I4 ${id}: ${before.state} became ${state}`);
  if (before.killAskedAtMs !== null && killAskedAtMs === null)
    world.violate(`I1 the wish to kill ${id} was forgotten`);
  if (before.startedAtMs !== null && startedAtMs === null)
    world.violate(`I4 ${id}: what was known of it was forgotten`);
}

/** Updates in the order in which the agent made them, each at most once, and nothing that no agent ever said. */
function checkStory(world: World, { id, statuses }: TaskRecord): void {
  let at = -1;
  for (const status of statuses) {
    if (status.uuid === null) {
      checkWithoutUuid(world, id, status);
      continue;
    }
    const made = world.updates.get(status.uuid);
    if (made?.taskId !== id) world.violate(`I4 ${id}: ${status.uuid} is no update of it`);
    else if (made.at <= at) world.violate(`I4 ${id}: update ${status.uuid} out of order`);
    at = made?.at ?? at;
  }
}

function checkWithoutUuid(world: World, id: string, { source, state }: TaskStatus): void {
  if (source !== 'SOURCE_MASTER' && state !== 'TASK_STAGING')
    world.violate(`I4 ${id}: ${state} of an agent without uuid`);
}

/** What the master says by itself about a task must agree with what an observer on the machine sees. */
function checkOwnWord(world: World, { id, agentId, state }: TaskRecord): void {
  const isRun = (world.firstRuns.get(id) ?? 0) > 0;
  const neverRan = state === 'TASK_DROPPED' || state === 'TASK_ERROR' || state === 'TASK_KILLED';
  if (neverRan && isRun) world.violate(`I4 ${id} is ${state} by the master's word, but it ran`);
  if (state !== 'TASK_GONE') return;
  const isHeld = world.hosts.some(({ agent }) => agent?.id === agentId && agent.tasks.has(id));
  if (isHeld) world.violate(`I9 ${id} was declared gone and its agent has it`);
}

/** I1: what is published is what is on the disk. */
export function checkPublished(world: World, disk: FakeDisk, diff: Diff): void {
  for (const table of durableTables) {
    for (const row of diff[table]?.put ?? []) {
      if (!isSame(disk.tables[table].get(row.id), row))
        world.violate(`I1 ${table} ${row.id} was published and is not on the disk`);
    }
    for (const id of diff[table]?.drop ?? []) {
      if (disk.tables[table].has(id)) world.violate(`I1 ${table} ${id} was dropped and is on the disk`);
    }
  }
}

/** I1: a yes to a person is on the disk when it arrives. `isNewest`: nothing of the kind was asked after it. */
export function checkPromise(
  world: World,
  disk: FakeDisk,
  asked: { readonly command: CommandEvent; readonly answer: Result<null>; readonly isNewest: boolean },
): void {
  const { command, answer, isNewest } = asked;
  if (answer.ok && !isKept(world, disk, command, isNewest))
    world.violate(`I1 ${command.kind} was confirmed but is not on the disk`);
}

function isKept(world: World, { tables }: FakeDisk, command: CommandEvent, isNewest: boolean): boolean {
  switch (command.kind) {
    case 'run-task':
      return world.onDisk.has(command.info.taskId) || world.waited.has(command.info.taskId);
    case 'kill-task':
      return tables.tasks.get(command.taskId)?.killAskedAtMs !== null && !tables.runs.has(command.taskId);
    case 'remove-machine': {
      const machine = tables.machines.get(command.machineId);
      return !machine || (!command.force && (machine.removal !== null || !isNewest));
    }
    case 'edit-machine':
      return !isNewest || (tables.machines.get(command.machineId)?.note ?? command.note) === command.note;
    case 'change-settings':
      return (
        !isNewest ||
        isSame({ ...tables.settings.get('settings'), ...command.settings }, tables.settings.get('settings'))
      );
    case 'teardown-framework':
      return tables.frameworks.get(command.frameworkId)?.completedAtMs !== null;
    default:
      return !isNewest || isSetKept(world, tables, command);
  }
}

/** What a later word of the same kind sets anew. */
function isSetKept(world: World, tables: Tables, command: CommandEvent): boolean {
  switch (command.kind) {
    case 'set-quota':
    case 'set-weight':
    case 'set-preemption':
      return isRoleKept(tables, command);
    case 'deactivate-agent':
      return isOut(tables, command.machineId);
    case 'plan-maintenance':
      return command.window === null || isPlanned(world, tables, command);
    default:
      return true;
  }
}

/** Paused by a person, or worse since. */
function isOut({ machines, agents }: Tables, machineId: MachineId): boolean {
  const agent = agents.get(machines.get(machineId)?.agentId ?? '');
  return !agent || agent.state.kind === 'gone' || agent.availability !== undefined;
}

/** Or its time is over. */
function isPlanned(
  world: World,
  { machines }: Tables,
  { machineId, window }: Extract<CommandEvent, { kind: 'plan-maintenance' }>,
): boolean {
  const machine = machines.get(machineId);
  const endMs = window && window.durationMs !== null ? window.startMs + window.durationMs : null;
  const isOver = endMs !== null && endMs <= world.time.nowMs() + 1000;
  return !machine || isOver || machine.maintenance?.startMs === window?.startMs;
}

function isRoleKept({ roles }: Tables, command: Extract<CommandEvent, { role: string }>): boolean {
  const row = roles.get(command.role);
  if (command.kind === 'set-quota') return isSame(row?.quota ?? null, command.quota);
  if (command.kind === 'set-preemption') return isSame(row?.preemption ?? null, command.preemption);
  return command.kind !== 'set-weight' || (row?.weightMilli ?? 1000) === command.weightMilli;
}
