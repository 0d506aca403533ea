// Whether new work comes to an agent: commands of people, and the moves they make. What a drain does to tasks is in drain.ts.
//
//   active <------> deactivated           no offers, tasks go on
//     ^  \             |
//     |   `----.       |
//     |         v      v
//     |--------- draining --> drained     no offers, tasks are ended; with mark gone the agent is gone instead of drained
//     `------------------------'
//
// It is beside registered, unreachable and gone (agents.ts), and like those it belongs to the agent and is durable. Mesos cannot
// stop a drain; here it can be stopped, but what was told to end ends.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { AgentRecord, Availability, MachineRecord } from '../../contract/machine.ts';
import { assert } from '../kernel/assert.ts';
import type { CommandEvent } from '../kernel/events.ts';
import { markAgentGone, openTasksOf } from './agents.ts';
import type { Draft } from './draft.ts';
import { advanceMachineOperations, noteDone, openOperation, refuseMachineOperations } from './operations.ts';

export type AvailabilityKind = Availability['kind'] | 'active';
type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;
type Place = { readonly machine: MachineRecord; readonly agent: AgentRecord };

export const availabilityMoves: Readonly<Record<AvailabilityKind, readonly AvailabilityKind[]>> = {
  active: ['deactivated', 'draining'],
  deactivated: ['active', 'draining'],
  draining: ['drained', 'active'],
  // `draining`: it came back with a task that nobody here knew.
  drained: ['draining', 'active'],
};

export function availabilityOf({ availability }: Pick<AgentRecord, 'availability'>): AvailabilityKind {
  return availability?.kind ?? 'active';
}

/** null: active. */
export function moveAvailability(draft: Draft, agent: AgentRecord, next: Availability | null): void {
  const from = availabilityOf(agent);
  const to = next?.kind ?? 'active';
  assert(availabilityMoves[from].includes(to), `agent ${agent.id} cannot go from ${from} to ${to}`);
  const { availability: _, ...rest } = agent;
  draft.put('agents', next === null ? rest : { ...rest, availability: next });
}

/** Why a person may not send work there, or null. */
export function refuseUnavailable(agent: AgentRecord, { name }: Pick<MachineRecord, 'name'>): Refusal | null {
  const kind = availabilityOf(agent);
  return kind === 'active' ? null : { code: 'conflict', reason: `agent-${kind}`, detail: name };
}

export function onDrainAgent(draft: Draft, event: Command<'drain-agent'>): Refusal | null {
  const place = findPlace(draft, event.machineId);
  if ('code' in place) return place;
  const { machine, agent } = place;
  const { graceMs, markGone, operationId } = event;
  // Nothing can be told to end there: who declares it gone gives its tasks up at once.
  const isOver = markGone && (agent.state.kind !== 'active' || availabilityOf(agent) === 'drained');
  const refusal = (markGone ? refuseGone(machine) : null) ?? (isOver ? null : refuseDrain(agent, machine));
  if (refusal) return refusal;
  openOperation(draft, {
    id: operationId,
    verb: 'drain-agent',
    subject: machine.name,
    machineId: machine.id,
    taskId: null,
  });
  if (!isOver) {
    beginDrain(draft, agent, { graceMs, markGone, cause: 'person' });
    return null;
  }
  markAgentGone(draft, agent.id, 'declared');
  advanceMachineOperations(draft, 'drain-agent', machine.id, 'seen');
  return null;
}

export function beginDrain(
  draft: Draft,
  agent: AgentRecord,
  wish: Pick<Extract<Availability, { kind: 'draining' }>, 'graceMs' | 'markGone' | 'cause'>,
): void {
  const tasks = openTasksOf(draft, agent).length;
  moveAvailability(draft, agent, { kind: 'draining', sinceMs: draft.atMs, ...wish, tasks });
}

function refuseDrain(agent: AgentRecord, machine: MachineRecord): Refusal | null {
  return availabilityOf(agent) === 'deactivated' ? null : refuseUnavailable(agent, machine);
}

/** This computer is the one machine that nobody could add again. */
function refuseGone({ via, name }: MachineRecord): Refusal | null {
  const isHere = via.kind === 'local' && via.demo === undefined;
  return isHere ? { code: 'unsupported', reason: 'local-machine-not-gone', detail: name } : null;
}

/** What is so already is no mistake: two windows show the same button. */
export function onDeactivateAgent(draft: Draft, event: Command<'deactivate-agent'>): Refusal | null {
  const place = findPlace(draft, event.machineId);
  if ('code' in place) return place;
  if (availabilityOf(place.agent) === 'deactivated') return null;
  const refusal = refuseUnavailable(place.agent, place.machine);
  if (refusal) return refusal;
  moveAvailability(draft, place.agent, { kind: 'deactivated', sinceMs: draft.atMs });
  noteDone(draft, 'pause-agent', { subject: place.machine.name, machineId: place.machine.id });
  return null;
}

export function onReactivateAgent(draft: Draft, event: Command<'reactivate-agent'>): Refusal | null {
  const place = findPlace(draft, event.machineId);
  if ('code' in place) return place;
  const { agent, machine } = place;
  if (availabilityOf(agent) === 'active') return null;
  reactivate(draft, agent);
  noteDone(draft, 'resume-agent', { subject: machine.name, machineId: machine.id });
  return null;
}

export function reactivate(draft: Draft, agent: AgentRecord): void {
  if (availabilityOf(agent) === 'active') return;
  const { machineId } = agent;
  const stopped = { code: 'conflict', reason: 'drain-stopped', detail: machineId } as const;
  moveAvailability(draft, agent, null);
  refuseMachineOperations(draft, 'drain-agent', machineId, stopped);
}

function findPlace(draft: Draft, machineId: MachineId): Place | Refusal {
  const machine = draft.get('machines', machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
  const agent = machine.agentId === null ? undefined : draft.get('agents', machine.agentId);
  if (!agent) return { code: 'conflict', reason: 'agent-unknown', detail: machine.name };
  return agent.state.kind === 'gone'
    ? { code: 'conflict', reason: 'agent-gone', detail: machine.name }
    : { machine, agent };
}
