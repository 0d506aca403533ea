// Long work that one window asked for (saves, copies): bounded, and it ends with the window. No Electron here.
import { type Result, refuse } from '../contract/errors.ts';
import type { Sender } from './ipc-gate.ts';

/** A person starts a few; more is a window gone wild. */
const maxWorkAWindow = 8;

export type WindowWork = {
  readonly run: <T>(from: Sender, work: (signal: AbortSignal) => Promise<Result<T>>) => Promise<Result<T>>;
  /** The window is gone or reloaded. */
  readonly endAll: (from: Sender) => void;
};

export function createWindowWork(): WindowWork {
  const running = new Map<number, Set<AbortController>>();
  return {
    run: async (from, work) => {
      const own = running.get(from.id) ?? new Set();
      if (own.size >= maxWorkAWindow) {
        return refuse('exhausted', 'too-many-requests', `at most ${maxWorkAWindow} at a time`);
      }
      const controller = new AbortController();
      running.set(from.id, own.add(controller));
      try {
        return await work(controller.signal);
      } finally {
        own.delete(controller);
        if (own.size === 0 && running.get(from.id) === own) running.delete(from.id);
      }
    },
    endAll: (from) => {
      for (const controller of running.get(from.id) ?? []) controller.abort();
    },
  };
}
