// How far a drain has come, and whether tasks hold more than their machine has. Derived from the tables. Pure.
import type { AgentRecord } from '../../electron/contract/machine.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import { activeTasksOf } from './selectors.ts';

export type Progress = { readonly ended: number; readonly all: number };

/** What came to light only later makes the whole larger, never the part that has ended negative. */
export function drainProgress(tables: Tables, agent: AgentRecord | undefined): Progress | null {
  if (agent?.availability?.kind !== 'draining') return null;
  const left = activeTasksOf(tables, agent.machineId).length;
  const all = Math.max(agent.availability.tasks, left);
  return { ended: all - left, all };
}

export type Over = { readonly name: 'cpusMilli' | 'memMib'; readonly held: number; readonly has: number };

/** An agent may come back smaller than what its tasks hold: nothing is ended for that. */
export function overOf(agent: AgentRecord | undefined, tasks: readonly TaskRecord[]): readonly Over[] {
  if (agent === undefined) return [];
  return (['cpusMilli', 'memMib'] as const).flatMap((name) => {
    const held = tasks.reduce((sum, task) => sum + task.info.resources[name], 0);
    return held > agent.resources[name] ? [{ name, held, has: agent.resources[name] }] : [];
  });
}
