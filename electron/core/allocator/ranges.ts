// Lists of port ranges: sorted, apart from each other, never changed in place, so that an older list can be kept.
import type { Refusal } from '../../contract/errors.ts';
import type { PortRange } from '../../contract/resources.ts';

export type Ranges = readonly PortRange[];

export const noRanges: Ranges = [];

export function refuseRanges(ranges: Ranges): Refusal | null {
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65535;
  const bad = ranges.find(({ begin, end }) => !isPort(begin) || !isPort(end) || begin > end);
  if (bad !== undefined) return { code: 'invalid', reason: 'ports', detail: `${bad.begin}-${bad.end}` };
  return rangesSize(united(ranges, noRanges)) === rangesSize(ranges)
    ? null
    : { code: 'invalid', reason: 'ports', detail: 'ranges overlap' };
}

/** How many ports. */
export function rangesSize(ranges: Ranges): number {
  return ranges.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
}

export function united(some: Ranges, others: Ranges): Ranges {
  if (others.length === 0 && some.length < 2) return some;
  const sorted = [...some, ...others].sort((a, b) => a.begin - b.begin);
  const result: { begin: number; end: number }[] = [];
  for (const { begin, end } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && begin <= last.end + 1) last.end = Math.max(last.end, end);
    else result.push({ begin, end });
  }
  return result;
}

export function without(some: Ranges, taken: Ranges): Ranges {
  if (taken.length === 0 || some.length === 0) return some;
  let left: Ranges = some;
  for (const { begin, end } of taken) {
    left = left.flatMap((range) => {
      if (end < range.begin || begin > range.end) return [range];
      const before = begin > range.begin ? [{ begin: range.begin, end: begin - 1 }] : [];
      const after = end < range.end ? [{ begin: end + 1, end: range.end }] : [];
      return [...before, ...after];
    });
  }
  return left;
}

/** All of `some` is in `whole`. */
export function areIn(some: Ranges, whole: Ranges): boolean {
  return some.every(({ begin, end }) => whole.some((range) => range.begin <= begin && end <= range.end));
}

/** The first `count` ports. */
export function firstPorts(ranges: Ranges, count: number): Ranges {
  const result: PortRange[] = [];
  let left = count;
  for (const { begin, end } of ranges) {
    if (left <= 0) break;
    const size = Math.min(left, end - begin + 1);
    result.push({ begin, end: begin + size - 1 });
    left -= size;
  }
  return result;
}
