// One try to reach one agent, and its life when it works: hello with all tasks, samples, pings, launches with their files.
// It ends once, with `link-down` posted, unless it was stopped. `links.ts` keeps at most one a machine.
import type { Duplex } from 'node:stream';
import { ok, type Refusal, type Result } from '../../contract/errors.ts';
import type { MasterId, TaskId } from '../../contract/ids.ts';
import type { MachineRecord } from '../../contract/machine.ts';
import type { TaskInfo } from '../../contract/task.ts';
import type { AgentTask, CallAnswer, EventMessage } from '../../contract/wire.ts';
import type { Posted } from '../../core/kernel/events.ts';
import type { Clock } from '../../core/kernel/ports.ts';
import { type ArtifactSource, Provider, wantedOf } from './provide.ts';
import { Session } from './session.ts';

const sampleEveryMs = 1000;
const tickMs = 1000;
/** Unanswered pings in a row, one a second, before a link counts as dead. */
const missesUntilDown = 3;
/** A ping on a busy link, to know the round trip. */
const roundTripEveryTicks = 10;
const launchTimeoutMs = 20_000;
/** Progress of an upload: often enough for the eye, and never so seldom that the core thinks the launch was lost. */
const tellEveryMs = 250;
const tellAtLeastMs = 5000;

/** A way to an agent, made by another adapter. */
export type AgentChannel = {
  readonly stream: Duplex;
  /** `attach` is on the other end: its line comes first. */
  readonly hasPreamble: boolean;
  close(): void;
  /** What the layer below knows about the end, when it knows more than "closed". */
  whyEnded(): Refusal | null;
};
export type Dial = (machine: MachineRecord, signal: AbortSignal) => Promise<Result<AgentChannel>>;

export type LinksOptions = {
  readonly dial: Dial;
  readonly master: { readonly masterId: MasterId; readonly epoch: number };
  readonly appVersion: string;
  readonly clock: Clock;
  /** Files that tasks need beforehand. */
  readonly artifacts: ArtifactSource;
  /** One line for the log. Never a secret. */
  readonly log: (line: string) => void;
};

type Post = (event: Posted) => void;

/** All tasks after the given one, page by page. */
export async function listTasks(session: Session, from?: TaskId): Promise<Result<readonly AgentTask[]>> {
  const tasks: AgentTask[] = [];
  for (let after = from; ; after = tasks.at(-1)?.info.taskId) {
    const page = await session.call('task.list', after === undefined ? {} : { after });
    if (!page.ok) return page;
    tasks.push(...page.value.tasks);
    if (page.value.more !== true || page.value.tasks.length === 0) return ok(tasks);
  }
}

