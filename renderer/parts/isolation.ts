// What each kind of limit is worth on a machine, as its agent says. Pure.
import type { AgentRecord, MachineFacts } from '../../electron/contract/machine.ts';
import type { MessageKey } from '../app/messages/en.ts';

export const limitKinds = ['cpu', 'memory', 'pids', 'disk', 'gpu'] as const;
export type LimitKind = (typeof limitKinds)[number];
export type Strength = 'full' | 'partly' | 'none' | 'unknown';
export type Worth = { readonly strength: Strength; readonly note: MessageKey };

type Isolation = NonNullable<MachineFacts['isolation']>;
const full: Worth = { strength: 'full', note: 'isolation.full' };
const partly = (note: MessageKey): Worth => ({ strength: 'partly', note });
const none = (note: MessageKey): Worth => ({ strength: 'none', note });

const table: { readonly [K in LimitKind]: { readonly [V in Isolation[K]]: Worth } } = {
  cpu: { quota: full, weight: none('run.worth.cpu.weight'), none: none('run.worth.cpu.none') },
  memory: {
    cgroup: full,
    rlimit: partly('run.worth.memory.rlimit'),
    none: none('run.worth.memory.none'),
  },
  pids: { cgroup: full, rlimit: partly('run.worth.pids.rlimit'), none: none('run.worth.pids.none') },
  disk: { watched: partly('run.worth.disk.watched'), none: none('run.worth.disk.none') },
  gpu: { devices: full, variable: partly('run.worth.gpu.variable'), none: none('run.worth.gpu.none') },
};

const unknown: Worth = { strength: 'unknown', note: 'run.worth.unknown' };

export function worthOf(agent: Pick<AgentRecord, 'facts'> | undefined, kind: LimitKind): Worth {
  const isolation = agent?.facts.isolation;
  if (isolation === undefined) return unknown;
  const row = table[kind] as Readonly<Record<string, Worth>>;
  return row[isolation[kind]] ?? unknown;
}
