// What tasks are allocated on one machine, as meter segments: at most 100; slivers are joined into one at the end.
import type { TaskRecord } from '../../../electron/contract/task.ts';
import type { Words } from '../../app/messages/words.ts';
import type { MeterSegment } from '../../kit/meter.tsx';
import { hashOf, identityOf } from '../../store/identity.ts';
import type { Capacity } from '../../store/selectors.ts';

export type Allocations = {
  readonly cpu: readonly MeterSegment[];
  readonly mem: readonly MeterSegment[];
  readonly cpusMilli: number;
  readonly memMib: number;
  readonly count: number;
};

export const segmentsMost = 100;
/** Below this a segment would be thinner than its gap. */
const shareLeast = 0.004;
const patternLeast = 0.02;
const cache = new WeakMap<readonly TaskRecord[], { readonly key: string; readonly value: Allocations }>();

function segment(task: TaskRecord, share: number): MeterSegment {
  const { name } = task.info;
  const { hue, pattern } = identityOf(name);
  // On a narrow segment the pattern would only be noise.
  return {
    key: task.id,
    share,
    hue,
    pattern: share < patternLeast ? 0 : pattern,
    kin: hashOf(name),
    title: name,
  };
}

type Amount = 'cpusMilli' | 'memMib';

/** Segments of one resource in the order of the tasks; slivers and what is beyond the limit are joined at the end. */
function segmentsOf(
  tasks: readonly TaskRecord[],
  capacity: number,
  amount: Amount,
  words: Words,
): readonly MeterSegment[] {
  if (capacity === 0) return [];
  const segments: MeterSegment[] = [];
  let rest = 0;
  let joined = 0;
  for (const task of tasks) {
    const share = task.info.resources[amount] / capacity;
    if (segments.length < segmentsMost && share >= shareLeast) segments.push(segment(task, share));
    else {
      rest += share;
      joined += 1;
    }
  }
  if (joined > 0) {
    const title = words.t('rack.more-tasks', { n: joined });
    segments.push({ key: 'rest', share: rest, hue: -1, pattern: 1, kin: 0, title });
  }
  return segments;
}

function compute(tasks: readonly TaskRecord[], capacity: Capacity, words: Words): Allocations {
  const sum = (amount: Amount) => tasks.reduce((total, task) => total + task.info.resources[amount], 0);
  return {
    cpu: segmentsOf(tasks, capacity.cpusMilli, 'cpusMilli', words),
    mem: segmentsOf(tasks, capacity.memMib, 'memMib', words),
    cpusMilli: sum('cpusMilli'),
    memMib: sum('memMib'),
    count: tasks.length,
  };
}

/** The same arrays as long as tasks, capacity and language stay, so that segments do not render with each sample. */
export function allocations(tasks: readonly TaskRecord[], capacity: Capacity, words: Words): Allocations {
  const key = `${capacity.cpusMilli}/${capacity.memMib}/${words.language}`;
  const known = cache.get(tasks);
  if (known?.key === key) return known.value;
  const value = compute(tasks, capacity, words);
  cache.set(tasks, { key, value });
  return value;
}
