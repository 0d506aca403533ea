// Paths of lines over a ring of samples. Pure, so that gaps and edges are tested without a browser.

export type Sampled = { readonly atMs: number; readonly value: number | null };
export type Frame = {
  readonly width: number;
  readonly height: number;
  readonly slots: number;
  readonly max: number;
};

/** Samples come each second; more than this between two is a gap and never drawn through. */
const gapMs = 2600;
const stepMs = 1000;

type Point = { readonly x: number; readonly y: number };

/** Runs of points without a gap; the newest sample stands at the right edge. */
export function runsOf(series: readonly Sampled[], frame: Frame): readonly (readonly Point[])[] {
  const last = series.at(-1);
  if (last === undefined) return [];
  const runs: Point[][] = [];
  let run: Point[] = [];
  let beforeMs: number | null = null;
  for (const { atMs, value } of series) {
    const isGap = beforeMs !== null && atMs - beforeMs > gapMs;
    if ((isGap || value === null) && run.length > 0) {
      runs.push(run);
      run = [];
    }
    beforeMs = atMs;
    const x = frame.width * (1 - (last.atMs - atMs) / (stepMs * (frame.slots - 1)));
    if (value === null || x < -frame.width / frame.slots) continue;
    const share = Math.min(1, Math.max(0, value / frame.max));
    run.push({ x, y: frame.height * (1 - share) });
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;

export function linePath(series: readonly Sampled[], frame: Frame): string {
  return runsOf(series, frame)
    .map((run) => {
      const first = run[0];
      if (first !== undefined && run.length === 1) return `M${at(first)}h.01`;
      return `M${run.map(at).join('L')}`;
    })
    .join('');
}

export function areaPath(series: readonly Sampled[], frame: Frame): string {
  return runsOf(series, frame)
    .map((run) => {
      const first = run[0];
      const last = run.at(-1);
      if (first === undefined || last === undefined) return '';
      return `M${first.x.toFixed(1)} ${frame.height}L${run.map(at).join('L')}L${last.x.toFixed(1)} ${frame.height}Z`;
    })
    .join('');
}

/** The next round number above, so that the scale does not breathe with each sample. */
export function niceMax(value: number, floor: number): number {
  const wanted = Math.max(value, floor);
  const power = 10 ** Math.floor(Math.log10(wanted));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= wanted) return factor * power;
  return 10 * power;
}
