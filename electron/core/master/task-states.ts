// States of a task, as in Mesos. The agent is the truth; the master only adds what the agent cannot say.
//
//   STAGING --> STARTING <-> RUNNING --> KILLING --> { FINISHED FAILED KILLED ERROR LOST }   terminal: never changes
//      |                        ^ |
//      |                        | v
//      `---> DROPPED       UNREACHABLE (not terminal: may return) ----> GONE, GONE_BY_OPERATOR
//
// A status may jump forward (STAGING to FINISHED): hello tells only the newest state, and what led to it comes later.
// RUNNING goes back to STARTING only when the agent starts the task again; KILLING is for good.
import {
  preemptedReason,
  type TaskRecord,
  type TaskState,
  type TaskStatus,
  terminalTaskStates,
} from '../../contract/task.ts';
import { assert } from '../kernel/assert.ts';
import { compareSaid, type Said, saidOf, withPast, withStatus } from './task-history.ts';

const ended: readonly TaskState[] = [
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_GONE',
];
const lost: readonly TaskState[] = ['TASK_UNREACHABLE', 'TASK_GONE_BY_OPERATOR', 'TASK_UNKNOWN'];

export const taskMoves: Readonly<Record<TaskState, readonly TaskState[]>> = {
  TASK_STAGING: ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_DROPPED', ...ended, ...lost],
  TASK_STARTING: ['TASK_RUNNING', 'TASK_KILLING', ...ended, ...lost],
  TASK_RUNNING: ['TASK_STARTING', 'TASK_KILLING', ...ended, ...lost],
  TASK_KILLING: [...ended, ...lost],
  TASK_UNREACHABLE: [
    'TASK_STAGING',
    'TASK_STARTING',
    'TASK_RUNNING',
    'TASK_KILLING',
    'TASK_DROPPED',
    ...ended,
    'TASK_GONE_BY_OPERATOR',
    'TASK_UNKNOWN',
  ],
  TASK_UNKNOWN: [
    'TASK_STARTING',
    'TASK_RUNNING',
    'TASK_KILLING',
    ...ended,
    'TASK_UNREACHABLE',
    'TASK_GONE_BY_OPERATOR',
  ],
  TASK_GONE_BY_OPERATOR: [],
  TASK_FINISHED: [],
  TASK_FAILED: [],
  TASK_KILLED: [],
  TASK_ERROR: [],
  TASK_DROPPED: [],
  TASK_LOST: [],
  TASK_GONE: [],
};

/** What an agent may say of a task; the rest is the master's to say. */
const agentStates: ReadonlySet<TaskState> = new Set([
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_LOST',
]);

export function canAgentSay(state: TaskState): boolean {
  return agentStates.has(state);
}

export function isTerminal(task: { readonly state: TaskState }): boolean {
  return terminalTaskStates.has(task.state);
}

/** Its resources are taken: also while unreachable, because it may well be running there. */
export function holdsResources(task: { readonly state: TaskState }): boolean {
  return !isTerminal(task) && task.state !== 'TASK_GONE_BY_OPERATOR';
}

/** True when an agent ever reported it: then the agent has it on disk. */
export function wasSeenOnAgent(task: TaskRecord): boolean {
  return task.statuses.some((status) => status.source !== 'SOURCE_MASTER');
}

export type Verdict =
  | { readonly kind: 'applied'; readonly task: TaskRecord }
  /** From before what is known already: its words are kept, the state stays. */
  | { readonly kind: 'past'; readonly task: TaskRecord }
  /** Seen before, or after the end: nothing changes, but the agent still needs its acknowledgement. */
  | { readonly kind: 'duplicate' | 'late' }
  | { readonly kind: 'illegal'; readonly why: string };

/** A status that came from the agent. Never changes a terminal state; never throws whatever the agent says. */
export function applyAgentStatus(task: TaskRecord, said: TaskStatus): Verdict {
  const status = withCause(task, said);
  const isKnown = status.uuid !== null && task.statuses.some((known) => known.uuid === status.uuid);
  if (isTerminal(task)) return { kind: isKnown ? 'duplicate' : 'late' };
  if (!canAgentSay(status.state)) return { kind: 'illegal', why: `${status.state} is not an agent's to say` };
  if (!canAgentSay(task.state)) return move(task, isKnown ? asReturn(status) : status);
  const order = compareSaid(saidOf(status), newestOf(task));
  if (isKnown) {
    // The hello told it, then an older update led back: now it comes in its turn.
    return order > 0 && task.state !== status.state ? move(task, asTold(status)) : { kind: 'duplicate' };
  }
  if (order < 0) return { kind: 'past', task: withPast(task, status) };
  return move(task, status);
}

/** The agent knows that it was told to end it, the master why. What ended by itself meanwhile was not ended for anybody. */
function withCause({ madeRoomFor, endedWith }: TaskRecord, status: TaskStatus): TaskStatus {
  if (status.state !== 'TASK_KILLED') return status;
  if (madeRoomFor !== undefined)
    return { ...status, reason: preemptedReason, message: `made room for ${madeRoomFor}` };
  if (endedWith === undefined) return status;
  return { ...status, message: `ended with its group because of ${endedWith}` };
}

function move(task: TaskRecord, status: TaskStatus): Verdict {
  if (status.state === task.state) {
    // The same state in another update (health, message) is kept. Without a uuid it is only told again.
    const isTold = status.uuid === null && task.statuses.at(-1)?.source !== 'SOURCE_MASTER';
    return isTold ? { kind: 'duplicate' } : { kind: 'applied', task: withStatus(task, status) };
  }
  if (!taskMoves[task.state].includes(status.state)) {
    return { kind: 'illegal', why: `${task.state} cannot become ${status.state}` };
  }
  return { kind: 'applied', task: withStatus(task, status) };
}

/** The newest that the agent said. A state that only the master can give says nothing about the agent. */
function newestOf(task: TaskRecord): Said {
  const last = task.statuses.at(-1);
  return last ? saidOf(last) : saidOf({ state: 'TASK_STAGING' });
}

/** The state comes back although its update was taken in long ago: a new status of ours, without a uuid to acknowledge. */
function asReturn(status: TaskStatus): TaskStatus {
  return { ...status, source: 'SOURCE_MASTER', reason: 'REASON_AGENT_REREGISTERED', uuid: null };
}

/** Known already, so there is nothing more to acknowledge it by. */
function asTold(status: TaskStatus): TaskStatus {
  return { ...status, source: 'SOURCE_MASTER', reason: 'REASON_RECONCILIATION', uuid: null };
}

/** A status made by the master. An illegal move is our own bug. */
export function applyMasterStatus(
  task: TaskRecord,
  atMs: number,
  status: Pick<TaskStatus, 'state' | 'reason' | 'message'>,
): TaskRecord {
  assert(taskMoves[task.state].includes(status.state), `task ${task.id}: ${task.state} to ${status.state}`);
  const made: TaskStatus = {
    taskId: task.id,
    source: 'SOURCE_MASTER',
    timestampMs: atMs,
    uuid: null,
    exitCode: null,
    signal: null,
    ...status,
  };
  return withStatus(task, withCause(task, made));
}
