// The links of all machines: carries out connect, disconnect and send-* effects, posts what agents say.
// At most one link a machine. A link ends with exactly one `link-down`, unless `disconnect` or a newer `connect` ended it.
import type { LogFile } from '../../contract/channels.ts';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { MachineId, TaskId } from '../../contract/ids.ts';
import type { CallAnswer, CallParams } from '../../contract/wire.ts';
import type { IssuedEffect } from '../../core/kernel/effects.ts';
import type { Posted } from '../../core/kernel/events.ts';
import { Link, type LinksOptions, listTasks } from './link.ts';
import type { FileStream, LogStream } from './session.ts';
import type { LogSink } from './streams.ts';

/** A search goes through a whole log. */
const questionTimeoutMs = 60_000;

type Question = 'log.times' | 'log.search' | 'sandbox.list' | 'results.list';

type LinkEffectKind =
  | 'connect'
  | 'disconnect'
  | 'send-configure'
  | 'send-launch'
  | 'send-kill'
  | 'send-forget'
  | 'send-ack';
export type LinkEffect = Extract<IssuedEffect, { kind: LinkEffectKind }>;
type Post = (event: Posted) => void;

const linkEffectKinds: ReadonlySet<string> = new Set<LinkEffectKind>([
  'connect',
  'disconnect',
  'send-configure',
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
      case 'send-launch':
        void this.launch(effect, post);
        return;
      case 'send-kill': {
        const { taskId, graceMs } = effect;
        this.links.get(effect.machineId)?.giveUpLaunch(taskId);
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
      case 'send-configure': {
        const { machineId, keeping } = effect;
        void this.tell(machineId, 'agent.configure', { keeping }).then((refusal) => {
          if (refusal) this.options.log(`link ${machineId}: not configured: ${refusal.detail}`);
        });
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

  private async launch(effect: Extract<LinkEffect, { kind: 'send-launch' }>, post: Post): Promise<void> {
    const { info, machineId } = effect;
    const link = this.links.get(machineId);
    const answer = link?.live ? await link.launch(info) : { refusal: notConnected().refusal };
    if (answer === 'under-way') return;
    post({ kind: 'launch-answered', taskId: info.taskId, refusal: answer.refusal });
  }

  private disconnect(machineId: MachineId): void {
    const link = this.links.get(machineId);
    this.links.delete(machineId);
    link?.stop();
  }

  private async tell<C extends 'task.kill' | 'task.forget' | 'update.ack' | 'agent.configure'>(
    machineId: MachineId,
    name: C,
    params: CallParams<C>,
  ): Promise<Refusal | null> {
    const session = this.links.get(machineId)?.live;
    if (session === undefined) return notConnected().refusal;
    const answer = await session.call(name, params);
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
