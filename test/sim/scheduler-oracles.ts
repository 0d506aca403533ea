// What schedulers are told must be true, written, in order, and not again once it was acknowledged (I1, I4); what is given out
// stays within what there is and within what people set (I7); nothing is held for longer than it may be.
import type { FrameworkRecord, SchedulerEvent } from '../../electron/contract/framework.ts';
import type { FrameworkId } from '../../electron/contract/ids.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import type { ResourcePart } from '../../electron/contract/role.ts';
import type { Diff, Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import { scalarNames } from '../../electron/core/master/resources.ts';
import type { World } from './world.ts';

type Violate = (what: string) => void;
type Told = Extract<SchedulerEvent, { kind: 'UPDATE' }>['status'];
type Telling = { readonly frameworkId: FrameworkId; readonly event: SchedulerEvent };

/** What a step tells is what it knows: the next step may know more before anything leaves. */
export function checkTruth(
  world: World,
  tables: Tables,
  { frameworkId, event }: Telling,
  violate: Violate,
): void {
  const { capabilities = [] } = tables.frameworks.get(frameworkId)?.info ?? {};
  // An agent says LOST of what did not outlive a restart of its machine; that is its word, and passed on.
  const isOwnWord = ({ taskId, state }: Told): boolean =>
    state === 'TASK_LOST' && tables.tasks.get(taskId)?.state === state;
  if (event.kind === 'UPDATE' && !hearsOf(capabilities, event.status.state) && !isOwnWord(event.status))
    violate(
      `${frameworkId} was told ${event.status.state} of ${event.status.taskId}, which it does not know of`,
    );
  if (event.kind === 'UPDATE' && event.status.reason === 'REASON_RECONCILIATION')
    checkReconciled({ world, tables, frameworkId }, event.status, violate);
  if (event.kind !== 'OFFERS') return;
  const roles = tables.frameworks.get(frameworkId)?.info.roles ?? [];
  for (const { id, role, frameworkId: to } of event.offers)
    if (to !== frameworkId || !roles.includes(role)) violate(`offer ${id} is not for ${frameworkId}`);
}

function hearsOf(capabilities: readonly string[], state: string): boolean {
  if (state === 'TASK_KILLING') return capabilities.includes('TASK_KILLING_STATE');
  const isPartition = [
    'TASK_UNREACHABLE',
    'TASK_DROPPED',
    'TASK_GONE',
    'TASK_GONE_BY_OPERATOR',
    'TASK_UNKNOWN',
  ];
  if (isPartition.includes(state)) return capabilities.includes('PARTITION_AWARE');
  return state !== 'TASK_LOST' || !capabilities.includes('PARTITION_AWARE');
}

/** Just before it leaves the master. `disk`: what is written. */
export function checkTold(world: World, disk: Tables, { frameworkId, event }: Telling): void {
  if (event.kind === 'UPDATE' && event.status.uuid !== null)
    checkUpdate({ world, disk, frameworkId }, event.status, event.status.uuid);
  if (event.kind === 'UPDATE_OPERATION_STATUS' && world.book.acked.has(event.status.uuid ?? ''))
    world.violate(`I4 ${event.status.operationId} was acknowledged and is told again`);
}

/** I4: each at least once, in the order in which they were made, and no more once it was acknowledged. */
function checkUpdate(
  place: { readonly world: World; readonly disk: Tables; readonly frameworkId: FrameworkId },
  { taskId, state }: Told,
  uuid: string,
): void {
  const { world, disk, frameworkId } = place;
  const { book } = world;
  // Its record may have gone with its machine in the same commit.
  if (!world.onDisk.has(uuid) && disk.tasks.has(taskId))
    world.violate(`I1 ${frameworkId} was told ${uuid} before it was written`);
  if (book.owners.get(taskId) !== frameworkId)
    world.violate(`${frameworkId} was told of ${taskId}, of another`);
  if (book.acked.has(uuid)) world.violate(`${uuid} of ${taskId} was acknowledged and is told again`);
  const at = world.updates.get(uuid)?.at ?? -1;
  const last = book.toldAt.get(taskId) ?? -1;
  if (!book.told.has(uuid) && at < last)
    world.violate(`I4 ${taskId}: ${state} is told after what came later`);
  book.told.add(uuid);
  book.toldAt.set(taskId, Math.max(at, last));
}

/** What the master says of a task that was asked for is what it has written, or what an observer sees. */
function checkReconciled(
  place: { readonly world: World; readonly tables: Tables; readonly frameworkId: FrameworkId },
  { taskId, state, agentId }: Told,
  violate: Violate,
): void {
  const { world, tables, frameworkId } = place;
  const task = tables.tasks.get(taskId);
  if (task) {
    const isOwn = (task.frameworkId ?? 'f-run') === frameworkId;
    const isHidden = task.state === 'TASK_KILLING' && openStates.has(state);
    const isSame =
      task.state === state || isHidden || (state === 'TASK_LOST' && !terminalTaskStates.has(task.state));
    if (isOwn && !isSame && !isLostState(task, state))
      violate(`${taskId} is ${task.state} and ${frameworkId} was told ${state}`);
    return;
  }
  const isHeld = world.hosts.some(({ agent }) => agent?.id === agentId && agent.tasks.has(taskId));
  if (state === 'TASK_GONE' && isHeld) violate(`${frameworkId} was told that ${taskId} is gone: it runs`);
  else if (state !== 'TASK_GONE' && terminalTaskStates.has(state) && state !== 'TASK_LOST')
    violate(`${frameworkId} was told ${state} of ${taskId}, which nobody knows`);
}

/** What a task that is being killed is to who does not know of that. */
const openStates: ReadonlySet<string> = new Set(['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING']);

/** To who knows of no partitions several states are one. */
function isLostState({ state }: TaskRecord, told: string): boolean {
  return told === 'TASK_LOST' && ['TASK_DROPPED', 'TASK_GONE'].includes(state);
}

export function isWithinRole(role: string, top: string): boolean {
  return role === top || role.startsWith(`${top}/`);
}

export function holds(task: TaskRecord): boolean {
  return !terminalTaskStates.has(task.state) && task.state !== 'TASK_GONE_BY_OPERATOR';
}

export function usesOf(task: TaskRecord): readonly ResourcePart[] {
  return task.uses ?? [{ reservation: [], volume: null, amounts: task.info.resources }];
}

const isPlain = (part: ResourcePart): boolean => part.reservation.length === 0;
const keyOf = (part: ResourcePart): string =>
  `${part.reservation.join('>')}|${part.volume?.persistenceId ?? ''}`;

/** I7: what tasks hold, what is offered and what is set aside, together, on one agent; no port twice. */
export function checkAgent(tables: Tables, id: string, violate: Violate): void {
  const agent = tables.agents.get(id);
  if (!agent) return;
  const held: ResourcePart[] = [];
  for (const task of tables.tasks.values())
    if (task.agentId === id && holds(task)) held.push(...usesOf(task));
  for (const offer of tables.offers.values()) if (offer.agentId === id) held.push(...offer.resources);
  const rows: ResourcePart[] = [];
  for (const row of tables.reservations.values()) if (row.agentId === id) rows.push(row.part);
  for (const name of scalarNames) {
    let sum = 0;
    for (const { amounts } of rows) sum += amounts[name];
    for (const part of held) if (isPlain(part)) sum += part.amounts[name];
    if (sum > agent.resources[name]) violate(`I7 ${id}: ${name} ${sum} of ${agent.resources[name]}`);
  }
  checkReserved(held, rows, (what) => violate(`I7 ${id}: ${what}`));
  checkPorts(held, (what) => violate(`I7 ${id}: ${what}`));
}

function checkReserved(held: readonly ResourcePart[], rows: readonly ResourcePart[], violate: Violate): void {
  for (const kind of new Set(held.filter((part) => !isPlain(part)).map(keyOf))) {
    const row = rows.find((part) => keyOf(part) === kind);
    for (const name of scalarNames) {
      let sum = 0;
      for (const part of held) if (keyOf(part) === kind) sum += part.amounts[name];
      if (sum > (row?.amounts[name] ?? 0)) violate(`${name} ${sum} of what is reserved as ${kind}`);
    }
  }
}

function checkPorts(held: readonly ResourcePart[], violate: Violate): void {
  const ports: Resources['ports'][number][] = held.flatMap(({ amounts }) => amounts.ports);
  ports.sort((a, b) => a.begin - b.begin);
  for (const [at, range] of ports.entries()) {
    if (at > 0 && range.begin <= (ports[at - 1]?.end ?? -1)) violate(`port ${range.begin} twice`);
  }
}

/** A limit is never passed by what the master does; what was held before it was set may be above it. */
export function checkLimits(before: Tables, after: Tables, violate: Violate): void {
  for (const { id: role, quota } of after.roles.values()) {
    if (!quota) continue;
    for (const name of scalarNames) {
      const limit = quota.limit[name];
      if (limit === null) continue;
      const sum = consumed(after, role, name);
      if (sum > limit && sum > consumed(before, role, name))
        violate(`I7 ${role}: ${name} ${sum} of limit ${limit}`);
    }
  }
}

/** Everything that is set aside for it, and of the rest what its tasks and offers have. */
export function consumed(tables: Tables, role: string, name: (typeof scalarNames)[number]): number {
  let sum = 0;
  const add = (parts: readonly ResourcePart[]): void => {
    for (const part of parts) if (isPlain(part)) sum += part.amounts[name];
  };
  for (const task of tables.tasks.values())
    if (holds(task) && isWithinRole(task.role ?? '*', role)) add(usesOf(task));
  for (const offer of tables.offers.values()) if (isWithinRole(offer.role, role)) add(offer.resources);
  for (const { part } of tables.reservations.values())
    if (isWithinRole(part.reservation[0] ?? '*', role)) sum += part.amounts[name];
  return sum;
}

/** I6: what belongs to a framework that ended is killed, and it ended for a reason. */
export function checkEnds(world: World, tables: Tables, diff: Diff): void {
  for (const framework of diff.frameworks?.put ?? []) {
    if (framework.completedAtMs === null) continue;
    if (!world.book.mayEnd(framework.id, world.time.monoMs()))
      world.violate(`I13 ${framework.id} was ended for nothing`);
    checkOrphans(world, tables, framework);
  }
}

function checkOrphans(world: World, tables: Tables, { id }: FrameworkRecord): void {
  for (const task of tables.tasks.values()) {
    if (task.frameworkId === id && holds(task) && task.killAskedAtMs === null)
      world.violate(`I6 ${id} ended and ${task.id} runs on`);
  }
}
