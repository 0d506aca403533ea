// Frameworks as rows: the built-in one first, those that have ended last. Pure.
import type { FrameworkRecord } from '../../../electron/contract/framework.ts';
import type { ClientShare, Scalars, Shares } from '../../../electron/contract/shares.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import type { TaskState } from '../../../electron/contract/task.ts';
import { runFramework, tasksOf } from '../../parts/framework-state.tsx';
import { sumScalars } from '../../parts/scalar-words.ts';

export type FrameworkRow = {
  readonly framework: FrameworkRecord;
  readonly held: Scalars;
  /** The greatest of its shares in its roles, and what is fair there. */
  readonly best: ClientShare | null;
  readonly counts: Readonly<Record<TaskCount, number>>;
  readonly offers: number;
  readonly filters: number;
};

export const taskCounts = ['running', 'moving', 'unknown', 'failed', 'ended'] as const;
export type TaskCount = (typeof taskCounts)[number];

const countOf: Readonly<Record<TaskState, TaskCount>> = {
  TASK_STAGING: 'moving',
  TASK_STARTING: 'moving',
  TASK_RUNNING: 'running',
  TASK_KILLING: 'moving',
  TASK_FINISHED: 'ended',
  TASK_KILLED: 'ended',
  TASK_FAILED: 'failed',
  TASK_ERROR: 'failed',
  TASK_DROPPED: 'failed',
  TASK_LOST: 'failed',
  TASK_GONE: 'failed',
  TASK_GONE_BY_OPERATOR: 'failed',
  TASK_UNREACHABLE: 'unknown',
  TASK_UNKNOWN: 'unknown',
};

function countTasks(tables: Tables, id: string): Readonly<Record<TaskCount, number>> {
  const counts = { running: 0, moving: 0, unknown: 0, failed: 0, ended: 0 };
  for (const task of tasksOf(tables, id)) counts[countOf[task.state]] += 1;
  return counts;
}

function rank({ framework, counts }: FrameworkRow): number {
  if (framework.kind === 'built-in') return 0;
  if (framework.completedAtMs === null) return 1;
  return counts.running + counts.moving + counts.unknown > 0 ? 2 : 3;
}

export function listFrameworks(tables: Tables, shares: Shares | null, find: string): readonly FrameworkRow[] {
  const all = [...tables.frameworks.values()];
  const known = all.some(({ id }) => id === runFramework.id) ? all : [runFramework, ...all];
  const wanted = find.trim().toLowerCase();
  const found = known.filter(({ info }) =>
    `${info.name} ${info.roles.join(' ')}`.toLowerCase().includes(wanted),
  );
  const rows = found.map((framework): FrameworkRow => {
    const isOwn = ({ frameworkId }: { readonly frameworkId: string }) => frameworkId === framework.id;
    const clients = shares?.clients.filter(isOwn) ?? [];
    return {
      framework,
      held: sumScalars(clients.map(({ allocated }) => allocated)),
      best: clients.reduce<ClientShare | null>(
        (best, each) => (best === null || each.share > best.share ? each : best),
        null,
      ),
      counts: countTasks(tables, framework.id),
      offers: [...tables.offers.values()].filter(isOwn).length,
      filters: shares?.filters.filter(isOwn).length ?? 0,
    };
  });
  return rows.sort((a, b) => rank(a) - rank(b) || a.framework.info.name.localeCompare(b.framework.info.name));
}
