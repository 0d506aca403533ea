// Schedulers that are no part of this program: who is connected, what they are told, what they call. A transport (HTTP) makes a
// connection of its stream and hands calls on; the meaning of all of it is the core's. Imports contract and core shapes.
import { type Result, refuse } from '../contract/errors.ts';
import { type Call, callSchema, type SchedulerEvent } from '../contract/framework.ts';
import type { FrameworkId } from '../contract/ids.ts';
import type { IssuedEffect } from '../core/kernel/effects.ts';
import type { CommandEvent, Posted } from '../core/kernel/events.ts';
import type { LogLine } from './loop-options.ts';
import type { Timers } from './loop-timing.ts';

type SchedulerEffect = Extract<IssuedEffect, { kind: 'send-scheduler-event' | 'close-scheduler-stream' }>;
type Subscribe = Extract<Call, { kind: 'SUBSCRIBE' }>;

/** One end of a stream of events. Both are called from within the loop: they take and return, they do not wait. */
export type Listener = {
  readonly onEvent: (event: SchedulerEvent) => void;
  /** Once, and nothing after it. */
  readonly onClose: () => void;
};

/** What a scheduler has of the master. */
export type Driver = {
  readonly frameworkId: FrameworkId;
  call(call: Exclude<Call, Subscribe>): Promise<Result<null>>;
  /** The connection has ended. Its tasks run on for its failover timeout. */
  close(): void;
};

export type SchedulersOptions = {
  readonly master: {
    command(event: CommandEvent): Promise<Result<null>>;
    post(event: Posted): void;
  };
  readonly ids: { framework(): FrameworkId; stream(): string };
  readonly timers: Timers;
  readonly log: (line: LogLine) => void;
};

type Stream = { readonly frameworkId: FrameworkId; readonly listener: Listener; stopBeat: () => void };

export function isSchedulerEffect(effect: IssuedEffect): effect is IssuedEffect & SchedulerEffect {
  return effect.kind === 'send-scheduler-event' || effect.kind === 'close-scheduler-stream';
}

export class Schedulers {
  readonly #options: SchedulersOptions;
  readonly #streams = new Map<string, Stream>();

  constructor(options: SchedulersOptions) {
    this.#options = options;
  }

  /** `frameworkId` null: a new framework. What it is told from now on comes to the listener, the first before this answers. */
  async connect(
    asked: Omit<Subscribe, 'kind' | 'frameworkId' | 'streamId'> & {
      readonly frameworkId: FrameworkId | null;
    },
    listener: Listener,
  ): Promise<Result<Driver>> {
    const { ids, master } = this.#options;
    const frameworkId = asked.frameworkId ?? ids.framework();
    const streamId = ids.stream();
    const call = callSchema.safeParse({ ...asked, kind: 'SUBSCRIBE', frameworkId, streamId });
    if (!call.success) return refuse('invalid', 'wrong-shape', call.error.message);
    this.#streams.set(streamId, { frameworkId, listener, stopBeat: () => undefined });
    const answer = await master.command({ kind: 'call-scheduler-api', call: call.data, streamId });
    if (answer.ok) return { ok: true, value: this.#driver(frameworkId, streamId) };
    this.#streams.delete(streamId);
    return answer;
  }

  run(effect: SchedulerEffect): void {
    const { streamId } = effect;
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    if (effect.kind === 'send-scheduler-event') this.#tell(streamId, stream, effect.event);
    else this.#end(streamId, stream);
  }

  /** At the end of this process. Nobody is told as disconnected: they come back to the next one. */
  closeAll(): void {
    for (const [streamId, stream] of this.#streams) this.#end(streamId, stream);
  }

  #driver(frameworkId: FrameworkId, streamId: string): Driver {
    const { master } = this.#options;
    return {
      frameworkId,
      call: async (call) => {
        const parsed = callSchema.safeParse(call);
        if (!parsed.success) return refuse('invalid', 'wrong-shape', parsed.error.message);
        if (parsed.data.frameworkId !== frameworkId)
          return refuse('unauthorized', 'framework-unknown', parsed.data.frameworkId);
        return master.command({ kind: 'call-scheduler-api', call: parsed.data, streamId });
      },
      close: () => {
        const stream = this.#streams.get(streamId);
        if (!stream) return;
        this.#end(streamId, stream);
        master.post({ kind: 'scheduler-disconnected', frameworkId, streamId });
      },
    };
  }

  #tell(streamId: string, stream: Stream, event: SchedulerEvent): void {
    try {
      stream.listener.onEvent(event);
    } catch (error) {
      const fields = { frameworkId: stream.frameworkId, event: event.kind, why: String(error) };
      this.#options.log({ verb: 'scheduler-failed', fields });
    }
    // Mesos: one at once, then on and on, so that a client knows a silent connection from a dead one.
    if (event.kind === 'SUBSCRIBED') this.#beat(streamId, stream, event.heartbeatIntervalMs);
  }

  #beat(streamId: string, stream: Stream, everyMs: number): void {
    if (this.#streams.get(streamId) !== stream) return;
    this.#tell(streamId, stream, { kind: 'HEARTBEAT' });
    stream.stopBeat = this.#options.timers.after(everyMs, () => this.#beat(streamId, stream, everyMs));
  }

  #end(streamId: string, stream: Stream): void {
    this.#streams.delete(streamId);
    stream.stopBeat();
    stream.listener.onClose();
  }
}
