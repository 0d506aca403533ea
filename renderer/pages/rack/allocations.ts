// What tasks are allocated on one machine, as meter segments: at most 48, the smallest joined into one at the end.
import type { AgentRecord } from '../../../electron/contract/machine.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import type { Words } from '../../app/messages/words.ts';
import type { MeterSegment } from '../../kit/meter.tsx';
import { hashOf, identityOf } from '../../store/identity.ts';

export type Allocations = {
  readonly cpu: readonly MeterSegment[];
  readonly mem: readonly MeterSegment[];
  readonly cpusMilli: number;
  readonly memMib: number;
  readonly count: number;
};

export const segmentsMost = 48;
const cache = new WeakMap<readonly TaskRecord[], { readonly key: string; readonly value: Allocations }>();

function segment(task: TaskRecord, share: number): MeterSegment {
  const { name } = task.info;
  const { hue, pattern } = identityOf(name);
  return { key: task.id, share, hue, pattern, kin: hashOf(name), title: name };
}

function compute(tasks: readonly TaskRecord[], agent: AgentRecord | undefined, words: Words): Allocations {
  const capacityMilli = (agent?.facts.cpus ?? 0) * 1000;
  const capacityMib = agent?.facts.memMib ?? 0;
  const sum = { cpusMilli: 0, memMib: 0, restMilli: 0, restMib: 0 };
  const cpu: MeterSegment[] = [];
  const mem: MeterSegment[] = [];
  for (const [index, task] of tasks.entries()) {
    const { cpusMilli, memMib } = task.info.resources;
    sum.cpusMilli += cpusMilli;
    sum.memMib += memMib;
    if (index < segmentsMost) {
      cpu.push(segment(task, capacityMilli === 0 ? 0 : cpusMilli / capacityMilli));
      mem.push(segment(task, capacityMib === 0 ? 0 : memMib / capacityMib));
    } else {
      sum.restMilli += cpusMilli;
      sum.restMib += memMib;
    }
  }
  if (tasks.length > segmentsMost) {
    const rest = {
      key: 'rest',
      hue: -1,
      pattern: 1,
      kin: 0,
      title: words.t('rack.more-tasks', { n: tasks.length - segmentsMost }),
    };
    cpu.push({ ...rest, share: capacityMilli === 0 ? 0 : sum.restMilli / capacityMilli });
    mem.push({ ...rest, share: capacityMib === 0 ? 0 : sum.restMib / capacityMib });
  }
  return { cpu, mem, cpusMilli: sum.cpusMilli, memMib: sum.memMib, count: tasks.length };
}

/** The same arrays as long as tasks, capacity and language stay, so that segments do not render with each sample. */
export function allocations(
  tasks: readonly TaskRecord[],
  agent: AgentRecord | undefined,
  words: Words,
): Allocations {
  const key = `${agent?.facts.cpus ?? 0}/${agent?.facts.memMib ?? 0}/${words.language}`;
  const known = cache.get(tasks);
  if (known?.key === key) return known.value;
  const value = compute(tasks, agent, words);
  cache.set(tasks, { key, value });
  return value;
}
