// How a task lives, told from its statuses: which run it is in, how the last one ended, what its checks say, what it was
// given. Pure; tested case by case.
import { type TaskRecord, type TaskStatus, terminalTaskStates } from '../../electron/contract/task.ts';
import { type GlyphState, taskGlyphs } from './health.ts';

/** `restarting`: between two runs, or coming up again. `unhealthy`: its check says so while it runs. */
export type Mood = 'restarting' | 'unhealthy' | 'not-ready' | null;

/** How often the agent has started it again so far. */
export function restartsOf(task: TaskRecord): number {
  return task.statuses.findLast((status) => status.restarts !== undefined)?.restarts ?? 0;
}

/** The agent waits for the next run: the status has the words and the exit of the run that ended. */
const isEndOfRun = (status: TaskStatus): boolean =>
  status.state === 'TASK_STARTING' && status.nextStartAtMs !== undefined;

/** The newest end of a run that was not the last one. */
export function lastEnd(task: TaskRecord): TaskStatus | undefined {
  return task.statuses.findLast(isEndOfRun);
}

/** Wall clock of the next start, while it waits for it. */
export function nextStartAtMs(task: TaskRecord): number | null {
  const last = task.statuses.at(-1);
  return task.state === 'TASK_STARTING' ? (last?.nextStartAtMs ?? null) : null;
}

/** The statuses of the run that goes on, newest last; none between two runs or after the end. */
function ofThisRun(task: TaskRecord): readonly TaskStatus[] {
  if (task.state !== 'TASK_RUNNING' && task.state !== 'TASK_KILLING') return [];
  const from = task.statuses.findLastIndex(isEndOfRun);
  return task.statuses.slice(from + 1);
}

/** null: no check, or no answer yet in this run. What was ended because of its check has had its answer, though no update says it. */
export function healthOfTask(task: TaskRecord): boolean | null {
  if (endStatusOf(task)?.reason === 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED' && !isGoingOn(task))
    return false;
  return ofThisRun(task).findLast((status) => status.healthy !== undefined)?.healthy ?? null;
}

function isGoingOn({ state }: TaskRecord): boolean {
  return !terminalTaskStates.has(state);
}

export function readinessOfTask(task: TaskRecord): boolean | null {
  return ofThisRun(task).findLast((status) => status.ready !== undefined)?.ready ?? null;
}

export function moodOf(task: TaskRecord): Mood {
  if (task.state === 'TASK_STARTING') return lastEnd(task) === undefined ? null : 'restarting';
  if (task.state !== 'TASK_RUNNING') return null;
  if (healthOfTask(task) === false) return 'unhealthy';
  return readinessOfTask(task) === false ? 'not-ready' : null;
}

/** A task that runs badly is not shown like one that runs well. Unknown stays unknown. */
export function glyphWithMood(glyph: GlyphState, mood: Mood): GlyphState {
  return glyph === 'healthy' && mood === 'unhealthy' ? 'waiting' : glyph;
}

/** Most memory it ever held, as far as the agent told. */
export function peakMemMib(task: TaskRecord): number | null {
  let peak: number | null = null;
  for (const status of task.statuses)
    if (status.peakMemMib !== undefined && status.peakMemMib > (peak ?? -1)) peak = status.peakMemMib;
  return peak;
}

/** Memory ceiling in MiB; null = none. Absent in the request means the request itself. */
export function memCeilingMib({ info }: TaskRecord): number | null {
  const limit = info.limits?.memMib;
  return limit === undefined ? info.resources.memMib : limit;
}

export function gpusOf(task: TaskRecord): readonly number[] {
  return task.statuses.findLast((status) => status.gpus !== undefined)?.gpus ?? [];
}

export function containerOf(task: TaskRecord): TaskStatus['container'] {
  return task.statuses.findLast((status) => status.container !== undefined)?.container;
}

export type Limitation = 'memory' | 'disk' | 'time';

/** The ceiling that ended a run, when one did. */
export function limitationOf(status: TaskStatus | undefined): Limitation | null {
  switch (status?.reason) {
    case 'REASON_CONTAINER_LIMITATION_MEMORY':
      return 'memory';
    case 'REASON_CONTAINER_LIMITATION_DISK':
      return 'disk';
    case 'REASON_MAX_COMPLETION_TIME_REACHED':
      return 'time';
    default:
      return null;
  }
}

export type Step = {
  readonly key: string;
  readonly status: TaskStatus;
  readonly kind: 'state' | 'end-of-run' | 'health' | 'readiness';
  readonly glyph: GlyphState | 'past';
};

function kindOf(status: TaskStatus, before: TaskStatus | undefined): Step['kind'] {
  if (isEndOfRun(status)) return 'end-of-run';
  if (before?.state !== status.state) return 'state';
  if (status.healthy !== undefined && status.healthy !== before.healthy) return 'health';
  return status.ready !== undefined && status.ready !== before.ready ? 'readiness' : 'state';
}

function stepGlyph(kind: Step['kind'], status: TaskStatus, isNewest: boolean): Step['glyph'] {
  switch (kind) {
    case 'end-of-run':
      return status.exitCode === 0 ? 'done' : 'failed';
    case 'health':
      return status.healthy === true ? 'healthy' : 'waiting';
    case 'readiness':
      return status.ready === true ? 'healthy' : 'waiting';
    case 'state':
      return isNewest || taskGlyphs[status.state] === 'failed' ? taskGlyphs[status.state] : 'past';
  }
}

/** What happened to it, newest first. Ends of runs keep their glyph: they are what one looks for. */
export function stepsOf(task: TaskRecord): readonly Step[] {
  const { statuses } = task;
  return statuses
    .map((status, index): Step => {
      const kind = kindOf(status, statuses[index - 1]);
      const glyph = stepGlyph(kind, status, index === statuses.length - 1);
      return { key: `${status.uuid ?? 'm'}-${status.state}-${String(index)}`, status, kind, glyph };
    })
    .toReversed();
}

/** The newest answer of a check that changed something; undefined: none yet. */
export function lastAnswer(task: TaskRecord, kind: 'health' | 'readiness'): TaskStatus | undefined {
  return stepsOf(task).find((step) => step.kind === kind)?.status;
}

/** Words of the end that stands for the whole task, or of the last run. */
export function endStatusOf(task: TaskRecord): TaskStatus | undefined {
  return terminalTaskStates.has(task.state) ? task.statuses.at(-1) : lastEnd(task);
}
