// The runtime without Electron: store, adapters and loop wired by hand. `main.ts` puts a window on it, `headless.ts`
// only lines.

import type { AppInfo } from '../contract/channels.ts';
import { ok } from '../contract/errors.ts';
import { defaultSettings, type Settings } from '../contract/settings.ts';
import type { Snapshot } from '../contract/tables.ts';
import type { Log } from './log-file.ts';
import type { Places } from './places.ts';
import type { Ids, Logs, Master, Secrets } from './ports.ts';
import type { LocalEnd } from './quit.ts';
import type { Trouble, TroubleChoice } from './trouble.ts';

export type Runtime = {
  readonly master: Master;
  readonly ids: Ids;
  readonly secrets: Secrets;
  readonly logs: Logs;
  readonly settings: () => Settings;
  readonly loginFacts: () => Promise<Pick<AppInfo, 'keyFiles' | 'hasSshAgent' | 'ownPublicKey'>>;
  readonly runningLocalTasks: () => number;
  readonly close: (end: LocalEnd) => Promise<void>;
};

export type Opened =
  | { readonly kind: 'ready'; readonly runtime: Runtime }
  | {
      readonly kind: 'trouble';
      readonly trouble: Trouble;
      /** Carries out a choice; the data is opened anew afterwards. */
      readonly act: (choice: TroubleChoice) => Promise<void>;
    };

export type RuntimeOptions = { readonly places: Places; readonly appVersion: string; readonly log: Log };

export async function openRuntime(_options: RuntimeOptions): Promise<Opened> {
  const none: Snapshot = {
    seq: 0,
    rows: {
      machines: [],
      agents: [],
      tasks: [],
      settings: [defaultSettings],
      links: [],
      samples: [],
      lanes: [],
      operations: [],
      faults: [],
    },
  };
  const id = () => Math.random().toString(36).slice(2);
  return {
    kind: 'ready',
    runtime: {
      master: { command: async () => ok(null), snapshot: () => none, subscribe: () => () => undefined },
      ids: {
        machine: () => `m-${id()}` as ReturnType<Ids['machine']>,
        task: () => `t-${id()}` as ReturnType<Ids['task']>,
        operation: () => `o-${id()}` as ReturnType<Ids['operation']>,
      },
      secrets: { hold: () => undefined, drop: () => undefined },
      logs: {
        open: async () => ({
          ok: false,
          refusal: { code: 'unsupported', reason: 'log-unavailable', detail: '' },
        }),
      },
      settings: () => defaultSettings,
      loginFacts: async () => ({ keyFiles: [], hasSshAgent: false, ownPublicKey: '' }),
      runningLocalTasks: () => 0,
      close: async () => undefined,
    },
  };
}
