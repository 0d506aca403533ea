// The statuses that a task record keeps, and in which order an agent can have said them. A task that is started again and
// again says far more than is kept: the first, the last of each kind of end and the newest stay.
import { type TaskRecord, type TaskState, type TaskStatus, terminalTaskStates } from '../../contract/task.ts';
import { copyTask } from './task-copy.ts';

const keptStatuses = 32;
/** The newest are how a repeated update is known, so they stay whatever they are. */
const newest = 12;

/** Where a status stands in the life of a task: how often it was started again, then how far that run is. */
export type Said = { readonly restarts: number; readonly rank: number };

const ranks: Readonly<Partial<Record<TaskState, number>>> = {
  TASK_STAGING: 0,
  TASK_STARTING: 1,
  TASK_RUNNING: 2,
  TASK_KILLING: 4,
};
/** Between two runs: after the one that ended, whose number it still has. */
const waitingRank = 3;
const endRank = 5;

export function saidOf(status: Pick<TaskStatus, 'state' | 'restarts' | 'nextStartAtMs'>): Said {
  const { state, restarts = 0, nextStartAtMs } = status;
  if (terminalTaskStates.has(state)) return { restarts: Number.POSITIVE_INFINITY, rank: endRank };
  const isWaiting = state === 'TASK_STARTING' && nextStartAtMs !== undefined;
  return { restarts, rank: isWaiting ? waitingRank : (ranks[state] ?? 0) };
}

export function withStatus(task: TaskRecord, status: TaskStatus): TaskRecord {
  const isEnd = terminalTaskStates.has(status.state);
  const hasStarted = status.state === 'TASK_RUNNING' || status.state === 'TASK_KILLING';
  const next = copyTask(task, task.owed);
  next.state = status.state;
  next.statuses = trim([...task.statuses, status]);
  next.startedAtMs ??= hasStarted ? status.timestampMs : null;
  if (isEnd) next.endedAtMs ??= status.timestampMs;
  return next;
}

/** Where it belongs among those the agent said: why a run ended while nobody listened is worth knowing. */
export function withPast(task: TaskRecord, status: TaskStatus): TaskRecord {
  const { statuses } = task;
  const said = saidOf(status);
  // The newest stays the newest whatever comes.
  const at =
    1 + statuses.slice(0, -1).findLastIndex((each) => isAgents(each) && compareSaid(saidOf(each), said) <= 0);
  const next = copyTask(task, task.owed);
  next.statuses = trim([...statuses.slice(0, at), status, ...statuses.slice(at)]);
  return next;
}

/** A state that the master gave in between says nothing about where the task was. */
function isAgents(status: TaskStatus): boolean {
  return status.source !== 'SOURCE_MASTER' || status.state === 'TASK_STAGING';
}

export function compareSaid(a: Said, b: Said): number {
  return a.restarts - b.restarts || a.rank - b.rank;
}

/** Which end a status tells of, or null when it tells of none. */
function endOf(status: TaskStatus): string | null {
  const { state, reason, exitCode, signal } = status;
  const isEnd = terminalTaskStates.has(state) || exitCode !== null || signal !== null;
  return isEnd ? `${reason} ${exitCode} ${signal}` : null;
}

function trim(kept: TaskStatus[]): TaskStatus[] {
  while (kept.length > keptStatuses) kept.splice(leastWorth(kept), 1);
  return kept;
}

/** Of those between the first and the newest: one of ours, else the oldest that is not the last of its kind of end. */
function leastWorth(statuses: readonly TaskStatus[]): number {
  const last = new Map<string, number>();
  for (const [at, status] of statuses.entries()) {
    const end = endOf(status);
    if (end !== null) last.set(end, at);
  }
  const isMiddle = (at: number): boolean => at > 0 && at < statuses.length - newest;
  const isSpare = (status: TaskStatus, at: number): boolean => {
    const end = endOf(status);
    return isMiddle(at) && (end === null || last.get(end) !== at);
  };
  const ours = statuses.findIndex((status, at) => status.uuid === null && isSpare(status, at));
  if (ours >= 0) return ours;
  const spare = statuses.findIndex(isSpare);
  return spare >= 0 ? spare : 1;
}
