// Arithmetic of resource parts: what an offer holds, what a task takes of it. Integers only, so sums are exact.
import type { Refusal } from '../../../contract/errors.ts';
import { noResources, type PortRange, type Resources } from '../../../contract/resources.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import type { TaskRecord } from '../../../contract/task.ts';
import { scalarNames } from '../resources.ts';
import { refuseCall } from './words.ts';

/** Parts by kind: one for each reservation and volume. */
export type Bag = Map<string, ResourcePart>;

export function kindOf(part: Pick<ResourcePart, 'reservation' | 'volume'>): string {
  if (part.reservation.length === 0 && part.volume === null) return plainKind;
  return `${part.reservation.join('>')}|${part.volume?.persistenceId ?? ''}`;
}

/** Of what is not reserved, as `kindOf` would write it. */
const plainKind = '|';

export function unreserved(amounts: Resources): ResourcePart {
  return { reservation: [], volume: null, amounts };
}

/** What a task takes of its agent. */
export function usesOf(task: Pick<TaskRecord, 'uses' | 'info'>): readonly ResourcePart[] {
  return task.uses ?? [unreserved(task.info.resources)];
}

export function bagOf(parts: Iterable<ResourcePart>): Bag {
  const bag: Bag = new Map();
  for (const part of parts) give(bag, part);
  return bag;
}

export function give(bag: Bag, part: ResourcePart): void {
  const kind = kindOf(part);
  const there = bag.get(kind);
  bag.set(kind, there ? { ...part, amounts: plus(there.amounts, part.amounts) } : part);
}

/** False, and nothing taken: there is not that much of this kind. */
export function take(bag: Bag, part: ResourcePart): boolean {
  const kind = kindOf(part);
  const there = bag.get(kind);
  if (!there || !holds(there.amounts, part.amounts)) return isNothing(part.amounts);
  const amounts = minus(there.amounts, part.amounts);
  if (isNothing(amounts)) bag.delete(kind);
  else bag.set(kind, { ...there, amounts });
  return true;
}

export function partsOf(bag: Bag): ResourcePart[] {
  if (bag.size <= 1) return [...bag.values()];
  return [...bag.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
}

export function plus(a: Resources, b: Resources): Resources {
  return {
    cpusMilli: a.cpusMilli + b.cpusMilli,
    memMib: a.memMib + b.memMib,
    diskMib: a.diskMib + b.diskMib,
    gpus: a.gpus + b.gpus,
    ports: a.ports.length + b.ports.length === 0 ? [] : joined([...a.ports, ...b.ports]),
  };
}

/** `b` is within `a`: see `holds`. */
export function minus(a: Resources, b: Resources): Resources {
  return {
    cpusMilli: a.cpusMilli - b.cpusMilli,
    memMib: a.memMib - b.memMib,
    diskMib: a.diskMib - b.diskMib,
    gpus: a.gpus - b.gpus,
    ports: withoutPorts(a.ports, b.ports),
  };
}

export function holds(a: Resources, b: Resources): boolean {
  return (
    a.cpusMilli >= b.cpusMilli &&
    a.memMib >= b.memMib &&
    a.diskMib >= b.diskMib &&
    a.gpus >= b.gpus &&
    (b.ports.length === 0 || b.ports.every((range) => isWithin(range, a.ports)))
  );
}

export function isNothing({ cpusMilli, memMib, diskMib, gpus, ports }: Resources): boolean {
  return cpusMilli === 0 && memMib === 0 && diskMib === 0 && gpus === 0 && ports.length === 0;
}

export function sumOf(parts: Iterable<ResourcePart>): Resources {
  let sum = noResources;
  for (const part of parts) sum = plus(sum, part.amounts);
  return sum;
}

/** In order, and what touches or overlaps in one. */
function joined(ranges: readonly PortRange[]): PortRange[] {
  const result: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.begin - b.begin)) {
    const last = result.at(-1);
    if (last && range.begin <= last.end + 1) {
      result[result.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
    } else result.push(range);
  }
  return result;
}

