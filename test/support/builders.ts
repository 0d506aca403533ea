// Builders of records and events: everything has a sensible value, a test names only what it is about.

import type { AgentId, FrameworkId, MachineId, OperationId, TaskId } from '../../electron/contract/ids.ts';
import type { HostKey, MachineFacts, MachineRecord, Sample } from '../../electron/contract/machine.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import type { TaskInfo, TaskState, TaskStatus } from '../../electron/contract/task.ts';
import type { AgentTask } from '../../electron/contract/wire.ts';
import type { DemoMachine, FactEvent } from '../../electron/core/kernel/events.ts';

export const machineId = (name: string): MachineId => `m-${name}` as MachineId;
export const agentId = (name: string): AgentId => `a-${name}` as AgentId;
export const taskId = (name: string): TaskId => `t-${name}` as TaskId;
export const frameworkId = (name: string): FrameworkId => `f-${name}` as FrameworkId;
export const operationId = (name: string): OperationId => `o-${name}` as OperationId;

export function someResources(patch: Partial<Resources> = {}): Resources {
  return {
    cpusMilli: 4000,
    memMib: 8192,
    diskMib: 100_000,
    gpus: 0,
    ports: [{ begin: 31_000, end: 32_000 }],
    ...patch,
  };
}

export function someFacts(patch: Partial<MachineFacts> = {}): MachineFacts {
  return {
    hostname: 'host1',
    os: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0',
    arch: 'amd64',
    cpuModel: 'Some CPU',
    cpus: 4,
    memMib: 8192,
    swapMib: 0,
    disks: [{ mount: '/', device: '/dev/sda1', totalMib: 100_000 }],
    gpus: [],
    bootId: 'boot-1',
    machineId: 'machine-1',
    addresses: [{ iface: 'eth0', mac: '02:00:00:00:00:01', ip: '10.77.0.11' }],
    cgroup: 'v1',
    user: 'ada',
    uid: 1000,
    boot: 'cron',
    ...patch,
  };
}

/** Of a machine with cgroups v2 and a recent agent. */
export const someIsolation: NonNullable<MachineFacts['isolation']> = {
  cpu: 'quota',
  memory: 'cgroup',
  pids: 'cgroup',
  disk: 'watched',
  gpu: 'devices',
  kill: 'cgroup',
  users: true,
};

export function aSample(patch: Partial<Sample> = {}): Sample {
  return {
    seq: 1,
    atMs: 1_800_000_000_000,
    cpuBusyMilli: 250,
    perCpu: [100, 50, 50, 50],
    memTotalMib: 8192,
    memUsedMib: 1024,
    swapUsedMib: 0,
    disks: [{ mount: '/', totalMib: 100_000, usedMib: 10_000 }],
    diskReadBytesPerS: 0,
    diskWriteBytesPerS: 0,
    netRxBytesPerS: 0,
    netTxBytesPerS: 0,
    load: [10, 10, 10],
    temps: [],
    gpus: [],
    tasks: [],
    ...patch,
  };
}

export function aHostKey(name = 'key1'): HostKey {
  return { type: 'ssh-ed25519', fingerprint: `SHA256:${name}`, key: `blob-of-${name}` };
}

type SshVia = Extract<MachineRecord['via'], { kind: 'ssh' }>;

export function aMachine(
  name = 'one',
  patch: Partial<MachineRecord> = {},
  via: Partial<SshVia> = {},
): MachineRecord {
  return {
    id: machineId(name),
    name,
    via: {
      kind: 'ssh',
      address: `${name}.lan`,
      port: 22,
      user: 'ada',
      login: { kind: 'own-key' },
      hostKey: aHostKey(name),
      keyPlanted: true,
      agentDir: '/home/ada/.mesolite',
      sudo: false,
      ...via,
    },
    agentId: null,
    note: '',
    addedAtMs: 1_800_000_000_000,
    removal: null,
    ...patch,
  };
}

export function aDemoMachine(slot: number, name = `demo${slot}`): DemoMachine {
  const capacity = { cpusMilli: 100 * slot, memMib: 64 * slot, diskMib: 256 };
  return { machineId: machineId(name), name, slice: { slot, capacity, attributes: [] } };
}

export function aTask(name = 'one', patch: Partial<TaskInfo> = {}): TaskInfo {
  return {
    taskId: taskId(name),
    name: `task ${name}`,
    resources: { cpusMilli: 500, memMib: 256, diskMib: 100, gpus: 0, ports: [] },
    command: {
      shell: true,
      value: 'echo hello',
      arguments: [],
      environment: [],
      workingFolder: null,
      user: null,
    },
    killPolicy: { graceMs: 3000 },
    labels: [],
    ...patch,
  };
}

let uuids = 0;

export function aStatus(name: string, state: TaskState, patch: Partial<TaskStatus> = {}): TaskStatus {
  uuids += 1;
  return {
    taskId: taskId(name),
    state,
    source: 'SOURCE_EXECUTOR',
    reason: null,
    message: '',
    timestampMs: 1_800_000_000_000,
    uuid: `u${uuids}`,
    exitCode: state === 'TASK_FINISHED' ? 0 : null,
    signal: null,
    ...patch,
  };
}

export function anAgentTask(name: string, state: TaskState, patch: Partial<TaskStatus> = {}): AgentTask {
  return { info: aTask(name), status: aStatus(name, state, patch), startedAtMs: null, endedAtMs: null };
}

export function aHello(
  name: string,
  patch: Partial<Extract<FactEvent, { kind: 'link-up' }>> = {},
): Extract<FactEvent, { kind: 'link-up' }> {
  return {
    kind: 'link-up',
    machineId: machineId(name),
    agentId: agentId(name),
    agentVersion: '0.1.0',
    facts: someFacts({ hostname: name }),
    resources: someResources(),
    tasks: [],
    roundTripMs: 1,
    ...patch,
  };
}

export const noRoute = { code: 'unreachable', reason: 'no-route', detail: 'no route to host' } as const;
export const noAnswer = { code: 'timeout', reason: 'no-answer', detail: 'nothing came' } as const;
