// Arithmetic of resources: integers only, so sums are exact. What is free is always derived from the tasks.
import type { Refusal } from '../../contract/errors.ts';
import type { AgentId } from '../../contract/ids.ts';
import type { AgentRecord } from '../../contract/machine.ts';
import { noResources, type PortRange, type Resources } from '../../contract/resources.ts';
import type { ResourcePart } from '../../contract/role.ts';
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

/** What an agent can never give, however much of it is free; null: it waits there for its turn. */
export function refuseSize({ resources: total }: AgentRecord, wanted: Resources): Refusal | null {
  for (const name of scalarNames) {
    if (wanted[name] <= total[name]) continue;
    const detail = `${name}: wants ${wanted[name]}, has ${total[name]}`;
    return { code: 'exhausted', reason: reasonOf[name], detail };
  }
  const isThere = (range: PortRange): boolean =>
    range.begin <= range.end &&
    total.ports.some((whole) => whole.begin <= range.begin && range.end <= whole.end);
  const bad = wanted.ports.find((range) => !isThere(range));
  return bad ? { code: 'exhausted', reason: 'not-enough-ports', detail: `${bad.begin}-${bad.end}` } : null;
}
