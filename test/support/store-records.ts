// Whole records and events for tests of stores.
import type { Rows } from '../../electron/contract/tables.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import {
  agentId,
  aStatus,
  aTask,
  frameworkId,
  machineId,
  operationId,
  someFacts,
  someResources,
  taskId,
} from './builders.ts';

export function anAgentRecord(name = 'one'): Rows['agents'] {
  return {
    id: agentId(name),
    machineId: machineId(name),
    version: '0.1.0',
    resources: someResources(),
    facts: someFacts(),
    registeredAtMs: 1,
    lastHelloAtMs: 2,
    state: { kind: 'active' },
  };
}

export function aTaskRecord(name = 'job', machine = 'one'): Rows['tasks'] {
  return {
    id: taskId(name),
    machineId: machineId(machine),
    agentId: agentId(machine),
    info: aTask(name),
    state: 'TASK_RUNNING',
    statuses: [aStatus(name, 'TASK_RUNNING')],
    createdAtMs: 1,
    startedAtMs: 2,
    endedAtMs: null,
    killAskedAtMs: null,
  };
}

export function aFrameworkRecord(name = 'batch'): Rows['frameworks'] {
  return {
    id: frameworkId(name),
    kind: 'remote',
    info: {
      name,
      user: 'ada',
      roles: ['eng/dev'],
      capabilities: ['PARTITION_AWARE'],
      failoverTimeoutMs: 60_000,
      offerFilters: { 'eng/dev': { minAllocatable: [{ cpusMilli: 100 }] } },
    },
    suppressedRoles: [],
    registeredAtMs: 1,
    completedAtMs: null,
  };
}

export function aReservationRecord(agent = 'one'): Rows['reservations'] {
  const part = { reservation: ['eng'], volume: null, amounts: someResources({ ports: [] }) };
  return { id: `a-${agent}|eng|`, agentId: agentId(agent), machineId: machineId(agent), part };
}

export function aRunRecord(name = 'waits', machine: string | null = null): Rows['runs'] {
  return {
    id: taskId(name),
    info: aTask(name),
    place: machine === null ? null : { machineId: machineId(machine), agentId: agentId(machine) },
    machineId: machine === null ? null : machineId(machine),
    operationId: operationId(name),
    askedAtMs: 5,
  };
}

export function aClaimRecord(name = 'claim-1-1', agent = 'one'): Rows['claims'] {
  const resources = [{ reservation: [], volume: null, amounts: someResources({ ports: [] }) }];
  const demand = { role: 'eng', agentId: null, resources: someResources({ ports: [] }), count: 1 };
  const [frameworkId_, victims] = [frameworkId('batch'), [taskId('job')]];
  const place = { agentId: agentId(agent), machineId: machineId(agent) };
  return { id: name, frameworkId: frameworkId_, ...place, demand, resources, victims, sinceMs: 5 };
}

export function anEvent(seq: number): MasterEvent {
  return {
    kind: 'dismiss-fault',
    id: `'); DROP TABLE tasks; -- ${seq}`,
    seq,
    atMs: 1_800_000_000_000 + seq,
    monoMs: seq,
  };
}
