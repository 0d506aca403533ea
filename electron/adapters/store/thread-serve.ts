// The store's own thread, from its inside: it owns the connection, so it is the one that waits for the disk. Asks are
// done one after the other; a snapshot is copied a few pages at a time in between.
import type { MessagePort } from 'node:worker_threads';
import type { ChunkReader } from './chunks.ts';
import { messageOf } from './connection.ts';
import { type OpenOptions, reopenStore } from './open.ts';
import { Opening } from './opening.ts';
import { restoreSnapshot, setStoreAside } from './repair.ts';
import { scheduleSnapshots } from './schedule.ts';
import type { SqliteStore } from './sqlite-store.ts';
import type { AdoptAnswer, Answers, Ask, FromThread, StorePlace, ToThread } from './thread-messages.ts';

export type ServeOptions = {
  readonly port: MessagePort;
  readonly place: StorePlace;
  /** Called with each statement before it runs: tests make the disk slow here, or end the thread. */
  readonly trace?: ((sql: unknown) => void) | undefined;
};

export function serveStore(options: ServeOptions): void {
  const { port } = options;
  const keeper = new Keeper(options, (message) => port.postMessage(message));
  port.on('message', ({ id, ask }: ToThread) => {
    const answer = answerOf(keeper, id, ask);
    port.postMessage(answer);
    // Nothing keeps the thread alive then.
    if (ask.kind === 'close') port.close();
  });
}

function answerOf(keeper: Keeper, id: number, ask: Ask): FromThread {
  try {
    return { kind: 'done', id, value: keeper.answer(ask) };
  } catch (error) {
    return { kind: 'failed', id, why: messageOf(error) };
  }
}

/** Holds the store, opens it again when a thread before this one died with it. */
class Keeper {
  readonly #options: OpenOptions;
  readonly #say: (message: FromThread) => void;
  readonly #opening: Opening;
  #store: SqliteStore | null = null;
  #reader: ChunkReader | null = null;
  #stopSnapshots: (() => void) | null = null;

  constructor({ place, trace }: ServeOptions, say: (message: FromThread) => void) {
    const { file, nativeBinding, freshMasterId } = place;
    this.#options = { file, nativeBinding, nowMs: Date.now, newMasterId: () => freshMasterId, trace };
    this.#opening = new Opening(this.#options);
    this.#say = say;
  }

  answer(ask: Ask): Answers[Ask['kind']] {
    switch (ask.kind) {
      case 'open':
        return this.#opening.open();
      case 'read':
        return (this.#reader ?? this.#opening.reader).next();
      case 'check':
        return this.#opening.check();
      case 'adopt':
        return this.#adopt(ask.complaint);
      case 'set-rows-aside':
        this.#held().setAside(ask.bad);
        return null;
      case 'rewind':
        this.#reader = this.#held().reader();
        return this.#held().readSeq();
      case 'read-seq':
        return this.#held().readSeq();
      case 'commit':
        this.#held().write(ask.writes);
        return null;
      case 'restore-snapshot':
        return restoreSnapshot(this.#options);
      case 'set-aside':
        return setStoreAside(this.#options);
      case 'close':
        this.#close();
        return null;
    }
  }

  #adopt(complaint: string | null): AdoptAnswer {
    // The mended file is no better.
    if (complaint !== null && this.#store) this.#close();
    const result = this.#opening.adopt(complaint);
    if (result.kind === 'problem') return result;
    const { store, ...facts } = result.opened;
    this.#keep(store);
    return { kind: 'opened', adopted: { ...facts, seq: store.readSeq() }, isAnew: complaint !== null };
  }

  #held(): SqliteStore {
    return this.#store ?? this.#keep(reopenStore(this.#options));
  }

  #keep(store: SqliteStore): SqliteStore {
    this.#store = store;
    this.#stopSnapshots = scheduleSnapshots({
      store,
      file: this.#options.file,
      nowMs: this.#options.nowMs,
      done: (made) => this.#say({ kind: 'snapshot', made }),
    });
    return store;
  }

  #close(): void {
    this.#stopSnapshots?.();
    this.#opening.close();
    this.#store?.close();
    this.#store = null;
  }
}
