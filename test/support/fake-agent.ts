// A model of mesolite-agent for the simulation: its disk, its tasks, its update spool, its lease. Follows docs/wire.md.
// It counts what an outside observer would see (how often each task was really started), which the oracles judge by.
import type { Refusal } from '../../electron/contract/errors.ts';
import type { AgentId, TaskId } from '../../electron/contract/ids.ts';
import type { MachineFacts } from '../../electron/contract/machine.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import {
  type TaskInfo,
  type TaskState,
  type TaskStatus,
  terminalTaskStates,
} from '../../electron/contract/task.ts';
import type { AgentTask } from '../../electron/contract/wire.ts';
import { someFacts, someIsolation, someResources } from './builders.ts';

type Kept = {
  info: TaskInfo;
  status: TaskStatus;
  /** Oldest first; sent in this order until acknowledged. */
  unacknowledged: TaskStatus[];
  startedAtMs: number | null;
  endedAtMs: number | null;
  killed: boolean;
  /** Number of the newest run. Timers of an older one mean nothing any more. */
  run: number;
  /** Restarts without a good minute between. */
  inRow: number;
  runSinceMs: number;
  isWaiting: boolean;
};

const firstBackOffMs = 250;
const backOffCapMs = 60_000;
const healthyAfterMs = 60_000;
/** A dead agent starts nothing: it looks again when it is back. */
const lookAgainMs = 1000;
const maxUnacknowledged = 32;

export type FakeAgentOptions = {
  readonly id: AgentId;
  readonly name: string;
  readonly after: (ms: number, call: () => void) => void;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly resources?: Resources;
  /** Told of what an observer on the machine would see: the first run of a task, and each update as it is made. */
  readonly onFirstRun?: (taskId: TaskId) => void;
  readonly onReport?: (status: TaskStatus) => void;
};

export class FakeAgent {
  readonly id: AgentId;
  readonly facts: MachineFacts;
  readonly resources: Resources;
  readonly tasks = new Map<TaskId, Kept>();
  readonly tombstones = new Set<TaskId>();
  /** How often the first run of each task was begun, ever: what the master can get wrong. */
  readonly starts = new Map<TaskId, number>();
  /** The uuid of every update of each task in order. */
  readonly history = new Map<TaskId, string[]>();
  /** The process answers. Its disk and its tasks go on without it. */
  isUp = true;
  lease: { masterId: string; epoch: number } | null = null;
  /** Told of each new update; the connection sends it. */
  onUpdate: ((status: TaskStatus) => void) | null = null;
  readonly #options: FakeAgentOptions;
  #uuids = 0;

  constructor(options: FakeAgentOptions) {
    this.#options = options;
    this.id = options.id;
    this.facts = someFacts({ hostname: options.name, isolation: someIsolation });
    this.resources = options.resources ?? someResources();
  }

  /** The same agent in another world: what it holds goes on from where it was, as after a start of its process. */
  resume(past: FakeAgent): void {
    this.#uuids = past.#uuids;
    this.lease = past.lease && { ...past.lease };
    for (const taskId of past.tombstones) this.tombstones.add(taskId);
    for (const [taskId, count] of past.starts) this.starts.set(taskId, count);
    for (const [taskId, uuids] of past.history) this.history.set(taskId, [...uuids]);
    for (const [taskId, kept] of past.tasks) {
      const task = { ...kept, unacknowledged: [...kept.unacknowledged] };
      this.tasks.set(taskId, task);
      if (!terminalTaskStates.has(task.status.state)) this.#goOn(taskId, task);
    }
  }

