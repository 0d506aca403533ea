// The store's own thread, from its inside: it owns the connection, so it is the one that waits for the disk. Asks are
// done one after the other; a snapshot is copied a few pages at a time in between.
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from './connection.ts';
import { type OpenOptions, openStore, reopenStore } from './open.ts';
import { restoreSnapshot, setStoreAside } from './repair.ts';
import { scheduleSnapshots } from './schedule.ts';
import type { SqliteStore } from './sqlite-store.ts';
import type { Answers, Ask, FromThread, OpenAnswer, StorePlace, ToThread } from './thread-messages.ts';

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
  #store: SqliteStore | null = null;
  #stopSnapshots: (() => void) | null = null;

  constructor({ place, trace }: ServeOptions, say: (message: FromThread) => void) {
    const { file, nativeBinding, freshMasterId } = place;
    this.#options = { file, nativeBinding, nowMs: Date.now, newMasterId: () => freshMasterId, trace };
    this.#say = say;
  }

  answer(ask: Ask): Answers[Ask['kind']] {
    switch (ask.kind) {
      case 'open':
        return this.#open();
      case 'load':
        return this.#held().load();
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

  #open(): OpenAnswer {
    const result = openStore(this.#options);
    if (result.kind === 'problem') return result;
    const { store, ...facts } = result.opened;
    this.#keep(store);
    return { kind: 'opened', facts: { ...facts, rows: store.load() } };
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
    this.#store?.close();
    this.#store = null;
  }
}
