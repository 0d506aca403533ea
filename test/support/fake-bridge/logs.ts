// Logs of the fake tasks: some history, then a line now and then. Streams keep to the credit of the window.
import type { LogFile, Pushes, Request } from '../../../electron/contract/channels.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { randomFrom } from './random.ts';

const encoder = new TextEncoder();
const chunkBytes = 64 * 1024;
const firstCredit = 256 * 1024;
const markBytes = 400;
const esc = '\u001b';

export type Push = <P extends 'log:chunk' | 'log:end'>(channel: P, push: Pushes[P]) => void;

function trainLine(step: number): string {
  const loss = (2.4 / Math.sqrt(step + 1) + 0.08 * Math.sin(step)).toFixed(4);
  const epoch = Math.floor(step / 40) + 1;
  if (step % 40 === 39)
    return `${esc}[1;32mepoch ${epoch} done${esc}[0m  val_acc ${esc}[36m${(0.7 + epoch / 100).toFixed(3)}${esc}[0m  saved checkpoints/epoch-${epoch}.pt`;
  if (step % 57 === 56)
    return `${esc}[33mwarning${esc}[0m: gradient norm ${(6 + (step % 5)).toFixed(2)} clipped to 1.00`;
  return `epoch ${String(epoch).padStart(2)}  step ${String(step).padStart(6)}  loss ${loss}  lr ${(3e-4 * 0.999 ** step).toExponential(2)}  ${(181 + (step % 13)).toFixed(0)} img/s`;
}

function webLine(step: number): string {
  const paths = ['/', '/api/items', '/api/items/42', '/static/app.css', '/health', '/api/search?q=crystal'];
  const status = step % 23 === 0 ? 404 : step % 61 === 0 ? 500 : 200;
  const colour = status === 200 ? 32 : status === 404 ? 33 : 31;
  return `192.168.1.${20 + (step % 40)} "GET ${paths[step % paths.length]} HTTP/1.1" ${esc}[${colour}m${status}${esc}[0m ${120 + ((step * 37) % 4000)} ${(step * 7) % 90} ms`;
}

function lineOf(task: TaskRecord, step: number): string {
  const { name } = task.info;
  if (name.startsWith('train')) return trainLine(step);
  if (name.startsWith('web') || name === 'api') return webLine(step);
  if (name === 'hello') return step < 3 ? `hello ${step + 1}` : '';
  return `${name}: item ${step + 1} of 12000 done in ${10 + ((step * 13) % 70)} ms`;
}

/** A long-lived task whose head was given back long ago. */
const oldNames: ReadonlySet<string> = new Set(['api']);
const givenBack = 3_436_000_000;

class FakeLog {
  bytes = new Uint8Array(0);
  /** Offset of the first byte kept. */
  readonly base: number;
  #step = 0;

  constructor(base: number) {
    this.base = base;
  }

  get end(): number {
    return this.base + this.bytes.length;
  }

  add(text: string): void {
    const more = encoder.encode(text);
    const next = new Uint8Array(this.bytes.length + more.length);
    next.set(this.bytes);
    next.set(more, this.bytes.length);
    this.bytes = next;
  }

  grow(task: TaskRecord, lines: number): void {
    let text = '';
    for (let i = 0; i < lines; i += 1) {
      const line = lineOf(task, this.#step);
      this.#step += 1;
      if (line !== '') text += `${line}\n`;
    }
    if (text !== '') this.add(text);
  }
}

type Stream = {
  readonly id: number;
  readonly key: string;
  readonly task: TaskRecord;
  at: number;
  credit: number;
};

export class FakeLogs {
  readonly #logs = new Map<string, FakeLog>();
  readonly #streams = new Map<number, Stream>();
  readonly #push: Push;
  readonly #random = randomFrom(11);
  #lastId = 0;

  constructor(push: Push) {
    this.#push = push;
  }

  #log(task: TaskRecord, file: LogFile): FakeLog {
    const key = `${task.id}/${file}`;
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    const log = new FakeLog(oldNames.has(task.info.name) && file === 'stdout' ? givenBack : 0);
    if (file === 'stderr') {
      if (task.state === 'TASK_FAILED') {
        log.add(
          `Traceback (most recent call last):\n  File "index.py", line 88, in <module>\n    main()\n${esc}[31mKeyError: 'embedding'${esc}[0m\nbytes that are no UTF-8: `,
        );
        log.bytes = new Uint8Array([...log.bytes, 0xe9, 0x00, 0xff, 0x0a]);
      }
    } else if (task.startedAtMs !== null || task.state === 'TASK_STAGING') {
      log.grow(task, task.info.name === 'hello' ? (task.endedAtMs === null ? 1 : 3) : 420);
    }
    this.#logs.set(key, log);
    return log;
  }

