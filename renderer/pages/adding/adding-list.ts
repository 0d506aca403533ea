// Which lanes are shown, how many stand how, and why some have failed. Pure.
import type { LaneRecord } from '../../../electron/contract/enrolment.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';

export const addingViews = ['all', 'needs-you', 'under-way', 'live', 'not-added'] as const;
export type AddingView = (typeof addingViews)[number];

const viewsOf: Readonly<Record<LaneRecord['state'], Exclude<AddingView, 'all'>>> = {
  running: 'under-way',
  'needs-you': 'needs-you',
  done: 'live',
  failed: 'not-added',
  cancelled: 'not-added',
};

export function isIn(view: AddingView, lane: LaneRecord): boolean {
  return view === 'all' || viewsOf[lane.state] === view;
}

export function countLanes(lanes: readonly LaneRecord[]): Readonly<Record<AddingView, number>> {
  const counts = { all: lanes.length, 'needs-you': 0, 'under-way': 0, live: 0, 'not-added': 0 };
  for (const { state } of lanes) counts[viewsOf[state]] += 1;
  return counts;
}

/** Keys that nobody has compared yet. One that has changed is no matter for many at once: it stands in its lane. */
export function lanesToCompare(lanes: readonly LaneRecord[]): readonly LaneRecord[] {
  return lanes.filter(
    ({ state, hostKey, pinnedHostKey }) =>
      state === 'needs-you' && hostKey !== null && pinnedHostKey === null,
  );
}

export type Failure = { readonly refusal: Refusal; readonly titles: readonly string[] };

/** Lanes that failed for the same reason, together; the most frequent first. */
export function failuresOf(lanes: readonly LaneRecord[]): readonly Failure[] {
  const found = new Map<string, { refusal: Refusal; titles: string[] }>();
  for (const { steps, title, state } of lanes) {
    const refusal = steps.find((step) => step.state === 'failed')?.refusal;
    if (state !== 'failed' || !refusal) continue;
    const key = `${refusal.code} ${refusal.reason}`;
    const same = found.get(key);
    if (same === undefined) found.set(key, { refusal, titles: [title] });
    else same.titles.push(title);
  }
  return [...found.values()].sort((a, b) => b.titles.length - a.titles.length);
}

/** From the first that began to the last that ended; null while one is under way. */
export function tookMsOf(lanes: readonly LaneRecord[]): number | null {
  const ends = lanes.map(({ endedAtMs }) => endedAtMs);
  if (lanes.length === 0 || ends.includes(null)) return null;
  return Math.max(...ends.map(Number)) - Math.min(...lanes.map(({ startedAtMs }) => startedAtMs));
}
