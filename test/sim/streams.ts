// Connections of schedulers to one life of the master: a stream of events each, in order and with delay, and calls beside it.
// They end with that life; what was on its way to a stream that ended is lost.
import type { Result } from '../../electron/contract/errors.ts';
import type { Call, SchedulerEvent } from '../../electron/contract/framework.ts';
import type { FrameworkId } from '../../electron/contract/ids.ts';
import type { Effect } from '../../electron/core/kernel/effects.ts';
import type { CommandEvent, Posted } from '../../electron/core/kernel/events.ts';
import type { World } from './world.ts';

export type Answered = (answer: Result<null>) => void;
export type StreamsOptions = {
  readonly world: World;
  readonly ask: (command: CommandEvent, onAnswer?: Answered) => void;
  readonly post: (event: Posted) => void;
  /** Just before it leaves the master. */
  readonly onTell: (frameworkId: FrameworkId, event: SchedulerEvent) => void;
};

type Stream = {
  readonly frameworkId: FrameworkId;
  readonly hear: (event: SchedulerEvent) => void;
  readonly onClosed: () => void;
  lastMonoMs: number;
};

export class Streams {
  readonly #options: StreamsOptions;
  readonly #open = new Map<string, Stream>();
  /** When the last call of each framework arrives: they keep their order. */
  readonly #lastCalls = new Map<FrameworkId, number>();
  #isAlive = true;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  run(effect: Effect): boolean {
    if (effect.kind === 'send-scheduler-event') this.#tell(effect);
    else if (effect.kind === 'close-scheduler-stream')
      this.#inOrder(effect.streamId, (stream) => this.#close(effect.streamId, stream));
    else return false;
    return true;
  }

  open(streamId: string, stream: Omit<Stream, 'lastMonoMs'>): void {
    this.#open.set(streamId, { ...stream, lastMonoMs: 0 });
  }

  /** The scheduler's side is gone now; the master hears of it a little later, or much. */
  abandon(streamId: string, noticedAfterMs: number): void {
    const stream = this.#open.get(streamId);
    this.#open.delete(streamId);
    const { time } = this.#options.world;
    if (!stream) return;
    time.timers.after(noticedAfterMs, () => {
      if (this.#isAlive)
        this.#options.post({ kind: 'scheduler-disconnected', frameworkId: stream.frameworkId, streamId });
    });
  }

  call(call: Call, onAnswer?: Answered): void {
    const { world, ask } = this.#options;
    const now = world.time.monoMs();
    const last = this.#lastCalls.get(call.frameworkId) ?? 0;
    const at = Math.max(last + 0.001, now + world.between(0.2, 20));
    this.#lastCalls.set(call.frameworkId, at);
    world.time.timers.after(at - now, () => {
      if (!this.#isAlive) return;
      world.say('call', call.frameworkId, wordsOf(call));
      ask({ kind: 'call-scheduler-api', call }, (answer) => {
        if (!answer.ok) world.say('refused', call.frameworkId, answer.refusal.reason);
        onAnswer?.(answer);
      });
    });
  }

  /** The sockets are closed by the system. */
  die(): void {
    this.#isAlive = false;
    for (const [streamId, stream] of [...this.#open]) this.#close(streamId, stream);
  }

  #close(streamId: string, stream: Stream): void {
    if (!this.#open.delete(streamId)) return;
    stream.onClosed();
  }

  #tell({ frameworkId, streamId, event }: Extract<Effect, { kind: 'send-scheduler-event' }>): void {
    this.#options.onTell(frameworkId, event);
    this.#inOrder(streamId, (stream) => stream.hear(event));
  }

  #inOrder(streamId: string, deliver: (stream: Stream) => void): void {
    const { world } = this.#options;
    const stream = this.#open.get(streamId);
    if (!stream) return;
    const now = world.time.monoMs();
    stream.lastMonoMs = Math.max(stream.lastMonoMs + 0.001, now + world.between(0.2, 20));
    world.time.timers.after(stream.lastMonoMs - now, () => {
      const open = this.#open.get(streamId);
      if (open) deliver(open);
    });
  }
}

/** For the trace: what it is about, in short. */
function wordsOf(call: Call): string {
  const ids = 'offerIds' in call ? call.offerIds : 'taskId' in call ? [call.taskId] : [];
  const operations = call.kind === 'ACCEPT' ? call.operations.map(({ kind }) => kind) : [];
  return [call.kind, ...operations, ...ids].join(' ');
}
