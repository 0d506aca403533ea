// Patches to one window: squashed, at most 15 a second. A window gets patches only from its own snapshot on; one that
// takes too long is left behind on purpose, sees a gap with the next patch and asks for a new snapshot.
import type { Diff, Patch, Rows, Snapshot, TableDiff, TableName } from '../contract/tables.ts';
import { tableNames } from '../contract/tables.ts';

export const publishEveryMs = 67;

export type Publisher = {
  /** The state now; patches for this window go on from here. */
  readonly snapshot: () => Snapshot;
  /** Nothing more until the next snapshot. */
  readonly close: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly stop: () => void;
};

type Source = { snapshot(): Snapshot; subscribe(listener: (patch: Patch) => void): () => void };

export function createPublisher(source: Source, send: (patch: Patch) => void): Publisher {
  let pending: Patch | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  let isPaused = false;

  const flush = (): void => {
    timer = null;
    if (pending === null || isPaused) return;
    const patch = pending;
    pending = null;
    lastSentMs = performance.now();
    send(patch);
  };

  const take = (patch: Patch): void => {
    if (!isOpen || isPaused) return;
    pending = pending === null ? patch : squash(pending, patch);
    timer ??= setTimeout(flush, Math.max(0, publishEveryMs - (performance.now() - lastSentMs)));
  };

  const unsubscribe = source.subscribe(take);
  return {
    snapshot: () => {
      pending = null;
      isOpen = true;
      return source.snapshot();
    },
    close: () => {
      isOpen = false;
      pending = null;
    },
    pause: () => {
      isPaused = true;
      pending = null;
    },
    resume: () => {
      isPaused = false;
    },
    stop: () => {
      unsubscribe();
      if (timer) clearTimeout(timer);
      timer = null;
      pending = null;
    },
  };
}

/** One patch with the effect of both: of each row only its last state is kept. */
export function squash(first: Patch, second: Patch): Patch {
  const diff: { [T in TableName]?: TableDiff<T> } = {};
  for (const name of tableNames) squashTable(diff, name, [first.diff, second.diff]);
  return { from: first.from, to: second.to, diff };
}

function squashTable<T extends TableName>(
  into: { [K in T]?: TableDiff<K> },
  name: T,
  diffs: readonly Diff[],
): void {
  const put = new Map<string, Rows[T]>();
  const drop = new Set<string>();
  for (const diff of diffs) {
    const table: TableDiff<T> | undefined = diff[name];
    // Within one diff a row is either put or dropped, so their order does not matter.
    for (const id of table?.drop ?? []) {
      put.delete(id);
      drop.add(id);
    }
    for (const row of table?.put ?? []) {
      drop.delete(row.id);
      put.set(row.id, row);
    }
  }
  if (put.size > 0 || drop.size > 0) into[name] = { put: [...put.values()], drop: [...drop] };
}
