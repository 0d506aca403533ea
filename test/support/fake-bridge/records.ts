// Builders of records as the master would hold them.
import type { AgentId, MachineId, TaskId } from '../../../electron/contract/ids.ts';
import type {
  AgentRecord,
  LinkRecord,
  MachineFacts,
  MachineRecord,
} from '../../../electron/contract/machine.ts';
import type { Resources } from '../../../electron/contract/resources.ts';
import type { TaskRecord, TaskState, TaskStatus } from '../../../electron/contract/task.ts';

export type MachineSpec = {
  readonly name: string;
  readonly address: string | null;
  readonly cpus: number;
  readonly memMib: number;
  readonly cpuModel: string;
  readonly os: string;
  readonly diskMib: number;
  readonly gpu?: string;
  readonly hasTemp?: boolean;
  readonly arch?: string;
  /** What limits are worth there; full where nothing is said. */
  readonly isolation?: NonNullable<MachineFacts['isolation']>;
  readonly engines?: NonNullable<MachineFacts['engines']>;
};

const hostKey = {
  type: 'ssh-ed25519',
  fingerprint: 'SHA256:5yq1pVd9Qc0hC2m8eZbXw7uT3nKfRj4sLgYtAoBvE1k',
  key: 'AAAAC3NzaC1lZDI1NTE5AAAAIExample',
};

export function aMachine(spec: MachineSpec, addedAtMs: number): MachineRecord {
  const id = `m-${spec.name}` as MachineId;
  return {
    id,
    name: spec.name,
    via:
      spec.address === null
        ? { kind: 'local' }
        : {
            kind: 'ssh',
            address: spec.address,
            port: 22,
            user: 'ada',
            login: { kind: 'own-key' },
            hostKey,
            keyPlanted: true,
            agentDir: '/home/ada/.local/share/mesolite',
            sudo: false,
          },
    agentId: `a-${spec.name}` as AgentId,
    note: '',
    addedAtMs,
    removal: null,
  };
}

const fullIsolation: NonNullable<MachineFacts['isolation']> = {
  cpu: 'quota',
  memory: 'cgroup',
  pids: 'cgroup',
  disk: 'watched',
  gpu: 'devices',
  kill: 'cgroup',
  users: false,
};
/** A machine whose agent may not use cgroups. */
export const weakIsolation: NonNullable<MachineFacts['isolation']> = {
  cpu: 'none',
  memory: 'rlimit',
  pids: 'rlimit',
  disk: 'watched',
  gpu: 'none',
  kill: 'group',
  users: false,
};

function facts(spec: MachineSpec): MachineFacts {
  const isLocal = spec.address === null;
  return {
    hostname: isLocal ? 'desk' : spec.name,
    os: spec.os,
    kernel: '6.1.0-37-amd64',
    arch: spec.arch ?? 'amd64',
    cpuModel: spec.cpuModel,
    cpus: spec.cpus,
    memMib: spec.memMib,
    swapMib: 2048,
    disks: [{ mount: '/', device: '/dev/nvme0n1p2', totalMib: spec.diskMib }],
    gpus: spec.gpu === undefined ? [] : [{ index: 0, vendor: 'NVIDIA', model: spec.gpu, memMib: 12_288 }],
    bootId: 'b5f1',
    machineId: `mid-${spec.name}`,
    addresses: [
      { iface: 'eth0', mac: '52:54:00:ab:cd:01', ip: spec.address ?? '192.168.1.10' },
      { iface: 'eth0', mac: '52:54:00:ab:cd:01', ip: 'fe80::5054:ff:feab:cd01' },
    ],
    cgroup: isLocal ? 'none' : 'v2',
    isolation: spec.isolation ?? fullIsolation,
    engines: spec.engines ?? [],
    user: isLocal ? 'me' : 'ada',
    uid: 1000,
    boot: isLocal ? 'none' : 'systemd-user',
  };
}

export function anAgent(spec: MachineSpec, machine: MachineRecord, nowMs: number): AgentRecord {
  const { cpus, memMib, diskMib } = spec;
  return {
    id: `a-${spec.name}` as AgentId,
    machineId: machine.id,
    version: '0.1.0',
    resources: {
      cpusMilli: cpus * 1000 - Math.min(1000, cpus * 60),
      memMib: memMib - Math.max(256, Math.round(memMib * 0.06)),
      diskMib: Math.round(diskMib * 0.8),
      gpus: spec.gpu === undefined ? 0 : 1,
      ports: [{ begin: 31_000, end: 32_000 }],
    },
    facts: facts(spec),
    registeredAtMs: machine.addedAtMs,
    lastHelloAtMs: nowMs - 600_000,
    state: { kind: 'active' },
  };
}

export function aLink(machine: MachineRecord, nowMs: number, change: Partial<LinkRecord> = {}): LinkRecord {
  return {
    id: machine.id,
    phase: 'live',
    sinceMs: nowMs - 600_000,
    lastHeardAtMs: nowMs,
    problem: null,
    nextTryAtMs: null,
    roundTripMs: machine.via.kind === 'local' ? 0.2 : 0.8,
    ...change,
  };
}

export type TaskSpec = {
  readonly name: string;
  readonly machine: MachineRecord;
  readonly line: string;
  readonly cpusMilli: number;
  readonly memMib: number;
  readonly startedAgoMs: number;
};

let lastTask = 0;
function newTaskId(): TaskId {
  lastTask += 1;
  return `t-${lastTask.toString(36).padStart(6, '0')}` as TaskId;
}

export function aStatus(
  taskId: TaskId,
  state: TaskState,
  timestampMs: number,
  change: Partial<TaskStatus> = {},
): TaskStatus {
  return {
    taskId,
    state,
    source: state === 'TASK_STAGING' ? 'SOURCE_MASTER' : 'SOURCE_EXECUTOR',
    reason: null,
    message: '',
    timestampMs,
    uuid: state === 'TASK_STAGING' ? null : `${taskId}-${state}`,
    exitCode: null,
    signal: null,
    ...change,
  };
}

export function aTask(spec: TaskSpec, nowMs: number): TaskRecord {
  const id = newTaskId();
  const startedAtMs = nowMs - spec.startedAgoMs;
  const resources: Resources = {
    cpusMilli: spec.cpusMilli,
    memMib: spec.memMib,
    diskMib: 0,
    gpus: 0,
    ports: [],
  };
  return {
    id,
    machineId: spec.machine.id,
    agentId: spec.machine.agentId ?? ('a-none' as AgentId),
    info: {
      taskId: id,
      name: spec.name,
      resources,
      command: {
        shell: true,
        value: spec.line,
        arguments: [],
        environment: [],
        workingFolder: null,
        user: null,
      },
      killPolicy: { graceMs: 3000 },
      labels: [],
    },
    state: 'TASK_RUNNING',
    statuses: [
      aStatus(id, 'TASK_STAGING', startedAtMs - 120),
      aStatus(id, 'TASK_STARTING', startedAtMs - 40),
      aStatus(id, 'TASK_RUNNING', startedAtMs),
    ],
    createdAtMs: startedAtMs - 120,
    startedAtMs,
    endedAtMs: null,
    killAskedAtMs: null,
  };
}

export function endTask(
  task: TaskRecord,
  state: TaskState,
  atMs: number,
  change: Partial<TaskStatus>,
): TaskRecord {
  return {
    ...task,
    state,
    endedAtMs: atMs,
    statuses: [...task.statuses, aStatus(task.id, state, atMs, change)],
  };
}
