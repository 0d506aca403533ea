// The loop's side of the store: one commit under way at a time, what is true after one that went wrong, and the way
// back to a store that takes writes. It knows the order of commits; what happens before and after is the loop's.
import type { Tables } from '../contract/tables.ts';
import type { LoadedRows, Store, StoreOutcome } from '../core/kernel/ports.ts';
import { diffOf, durablePart, isEmpty, squash } from '../core/kernel/tables.ts';
import { createState } from '../core/master/state.ts';
import type { Stepped } from './loop-options.ts';

export class Commits {
  readonly #store: Store;
  /** Of the last commit that we know took place. */
  #durableSeq: number;

  constructor(store: Store, durableSeq: number) {
    this.#store = store;
    this.#durableSeq = durableSeq;
  }

  /** While another commit is under way: this will be part of the next. */
  prepare(stepped: readonly Stepped[]): void {
    for (const { event, durable } of stepped) if (!isEmpty(durable)) this.#store.prepare(event, durable);
  }

  /** `done` hears null, or why nothing was written. The batch is not empty. */
  send(changing: readonly Stepped[], done: (failure: string | null) => void): void {
    const lastSeq = changing.at(-1)?.event.seq ?? this.#durableSeq;
    const diff = squash(changing.map((each) => each.durable));
    this.#store.commit(
      changing.map((each) => each.event),
      diff,
      (outcome) => {
        if (outcome.ok) this.#taken(lastSeq, done);
        else this.#ask(lastSeq, outcome.why, done);
      },
    );
  }

  #taken(seq: number, done: (failure: string | null) => void): void {
    this.#durableSeq = seq;
    done(null);
  }

  /** An error after the write itself, or a thread that died with the answer: what the store holds is the truth. */
  #ask(lastSeq: number, why: string, done: (failure: string | null) => void): void {
    this.#store.readSeq((outcome) => {
      if (outcome.ok && outcome.value === lastSeq) this.#taken(lastSeq, done);
      else done(why);
    });
  }

  /**
   * Writes again, first of all nothing, to see whether it can. A commit whose fate could not be asked for may have taken
   * place: nobody has heard of it, so the store is brought back to what memory has. `done` hears the seq of the store.
   */
  resume(tables: Tables, done: (outcome: StoreOutcome<number>) => void): void {
    this.#store.commit([], {}, (written) => {
      if (!written.ok) return done(written);
      this.#store.readSeq((read) => {
        if (!read.ok || read.value === this.#durableSeq) return done(read);
        this.#store.load((loaded) => {
          if (loaded.ok) this.#bringBack(loaded.value, tables, done);
          else done(loaded);
        });
      });
    });
  }

  #bringBack(loaded: LoadedRows, tables: Tables, done: (outcome: StoreOutcome<number>) => void): void {
    const { seq, ...rows } = loaded;
    const diff = durablePart(diffOf(createState(rows).tables, tables));
    this.#store.commit([], diff, (outcome) => {
      if (!outcome.ok) return done(outcome);
      this.#durableSeq = seq;
      done({ ok: true, value: seq });
    });
  }
}
