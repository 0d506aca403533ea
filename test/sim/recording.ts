// What happened in one life of the master, so that it can be played again: the same events from the same start must give
// the same state. Events are frozen through and through on the way in: the core may not change what it was told.
import type { Tables } from '../../electron/contract/tables.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import { diffOf, isEmpty } from '../../electron/core/kernel/tables.ts';
import type { State } from '../../electron/core/master/state.ts';
import { step } from '../../electron/core/master/step.ts';
import { deepFreeze } from '../support/deep-freeze.ts';

export class Recording {
  readonly #start: State;
  readonly #events = new Map<number, MasterEvent>();

  constructor(start: State) {
    this.#start = start;
  }

  /** A step that was not committed is overwritten by the one that got its number in the end. */
  note(event: MasterEvent): void {
    deepFreeze(event);
    this.#events.set(event.seq, event);
  }

  forgetAfter(seq: number): void {
    for (const each of this.#events.keys()) if (each > seq) this.#events.delete(each);
  }

  gives(seq: number, tables: Tables): boolean {
    const events = [...this.#events.values()].filter((event) => event.seq <= seq);
    let state = this.#start;
    for (const event of events.sort((a, b) => a.seq - b.seq)) state = step(state, event).state;
    return isEmpty(diffOf(state.tables, tables));
  }
}
