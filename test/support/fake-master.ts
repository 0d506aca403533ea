// A master of one table set: remembers commands, answers as told, and publishes patches by hand.
import { ok, type Result } from '../../electron/contract/errors.ts';
import { defaultSettings } from '../../electron/contract/settings.ts';
import type { Diff, Patch, Snapshot } from '../../electron/contract/tables.ts';
import type { CommandEvent } from '../../electron/core/kernel/events.ts';
import type { Master } from '../../electron/shell/ports.ts';

export type FakeMaster = Master & {
  readonly commands: CommandEvent[];
  answer: Result<null>;
  rows: Snapshot['rows'];
  publish(diff: Diff): Patch;
};

export const emptyRows: Snapshot['rows'] = {
  machines: [],
  agents: [],
  tasks: [],
  settings: [defaultSettings],
  frameworks: [],
  roles: [],
  reservations: [],
  runs: [],
  links: [],
  samples: [],
  lanes: [],
  operations: [],
  progress: [],
  faults: [],
  subscriptions: [],
  offers: [],
  inverseOffers: [],
  claims: [],
};

export function fakeMaster(rows: Partial<Snapshot['rows']> = {}): FakeMaster {
  const listeners = new Set<(patch: Patch) => void>();
  let seq = 0;
  const master: FakeMaster = {
    commands: [],
    answer: ok(null),
    rows: { ...emptyRows, ...rows },
    command: (event) => {
      master.commands.push(event);
      return Promise.resolve(master.answer);
    },
    snapshot: () => ({ seq, rows: master.rows }),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish: (diff) => {
      const patch = { from: seq, to: seq + 1, diff };
      seq += 1;
      for (const listener of listeners) listener(patch);
      return patch;
    },
  };
  return master;
}
