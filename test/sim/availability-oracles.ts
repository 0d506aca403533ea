// What must hold of machines that people have taken out of service: nothing new comes to them, what runs there is told to end in
// the time it was granted, who paused one has it paused until a person says otherwise, gone is said only when it was asked, and
// schedulers are asked to make room before a maintenance. Looked at in the step that changes something of it.
import type { AgentRecord, MachineRecord } from '../../electron/contract/machine.ts';
import type { InverseOfferRecord } from '../../electron/contract/offer.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import { holds } from './scheduler-oracles.ts';
import { holdsOf } from './served-oracles.ts';
import type { Stepping } from './step-oracles.ts';
import type { World } from './world.ts';

type Violate = (what: string) => void;

/** What a deadline may be late by: the beat of the loop, and a commit. */
const lateMs = 3000;

export function checkAvailability(world: World, stepping: Stepping, violate: Violate): void {
  const { before, event, result } = stepping;
  const { tables } = result.state;
  world.book.outages.see(event.atMs);
  checkNothingNew(world, stepping, violate);
  for (const agent of result.diff.agents?.put ?? [])
    checkAgentMove(world, { stepping, old: before.tables.agents.get(agent.id), agent }, violate);
  for (const task of result.diff.tasks?.put ?? [])
    checkDraining(tables.agents.get(task.agentId), task, violate);
  // What it compares is the same as at the step before, when it held.
  const isTouched = askedBy.some((table) => before.tables[table] !== tables[table]);
  if (isTouched && (isPlanned(tables) || before.tables.inverseOffers.size > 0))
    checkAskedForRoom(stepping, violate);
}

/** Who must be asked for room, and who was, stands there. */
const askedBy = ['machines', 'agents', 'tasks', 'subscriptions', 'inverseOffers'] as const;

function isPlanned({ machines }: Tables): boolean {
  for (const { maintenance } of machines.values()) if (maintenance !== undefined) return true;
  return false;
}

/** Nothing is offered or promised of a machine that takes nothing, and nothing is begun there. */
function checkNothingNew(world: World, { before, result }: Stepping, violate: Violate): void {
  const { tables } = result.state;
  for (const table of ['offers', 'claims'] as const) {
    for (const { id, agentId } of result.diff[table]?.put ?? []) {
      const why = whyNot(tables, agentId);
      if (why !== null) violate(`${id} is of ${agentId}, which is ${why}`);
    }
  }
  for (const task of result.diff.tasks?.put ?? [])
    if (!before.tables.tasks.has(task.id)) checkBegun(world, tables, { task, violate });
}

function checkBegun(
  world: World,
  tables: Tables,
  { task, violate }: { readonly task: TaskRecord; readonly violate: Violate },
): void {
  // What is found on an agent was begun before.
  const isBegun = task.statuses[0]?.source === 'SOURCE_MASTER' && task.state === 'TASK_STAGING';
  if (!isBegun) return;
  const why = whyNot(tables, task.agentId);
  const condition = world.book.conditionOf(task.id);
  const name = tables.machines.get(task.machineId)?.name ?? '';
  if (!holdsOf(condition, name)) violate(`${task.id} is begun on ${name}, asked for with ${condition}`);
  if (why !== null) violate(`${task.id} is begun on ${task.agentId}, which is ${why}`);
}

function whyNot(tables: Tables, agentId: string): string | null {
  const agent = tables.agents.get(agentId);
  if (agent?.state.kind !== 'active') return agent?.state.kind ?? 'unknown';
  if (agent.availability) return agent.availability.kind;
  return tables.machines.get(agent.machineId)?.removal ? 'being removed' : null;
}

type Move = {
  readonly stepping: Stepping;
  readonly old: AgentRecord | undefined;
  readonly agent: AgentRecord;
};

function checkAgentMove(world: World, { stepping, old, agent }: Move, violate: Violate): void {
  const { tables } = stepping.result.state;
  if (agent.state.kind === 'gone') {
    if (old && old.state.kind !== 'gone') checkGone(world, { stepping, old, agent }, violate);
    return;
  }
  const { availability } = agent;
  if (availability && availability.kind !== 'deactivated') {
    if (!world.book.outages.mayDrain(agent.machineId))
      violate(`I6 nobody asked to empty ${agent.machineId}: ${availability.kind}`);
    const isOver = tables.machines.get(agent.machineId)?.maintenance?.hasBegun !== true;
    if (availability.cause === 'maintenance' && isOver)
      violate(`${agent.id} is ${availability.kind} for a maintenance that is not on`);
  }
  if (old) checkWhoSaidSo({ stepping, old, agent }, violate);
  if (availability?.kind === 'drained' && holdingOn(tables, agent.id).length > 0)
    violate(`${agent.id} is called drained and is not empty`);
}

/** What a person took out of service only a person brings back. */
function checkWhoSaidSo({ stepping: { event }, old, agent }: Required<Move>, violate: Violate): void {
  const then = old?.availability;
  const now = agent.availability;
  if (!then || then === now) return;
  const isPersons = then.kind === 'deactivated' || then.cause === 'person';
  const isSaid = event.kind === 'reactivate-agent' && event.machineId === agent.machineId;
  if (isPersons && !now && !isSaid) violate(`${agent.id} was ${then.kind} by a person and takes work again`);
  if (isPersons && now && now.kind !== 'deactivated' && now.cause === 'maintenance')
    violate(`${agent.id} was ${then.kind} by a person and counts as maintained`);
}

