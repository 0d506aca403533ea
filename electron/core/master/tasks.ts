// Commands about tasks: run, kill, forget. To run is to hand a task to the run framework, which places it by offers.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { AgentRecord, MachineRecord } from '../../contract/machine.ts';
import type { TaskInfo, TaskRecord } from '../../contract/task.ts';
import type { CommandEvent } from '../kernel/events.ts';
import { byId } from '../kernel/tables.ts';
import { refuseUnavailable } from './availability.ts';
import type { Draft } from './draft.ts';
import { allocateNow } from './frameworks/allocation.ts';
import { submitRun, withdrawRun } from './frameworks/built-in.ts';
import { refuseCondition } from './frameworks/conditions.ts';
import { killByWish } from './frameworks/updates.ts';
import { advanceOperation, openOperation } from './operations.ts';
import { refuseSize } from './resources.ts';
import { dropSends, isLinkLive, send } from './sends.ts';
import { refuseTask } from './task-rules.ts';
import { holdsResources, isTerminal } from './task-states.ts';

type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;
type Place = { readonly machine: MachineRecord; readonly agent: AgentRecord };

export function onRunTask(draft: Draft, event: Command<'run-task'>): Refusal | null {
  const { info, machineId, where = '', priority = 0, operationId } = event;
  const place = machineId === null ? null : findPlace(draft, machineId);
  if (place && 'code' in place) return place;
  const isTaken: Refusal = { code: 'conflict', reason: 'task-exists', detail: info.taskId };
  if (draft.get('tasks', info.taskId)) return isTaken;
  if (draft.get('runs', info.taskId)) return isTaken;
  const refusal =
    refuseCondition(where) ?? (place ? refuseThere(place.agent, info) : refuseAnywhere(draft, info));
  if (refusal) return refusal;
  openOperation(draft, {
    id: operationId,
    verb: 'run-task',
    subject: info.name,
    machineId,
    taskId: info.taskId,
  });
  submitRun(draft, {
    id: info.taskId,
    info,
    place: place && { machineId: place.machine.id, agentId: place.agent.id },
    machineId,
    ...(where.trim() === '' ? {} : { where: where.trim() }),
    ...(priority === 0 ? {} : { priority }),
    operationId,
    askedAtMs: draft.atMs,
  });
  // Somebody waits for the answer of just this machine: its turn is now, whoever gets it.
  if (place) allocateNow(draft, [place.agent.id]);
  return null;
}

/** What the machine has at all; when all of that is taken, or offered to somebody, the task waits for its turn. */
function refuseThere(agent: AgentRecord, info: TaskInfo): Refusal | null {
  return refuseTask(info, agent) ?? refuseSize(agent, info.resources);
}

/** What is wrong wherever it would run. What only no machine can give waits for one that can. */
function refuseAnywhere(draft: Draft, info: TaskInfo): Refusal | null {
  const refusals = byId(draft.rows('agents')).map((agent) => refuseTask(info, agent));
  const isHopeless = refusals.length > 0 && refusals.every((refusal) => refusal?.code === 'invalid');
  return isHopeless ? (refusals[0] ?? null) : null;
}

function findPlace(draft: Draft, machineId: MachineId): Place | Refusal {
  const machine = draft.get('machines', machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
  const agent = machine.agentId === null ? undefined : draft.get('agents', machine.agentId);
  if (agent?.state.kind !== 'active' || !isLinkLive(draft, machine.id)) {
    const problem = draft.get('links', machine.id)?.problem;
    return { code: 'unreachable', reason: 'machine-unreachable', detail: problem?.detail ?? machine.name };
  }
  return refuseUnavailable(agent, machine) ?? { machine, agent };
}

/** Remembered for ever: a machine that is away gets it at its next hello, and a launch never overtakes it. */
export function onKillTask(draft: Draft, event: Command<'kill-task'>): Refusal | null {
  const task = draft.get('tasks', event.taskId);
  if (!task) return killWaiting(draft, event);
  if (isTerminal(task) || task.state === 'TASK_GONE_BY_OPERATOR') {
    return { code: 'conflict', reason: 'task-ended', detail: task.state };
  }
  openOperation(draft, {
    id: event.operationId,
    verb: 'kill-task',
    subject: task.info.name,
    machineId: task.machineId,
    taskId: task.id,
  });
  killByWish(draft, task);
  return null;
}

/** Nothing of it was ever sent: it just waits no more. */
function killWaiting(draft: Draft, event: Command<'kill-task'>): Refusal | null {
  const run = draft.get('runs', event.taskId);
  if (!run) return { code: 'not-found', reason: 'no-such-task', detail: event.taskId };
  const { machineId, id: taskId } = run;
  openOperation(draft, {
    id: event.operationId,
    verb: 'kill-task',
    subject: run.info.name,
    machineId,
    taskId,
  });
  advanceOperation(draft, event.operationId, 'seen');
  withdrawRun(draft, taskId, { code: 'conflict', reason: 'task-never-ran', detail: 'taken back' });
  return null;
}

/** The record here goes when the agent has removed its own: otherwise the next hello would bring the task back. */
export function onForgetTask(draft: Draft, event: Command<'forget-task'>): Refusal | null {
  const task = draft.get('tasks', event.taskId);
  if (!task) return { code: 'not-found', reason: 'no-such-task', detail: event.taskId };
  if (holdsResources(task)) return { code: 'conflict', reason: 'task-not-ended', detail: task.state };
  if (draft.get('agents', task.agentId)?.state.kind === 'gone' || task.state === 'TASK_GONE') {
    forgetTask(draft, task);
    return null;
  }
  if (!isLinkLive(draft, task.machineId)) {
    const name = draft.get('machines', task.machineId)?.name ?? task.machineId;
    return { code: 'unreachable', reason: 'machine-unreachable', detail: name };
  }
  send(draft, 'forget', task.id);
  return null;
}

export function forgetTask(draft: Draft, task: TaskRecord): void {
  draft.drop('progress', task.id);
  draft.drop('tasks', task.id);
  dropSends(draft, (session) => session.taskId === task.id);
}
