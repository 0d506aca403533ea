// From a file to a store, in the order that is quickest when nothing is wrong: read, check beside the making of records, and only
// then write. Whatever is wrong sends it the long way (`openStore`), which checks, mends and restores first.
import { ChunkReader } from './chunks.ts';
import type { Connection } from './connection.ts';
import {
  adoptStore,
  type OpenedStore,
  type OpenOptions,
  type OpenResult,
  openStore,
  openUnchecked,
  problemWith,
} from './open.ts';
import { quickCheckOfPages } from './snapshots.ts';
import type { OpenAnswer } from './thread-messages.ts';

export class Opening {
  readonly #options: OpenOptions;
  #unchecked: Connection | null = null;
  #opened: OpenedStore | null = null;
  #reader: ChunkReader | null = null;

  constructor(options: OpenOptions) {
    this.#options = options;
  }

  get reader(): ChunkReader {
    if (!this.#reader) throw new Error('nothing was opened');
    return this.#reader;
  }

  open(): OpenAnswer {
    this.#unchecked = openUnchecked(this.#options);
    if (this.#unchecked) {
      this.#reader = new ChunkReader(this.#unchecked);
      return { kind: 'begun' };
    }
    const result = openStore(this.#options);
    if (result.kind === 'problem') return result;
    this.#opened = result.opened;
    this.#reader = this.#opened.store.reader();
    return { kind: 'begun' };
  }

  check(): string | null {
    return this.#unchecked ? quickCheckOfPages(this.#unchecked) : null;
  }

  adopt(complaint: string | null): OpenResult {
    const [db, opened] = [this.#unchecked, this.#opened];
    this.#unchecked = null;
    this.#opened = null;
    if (db && complaint === null) return adoptStore(this.#options, db);
    db?.close();
    if (complaint === null && opened) return { kind: 'opened', opened };
    if (db) return openStore(this.#options);
    opened?.store.close();
    return {
      kind: 'problem',
      problem: problemWith(this.#options, 'corrupt', complaint ?? 'nothing was opened'),
    };
  }

  close(): void {
    this.#unchecked?.close();
    this.#opened?.store.close();
    this.#unchecked = null;
    this.#opened = null;
  }
}
