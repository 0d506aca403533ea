// Full machines whose role lets tasks end early: what room is made of.
import { expect } from 'vitest';
import type { Preemption } from '../../electron/contract/role.ts';
import type { TaskInfo } from '../../electron/contract/task.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import { aTask, operationId, taskId } from './builders.ts';
import { amounts, FrameworkRig } from './framework-rig.ts';

const byPriority: Preemption = { lowerPriority: true, aboveFairShare: false };

export function run(name: string, cpusMilli: number, priority = 0, patch: Partial<TaskInfo> = {}): Posted {
  const resources = amounts({ cpusMilli, memMib: 64 });
  return {
    kind: 'run-task',
    machineId: null,
    operationId: operationId(`run-${name}`),
    priority,
    info: { ...aTask(name), resources, ...patch },
  };
}

/** Machines of 4 CPUs with these tasks running, name to CPUs and priority. */
export function busy(
  tasks: Readonly<Record<string, readonly [cpusMilli: number, priority: number]>>,
  machines: readonly string[] = ['one'],
): FrameworkRig {
  const rig = FrameworkRig.live(machines);
  for (const [name, [cpusMilli, priority]] of Object.entries(tasks)) {
    rig.atMs += 1000;
    expect(rig.ask(run(name, cpusMilli, priority))).toBeNull();
    rig.pass(30);
    rig.post({ kind: 'launch-answered', taskId: taskId(name), refusal: null });
    rig.say(name, 'TASK_RUNNING');
  }
  rig.take();
  return rig;
}

export const allow = (rig: FrameworkRig, preemption: Preemption | null = byPriority, role = '*'): void => {
  expect(rig.ask({ kind: 'set-preemption', role, preemption })).toBeNull();
};
export const ended = (rig: FrameworkRig): string[] => {
  const killed = [...rig.state.tables.tasks.values()].filter((task) => task.killAskedAtMs !== null);
  return killed.map((task) => task.id.slice(2)).sort();
};