function isWithin(range: PortRange, wholes: readonly PortRange[]): boolean {
  return joined(wholes).some((whole) => whole.begin <= range.begin && range.end <= whole.end);
}

function withoutPorts(from: readonly PortRange[], taken: readonly PortRange[]): PortRange[] {
  if (from.length === 0) return [];
  let left = joined(from);
  for (const cut of taken) {
    left = left.flatMap((range) => {
      if (cut.end < range.begin || cut.begin > range.end) return [range];
      const before = { begin: range.begin, end: cut.begin - 1 };
      const after = { begin: cut.end + 1, end: range.end };
      return [before, after].filter(({ begin, end }) => begin <= end);
    });
  }
  return left;
}

/**
 * Amounts as a scheduler may say them. The edge has parsed their shape; this holds for whoever calls from within, and says
 * which of them is wrong and how. Mesos rounds to three decimals; ours are integers in thousandths, so a fraction is an error.
 */
export function refuseAmounts(amounts: unknown): Refusal | null {
  if (isPlain(amounts)) return null;
  if (typeof amounts !== 'object' || amounts === null || Array.isArray(amounts)) {
    return refuseCall('invalid', 'resource-type-mixed', 'amounts are not a record');
  }
  for (const [name, value] of Object.entries(amounts)) {
    const refusal = name === 'ports' ? refusePorts(value) : refuseScalar(name, value);
    if (refusal) return refusal;
  }
  const missing = [...scalarNames, 'ports'].find((name) => !(name in amounts));
  return missing === undefined ? null : refuseCall('invalid', 'amount-not-a-number', `${missing}: missing`);
}

/** Just the scalars, each as it must be, and no ports: nearly all that comes, and nothing to be said of it. */
function isPlain(amounts: unknown): boolean {
  if (typeof amounts !== 'object' || amounts === null || Array.isArray(amounts)) return false;
  const { cpusMilli, memMib, diskMib, gpus, ports } = amounts as Partial<Resources>;
  const isScalar = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  return (
    isScalar(cpusMilli) &&
    isScalar(memMib) &&
    isScalar(diskMib) &&
    isScalar(gpus) &&
    Array.isArray(ports) &&
    ports.length === 0 &&
    Object.keys(amounts).length === scalarNames.length + 1
  );
}

function refuseScalar(name: string, value: unknown): Refusal | null {
  if (!scalarNames.some((each) => each === name)) return refuseCall('invalid', 'resource-unknown', name);
  if (typeof value === 'object')
    return refuseCall('invalid', 'resource-type-mixed', `${name}: a scalar is wanted`);
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return refuseCall('invalid', 'amount-not-a-number', `${name}: ${typeof value}`);
  }
  if (value < 0) return refuseCall('invalid', 'amount-negative', `${name}: ${value}`);
  if (!Number.isSafeInteger(value)) return refuseCall('invalid', 'amount-fractional', `${name}: ${value}`);
  return null;
}

function refusePorts(value: unknown): Refusal | null {
  if (!Array.isArray(value)) return refuseCall('invalid', 'resource-type-mixed', 'ports: ranges are wanted');
  const ranges = value as readonly { readonly begin?: unknown; readonly end?: unknown }[];
  for (const { begin, end } of ranges) {
    if (!isPort(begin) || !isPort(end))
      return refuseCall('invalid', 'amount-not-a-number', `ports: ${String(begin)}-${String(end)}`);
    if (begin > end) return refuseCall('invalid', 'amount-negative', `ports: ${begin}-${end}`);
  }
  const sorted = (ranges as readonly PortRange[]).toSorted((a, b) => a.begin - b.begin);
  const twice = sorted.find((range, at) => at > 0 && range.begin <= (sorted[at - 1]?.end ?? -1));
  return twice ? refuseCall('invalid', 'more-than-offered', `ports: ${twice.begin} twice`) : null;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}
