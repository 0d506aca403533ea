// One log file of one task, streamed from its machine into a bounded buffer, with flow control. It opens again by itself
// where it stopped when the connection comes back.
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { call, drop, listen } from '../../bridge/bridge.ts';
import { LogBuffer, logMaxBytes } from './log-buffer.ts';

/** `part`: an older part was asked for and is here; it does not follow. */
export type LogPhase = 'opening' | 'following' | 'part' | 'ended' | 'lost' | 'removed' | 'refused';
/** Reading elsewhere than at the end: from this byte of the file, and no more than this. */
export type LogPart = { readonly from: number; readonly most: number };
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
  readonly part: LogPart | null;
  buffer = new LogBuffer();
  #state: LogState = { phase: 'opening', refusal: null, missingBytes: 0, version: 0 };
  #told: LogState = this.#state;
  #listeners = new Set<() => void>();
  #streamId: number | null = null;
  /** Where the buffer's bytes stand in the file: from `at` in the buffer on, `offset` in the file. Grows with each gap. */
  #anchors: { readonly at: number; readonly offset: number }[] = [];
  #nextOffset = -logMaxBytes;
  #uncredited = 0;
  #isStopped = false;
  #isOpening = false;
  #isScheduled = false;
  /** Pushes that came before the answer to `log:open`. */
  #early: ({ readonly chunk: Chunk } | { readonly end: End })[] = [];
  #unlisten: (() => void)[] = [];

  constructor(taskId: TaskId, file: LogFile, part: LogPart | null = null) {
    this.taskId = taskId;
    this.file = file;
    this.part = part;
    if (part !== null) this.#nextOffset = part.from;
  }

  /** Where a line held begins in the file; `line` is its number since the start of what was appended. */
  offsetOfLine(line: number): number {
    const at = this.buffer.lineStart(line - this.buffer.firstLine);
    const anchor = this.#anchors.findLast((each) => each.at <= at);
    return anchor === undefined ? at : anchor.offset + at - anchor.at;
  }

  /** The number of the line that holds this byte of the file, when it is held. */
  lineOfOffset(offset: number): number | null {
    const anchor = this.#anchors.findLast((each) => each.offset <= offset);
    if (anchor === undefined) return null;
    const index = this.buffer.indexAt(anchor.at + offset - anchor.offset);
    return index === null ? null : this.buffer.firstLine + index;
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
    const follow = this.part === null;
    const answer = await call('log:open', { taskId, file, offset: this.#nextOffset, follow });
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
    if (this.#anchors.length === 0 || startOffset !== this.#nextOffset)
      this.#anchors.push({ at: this.buffer.totalBytes, offset: startOffset });
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
    this.#set({ missingBytes: (this.#anchors[0]?.offset ?? 0) + this.buffer.droppedBytes });
    this.#stopWhenFull();
  }

  /** Of an older part no more is taken than was asked for. */
  #stopWhenFull(): void {
    const { part } = this;
    const streamId = this.#streamId;
    if (part === null || streamId === null || this.buffer.totalBytes < part.most) return;
    this.#streamId = null;
    drop(call('log:close', { streamId }), 'the stream may be gone already');
    this.#set({ phase: 'part' });
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
    const isPartRead = this.part !== null && end.cause !== 'lost' && end.cause !== 'removed';
    this.#set({ phase: isPartRead ? 'part' : phases[end.cause] });
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
