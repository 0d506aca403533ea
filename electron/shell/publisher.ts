// Patches to one window: squashed, at most 15 a second. A window gets patches only from its own snapshot on; one that
// takes too long is left behind on purpose, sees a gap with the next patch and asks for a new snapshot.
import type { Patch, Snapshot } from '../contract/tables.ts';
import { squash } from '../core/kernel/tables.ts';

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
  let waiting: Patch[] = [];
  let timer: NodeJS.Timeout | null = null;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  let isPaused = false;

  const flush = (): void => {
    timer = null;
    const [first] = waiting;
    const last = waiting.at(-1);
    if (!first || !last) return;
    const patch = { from: first.from, to: last.to, diff: squash(waiting.map((each) => each.diff)) };
    waiting = [];
    lastSentMs = performance.now();
    send(patch);
  };
  const unsubscribe = source.subscribe((patch) => {
    if (!isOpen || isPaused) return;
    waiting.push(patch);
    timer ??= setTimeout(flush, Math.max(0, publishEveryMs - (performance.now() - lastSentMs)));
  });
  const drop = (): void => {
    waiting = [];
  };
  return {
    snapshot: () => {
      // What waits is in the snapshot already.
      drop();
      isOpen = true;
      return source.snapshot();
    },
    close: () => {
      isOpen = false;
      drop();
    },
    pause: () => {
      isPaused = true;
      drop();
    },
    resume: () => {
      isPaused = false;
    },
    stop: () => {
      unsubscribe();
      if (timer) clearTimeout(timer);
      timer = null;
      drop();
    },
  };
}
