// Leaving: an idle agent of this computer ends with the app. With tasks the setting decides (ask, keep, stop); asking
// is a push to the window and its answer. Whatever is chosen, the store is closed before the process ends.
import { ok, type Result, refuse } from '../contract/errors.ts';
import type { Log } from './log-file.ts';
import type { QuitAnswers } from './ports.ts';

export type LocalEnd = 'if-idle' | 'keep' | 'stop';

export type QuitDeps = {
  /** Tasks of this computer that have not ended. */
  readonly runningTasks: () => number;
  readonly setting: () => 'ask' | 'keep' | 'stop';
  readonly remember: (setting: 'keep' | 'stop') => Promise<Result<null>>;
  /** Puts the question to the person; false when nobody can be asked. */
  readonly ask: (runningTasks: number) => boolean;
  /** Ends the agent of this computer as chosen, then loop and store. Never rejects. */
  readonly close: (end: LocalEnd) => Promise<void>;
  readonly exit: (code: number) => void;
  readonly log: Log;
};

export type Quit = QuitAnswers & {
  /** By the window or the menu: may ask. By a signal (`canAsk` false): tasks are kept unless the setting says stop. */
  readonly request: (canAsk: boolean) => void;
  readonly isEnding: () => boolean;
};

/** Closing may hang on a dead disk or a stuck agent; then the process ends anyway. Stopping waits for tasks to end. */
const closeCapMs: Readonly<Record<LocalEnd, number>> = { 'if-idle': 8000, keep: 8000, stop: 30_000 };

export function createQuit(deps: QuitDeps): Quit {
  let phase: 'running' | 'asking' | 'ending' = 'running';

  const end = (local: LocalEnd): void => {
    if (phase === 'ending') return;
    phase = 'ending';
    deps.log('info', 'quit', { local });
    const cap = new Promise<'late'>((resolve) =>
      setTimeout(() => resolve('late'), closeCapMs[local]).unref(),
    );
    Promise.race([deps.close(local), cap])
      .then((outcome) => {
        if (outcome === 'late') deps.log('error', 'quit-late', { afterMs: closeCapMs[local] });
      })
      .catch((error: unknown) => deps.log('error', 'quit-failed', { error: String(error) }))
      .finally(() => deps.exit(0));
  };

  return {
    isEnding: () => phase === 'ending',
    request: (canAsk) => {
      const count = deps.runningTasks();
      const setting = deps.setting();
      if (count === 0) return end('if-idle');
      if (setting !== 'ask') return end(setting);
      if (!canAsk || !deps.ask(count)) return end('keep');
      if (phase === 'running') phase = 'asking';
    },
    answer: async (choice, remember) => {
      if (phase !== 'asking') return refuse('conflict', 'not-quitting', 'nobody asked to quit');
      if (choice === 'cancel') {
        phase = 'running';
        return ok(null);
      }
      if (remember) await deps.remember(choice);
      // The answer should still reach the window.
      setTimeout(() => end(choice), 0);
      return ok(null);
    },
  };
}
