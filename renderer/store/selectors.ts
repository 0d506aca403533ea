// Derivations over the tables, memoised by the identity of the table they read: a patch that changes only samples
// recomputes nothing that depends on tasks.
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { AgentRecord, MachineRecord, SampleRecord } from '../../electron/contract/machine.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import type { Settings } from '../../electron/contract/settings.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, type TaskState, terminalTaskStates } from '../../electron/contract/task.ts';
import { type GlyphState, type MachineHealth, machineHealth, taskGlyph, taskGlyphs } from './health.ts';

/** Remembers the newest answer for the newest argument; enough, as there is one store. */
function memo<A extends object, R>(compute: (argument: A) => R): (argument: A) => R {
  let last: A | undefined;
  let answer: R | undefined;
  return (argument) => {
    if (argument !== last) {
      answer = compute(argument);
      last = argument;
    }
    return answer as R;
  };
}

/** Gives the old array back when the elements are the same, so that memoised rows do not render again. */
function sameOr<T>(old: readonly T[] | undefined, next: readonly T[]): readonly T[] {
  if (old === undefined || old.length !== next.length) return next;
  return next.every((each, index) => each === old[index]) ? old : next;
}

/** One that was given up with its machine is no end in Mesos' sense, but nobody waits for it. */
export function isActive(state: TaskState): boolean {
  return !terminalTaskStates.has(state) && state !== 'TASK_GONE_BY_OPERATOR';
}

/** This computer itself, not a demo slice of it. */
export function isWholeLocal(machine: MachineRecord): boolean {
  return machine.via.kind === 'local' && machine.via.demo === undefined;
}

function placeInList(machine: MachineRecord): number {
  if (machine.via.kind !== 'local') return 2;
  return isWholeLocal(machine) ? 0 : 1;
}

/** This computer first, below it its slices, then in the order they were added: rows never jump by themselves. */
export const machineList = memo((machines: Tables['machines']): readonly MachineRecord[] =>
  [...machines.values()].sort(
    (a, b) =>
      placeInList(a) - placeInList(b) ||
      a.addedAtMs - b.addedAtMs ||
      a.name.localeCompare(b.name, undefined, { numeric: true }),
  ),
);

let groups: ReadonlyMap<string, readonly TaskRecord[]> = new Map();
export const activeTasksByMachine = memo(
  (tasks: Tables['tasks']): ReadonlyMap<string, readonly TaskRecord[]> => {
    const next = new Map<string, TaskRecord[]>();
    for (const task of tasks.values()) {
      if (!isActive(task.state)) continue;
      const group = next.get(task.machineId);
      if (group === undefined) next.set(task.machineId, [task]);
      else group.push(task);
    }
    const kept = new Map<string, readonly TaskRecord[]>();
    for (const [id, group] of next) {
      group.sort((a, b) => a.createdAtMs - b.createdAtMs || a.id.localeCompare(b.id));
      kept.set(id, sameOr(groups.get(id), group));
    }
    groups = kept;
    return kept;
  },
);

const noTasks: readonly TaskRecord[] = [];
export function activeTasksOf(tables: Tables, machineId: string): readonly TaskRecord[] {
  return activeTasksByMachine(tables.tasks).get(machineId) ?? noTasks;
}

const runningByMachine = memo((tasks: Tables['tasks']): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { state, machineId } of tasks.values()) {
    if (state === 'TASK_RUNNING') counts.set(machineId, (counts.get(machineId) ?? 0) + 1);
  }
  return counts;
});

/** Tasks that are known to run: those of machines we hear. */
export function runningCount(tables: Tables): number {
  let running = 0;
  for (const [id, n] of runningByMachine(tables.tasks)) if (isMachineFresh(tables, id)) running += n;
  return running;
}

const adriftByMachine = memo(
  (tasks: Tables['tasks']): ReadonlyMap<string, { moving: number; unknown: number }> => {
    const counts = new Map<string, { moving: number; unknown: number }>();
    for (const { state, machineId } of tasks.values()) {
      if (!isActive(state)) continue;
      const count = counts.get(machineId) ?? { moving: 0, unknown: 0 };
      if (taskGlyphs[state] === 'unknown') count.unknown += 1;
      else count.moving += 1;
      counts.set(machineId, count);
    }
    return counts;
  },
);

/** Tasks whose state nobody knows now. */
export function unknownCount(tables: Tables): number {
  let n = 0;
  for (const [id, { moving, unknown }] of adriftByMachine(tables.tasks)) {
    n += unknown + (isMachineFresh(tables, id) ? 0 : moving);
  }
  return n;
}

const badEnds: ReadonlySet<TaskState> = new Set([
  'TASK_FAILED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_LOST',
  'TASK_GONE',
]);
/** Newest first. */
export const failedTasks = memo((tasks: Tables['tasks']): readonly TaskRecord[] =>
  [...tasks.values()]
    .filter((task) => badEnds.has(task.state))
    .sort((a, b) => (b.endedAtMs ?? b.createdAtMs) - (a.endedAtMs ?? a.createdAtMs)),
);