/** I9: declared by a person, or another agent has its place. Nobody counts on anything there any more. */
function checkGone(world: World, { stepping, agent }: Move, violate: Violate): void {
  const { tables } = stepping.result.state;
  const isReplaced = tables.machines.get(agent.machineId)?.agentId !== agent.id;
  if (!isReplaced && !world.book.outages.mayBeGone(agent.machineId))
    violate(`I9 ${agent.id} was declared gone and nobody asked for it`);
  for (const { id, state } of holdingOn(tables, agent.id))
    violate(`I9 ${id} is ${state} on ${agent.id}, gone`);
}

function holdingOn(tables: Tables, agentId: string): TaskRecord[] {
  return [...tables.tasks.values()].filter((task) => task.agentId === agentId && holds(task));
}

/** Told to end, in no more time than the drain grants. */
function checkDraining(agent: AgentRecord | undefined, task: TaskRecord, violate: Violate): void {
  const { availability } = agent ?? {};
  if (availability?.kind !== 'draining' || !holds(task)) return;
  if (task.killAskedAtMs === null) violate(`${task.id} was not told to end on ${task.agentId}, which drains`);
  const graceMs = task.killGraceMs ?? task.info.killPolicy.graceMs;
  if (availability.graceMs !== null && graceMs > availability.graceMs)
    violate(`${task.id} gets ${graceMs} ms on ${task.agentId}, which drains within ${availability.graceMs}`);
}

/** Before a maintenance each framework with tasks there is asked to make room: once for what is planned, and told when it is off. */
function checkAskedForRoom({ before, result }: Stepping, violate: Violate): void {
  const { tables } = result.state;
  const rows = [...tables.inverseOffers.values()];
  for (const machine of tables.machines.values()) {
    for (const frameworkId of whoMustMakeRoom(tables, machine)) {
      const isAsked = rows.some((row) => row.frameworkId === frameworkId && isOf(row, machine));
      if (!isAsked) violate(`${frameworkId} was not asked to make room on ${machine.id}`);
    }
  }
  for (const row of result.diff.inverseOffers?.put ?? []) {
    const machine = tables.machines.get(row.machineId);
    if (!machine || !isOf(row, machine)) violate(`${row.id} asks for room on ${row.machineId} for nothing`);
  }
  for (const id of result.diff.inverseOffers?.drop ?? []) {
    const row = before.tables.inverseOffers.get(id);
    if (row && !isToldOff(row, { before, result }))
      violate(`${row.frameworkId} was not told that ${id} is off`);
  }
}

function whoMustMakeRoom(tables: Tables, machine: MachineRecord): Set<string> {
  const { maintenance, removal, agentId } = machine;
  if (!maintenance || maintenance.hasBegun || removal || agentId === null) return new Set();
  if (tables.agents.get(agentId)?.state.kind !== 'active') return new Set();
  const ids = holdingOn(tables, agentId).map(({ frameworkId }): string => frameworkId ?? 'f-run');
  const phases: ReadonlyMap<string, { readonly phase: string }> = tables.subscriptions;
  return new Set(ids.filter((id) => phases.get(id)?.phase === 'subscribed'));
}

function isOf({ machineId, agentId, unavailability }: InverseOfferRecord, machine: MachineRecord): boolean {
  const { maintenance } = machine;
  return (
    machineId === machine.id &&
    agentId === machine.agentId &&
    maintenance?.hasBegun === false &&
    unavailability.startMs === maintenance.startMs &&
    unavailability.durationMs === maintenance.durationMs
  );
}

/** One that is on another connection now has not heard of it; one whose refusal is over is asked anew. */
function isToldOff(
  row: InverseOfferRecord,
  { before, result }: Pick<Stepping, 'before' | 'result'>,
): boolean {
  const { frameworkId, id } = row;
  const then = before.tables.subscriptions.get(frameworkId)?.streamId ?? null;
  const now = result.state.tables.subscriptions.get(frameworkId)?.streamId ?? null;
  if (before.tables.frameworks.get(frameworkId)?.kind !== 'remote' || then === null || then !== now)
    return true;
  const isAgain = [...result.state.tables.inverseOffers.values()].some(
    (other) => other.frameworkId === frameworkId && other.agentId === row.agentId,
  );
  return (
    (row.againAtMonoMs !== null && isAgain) ||
    result.effects.some(
      (effect) =>
        effect.kind === 'send-scheduler-event' &&
        effect.event.kind === 'RESCIND_INVERSE_OFFER' &&
        effect.event.inverseOfferId === id,
    )
  );
}

/** I8: what was planned happens at its time, and a drain comes to its end. */
export function checkOutagesOver(world: World, tables: Tables): void {
  const nowMs = world.time.nowMs();
  for (const { id, maintenance } of tables.machines.values()) {
    if (!maintenance) continue;
    const { startMs, durationMs, hasBegun } = maintenance;
    if (!hasBegun && startMs + lateMs < nowMs) world.violate(`I8 the maintenance of ${id} has not begun`);
    if (durationMs !== null && startMs + durationMs + lateMs < nowMs)
      world.violate(`I8 the maintenance of ${id} is not over`);
  }
  for (const { id, state, machineId, availability } of tables.agents.values()) {
    const isLive = tables.links.get(machineId)?.phase === 'live';
    const isEmpty = holdingOn(tables, id).length === 0;
    if (state.kind === 'active' && isLive && isEmpty && availability?.kind === 'draining')
      world.violate(`I8 the drain of ${id} never ends`);
  }
  for (const { id } of tables.claims.values()) world.violate(`I8 ${id} still holds room`);
}
