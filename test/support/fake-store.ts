// The store in memory, with a disk that can be full, slow to tell the truth, or gone. Passes the same conformance suite as the SQLite store.

import type { Diff, Tables } from '../../electron/contract/tables.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import type { DurableRows, Store } from '../../electron/core/kernel/ports.ts';
import { applyDiff, emptyTables } from '../../electron/core/kernel/tables.ts';

export type FakeDisk = { tables: Tables; seq: number; journal: MasterEvent[] };

export function emptyDisk(): FakeDisk {
  return { tables: emptyTables, seq: 0, journal: [] };
}

export class FakeStore implements Store {
  readonly disk: FakeDisk;
  /** Why the next commits fail; null: they work. */
  failure: string | null = null;
  /** The next commit is written and throws all the same. */
  failAfterWrite = false;
  commits = 0;
  isClosed = false;

  constructor(disk: FakeDisk = emptyDisk()) {
    this.disk = disk;
  }

  load(): DurableRows & { readonly seq: number } {
    const { tables, seq } = this.disk;
    // Through JSON, as the real one: a test never shares objects with its past.
    const copy = <R>(rows: ReadonlyMap<string, R>): R[] => structuredClone([...rows.values()]);
    return {
      machines: copy(tables.machines),
      agents: copy(tables.agents),
      tasks: copy(tables.tasks),
      settings: copy(tables.settings),
      seq,
    };
  }

  commit(batch: readonly MasterEvent[], diff: Diff): void {
    if (this.failure !== null) throw new Error(this.failure);
    this.disk.tables = applyDiff(this.disk.tables, structuredClone(diff));
    this.disk.journal.push(...batch);
    this.disk.seq = batch.at(-1)?.seq ?? this.disk.seq;
    this.commits += 1;
    if (!this.failAfterWrite) return;
    this.failAfterWrite = false;
    throw new Error('the disk answered late');
  }

  close(): void {
    this.isClosed = true;
  }
}