export const laneList = memo((lanes: Tables['lanes']): readonly LaneRecord[] =>
  [...lanes.values()].sort((a, b) => a.startedAtMs - b.startedAtMs),
);

export const addingLanes = memo((lanes: Tables['lanes']): readonly LaneRecord[] =>
  laneList(lanes).filter(({ kind }) => kind === 'add'),
);

/** More machines on their way than the rack shows one by one: they have a page of their own. */
export function areManyAdding(lanes: Tables['lanes']): boolean {
  return addingLanes(lanes).length > 3;
}

export function healthOf(tables: Tables, machine: MachineRecord): MachineHealth {
  return machineHealth(machine, agentOf(tables, machine), tables.links.get(machine.id));
}

export function agentOf(tables: Tables, machine: MachineRecord) {
  return machine.agentId === null ? undefined : tables.agents.get(machine.agentId);
}

let freshOf: Pick<Tables, 'machines' | 'agents' | 'links'> | undefined;
let fresh: ReadonlySet<string> = new Set();

/** The machines we hear, found once for all of their tasks. */
function freshMachines(tables: Tables): ReadonlySet<string> {
  const { machines, agents, links } = tables;
  if (freshOf?.machines === machines && freshOf.agents === agents && freshOf.links === links) return fresh;
  freshOf = { machines, agents, links };
  fresh = new Set(
    [...machines.values()].filter((each) => healthOf(tables, each).isFresh).map(({ id }) => id),
  );
  return fresh;
}

function isMachineFresh(tables: Tables, machineId: string): boolean {
  return freshMachines(tables).has(machineId);
}

export function glyphOfTask(tables: Tables, task: TaskRecord): GlyphState {
  return taskGlyph(task.state, isMachineFresh(tables, task.machineId));
}

export type Capacity = { readonly cpusMilli: number; readonly memMib: number };

const noCapacity: Capacity = { cpusMilli: 0, memMib: 0 };

/** What the meters measure against: the machine as it is, or the share of this computer that a demo slice has. */
export function capacityOf(machine: MachineRecord, agent: AgentRecord | undefined): Capacity {
  const slice = machine.via.kind === 'local' ? machine.via.demo : undefined;
  if (slice !== undefined) return slice.capacity;
  return agent === undefined
    ? noCapacity
    : { cpusMilli: agent.facts.cpus * 1000, memMib: agent.facts.memMib };
}

export function demoMachines(tables: Tables): readonly MachineRecord[] {
  return machineList(tables.machines).filter(
    (machine) => machine.via.kind === 'local' && !isWholeLocal(machine),
  );
}

export type Free = Pick<Resources, 'cpusMilli' | 'memMib' | 'diskMib' | 'gpus'>;

/** What may still be allocated. Never below zero, even while an over-committed machine is being reported. */
export function freeOf(total: Resources, tasks: readonly TaskRecord[]): Free {
  const free = { cpusMilli: total.cpusMilli, memMib: total.memMib, diskMib: total.diskMib, gpus: total.gpus };
  for (const { info } of tasks) {
    free.cpusMilli -= info.resources.cpusMilli;
    free.memMib -= info.resources.memMib;
    free.diskMib -= info.resources.diskMib;
    free.gpus -= info.resources.gpus;
  }
  return {
    cpusMilli: Math.max(0, free.cpusMilli),
    memMib: Math.max(0, free.memMib),
    diskMib: Math.max(0, free.diskMib),
    gpus: Math.max(0, free.gpus),
  };
}

export type TaskUse = SampleRecord['sample']['tasks'][number];
const uses = new WeakMap<SampleRecord, ReadonlyMap<string, TaskUse>>();

/** Live use of one task out of its machine's newest sample. */
export function taskUse(tables: Tables, task: TaskRecord): TaskUse | undefined {
  const record = tables.samples.get(task.machineId);
  if (record === undefined) return undefined;
  let map = uses.get(record);
  if (map === undefined) {
    map = new Map(record.sample.tasks.map((use) => [use.taskId, use]));
    uses.set(record, map);
  }
  return map.get(task.id);
}

export function lastStatus(task: TaskRecord) {
  return task.statuses.at(-1);
}

const fallbackSettings: Settings = {
  id: 'settings',
  theme: 'system',
  language: 'system',
  onQuit: 'ask',
  unreachableAfterMs: 10_000,
  offerTimeoutMs: 15_000,
  keeping: { logMibPerTask: 64, logMibTotal: 2048, keepDays: 14, cacheMib: 2048 },
};
export function settingsOf(tables: Tables): Settings {
  return tables.settings.get('settings') ?? fallbackSettings;
}
