// One conversation with an agent over any byte stream: hello, calls with time-outs, events, log streams with credit.
// It ends once, with a refusal that says why; every open call and stream ends with it.
import type { Duplex } from 'node:stream';
import { ok, type Refusal, type RefusalCode, type Result, refuse } from '../../contract/errors.ts';
import { quotedLine } from '../../contract/plain-text.ts';
import { isReason, type Reason } from '../../contract/reasons.ts';
import {
  answerMessageSchema,
  answerSchemas,
  type Call,
  type CallAnswer,
  type CallParams,
  type EventMessage,
  eventMessageSchema,
  wireVersion,
  wireVersionMin,
} from '../../contract/wire.ts';
import { encodeData, encodeJson, type Frame, FrameDecoder, PreambleReader } from './codec.ts';
import { Incoming, type LogSink, Upload } from './streams.ts';

const callTimeoutMs = 10_000;
const preambleTimeoutMs = 15_000;
export type LogStream = {
  readonly sizeBytes: number;
  readonly startOffset: number;
  /** The consumer has taken in this many bytes more. */
  readonly credit: (bytes: number) => void;
  readonly close: () => void;
};

/** A folder has no size beforehand: its tar is made while it is sent. */
export type FileStream = Omit<LogStream, 'sizeBytes'> & { readonly sizeBytes: number | null };

export type SessionHandlers = {
  /** Anything came. */
  heard(): void;
  event(event: EventMessage): void;
  /** A sample that does not fit the protocol was dropped. */
  odd(detail: string): void;
  /** Once, at the end. */
  closed(refusal: Refusal): void;
};

export type SessionOptions = {
  readonly stream: Duplex;
  /** Frames follow after the line of `attach`. */
  readonly hasPreamble: boolean;
  readonly handlers: SessionHandlers;
};

type Waiting = {
  readonly name: Call;
  settle(answer: Result<unknown>): void;
  readonly timer: NodeJS.Timeout | null;
};
type CallOptions<C extends Call> = {
  readonly timeoutMs?: number;
  /** Runs before any later frame is looked at; the promise settles only after this turn. */
  readonly onAnswer?: (answer: Result<CallAnswer<C>>) => void;
};

export class Session {
  private readonly stream: Duplex;
  private readonly handlers: SessionHandlers;
  private readonly decoder = new FrameDecoder();
  private preamble: PreambleReader | null;
  private preambleTimer: NodeJS.Timeout | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private readonly incoming = new Incoming({
    credit: (stream, bytes) => this.tell('stream.credit', { stream, bytes }),
    close: (stream) => this.tell('stream.close', { stream }),
  });
  private readonly uploads = new Map<number, Upload>();
  private readonly unsent: Buffer[] = [];
  private nextId = 1;
  private version = wireVersion;
  private ended: Refusal | null = null;

  constructor(options: SessionOptions) {
    this.stream = options.stream;
    this.handlers = options.handlers;
    this.preamble = options.hasPreamble ? new PreambleReader() : null;
    if (this.preamble !== null) {
      this.preambleTimer = setTimeout(() => {
        this.finish('timeout', 'agent-not-running', `attach said nothing${this.noiseWords()}`);
      }, preambleTimeoutMs);
    }
    this.stream.on('data', (piece: Buffer) => this.onData(piece));
    this.stream.on('error', (error: Error) => this.finish('unreachable', 'link-closed', error.message));
    this.stream.on('end', () => this.onEnd());
    this.stream.on('close', () => this.onEnd());
  }

  get closed(): Refusal | null {
    return this.ended;
  }

  /** The first call. Remembers the version both speak. */
  async hello(
    params: Omit<CallParams<'hello'>, 'version' | 'versionMin'>,
    onAnswer?: (answer: Result<CallAnswer<'hello'>>) => void,
  ): Promise<Result<CallAnswer<'hello'>>> {
    const versions = { version: wireVersion, versionMin: wireVersionMin };
    return this.call(
      'hello',
      { ...params, ...versions },
      {
        timeoutMs: 15_000,
        onAnswer: (answer) => {
          if (answer.ok) this.version = answer.value.version;
          onAnswer?.(answer);
        },
      },
    );
  }

  call<C extends Call>(
    name: C,
    params: CallParams<C>,
    options: CallOptions<C> = {},
  ): Promise<Result<CallAnswer<C>>> {
    return new Promise((resolve) => {
      if (this.ended !== null) return resolve({ ok: false, refusal: this.ended });
      const id = this.nextId;
      this.nextId += 1;
      const timeoutMs = options.timeoutMs ?? callTimeoutMs;
      const timer = setTimeout(() => {
        this.settle(id, refuse('timeout', 'call-timeout', `${name} was not answered within ${timeoutMs} ms`));
      }, timeoutMs);
      const settle = (raw: Result<unknown>) => {
        const answer = raw as Result<CallAnswer<C>>;
        options.onAnswer?.(answer);
        resolve(answer);
      };
      this.waiting.set(id, { name, settle, timer });
      this.send({ v: this.version, id, call: name, params });
    });
  }

