// The links of all machines: carries out connect, disconnect and send-* effects, posts what agents say.
// At most one link a machine. A link ends with exactly one `link-down`, unless `disconnect` or a newer `connect` ended it.
import type { Duplex } from 'node:stream';
import type { LogFile } from '../../contract/channels.ts';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { MachineId, MasterId, TaskId } from '../../contract/ids.ts';
import type { MachineRecord } from '../../contract/machine.ts';
import type { AgentTask, CallAnswer, CallParams, EventMessage } from '../../contract/wire.ts';
import type { IssuedEffect } from '../../core/kernel/effects.ts';
import type { Posted } from '../../core/kernel/events.ts';
import type { Clock } from '../../core/kernel/ports.ts';
import { type FileStream, type LogSink, type LogStream, Session } from './session.ts';

const sampleEveryMs = 1000;
const tickMs = 1000;
/** Unanswered pings in a row, one a second, before a link counts as dead. */
const missesUntilDown = 3;
/** A ping on a busy link, to know the round trip. */
const roundTripEveryTicks = 10;
const launchTimeoutMs = 20_000;
/** A search goes through a whole log. */
const questionTimeoutMs = 60_000;

type Question = 'log.times' | 'log.search' | 'sandbox.list' | 'results.list';

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
  /** One line for the log. Never a secret. */
  readonly log: (line: string) => void;
};

type LinkEffectKind = 'connect' | 'disconnect' | 'send-launch' | 'send-kill' | 'send-forget' | 'send-ack';
export type LinkEffect = Extract<IssuedEffect, { kind: LinkEffectKind }>;
type Post = (event: Posted) => void;

const linkEffectKinds: ReadonlySet<string> = new Set<LinkEffectKind>([
  'connect',
  'disconnect',
  'send-launch',
  'send-kill',
  'send-forget',
  'send-ack',
]);
export function isLinkEffect(effect: IssuedEffect): effect is LinkEffect {
  return linkEffectKinds.has(effect.kind);
}

export class AgentLinks {
  private readonly options: LinksOptions;
  private readonly links = new Map<MachineId, Link>();

  constructor(options: LinksOptions) {
    this.options = options;
  }

  run(effect: LinkEffect, post: Post): void {
    switch (effect.kind) {
      case 'connect':
        return this.connect(effect, post);
      case 'disconnect':
        return this.disconnect(effect.machineId);
      case 'send-launch': {
        const { info } = effect;
        void this.tell(effect.machineId, 'task.launch', { info }, launchTimeoutMs).then((refusal) =>
          post({ kind: 'launch-answered', taskId: info.taskId, refusal }),
        );
        return;
      }
      case 'send-kill': {
        const { taskId, graceMs } = effect;
        void this.tell(effect.machineId, 'task.kill', { taskId, graceMs }).then((refusal) =>
          post({ kind: 'kill-answered', taskId, refusal }),
        );
        return;
      }
      case 'send-forget': {
        const { taskId } = effect;
        void this.tell(effect.machineId, 'task.forget', { taskId }).then((refusal) =>
          post({ kind: 'forget-answered', taskId, refusal }),
        );
        return;
      }
      case 'send-ack':
        // A lost receipt is harmless: the agent sends the update again.
        void this.tell(effect.machineId, 'update.ack', { taskId: effect.taskId, uuid: effect.uuid });
        return;
    }
  }

