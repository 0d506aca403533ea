// What the loop tells of its tables: a snapshot, then patches that follow each other without a gap.
import {
  type Diff,
  type Patch,
  type Rows,
  type Snapshot,
  type TableName,
  type Tables,
  tableNames,
} from '../contract/tables.ts';
import { isEmpty } from '../core/kernel/tables.ts';
import type { LogLine } from './loop-options.ts';

export class Patches {
  readonly #log: (line: LogLine) => void;
  readonly #listeners = new Set<(patch: Patch) => void>();
  #publishedSeq: number;

  constructor(seq: number, log: (line: LogLine) => void) {
    this.#publishedSeq = seq;
    this.#log = log;
  }

  subscribe(listener: (patch: Patch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was published so far; the next patch starts from its seq. */
  snapshot(tables: Tables): Snapshot {
    const rows: Partial<Record<TableName, readonly Rows[TableName][]>> = {};
    for (const table of tableNames) rows[table] = [...tables[table].values()];
    return { seq: this.#publishedSeq, rows: rows as Snapshot['rows'] };
  }

  publish(diff: Diff, seq: number): void {
    if (isEmpty(diff)) return;
    const patch = { from: this.#publishedSeq, to: seq, diff };
    this.#publishedSeq = seq;
    for (const listener of this.#listeners) {
      try {
        listener(patch);
      } catch (error) {
        this.#log({ verb: 'subscriber-failed', fields: { why: String(error) } });
      }
    }
  }
}