  async openLog(params: CallParams<'log.open'>, sink: LogSink): Promise<Result<LogStream>> {
    const opened = await this.call('log.open', params, { onAnswer: (answer) => this.expect(answer, sink) });
    if (!opened.ok) return opened;
    return ok({ ...opened.value, ...this.reins(opened.value.stream) });
  }

  /** A file of the sandbox, or a folder as a tar. */
  async openFile(params: CallParams<'sandbox.open'>, sink: LogSink): Promise<Result<FileStream>> {
    const opened = await this.call('sandbox.open', params, {
      onAnswer: (answer) => this.expect(answer, sink),
    });
    if (!opened.ok) return opened;
    return ok({ ...opened.value, ...this.reins(opened.value.stream) });
  }

  /** Data frames may follow in the same piece of bytes, so the stream is known before the promise settles. */
  private expect(answer: Result<{ stream: number; startOffset: number }>, sink: LogSink): void {
    if (!answer.ok) return;
    this.incoming.open(answer.value.stream, answer.value.startOffset, sink);
  }

  private reins(stream: number): Pick<LogStream, 'credit' | 'close'> {
    return {
      credit: (bytes: number) => this.incoming.credit(stream, bytes),
      close: () => this.incoming.close(stream),
    };
  }

  /** A stream towards the agent. `artifact.done` ends it, or `abandon`. */
  async openUpload(params: CallParams<'artifact.put'>): Promise<Result<Upload>> {
    const made: { upload: Upload | null } = { upload: null };
    const opened = await this.call('artifact.put', params, {
      onAnswer: (answer) => {
        if (!answer.ok) return;
        const { stream } = answer.value;
        made.upload = new Upload(answer.value, (bytes) => this.sendData(stream, bytes));
        this.uploads.set(stream, made.upload);
      },
    });
    if (!opened.ok) return opened;
    return made.upload ? ok(made.upload) : refuse('internal', 'wire-broken', 'an upload without a stream');
  }

  /** All was sent: answered once it is checked and on the agent's disk, which takes long for a large file. */
  async finishUpload(upload: Upload): Promise<Result<unknown>> {
    const done = await this.call('artifact.done', { stream: upload.id }, { timeoutMs: 300_000 });
    this.uploads.delete(upload.id);
    return done;
  }

  /** What was sent so far stays there, for the next try. */
  abandon(upload: Upload): void {
    if (this.uploads.delete(upload.id)) this.tell('stream.close', { stream: upload.id });
    upload.end();
  }

  private sendData(stream: number, bytes: Uint8Array): void {
    if (this.ended === null) this.stream.write(encodeData(stream, bytes));
  }

  /** Ends the conversation from our side. */
  close(refusal: Refusal = { code: 'unreachable', reason: 'link-closed', detail: 'closed by us' }): void {
    this.end(refusal);
  }

  /** A call whose answer changes nothing. */
  private tell<C extends Call>(name: C, params: CallParams<C>): void {
    if (this.ended !== null) return;
    const id = this.nextId;
    this.nextId += 1;
    this.send({ v: this.version, id, call: name, params });
  }

  private send(message: unknown): void {
    const frame = encodeJson(message);
    if (this.preamble === null) this.stream.write(frame);
    // A shell that still reads its script must not swallow frames.
    else this.unsent.push(frame);
  }

  private onData(piece: Buffer): void {
    if (this.ended !== null) return;
    this.handlers.heard();
    if (this.preamble === null) return this.onFrames(piece);
    const outcome = this.preamble.push(piece);
    if (outcome.kind === 'waiting') return;
    if (outcome.kind === 'refused')
      return this.finish('unreachable', attachReason(outcome.code), outcome.words);
    if (outcome.kind === 'too-much-noise') {
      return this.finish(
        'unsupported',
        'wire-broken',
        `no preamble in 64 KiB: ${quotedLine(outcome.noise.toString())}`,
      );
    }
    this.stopPreamble();
    for (const frame of this.unsent.splice(0)) this.stream.write(frame);
    this.onFrames(outcome.rest);
  }

  private onFrames(piece: Buffer): void {
    for (const frame of this.decoder.push(piece)) {
      if (this.ended !== null) return;
      this.onFrame(frame);
    }
    if (this.decoder.fault !== null) this.finish('internal', 'wire-broken', `frame: ${this.decoder.fault}`);
  }