  open(
    task: TaskRecord,
    file: LogFile,
    offset: number,
  ): { streamId: number; sizeBytes: number; startOffset: number } {
    const log = this.#log(task, file);
    const sizeBytes = log.end;
    const wanted = offset < 0 ? sizeBytes + offset : offset;
    const startOffset = Math.min(sizeBytes, Math.max(log.base, wanted));
    this.#lastId += 1;
    const stream = {
      id: this.#lastId,
      key: `${task.id}/${file}`,
      task,
      at: startOffset,
      credit: firstCredit,
    };
    this.#streams.set(stream.id, stream);
    setTimeout(() => this.#pump(stream), 5);
    return { streamId: stream.id, sizeBytes, startOffset };
  }

  /** A mark each few hundred bytes, as if it was written steadily until now. */
  times(
    task: TaskRecord,
    file: LogFile,
    range: { readonly from: number; readonly to: number },
  ): { offset: number; atMs: number }[] {
    const log = this.#log(task, file);
    const first = Math.max(log.base, range.from - (range.from % markBytes));
    const endAtMs = task.endedAtMs ?? task.createdAtMs + 3_000_000;
    const marks: { offset: number; atMs: number }[] = [];
    for (let offset = first; offset < Math.min(log.end, range.to) && marks.length < 4096; offset += markBytes)
      marks.push({ offset, atMs: endAtMs - Math.round((log.end - offset) / markBytes) * 1700 });
    return marks;
  }

  search(
    task: TaskRecord,
    wanted: Omit<Request<'log:search'>, 'taskId'>,
  ): { matches: { offset: number; line: string; atMs: number | null }[]; next: number; more: boolean } {
    const log = this.#log(task, wanted.file);
    const fold = (text: string) => (wanted.matchCase ? text : text.toLowerCase());
    const matches: { offset: number; line: string; atMs: number | null }[] = [];
    let offset = log.base;
    for (const line of new TextDecoder().decode(log.bytes).split('\n')) {
      if (offset >= wanted.from && fold(line).includes(fold(wanted.text))) {
        if (matches.length === wanted.limit) return { matches, next: offset, more: true };
        const time = this.times(task, wanted.file, { from: offset, to: offset + 1 })[0];
        matches.push({ offset, line: line.slice(0, 512), atMs: time?.atMs ?? null });
      }
      offset += encoder.encode(line).length + 1;
    }
    return { matches, next: log.end, more: false };
  }

  credit(streamId: number, bytes: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.credit += bytes;
    this.#pump(stream);
  }

  close(streamId: number): void {
    this.#streams.delete(streamId);
  }

  /** Writes into the stdout of a task, as it would itself. */
  write(taskId: string, text: string): void {
    for (const stream of this.#streams.values()) {
      if (stream.key !== `${taskId}/stdout`) continue;
      this.#logs.get(stream.key)?.add(text);
      this.#pump(stream);
    }
  }

  #pump(stream: Stream): void {
    const log = this.#logs.get(stream.key);
    if (log === undefined || !this.#streams.has(stream.id)) return;
    while (stream.at < log.end && stream.credit > 0) {
      const from = stream.at - log.base;
      const bytes = log.bytes.slice(from, from + Math.min(chunkBytes, stream.credit));
      this.#push('log:chunk', { streamId: stream.id, offset: stream.at, bytes });
      stream.at += bytes.length;
      stream.credit -= bytes.length;
    }
  }

  /** A few lines for tasks that run; ends the streams of those that do not. */
  tick(running: (id: string) => TaskRecord | undefined): void {
    for (const stream of this.#streams.values()) {
      const task = running(stream.task.id);
      const log = this.#logs.get(stream.key);
      if (typeof task?.startedAtMs === 'number' && log !== undefined && stream.key.endsWith('/stdout'))
        log.grow(task, Math.floor(this.#random() * 4));
      this.#pump(stream);
      if (task === undefined && log !== undefined && stream.at >= log.end) {
        this.#streams.delete(stream.id);
        this.#push('log:end', { streamId: stream.id, cause: 'finished' });
      }
    }
  }
}