  #goOn(taskId: TaskId, task: Kept): void {
    const { after, random } = this.#options;
    if (task.isWaiting) after(random() * firstBackOffMs, () => this.#tryAgain(taskId, task, task.run));
    else if (task.killed) after(random() * 400, () => this.#end(taskId, 'TASK_KILLED'));
    else if (task.startedAtMs === null) after(5 + random() * 50, () => this.#start(taskId));
    else this.#runOn(taskId, task);
  }

  hello(masterId: string, epoch: number, takeOver = false): Refusal | null {
    if (this.lease && this.lease.masterId !== masterId && !takeOver) {
      return { code: 'conflict', reason: 'lease-held', detail: this.lease.masterId };
    }
    if (this.lease?.masterId === masterId && epoch < this.lease.epoch)
      return { code: 'conflict', reason: 'lease-old-epoch', detail: '' };
    this.lease = { masterId, epoch };
    return null;
  }

  list(): AgentTask[] {
    // Statuses and descriptions are frozen, so nobody has to copy them.
    return [...this.tasks.values()].map(({ info, status, startedAtMs, endedAtMs }) => ({
      info,
      status,
      startedAtMs,
      endedAtMs,
    }));
  }

  unacknowledged(): TaskStatus[] {
    return [...this.tasks.values()].flatMap((task) => task.unacknowledged);
  }

  launch(info: TaskInfo): Refusal | null {
    const { taskId } = info;
    if (this.tombstones.has(taskId))
      return { code: 'conflict', reason: 'killed-before-launch', detail: taskId };
    if (this.tasks.has(taskId)) return null;
    const status = this.#status(taskId, 'TASK_STAGING', { uuid: null });
    this.tasks.set(taskId, {
      info,
      status,
      unacknowledged: [],
      startedAtMs: null,
      endedAtMs: null,
      killed: false,
      run: 0,
      inRow: 0,
      runSinceMs: 0,
      isWaiting: false,
    });
    this.#options.after(5 + this.#options.random() * 50, () => this.#start(taskId));
    return null;
  }

  kill(taskId: TaskId): Refusal | null {
    const task = this.tasks.get(taskId);
    if (!task) {
      this.tombstones.add(taskId);
      return null;
    }
    if (task.killed || terminalTaskStates.has(task.status.state)) return null;
    task.killed = true;
    // Between two runs there is nothing to wait for.
    if (task.isWaiting) this.#end(taskId, 'TASK_KILLED');
    else this.#options.after(this.#options.random() * 400, () => this.#end(taskId, 'TASK_KILLED'));
    return null;
  }

  forget(taskId: TaskId): Refusal | null {
    const task = this.tasks.get(taskId);
    if (!task) return { code: 'not-found', reason: 'no-such-task', detail: taskId };
    if (!terminalTaskStates.has(task.status.state) || task.unacknowledged.length > 0) {
      return { code: 'conflict', reason: 'task-not-ended', detail: taskId };
    }
    this.tasks.delete(taskId);
    return null;
  }

  acknowledge(taskId: TaskId, uuid: string): void {
    const task = this.tasks.get(taskId);
    if (task) task.unacknowledged = task.unacknowledged.filter((status) => status.uuid !== uuid);
  }

  /** The machine went down and up: what ran is lost, or starts again by its policy. What is on disk is known. */
  reboot(): void {
    for (const [taskId, task] of this.tasks) {
      if (terminalTaskStates.has(task.status.state) || task.isWaiting) continue;
      const comesBack = (task.info.restart?.on ?? 'never') !== 'never' && !task.killed;
      if (comesBack && task.startedAtMs !== null) this.#wait(taskId, task, 0);
      else this.#end(taskId, 'TASK_LOST', 'REASON_AGENT_RESTARTED');
    }
  }

  #start(taskId: TaskId): void {
    const task = this.tasks.get(taskId);
    if (!task || terminalTaskStates.has(task.status.state) || task.killed) return;
    if (task.run === 0) {
      this.starts.set(taskId, (this.starts.get(taskId) ?? 0) + 1);
      this.#options.onFirstRun?.(taskId);
    }
    task.isWaiting = false;
    task.startedAtMs ??= this.#options.nowMs();
    task.runSinceMs = this.#options.nowMs();
    this.#report(taskId, 'TASK_RUNNING');
    this.#runOn(taskId, task);
  }

  /** Some never end by themselves: only a kill that arrives ends those. */
  #runOn(taskId: TaskId, task: Kept): void {
    const { run } = task;
    if (this.#options.random() < 0.3) return;
    const lastsMs = this.#options.random() ** 3 * 60_000;
    const end = this.#options.random() < 0.5 ? 'TASK_FINISHED' : 'TASK_FAILED';
    this.#options.after(lastsMs, () => {
      if (task.run === run && !task.isWaiting) this.#runOver(taskId, task, end);
    });
  }

  #runOver(taskId: TaskId, task: Kept, end: 'TASK_FINISHED' | 'TASK_FAILED'): void {
    if (terminalTaskStates.has(task.status.state)) return;
    const policy = task.info.restart;
    if (this.#options.nowMs() - task.runSinceMs >= healthyAfterMs) task.inRow = 0;
    const wants = policy?.on === 'always' || (policy?.on === 'failure' && end === 'TASK_FAILED');
    const isOver = task.inRow >= (policy?.maxInRow ?? Number.POSITIVE_INFINITY);
    if (!wants || task.killed || isOver) {
      this.#end(taskId, task.killed ? 'TASK_KILLED' : end);
      return;
    }
    const backOffMs = Math.min(backOffCapMs, firstBackOffMs * 2 ** task.inRow);
    task.inRow += 1;
    this.#wait(taskId, task, backOffMs * (1 - this.#options.random() / 4));
  }

  #wait(taskId: TaskId, task: Kept, ms: number): void {
    task.isWaiting = true;
    this.#report(taskId, 'TASK_STARTING', { nextStartAtMs: Math.round(this.#options.nowMs() + ms) });
    const { run } = task;
    this.#options.after(ms, () => this.#tryAgain(taskId, task, run));
  }

  #tryAgain(taskId: TaskId, task: Kept, run: number): void {
    if (task.run !== run || this.tasks.get(taskId) !== task || task.killed) return;
    if (!this.isUp) {
      this.#options.after(lookAgainMs, () => this.#tryAgain(taskId, task, run));
      return;
    }
    task.run += 1;
    this.#start(taskId);
  }

  #end(taskId: TaskId, state: TaskState, reason: string | null = null): void {
    const task = this.tasks.get(taskId);
    if (!task || terminalTaskStates.has(task.status.state)) return;
    task.endedAtMs = this.#options.nowMs();
    this.#report(taskId, state, { reason });
  }

  #report(taskId: TaskId, state: TaskState, patch: Partial<TaskStatus> = {}): void {
    const task = this.tasks.get(taskId);
    if (!task) return;
    this.#uuids += 1;
    const uuid = `${this.id}-${this.#uuids}`;
    const restarts = task.run > 0 || state === 'TASK_STARTING' ? { restarts: task.run } : {};
    task.status = this.#status(taskId, state, { uuid, ...restarts, ...patch });
    task.unacknowledged.push(task.status);
    if (task.unacknowledged.length > maxUnacknowledged) task.unacknowledged.splice(1, 1);
    const told = this.history.get(taskId);
    if (told) told.push(uuid);
    else this.history.set(taskId, [uuid]);
    this.#options.onReport?.(task.status);
    this.onUpdate?.(task.status);
  }

  #status(taskId: TaskId, state: TaskState, patch: Partial<TaskStatus>): TaskStatus {
    return Object.freeze({
      taskId,
      state,
      source: 'SOURCE_AGENT' as const,
      reason: null,
      message: '',
      timestampMs: this.#options.nowMs(),
      uuid: null,
      exitCode: state === 'TASK_FINISHED' ? 0 : null,
      signal: null,
      ...patch,
    });
  }
}