  private onFrame(frame: Frame): void {
    if (frame.kind === 'data') {
      if (this.incoming.take(frame.stream, frame.bytes)) return;
      return this.finish('internal', 'wire-broken', `stream ${frame.stream} went over its credit`);
    }
    const value = frame.value;
    if (typeof value === 'object' && value !== null && 'event' in value) return this.onEvent(value);
    const parsed = answerMessageSchema.safeParse(value);
    if (!parsed.success) return this.finish('internal', 'wire-broken', 'neither an answer nor an event');
    const { id, result, error } = parsed.data;
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return; // answered too late, or nobody waits for it
    if (error !== undefined) return this.settle(id, { ok: false, refusal: wireRefusal(error) });
    const answer = answerSchemas[waiting.name].safeParse(result);
    if (answer.success) return this.settle(id, ok(answer.data));
    this.finish(
      'internal',
      'wire-broken',
      `answer to ${waiting.name}: ${answer.error.issues[0]?.message ?? ''}`,
    );
  }

  private onEvent(value: object): void {
    const parsed = eventMessageSchema.safeParse(value);
    if (!parsed.success) return this.onOddEvent(value, parsed.error.issues[0]);
    const event = parsed.data;
    if (event.event === 'stream-end') {
      this.uploads.get(event.stream)?.end();
      return this.incoming.end(event.stream, event.cause === 'failed' ? 'lost' : event.cause);
    }
    if (event.event === 'stream-moved') return this.incoming.move(event.stream, event.offset);
    if (event.event === 'stream-credit') return this.uploads.get(event.stream)?.grant(event.bytes);
    this.handlers.event(event);
    if (event.event === 'lease-lost') this.finish('conflict', 'lease-lost', `now held by ${event.holder}`);
  }

  private onOddEvent(value: object, issue: { path: PropertyKey[]; message: string } | undefined): void {
    const name = 'event' in value && typeof value.event === 'string' ? value.event : '?';
    const detail = `${name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
    // Events of a newer agent are ignored; an odd sample is dropped, the next one comes in a second.
    if (name === 'sample') return this.handlers.odd(detail);
    if (['status-update', 'stream-end', 'stream-moved', 'stream-credit', 'lease-lost'].includes(name)) {
      this.finish('internal', 'wire-broken', detail);
    }
  }

  private onEnd(): void {
    if (this.preamble === null) return this.finish('unreachable', 'link-closed', 'the other side closed');
    this.finish(
      'unreachable',
      'agent-not-running',
      `the session ended before the agent spoke${this.noiseWords()}`,
    );
  }

  private noiseWords(): string {
    const noise = this.preamble?.noise ?? Buffer.alloc(0);
    return noise.length === 0 ? '' : `: ${quotedLine(noise.toString())}`;
  }

  private settle(id: number, answer: Result<unknown>): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    this.waiting.delete(id);
    if (waiting.timer !== null) clearTimeout(waiting.timer);
    waiting.settle(answer);
  }

  private finish(code: RefusalCode, reason: Reason, detail: string): void {
    this.end({ code, reason, detail });
  }

  private stopPreamble(): void {
    this.preamble = null;
    if (this.preambleTimer !== null) clearTimeout(this.preambleTimer);
    this.preambleTimer = null;
  }

  private end(refusal: Refusal): void {
    if (this.ended !== null) return;
    this.ended = refusal;
    if (this.preambleTimer !== null) clearTimeout(this.preambleTimer);
    for (const id of [...this.waiting.keys()]) this.settle(id, { ok: false, refusal });
    this.incoming.endAll();
    for (const upload of this.uploads.values()) upload.end();
    this.uploads.clear();
    this.stream.destroy();
    this.handlers.closed(refusal);
  }
}

/** The agent's own short words for what our catalogue calls otherwise. */
const agentReasons: ReadonlyMap<string, Reason> = new Map([
  ['tasks-run', 'tasks-running'],
  ['task-runs', 'task-not-ended'],
  ['task', 'task-unknown'],
  ['log', 'log-unavailable'],
  ['log-not-yet', 'log-unavailable'],
  ['disk-full', 'machine-disk-full'],
  ['lease-not-kept', 'machine-disk-full'],
  ['user-switch', 'user-needs-root'],
  ['gpus-taken', 'not-enough-gpus'],
  ['agent-stops', 'agent-stopping'],
  ['artifact-disk', 'machine-disk-full'],
  ['artifact-hash', 'artifact-corrupt'],
  ['artifact-size', 'artifact-corrupt'],
  ['cache-small', 'machine-cache-small'],
]);

function wireRefusal(error: { code: RefusalCode; reason: string; detail: string }): Refusal {
  const known = agentReasons.get(error.reason);
  if (known !== undefined) return { ...error, reason: known };
  if (isReason(error.reason)) return error;
  return {
    code: error.code,
    reason: 'agent-error',
    detail: `${error.reason}: ${error.detail}`.slice(0, 1000),
  };
}

/** What `attach` says when it cannot reach the daemon. */
function attachReason(code: string): Reason {
  return isReason(code) ? code : 'agent-not-running';
}
