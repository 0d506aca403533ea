// Whole records and events for tests of stores.
import type { Rows } from '../../electron/contract/tables.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import { agentId, aStatus, aTask, machineId, someFacts, someResources, taskId } from './builders.ts';

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

export function anEvent(seq: number): MasterEvent {
  return {
    kind: 'dismiss-fault',
    id: `'); DROP TABLE tasks; -- ${seq}`,
    seq,
    atMs: 1_800_000_000_000 + seq,
    monoMs: seq,
  };
}
