// Arithmetic of resources: integers only, so sums are exact. What is free is always derived from the tasks.
import type { Refusal } from '../../contract/errors.ts';
import type { AgentId } from '../../contract/ids.ts';
import { noResources, type PortRange, type Resources } from '../../contract/resources.ts';
import type { ReservationRecord, ResourcePart } from '../../contract/role.ts';
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

export function add(a: Resources, b: Resources): Resources {
  return {
    cpusMilli: a.cpusMilli + b.cpusMilli,
    memMib: a.memMib + b.memMib,
    diskMib: a.diskMib + b.diskMib,
    gpus: a.gpus + b.gpus,
    ports: [...a.ports, ...b.ports],
  };
}

/** What nobody has set aside, of what a task takes. */
function unreservedOf(task: TaskRecord): readonly ResourcePart[] {
  const uses = task.uses ?? [{ reservation: [], volume: null, amounts: task.info.resources }];
  return uses.filter((part) => part.reservation.length === 0);
}

/** Everything unreserved that tasks hold on an agent, also tasks that we have lost sight of. */
export function allocatedOn(agentId: AgentId, tasks: Iterable<TaskRecord>): Resources {
  let sum = noResources;
  for (const task of tasks) {
    if (task.agentId !== agentId || !holdsResources(task)) continue;
    for (const part of unreservedOf(task)) sum = add(sum, part.amounts);
  }
  return sum;
}

/** What is set aside for roles, whether somebody uses it or not. */
export function reservedOn(agentId: AgentId, reservations: Iterable<ReservationRecord>): Resources {
  let sum = noResources;
  for (const row of reservations) if (row.agentId === agentId) sum = add(sum, row.part.amounts);
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
