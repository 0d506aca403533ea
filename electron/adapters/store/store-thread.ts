// The store as the loop sees it: a thread of its own holds the connection and waits for the disk, this side only sends
// and hears. A thread that dies fails what it was asked; the next ask starts another one, which opens the same file.
import { Worker } from 'node:worker_threads';
import type { Result } from '../../contract/errors.ts';
import type { Diff } from '../../contract/tables.ts';
import type { MasterEvent } from '../../core/kernel/events.ts';
import type { LoadedRows, Store, StoreDone, StoreOutcome } from '../../core/kernel/ports.ts';
import { type Asking, loadRows, openRows } from './loading.ts';
import type { StoreProblem } from './open.ts';
import type { SnapshotFile } from './snapshots.ts';
import type { Answers, Ask, FromThread, OpenedFacts, StorePlace, ToThread } from './thread-messages.ts';
import { Texts, writesOf } from './writes.ts';

export type StoreThreadOptions = {
  readonly place: StorePlace;
  /** The bundled program of the thread. */
  readonly program: string;
  readonly onSnapshot: (made: Result<SnapshotFile>) => void;
  /** The thread ended although nobody asked it to. */
  readonly onDeath: (why: string) => void;
};

export type OpenThreadResult =
  | { readonly kind: 'opened'; readonly thread: StoreThread; readonly facts: OpenedFacts }
  | { readonly kind: 'problem'; readonly problem: StoreProblem };

/** `onRows` hears how many rows have been read so far. */
export async function openStoreThread(
  options: StoreThreadOptions,
  onRows: (rows: number) => void = () => undefined,
): Promise<OpenThreadResult> {
  const thread = new StoreThread(options);
  const answer = await openRows(thread, onRows);
  if (answer.ok && answer.value.kind === 'opened') {
    return { kind: 'opened', thread, facts: answer.value.facts };
  }
  await thread.close();
  if (answer.ok && answer.value.kind === 'problem') return answer.value;
  const detail = answer.ok ? '' : answer.why;
  const { file } = options.place;
  return { kind: 'problem', problem: { kind: 'failed', file, detail, snapshotAtMs: null } };
}

/** What a person chooses about data that cannot be opened, by a thread that lives just for that. Throws when it fails. */
export async function repairStore<K extends 'restore-snapshot' | 'set-aside'>(
  options: StoreThreadOptions,
  kind: K,
): Promise<Answers[K]> {
  const thread = new StoreThread(options);
  const answer = await thread.ask({ kind } as Extract<Ask, { kind: K }>);
  await thread.close();
  if (!answer.ok) throw new Error(answer.why);
  return answer.value;
}

type Waiting = StoreDone<Answers[keyof Answers]>;

export class StoreThread implements Store, Asking {
  readonly #options: StoreThreadOptions;
  /** Oldest first: the thread answers in the order in which it was asked. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #texts = new Texts();
  #worker: Worker | null = null;
  #lastId = 0;
  #isClosed = false;

  constructor(options: StoreThreadOptions) {
    this.#options = options;
  }

  load(done: StoreDone<LoadedRows>): void {
    const answer = async (): Promise<void> => done(await loadRows(this));
    void answer();
  }

  readSeq(done: StoreDone<number>): void {
    this.#send({ kind: 'read-seq' }, done);
  }

  prepare(event: MasterEvent, diff: Diff): void {
    this.#texts.prepare(event, diff);
  }

  commit(batch: readonly MasterEvent[], diff: Diff, done: StoreDone<null>): void {
    this.#send({ kind: 'commit', writes: writesOf(batch, diff, this.#texts) }, done);
  }

  ask<K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>): Promise<StoreOutcome<Answers[K]>> {
    return new Promise((resolve) => this.#send<K>(ask, resolve));
  }

  /** After what was asked before. Comes back when the thread has ended and its file is free. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const worker = this.#worker;
    const closing = worker ? this.ask({ kind: 'close' }) : null;
    this.#isClosed = true;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    await closing;
    if (this.#worker === worker) await ended;
  }

  #send<K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>, done: StoreDone<Answers[K]>): void {
    if (this.#isClosed) {
      queueMicrotask(() => done({ ok: false, why: 'the store is closed' }));
      return;
    }
    const worker = this.#worker ?? this.#start();
    this.#lastId += 1;
    // The kind of the ask decides the type of the answer; the map holds them under one type.
    this.#waiting.set(this.#lastId, done as Waiting);
    const message: ToThread = { id: this.#lastId, ask };
    worker.postMessage(message, []);
  }

  #start(): Worker {
    const { program, place } = this.#options;
    const worker = new Worker(program, {
      workerData: place,
      // Nothing of what this process was started with is for the thread.
      execArgv: [],
      name: 'mesolite-store',
    });
    this.#worker = worker;
    let why = 'it ended';
    worker.on('message', (message: FromThread) => this.#onMessage(message));
    worker.on('error', (error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', (code) => this.#onExit(worker, `${why} (${code})`));
    return worker;
  }

  #onMessage(message: FromThread): void {
    if (message.kind === 'snapshot') {
      this.#options.onSnapshot(message.made);
      return;
    }
    const done = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    done?.(message.kind === 'done' ? { ok: true, value: message.value } : { ok: false, why: message.why });
  }

  #onExit(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    if (!this.#isClosed) this.#options.onDeath(why);
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const done of lost) done({ ok: false, why: `the thread of the store is gone: ${why}` });
  }
}
