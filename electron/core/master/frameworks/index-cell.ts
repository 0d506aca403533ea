// The allocator's index, kept beside the state. It is a cache: a pure function of the tables that it has last seen, brought to
// other tables by what differs between them. A step that is discarded has only moved it to tables that nobody kept; the next
// look at it starts from the difference to the tables that count. So it may be lost or far away, never wrong.
import type { Tables } from '../../../contract/tables.ts';
import type { Allocator } from '../../allocator/types.ts';
import type { RowMap } from '../../kernel/rows.ts';
import type { FilterSession } from './shapes.ts';

/** Of the tables, what the index is made of; and the filters, which are no table. */
export type Seen = {
  readonly tables: Tables;
  readonly filters: RowMap<FilterSession>;
};

export class AllocatorCell {
  #held: { readonly allocator: Allocator; readonly seen: Seen } | null = null;

  /** Out of the cell while it is being changed: whatever throws in between leaves nothing half done. */
  take(): { readonly allocator: Allocator; readonly seen: Seen } | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }

  put(allocator: Allocator, seen: Seen): void {
    this.#held = { allocator, seen };
  }
}
