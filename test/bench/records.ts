// Rows of a big cluster, as the master writes them.
import type { Rows } from '../../electron/contract/tables.ts';
import type { DurableRows } from '../../electron/core/kernel/ports.ts';
import {
  agentId,
  aMachine,
  aStatus,
  aTask,
  machineId,
  someFacts,
  someIsolation,
  someResources,
  taskId,
} from '../support/builders.ts';
import { noRows } from '../support/no-rows.ts';

/** Room for any number of the tasks here. */
export const bigRoom = someResources({ cpusMilli: 10_000_000, memMib: 10_000_000, diskMib: 100_000_000 });

export type Cluster = { readonly agents: number; readonly tasks: number };

/** Running tasks on each of so many agents, each with the statuses of a start. */
export function rowsOf({ agents, tasks }: Cluster): DurableRows {
  const names = Array.from({ length: agents }, (_, n) => `x${n}`);
  return {
    ...noRows,
    machines: names.map((name) => aMachine(name, { agentId: agentId(name) })),
    agents: names.map((name) => anAgent(name)),
    tasks: Array.from({ length: tasks }, (_, n) => aRunningTask(`${n}`, names[n % agents] ?? '')),
  };
}

function anAgent(name: string): Rows['agents'] {
  return {
    id: agentId(name),
    machineId: machineId(name),
    version: '0.2.0',
    resources: bigRoom,
    facts: someFacts({ hostname: name, isolation: someIsolation }),
    registeredAtMs: 1,
    lastHelloAtMs: 2,
    state: { kind: 'active' },
  };
}

function aRunningTask(name: string, machine: string): Rows['tasks'] {
  const staged = aStatus(name, 'TASK_STAGING', { source: 'SOURCE_MASTER', uuid: null });
  return {
    id: taskId(name),
    machineId: machineId(machine),
    agentId: agentId(machine),
    info: aTask(name, {
      labels: [{ key: 'job', value: `job-${name}` }],
      restart: { on: 'failure', maxInRow: 5 },
    }),
    state: 'TASK_RUNNING',
    statuses: [staged, aStatus(name, 'TASK_STARTING'), aStatus(name, 'TASK_RUNNING')],
    createdAtMs: 1_800_000_000_000,
    startedAtMs: 1_800_000_000_000,
    endedAtMs: null,
    killAskedAtMs: null,
  };
}