export class Link {
  private readonly machine: MachineRecord;
  private readonly takeOver: boolean;
  private readonly options: LinksOptions;
  private readonly post: Post;
  private readonly abort = new AbortController();
  private channel: AgentChannel | null = null;
  private session: Session | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isUp = false;
  private isOver = false;
  private hasHeard = false;
  private hadSample = false;
  private readonly early: EventMessage[] = [];
  private readonly launching = new Map<TaskId, AbortController>();
  private provider: Provider | null = null;
  private misses = 0;
  private ticks = 0;
  private toldHeardAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    aim: { readonly machine: MachineRecord; readonly takeOver: boolean },
    options: LinksOptions,
    post: Post,
  ) {
    this.machine = aim.machine;
    this.takeOver = aim.takeOver;
    this.options = options;
    this.post = post;
  }

  get live(): Session | undefined {
    return this.isUp && !this.isOver && this.session !== null ? this.session : undefined;
  }

  async open(): Promise<void> {
    const dialled = await this.options.dial(this.machine, this.abort.signal);
    if (this.isOver) {
      if (dialled.ok) dialled.value.close();
      return;
    }
    if (!dialled.ok) return this.down(dialled.refusal);
    const channel = dialled.value;
    this.channel = channel;
    const session = new Session({
      stream: channel.stream,
      hasPreamble: channel.hasPreamble,
      handlers: {
        heard: () => {
          this.hasHeard = true;
        },
        event: (event) => this.onEvent(event),
        odd: (detail) => this.options.log(`link ${this.machine.id}: dropped ${detail}`),
        closed: (refusal) => this.down(channel.whyEnded() ?? refusal),
      },
    });
    this.session = session;
    this.provider = new Provider(session, this.options.artifacts);
    const { clock, master, appVersion } = this.options;
    const sentAtMs = clock.monoMs();
    await session.hello({ ...master, appVersion, takeOver: this.takeOver }, (answer) => {
      if (!answer.ok) return this.down(answer.refusal);
      const roundTripMs = clock.monoMs() - sentAtMs;
      // In the same turn when all came with hello, so that no update of a task can overtake it.
      if (answer.value.more === true) void this.upWithMore(answer.value, roundTripMs);
      else this.up(answer.value, roundTripMs);
    });
  }

  /** Updates that come while the other tasks are fetched wait until the link is up. */
  private async upWithMore(hello: CallAnswer<'hello'>, roundTripMs: number): Promise<void> {
    if (this.session === null) return;
    const rest = await listTasks(this.session, hello.tasks.at(-1)?.info.taskId);
    if (!rest.ok) return this.down(rest.refusal);
    this.up({ ...hello, tasks: [...hello.tasks, ...rest.value] }, roundTripMs);
    for (const event of this.early.splice(0)) this.onEvent(event);
  }

  /**
   * Brings the task's files and launches it; null: accepted. A launch that is under way is not begun again, so the core
   * may ask as often as it likes.
   */
  async launch(info: TaskInfo): Promise<{ readonly refusal: Refusal | null } | 'under-way'> {
    const { taskId } = info;
    if (this.launching.has(taskId)) return 'under-way';
    const wanted = wantedOf(info);
    if (wanted.length === 0) return { refusal: await this.sendLaunch(info) };
    const controller = new AbortController();
    this.launching.set(taskId, controller);
    const progress = this.uploadProgress(taskId);
    try {
      // Twice: what was there when it was asked for may have made room for others since.
      for (const isLast of [false, true]) {
        const { signal } = controller;
        const problem = (await this.provider?.provide(wanted, { signal, tell: progress.tell })) ?? null;
        if (signal.aborted) return { refusal: killedMeanwhile };
        const refusal = problem ?? (await this.sendLaunch(info));
        if (refusal?.reason !== 'artifact-missing' || isLast) return { refusal };
      }
      return { refusal: killedMeanwhile };
    } finally {
      progress.stop();
      this.launching.delete(taskId);
    }
  }

  /** A kill came: whatever is still being uploaded for the task is needed no more. */
  giveUpLaunch(taskId: TaskId): void {
    this.launching.get(taskId)?.abort();
  }

  private async sendLaunch(info: TaskInfo): Promise<Refusal | null> {
    if (this.session === null) return null;
    const answer = await this.session.call('task.launch', { info }, { timeoutMs: launchTimeoutMs });
    return answer.ok ? null : answer.refusal;
  }

  private uploadProgress(taskId: TaskId): {
    readonly tell: (what: string, doneBytes: number, totalBytes: number | null) => void;
    readonly stop: () => void;
  } {
    const { clock } = this.options;
    let last = { what: '', doneBytes: 0, totalBytes: null as number | null };
    let toldAtMs = Number.NEGATIVE_INFINITY;
    const post = (): void => {
      if (this.isOver) return;
      toldAtMs = clock.monoMs();
      this.post({ kind: 'task-progressed', machineId: this.machine.id, taskId, phase: 'upload', ...last });
    };
    const timer = setInterval(() => {
      if (clock.monoMs() - toldAtMs >= tellAtLeastMs - tellEveryMs) post();
    }, tellAtLeastMs);
    return {
      tell: (what, doneBytes, totalBytes) => {
        const isNew = what !== last.what;
        last = { what, doneBytes, totalBytes };
        if (isNew || clock.monoMs() - toldAtMs >= tellEveryMs) post();
      },
      stop: () => clearInterval(timer),
    };
  }

  /** Ends without posting anything. */
  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.abort.abort();
    if (this.timer !== null) clearInterval(this.timer);
    this.session?.close();
    this.channel?.close();
  }

  private up(hello: CallAnswer<'hello'>, roundTripMs: number): void {
    if (this.isOver) return;
    this.isUp = true;
    const { agentId, agentVersion, facts, resources, tasks } = hello;
    const machineId = this.machine.id;
    this.post({ kind: 'link-up', machineId, agentId, agentVersion, facts, resources, tasks, roundTripMs });
    this.timer = setInterval(() => this.tick(), tickMs);
    void this.session?.call('sample.subscribe', { everyMs: sampleEveryMs }).then((answer) => {
      if (!answer.ok && !this.isOver) this.down(answer.refusal);
    });
  }

  private onEvent(event: EventMessage): void {
    if (this.isOver) return;
    if (!this.isUp) {
      this.early.push(event);
      return;
    }
    const machineId = this.machine.id;
    if (event.event === 'sample') {
      this.hadSample = true;
      this.post({ kind: 'sample-received', machineId, sample: event.sample });
    } else if (event.event === 'status-update') {
      this.post({ kind: 'status-update-received', machineId, status: event.status });
    } else if (event.event === 'task-progress') {
      const { taskId, phase, what, doneBytes, totalBytes } = event;
      this.post({ kind: 'task-progressed', machineId, taskId, phase, what, doneBytes, totalBytes });
    }
  }

  private tick(): void {
    this.ticks += 1;
    if (this.hasHeard) {
      this.misses = 0;
      if (!this.hadSample) this.tellHeard(null);
      this.hasHeard = false;
      this.hadSample = false;
      if (this.ticks % roundTripEveryTicks === 0) this.ping();
      return;
    }
    if (this.misses >= missesUntilDown) {
      const detail = `no answer to ${missesUntilDown} pings`;
      return this.down({ code: 'timeout', reason: 'agent-silent', detail });
    }
    this.misses += 1;
    this.ping();
  }

  private ping(): void {
    const sentAtMs = this.options.clock.monoMs();
    void this.session?.call('ping', {}, { timeoutMs: tickMs * (missesUntilDown + 1) }).then((answer) => {
      if (!answer.ok || this.isOver) return;
      this.tellHeard(this.options.clock.monoMs() - sentAtMs);
    });
  }

  /** At most one a second. */
  private tellHeard(roundTripMs: number | null): void {
    const nowMs = this.options.clock.monoMs();
    if (nowMs - this.toldHeardAtMs < tickMs * 0.9) return;
    this.toldHeardAtMs = nowMs;
    this.post({ kind: 'link-heard', machineId: this.machine.id, roundTripMs });
  }

  private down(refusal: Refusal): void {
    if (this.isOver) return;
    this.stop();
    this.post({ kind: 'link-down', machineId: this.machine.id, refusal });
  }
}

const killedMeanwhile: Refusal = {
  code: 'conflict',
  reason: 'killed-before-launch',
  detail: 'killed while its files were on their way',
};
