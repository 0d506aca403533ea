// Commands about tasks: run on this machine, kill, forget. The record is durable before anything is sent to the agent.
import type { Refusal } from '../../contract/errors.ts';
import type { AgentRecord, MachineRecord } from '../../contract/machine.ts';
import type { TaskInfo, TaskRecord } from '../../contract/task.ts';
import type { CommandEvent } from '../kernel/events.ts';
import type { Draft } from './draft.ts';
import { openOperation } from './operations.ts';
import { allocatedOn, refuseFit } from './resources.ts';
import { dropSends, isLinkLive, send } from './sends.ts';
import { refuseTask } from './task-rules.ts';
import { isTerminal } from './task-states.ts';

type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;
type Place = { readonly machine: MachineRecord; readonly agent: AgentRecord };

export function onRunTask(draft: Draft, event: Command<'run-task'>): Refusal | null {
  const { info, machineId } = event;
  const place = findPlace(draft, event);
  if ('code' in place) return place;
  if (draft.get('tasks', info.taskId))
    return { code: 'conflict', reason: 'task-exists', detail: info.taskId };
  const { agent } = place;
  const allocated = allocatedOn(agent.id, draft.rows('tasks'));
  const refusal = refuseTask(info, agent) ?? refuseFit(agent.resources, allocated, info.resources);
  if (refusal) return refusal;
  draft.put('tasks', stagingRecord(draft, place, info));
  openOperation(draft, {
    id: event.operationId,
    verb: 'run-task',
    subject: info.name,
    machineId,
    taskId: info.taskId,
  });
  send(draft, 'launch', info.taskId);
  return null;
}

function findPlace(draft: Draft, event: Command<'run-task'>): Place | Refusal {
  const machine = draft.get('machines', event.machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: event.machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
  const agent = machine.agentId === null ? undefined : draft.get('agents', machine.agentId);
  if (agent?.state.kind !== 'active' || !isLinkLive(draft, machine.id)) {
    const problem = draft.get('links', machine.id)?.problem;
    return { code: 'unreachable', reason: 'machine-unreachable', detail: problem?.detail ?? machine.name };
  }
  return { machine, agent };
}

function stagingRecord(draft: Draft, place: Place, info: TaskInfo): TaskRecord {
  return {
    id: info.taskId,
    machineId: place.machine.id,
    agentId: place.agent.id,
    info,
    state: 'TASK_STAGING',
    statuses: [
      {
        taskId: info.taskId,
        state: 'TASK_STAGING',
        source: 'SOURCE_MASTER',
        reason: null,
        message: '',
        timestampMs: draft.atMs,
        uuid: null,
        exitCode: null,
        signal: null,
      },
    ],
    createdAtMs: draft.atMs,
    startedAtMs: null,
    endedAtMs: null,
    killAskedAtMs: null,
  };
}

/** Remembered for ever: a machine that is away gets it at its next hello, and a launch never overtakes it. */
export function onKillTask(draft: Draft, event: Command<'kill-task'>): Refusal | null {
  const task = draft.get('tasks', event.taskId);
  if (!task) return { code: 'not-found', reason: 'no-such-task', detail: event.taskId };
  if (isTerminal(task) || task.state === 'TASK_GONE_BY_OPERATOR') {
    return { code: 'conflict', reason: 'task-ended', detail: task.state };
  }
  if (task.killAskedAtMs === null) draft.put('tasks', { ...task, killAskedAtMs: draft.atMs });
  openOperation(draft, {
    id: event.operationId,
    verb: 'kill-task',
    subject: task.info.name,
    machineId: task.machineId,
    taskId: task.id,
  });
  send(draft, 'kill', task.id);
  return null;
}

/** The record here goes when the agent has removed its own: otherwise the next hello would bring the task back. */
export function onForgetTask(draft: Draft, event: Command<'forget-task'>): Refusal | null {
  const task = draft.get('tasks', event.taskId);
  if (!task) return { code: 'not-found', reason: 'no-such-task', detail: event.taskId };
  if (!isTerminal(task)) return { code: 'conflict', reason: 'task-not-ended', detail: task.state };
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