  /** Opens a log of a task for the interface. The caller gives credit as it takes bytes in. */
  async open(machineId: MachineId, request: LogRequest, sink: LogSink): Promise<Result<LogStream>> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected();
    const { taskId, file, offset, follow } = request;
    return session.openLog({ taskId, file, offset, follow }, sink);
  }

  /** A question about what lies there, for the interface. */
  async ask<C extends Question>(
    machineId: MachineId,
    name: C,
    params: CallParams<C>,
  ): Promise<Result<CallAnswer<C>>> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected();
    return session.call(name, params, { timeoutMs: questionTimeoutMs });
  }

  /** Opens a file or folder of a sandbox. The caller gives credit as it takes bytes in. */
  async openFile(
    machineId: MachineId,
    params: CallParams<'sandbox.open'>,
    sink: LogSink,
  ): Promise<Result<FileStream>> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected();
    return session.openFile(params, sink);
  }

  /** Ends the daemon of a machine (quit, removal of the local agent). */
  async shutDown(machineId: MachineId, params: CallParams<'agent.shutdown'>): Promise<Result<unknown>> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected();
    return session.call('agent.shutdown', params, { timeoutMs: 30_000 });
  }

  isLive(machineId: MachineId): boolean {
    return this.links.get(machineId)?.live !== undefined;
  }

  /** Tasks that have not ended, as the agent knows them. */
  async aliveTasks(machineId: MachineId): Promise<Result<readonly TaskId[]>> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected();
    const listed = await listTasks(session);
    if (!listed.ok) return listed;
    return ok(listed.value.filter((task) => task.endedAtMs === null).map((task) => task.info.taskId));
  }

  /** Kills every task and waits until each has ended; each has its own grace unless one is given. */
  async endTasks(
    machineId: MachineId,
    signal: AbortSignal,
    graceMs: number | null = null,
  ): Promise<Result<number>> {
    const alive = await this.aliveTasks(machineId);
    if (!alive.ok) return alive;
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected();
    for (const taskId of alive.value) {
      const asked = await session.call('task.kill', { taskId, graceMs });
      if (!asked.ok && asked.refusal.code !== 'not-found') return asked;
    }
    for (;;) {
      const left = await this.aliveTasks(machineId);
      if (!left.ok) return left;
      if (left.value.length === 0) return ok(alive.value.length);
      if (signal.aborted)
        return refuse('timeout', 'tasks-did-not-stop', `${left.value.length} tasks still run`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The process ends: close everything without a word to the core. */
  closeAll(): void {
    for (const machineId of [...this.links.keys()]) this.disconnect(machineId);
  }

  private connect(effect: Extract<LinkEffect, { kind: 'connect' }>, post: Post): void {
    const { machine, takeOver = false } = effect;
    this.disconnect(machine.id);
    const link = new Link({ machine, takeOver }, this.options, (event) => {
      if (event.kind === 'link-down' && this.links.get(machine.id) === link) this.links.delete(machine.id);
      post(event);
    });
    this.links.set(machine.id, link);
    void link.open();
  }

  private disconnect(machineId: MachineId): void {
    const link = this.links.get(machineId);
    this.links.delete(machineId);
    link?.stop();
  }

  private async tell<C extends 'task.launch' | 'task.kill' | 'task.forget' | 'update.ack'>(
    machineId: MachineId,
    name: C,
    params: CallParams<C>,
    timeoutMs?: number,
  ): Promise<Refusal | null> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected().refusal;
    const answer = await session.call(name, params, timeoutMs === undefined ? {} : { timeoutMs });
    return answer.ok ? null : answer.refusal;
  }
}

export type LogRequest = {
  readonly taskId: TaskId;
  readonly file: LogFile;
  readonly offset: number;
  readonly follow: boolean;
};

function notConnected(): { ok: false; refusal: Refusal } {
  return refuse('unreachable', 'not-connected', 'there is no live link to the machine');
}

/** All tasks after the given one, page by page. */
async function listTasks(session: Session, from?: TaskId): Promise<Result<readonly AgentTask[]>> {
  const tasks: AgentTask[] = [];
  for (let after = from; ; after = tasks.at(-1)?.info.taskId) {
    const page = await session.call('task.list', after === undefined ? {} : { after });
    if (!page.ok) return page;
    tasks.push(...page.value.tasks);
    if (page.value.more !== true || page.value.tasks.length === 0) return ok(tasks);
  }
}

/** One try to reach one agent, and its life when it works. */
class Link {
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
