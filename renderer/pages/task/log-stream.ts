// One log file of one task, streamed from its machine into a bounded buffer, with flow control. It opens again by itself
// where it stopped when the connection comes back.
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { call, drop, listen } from '../../bridge/bridge.ts';
import { LogBuffer, logMaxBytes } from './log-buffer.ts';

export type LogPhase = 'opening' | 'following' | 'ended' | 'lost' | 'removed' | 'refused';
export type LogState = {
  readonly phase: LogPhase;
  readonly refusal: Refusal | null;
  /** Bytes before the first one held, or not sent at all. */
  readonly missingBytes: number;
  /** Grows with every change: components render by it. */
  readonly version: number;
};

/** Ask for more only now and then: one message for many small chunks. */
const creditStepBytes = 64 * 1024;

type Chunk = { readonly streamId: number; readonly offset: number; readonly bytes: Uint8Array };
type End = { readonly streamId: number; readonly cause: 'finished' | 'closed' | 'lost' | 'removed' };

export class LogStream {
  readonly taskId: TaskId;
  readonly file: LogFile;
  buffer = new LogBuffer();
  #state: LogState = { phase: 'opening', refusal: null, missingBytes: 0, version: 0 };
  #told: LogState = this.#state;
  #listeners = new Set<() => void>();
  #streamId: number | null = null;
  /** Offset in the file of the first byte appended to the buffer. */
  #firstOffset: number | null = null;
  #nextOffset = -logMaxBytes;
  #uncredited = 0;
  #isStopped = false;
  #isOpening = false;
  #isScheduled = false;
  /** Pushes that came before the answer to `log:open`. */
  #early: ({ readonly chunk: Chunk } | { readonly end: End })[] = [];
  #unlisten: (() => void)[] = [];

  constructor(taskId: TaskId, file: LogFile) {
    this.taskId = taskId;
    this.file = file;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What was last told to the listeners. */
  readonly getState = (): LogState => this.#told;

  start(): void {
    this.#isStopped = false;
    this.#unlisten = [
      listen('log:chunk', (chunk) => this.#onChunk(chunk)),
      listen('log:end', (end) => this.#onEnd(end)),
    ];
    this.open();
  }

  stop(): void {
    this.#isStopped = true;
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
    const streamId = this.#streamId;
    this.#streamId = null;
    if (streamId !== null) drop(call('log:close', { streamId }), 'the stream may be gone already');
  }

  /** Opens, or opens again where it stopped. Nothing happens while it runs. */
  open(): void {
    if (this.#isStopped || this.#isOpening || this.#streamId !== null) return;
    this.#isOpening = true;
    this.#set({ phase: 'opening', refusal: null });
    drop(this.#open(), 'call never rejects');
  }

  async #open(): Promise<void> {
    const { taskId, file } = this;
    const answer = await call('log:open', { taskId, file, offset: this.#nextOffset, follow: true });
    this.#isOpening = false;
    if (!answer.ok) {
      if (!this.#isStopped) this.#set({ phase: 'refused', refusal: answer.refusal });
      return;
    }
    const { streamId, startOffset } = answer.value;
    if (this.#isStopped) {
      drop(call('log:close', { streamId }), 'the stream may be gone already');
      return;
    }
    this.#streamId = streamId;
    this.#firstOffset ??= startOffset;
    this.#nextOffset = Math.max(0, startOffset);
    this.#set({ phase: 'following' });
    const early = this.#early;
    this.#early = [];
    for (const push of early) {
      if ('chunk' in push) this.#onChunk(push.chunk);
      else this.#onEnd(push.end);
    }
  }

  #onChunk(chunk: Chunk): void {
    if (this.#isOpening) {
      this.#early.push({ chunk });
      return;
    }
    if (chunk.streamId !== this.#streamId) return;
    this.buffer.append(chunk.bytes);
    this.#nextOffset = chunk.offset + chunk.bytes.length;
    this.#uncredited += chunk.bytes.length;
    if (this.#uncredited >= creditStepBytes) {
      const bytes = this.#uncredited;
      this.#uncredited = 0;
      drop(call('log:credit', { streamId: chunk.streamId, bytes }), 'a closed stream needs no credit');
    }
    this.#set({ missingBytes: (this.#firstOffset ?? 0) + this.buffer.droppedBytes });
  }

  #onEnd(end: End): void {
    if (this.#isOpening) {
      this.#early.push({ end });
      return;
    }
    if (end.streamId !== this.#streamId) return;
    this.#streamId = null;
    this.#uncredited = 0;
    const phases = { finished: 'ended', closed: 'lost', lost: 'lost', removed: 'removed' } as const;
    this.#set({ phase: phases[end.cause] });
  }

  /** Many chunks, one drawing: listeners hear of it with the next frame. */
  #set(change: Partial<LogState>): void {
    this.#state = { ...this.#state, ...change, version: this.#state.version + 1 };
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.#told = this.#state;
      for (const listener of this.#listeners) listener();
    }, 33);
  }
}
