// Filtering and sorting of the task table. Pure; tested with thousands of rows.
import type { RunRecord } from '../../../electron/contract/run.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { taskLine } from '../../parts/command-line.ts';
import type { GlyphState } from '../../store/health.ts';
import { moodOf } from '../../store/life.ts';
import { glyphOfTask, isActive, taskUse } from '../../store/selectors.ts';
import type { TaskFilter } from '../../store/view.ts';

export const taskColumns = [
  'name',
  'command',
  'state',
  'machine',
  'started',
  'duration',
  'cpu',
  'mem',
  'exit',
] as const;
export type TaskColumn = (typeof taskColumns)[number];
export type TaskSort = { readonly column: TaskColumn; readonly isDown: boolean };

/** What the table shows: tasks, and runs that wait to become one. */
type Listed = TaskRecord | RunRecord;

function isRun(listed: Listed): listed is RunRecord {
  return 'askedAtMs' in listed;
}

function isInFilter(tables: Tables, task: Listed, filter: TaskFilter): boolean {
  if (filter === 'all') return true;
  if (isRun(task)) return filter === 'waiting';
  return isTaskIn(task, glyphOfTask(tables, task), filter);
}

function isTaskIn(task: TaskRecord, glyph: GlyphState, filter: TaskFilter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'waiting':
      return false;
    case 'active':
      return isActive(task.state) && glyph !== 'unknown';
    // Parts of the active ones: what a silent machine said last is not news.
    case 'restarting':
    case 'unhealthy':
      return glyph !== 'unknown' && moodOf(task) === filter;
    case 'failed':
      return glyph === 'failed';
    case 'finished':
      return glyph === 'done' || glyph === 'stopped';
    case 'unknown':
      return glyph === 'unknown';
  }
}

function matches(task: Listed, machineName: string, wanted: readonly string[]): boolean {
  const labels = task.info.labels.map(({ key, value }) => `${key}=${value}`).join('\n');
  const text =
    `${task.info.name}\n${machineName}\n${taskLine(task.info)}\n${labels}\n${task.id}`.toLowerCase();
  return wanted.every((word) => text.includes(word));
}

/** Failures first when sorted by state: what needs a person stands on top, then what runs badly. */
const stateOrder = ['failed', 'unknown', 'waiting', 'working', 'healthy', 'stopped', 'done'] as const;

function exitOf(task: TaskRecord): number {
  const status = task.statuses.at(-1);
  return (
    status?.exitCode ?? (status?.signal !== null && status?.signal !== undefined ? 1000 + status.signal : -1)
  );
}

/** Where a column is of something that has not begun, what waits comes last, or first. */
function keyOfRun(
  tables: Tables,
  { info, machineId, askedAtMs }: RunRecord,
  column: TaskColumn,
): string | number {
  switch (column) {
    case 'name':
      return info.name.toLowerCase();
    case 'command':
      return taskLine(info);
    case 'state':
      return stateOrder.indexOf('waiting');
    case 'machine':
      return machineId === null ? '' : (tables.machines.get(machineId)?.name.toLowerCase() ?? '');
    case 'started':
      return askedAtMs;
    default:
      return -1;
  }
}

function keyOf(tables: Tables, task: Listed, column: TaskColumn): string | number {
  if (isRun(task)) return keyOfRun(tables, task, column);
  switch (column) {
    case 'name':
      return task.info.name.toLowerCase();
    case 'command':
      return taskLine(task.info);
    case 'state':
      return stateOrder.indexOf(glyphOfTask(tables, task)) + (moodOf(task) === null ? 0.5 : 0);
    case 'machine':
      return tables.machines.get(task.machineId)?.name.toLowerCase() ?? '';
    case 'started':
      return task.startedAtMs ?? task.createdAtMs;
    case 'duration':
      // A task that runs goes on growing: its start decides.
      return task.startedAtMs === null
        ? -1
        : (task.endedAtMs ?? Number.MAX_SAFE_INTEGER / 2 - task.startedAtMs) -
            (task.endedAtMs === null ? 0 : task.startedAtMs);
    case 'cpu':
      return taskUse(tables, task)?.cpuBusyMilli ?? -1;
    case 'mem':
      return taskUse(tables, task)?.memUsedMib ?? -1;
    case 'exit':
      return exitOf(task);
  }
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

export type TaskQuery = { readonly find: string; readonly filter: TaskFilter; readonly sort: TaskSort };

const madeAtMs = (task: Listed): number => (isRun(task) ? task.askedAtMs : task.createdAtMs);

export function listTasks(tables: Tables, query: TaskQuery): readonly Listed[] {
  const wanted = query.find.toLowerCase().split(/\s+/).filter(Boolean);
  const names = new Map([...tables.machines.values()].map((machine) => [machine.id as string, machine.name]));
  const listed: readonly Listed[] = [...tables.runs.values(), ...tables.tasks.values()];
  const found = listed.filter(
    (task) =>
      isInFilter(tables, task, query.filter) &&
      (wanted.length === 0 || matches(task, names.get(task.machineId ?? '') ?? '', wanted)),
  );
  const { column, isDown } = query.sort;
  const keyed = found.map((task) => ({ task, key: keyOf(tables, task, column) }));
  const sign = isDown ? -1 : 1;
  keyed.sort(
    (a, b) =>
      sign * compare(a.key, b.key) ||
      madeAtMs(b.task) - madeAtMs(a.task) ||
      a.task.id.localeCompare(b.task.id),
  );
  return keyed.map(({ task }) => task);
}

export function countByFilter(
  tables: Tables,
  filters: readonly TaskFilter[],
): Readonly<Record<TaskFilter, number>> {
  const counts: Record<TaskFilter, number> = {
    all: 0,
    waiting: 0,
    active: 0,
    restarting: 0,
    unhealthy: 0,
    failed: 0,
    finished: 0,
    unknown: 0,
  };
  counts.all = tables.runs.size;
  counts.waiting = tables.runs.size;
  for (const task of tables.tasks.values()) {
    const glyph = glyphOfTask(tables, task);
    for (const filter of filters) if (isTaskIn(task, glyph, filter)) counts[filter] += 1;
  }
  return counts;
}

/** Nothing moves under the pointer: rows keep their place, what is gone leaves, what is new goes to the end. */
export function calmOrder(shown: readonly string[], wanted: readonly string[]): readonly string[] {
  const set = new Set(wanted);
  const kept = shown.filter((id) => set.has(id));
  const before = new Set(kept);
  return [...kept, ...wanted.filter((id) => !before.has(id))];
}
