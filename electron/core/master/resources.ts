// Arithmetic of resources: integers only, so sums are exact. What is free is always derived from the tasks.
import type { Refusal } from '../../contract/errors.ts';
import type { AgentId } from '../../contract/ids.ts';
import { noResources, type PortRange, type Resources } from '../../contract/resources.ts';
import type { TaskRecord } from '../../contract/task.ts';
import { holdsResources } from './task-states.ts';

export const scalarNames = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;
export type ScalarName = (typeof scalarNames)[number];

const reasonOf: Readonly<Record<ScalarName, string>> = {
  cpusMilli: 'not-enough-cpus',
  memMib: 'not-enough-mem',
  diskMib: 'not-enough-disk',
  gpus: 'not-enough-gpus',
};

function add(a: Resources, b: Resources): Resources {
  return {
    cpusMilli: a.cpusMilli + b.cpusMilli,
    memMib: a.memMib + b.memMib,
    diskMib: a.diskMib + b.diskMib,
    gpus: a.gpus + b.gpus,
    ports: [...a.ports, ...b.ports],
  };
}

/** Everything that tasks hold on an agent, also tasks that we have lost sight of. */
export function allocatedOn(agentId: AgentId, tasks: Iterable<TaskRecord>): Resources {
  let sum = noResources;
  for (const task of tasks) {
    if (task.agentId === agentId && holdsResources(task)) sum = add(sum, task.info.resources);
  }
  return sum;
}

/** Why `wanted` does not fit into what is left of `total`, or null when it fits. */
export function refuseFit(total: Resources, allocated: Resources, wanted: Resources): Refusal | null {
  for (const name of scalarNames) {
    const free = Math.max(0, total[name] - allocated[name]);
    if (wanted[name] > free) {
      return {
        code: 'exhausted',
        reason: reasonOf[name],
        detail: `${name}: wants ${wanted[name]}, free ${free}`,
      };
    }
  }
  const isFree = (range: PortRange): boolean =>
    range.begin <= range.end &&
    total.ports.some((whole) => whole.begin <= range.begin && range.end <= whole.end) &&
    !allocated.ports.some((taken) => taken.begin <= range.end && range.begin <= taken.end);
  const bad = wanted.ports.find((range) => !isFree(range));
  return bad ? { code: 'exhausted', reason: 'not-enough-ports', detail: `${bad.begin}-${bad.end}` } : null;
}
