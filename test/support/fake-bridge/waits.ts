// What waits on the fake cluster, answered by the real core over the fake tables: pictures show what would really be said.
import type { RunTask } from '../../../electron/contract/channels.ts';
import type { Result } from '../../../electron/contract/errors.ts';
import type { AgentId, OperationId, TaskId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import type { RunRecord } from '../../../electron/contract/run.ts';
import type { TaskInfo } from '../../../electron/contract/task.ts';
import type { Why } from '../../../electron/contract/waiting.ts';
import type { Waits } from '../../../electron/shell/ports.ts';
import { createWaits } from '../../../electron/shell/waits.ts';
import { stateOf } from './state.ts';
import type { FakeTables } from './tables.ts';

export function waitsOn(tables: FakeTables): Waits {
  return createWaits(
    () => stateOf(tables),
    () => 0,
  );
}

function infoOf(taskId: TaskId, request: RunTask): TaskInfo {
  const { cpusMilli, memMib, diskMib, gpus, command, options } = request;
  return {
    taskId,
    name: request.name === '' ? (command.value.split(/\s+/)[0] ?? 'task') : request.name,
    resources: { cpusMilli, memMib, diskMib, gpus, ports: [] },
    command,
    killPolicy: { graceMs: request.killGraceMs },
    labels: options?.labels ?? [],
    ...(options as Partial<TaskInfo> | undefined),
  };
}

export function previewOf(tables: FakeTables, request: RunTask): Result<Why> {
  const info = infoOf('t-preview' as TaskId, request);
  return waitsOn(tables).preview({ info, machineId: request.machineId, where: request.where ?? '' });
}

/** Where it goes now; null: it waits. One that was chosen is waited for only while it is full. */
export function placeFor(tables: FakeTables, request: RunTask): MachineRecord | null | undefined {
  const answer = previewOf(tables, request);
  const first = answer.ok ? answer.value.groups[0] : undefined;
  if (request.machineId !== null)
    return first?.code === 'busy' ? null : tables.get('machines', request.machineId);
  return first?.code === 'fits' ? (tables.get('machines', first.best.machineId) ?? null) : null;
}

export function runOf(request: RunTask, id: TaskId, atMs: number, agentId: AgentId | null = null): RunRecord {
  const { machineId } = request;
  return {
    id,
    info: infoOf(id, request),
    place: machineId && agentId && { machineId, agentId },
    machineId,
    ...(request.where === undefined || request.where === '' ? {} : { where: request.where }),
    ...(request.priority === undefined ? {} : { priority: request.priority }),
    operationId: `o-${id}` as OperationId,
    askedAtMs: atMs,
  };
}
