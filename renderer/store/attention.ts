// What needs a person, most urgent first: lanes that wait, machines that are not well, tasks that failed lately.
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import type { MachineHealth } from './health.ts';
import { activeTasksOf, areManyAdding, failedTasks, healthOf, laneList, machineList } from './selectors.ts';

export type Attention =
  | { readonly kind: 'lane'; readonly key: string; readonly lane: LaneRecord }
  /** Of many that are being added: together, so that they leave room for the rest. */
  | { readonly kind: 'lanes'; readonly key: string; readonly needsYou: number; readonly failed: number }
  | {
      readonly kind: 'machine';
      readonly key: string;
      readonly machine: MachineRecord;
      readonly health: MachineHealth;
      readonly tasks: number;
    }
  | {
      readonly kind: 'failed-tasks';
      readonly key: string;
      readonly tasks: readonly TaskRecord[];
      readonly newestAtMs: number;
    };

const failuresKeptMs = 3_600_000;
/** A first connect takes a moment; only a longer one deserves a word. */
const connectGraceMs = 6000;

function needsWord(health: MachineHealth, sinceMs: number | null, nowMs: number): boolean {
  switch (health.word) {
    case 'silent':
    case 'unreachable':
    case 'refused':
    case 'gone':
      return true;
    case 'connecting':
    case 'registering':
      return sinceMs !== null && nowMs - sinceMs > connectGraceMs;
    case 'live':
    case 'paused':
    case 'draining':
    case 'drained':
    case 'stopped':
    case 'removing':
      return false;
  }
}

function busyTasks(tables: Tables, machineId: string): number {
  return activeTasksOf(tables, machineId).filter(
    ({ state }) => state === 'TASK_RUNNING' || state === 'TASK_UNREACHABLE',
  ).length;
}

function lanesThatNeed(lanes: Tables['lanes']): readonly Attention[] {
  const need = laneList(lanes).filter(({ state }) => state === 'needs-you' || state === 'failed');
  const isFolded = areManyAdding(lanes);
  const apart = need.filter(({ kind }) => !isFolded || kind !== 'add');
  const folded = need.filter(({ kind }) => isFolded && kind === 'add');
  const failed = folded.filter(({ state }) => state === 'failed').length;
  const cards = apart.map((lane): Attention => ({ kind: 'lane', key: `lane-${lane.id}`, lane }));
  if (folded.length === 0) return cards;
  return [{ kind: 'lanes', key: 'lanes', needsYou: folded.length - failed, failed }, ...cards];
}

export function attentionOf(tables: Tables, nowMs: number, failuresSeenAtMs: number): readonly Attention[] {
  const found: Attention[] = [...lanesThatNeed(tables.lanes)];
  for (const machine of machineList(tables.machines)) {
    const health = healthOf(tables, machine);
    if (!needsWord(health, tables.links.get(machine.id)?.sinceMs ?? null, nowMs)) continue;
    const tasks = busyTasks(tables, machine.id);
    found.push({ kind: 'machine', key: machine.id, machine, health, tasks });
  }
  const failed = failedTasks(tables.tasks).filter((task) => {
    const atMs = task.endedAtMs ?? task.createdAtMs;
    return atMs > failuresSeenAtMs && nowMs - atMs < failuresKeptMs;
  });
  const newest = failed[0];
  if (newest !== undefined) {
    const newestAtMs = newest.endedAtMs ?? newest.createdAtMs;
    found.push({ kind: 'failed-tasks', key: 'failed-tasks', tasks: failed, newestAtMs });
  }
  return found;
}
