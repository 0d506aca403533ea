// Line chart: 1.5 px line, 8 % fill, faint grid, labels inside the plot, one crosshair across all charts, last value at
// the right end.
import './chart.css';
import { type PointerEvent, useId, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { areaPath, type Frame, linePath, type Sampled } from './chart-path.ts';

/** One crosshair for all charts: milliseconds before the newest sample. */
let crosshairMs: number | null = null;
const watchers = new Set<() => void>();
function moveCrosshair(ms: number | null): void {
  crosshairMs = ms;
  for (const watcher of watchers) watcher();
}
function watchCrosshair(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export type Line = {
  readonly name: string;
  readonly series: readonly Sampled[];
  readonly tone?: 'first' | 'second';
};

export type ChartProps = {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly max: number;
  readonly format: (value: number) => string;
  readonly empty: string;
  /** Label of the scale's top; else `max` formatted as the values. */
  readonly maxText?: string;
  readonly slots?: number;
  readonly height?: number;
  readonly isStale?: boolean;
};

function useWidth(): readonly [React.RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(320);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null || typeof ResizeObserver === 'undefined') return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(80, Math.round(entry.contentRect.width)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

function nearest(series: readonly Sampled[], backMs: number): Sampled | undefined {
  const last = series.at(-1);
  if (last === undefined) return undefined;
  const atMs = last.atMs - backMs;
  let best: Sampled | undefined;
  for (const point of series) {
    if (best === undefined || Math.abs(point.atMs - atMs) < Math.abs(best.atMs - atMs)) best = point;
  }
  return best !== undefined && Math.abs(best.atMs - atMs) <= 1500 ? best : undefined;
}

function Plot({
  lines,
  frame,
  isStale,
}: {
  readonly lines: readonly Line[];
  readonly frame: Frame;
  readonly isStale: boolean;
}) {
  const id = useId();
  const grid = [0.25, 0.5, 0.75];
  return (
    <svg
      className={isStale ? 'chart__plot chart__plot--stale' : 'chart__plot'}
      width={frame.width}
      height={frame.height + 2}
      viewBox={`0 -1 ${frame.width} ${frame.height + 2}`}
      aria-hidden="true"
    >
      {grid.map((share) => (
        <line
          key={share}
          className="chart__grid"
          x1="0"
          x2={frame.width}
          y1={frame.height * share}
          y2={frame.height * share}
        />
      ))}
      <line className="chart__base" x1="0" x2={frame.width} y1={frame.height} y2={frame.height} />
      {lines.map((line) => (
        <g
          key={line.name}
          className={line.tone === 'second' ? 'chart__line chart__line--second' : 'chart__line'}
        >
          <path className="chart__area" d={areaPath(line.series, frame)} />
          <path className="chart__stroke" d={linePath(line.series, frame)} />
        </g>
      ))}
      <title id={id}>{lines.map((line) => line.name).join(', ')}</title>
    </svg>
  );
}

export function Chart(props: ChartProps) {
  const { title, lines, max, format, empty, slots = 120, height = 56, isStale = false } = props;
  const [ref, width] = useWidth();
  const backMs = useSyncExternalStore(watchCrosshair, () => crosshairMs);
  const frame: Frame = { width, height, slots, max: Math.max(max, 1e-9) };
  const spanMs = (slots - 1) * 1000;
  const follow = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    moveCrosshair(spanMs * (1 - Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))));
  };
  const values = lines.map(
    (line) => (backMs === null ? line.series.at(-1) : nearest(line.series, backMs))?.value ?? null,
  );
  const isEmpty = lines.every((line) => line.series.length === 0);
  const said = lines.map(
    (line, index) => `${line.name} ${values[index] === null ? '?' : format(values[index] ?? 0)}`,
  );
  return (
    <figure className="chart" aria-label={`${title}: ${said.join(', ')}`}>
      <figcaption className="chart__head">
        <span className="chart__title">{title}</span>
        <span className="chart__values">
          {lines.map((line, index) => (
            <span
              key={line.name}
              className={line.tone === 'second' ? 'chart__value chart__value--second' : 'chart__value'}
            >
              {values[index] === null || values[index] === undefined ? '–' : format(values[index])}
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={ref}
        className="chart__box"
        style={{ height: height + 2 }}
        onPointerMove={follow}
        onPointerLeave={() => moveCrosshair(null)}
      >
        <Plot lines={lines} frame={frame} isStale={isStale} />
        <span className="chart__max">{props.maxText ?? format(max)}</span>
        {isEmpty && <span className="chart__empty">{empty}</span>}
        {backMs !== null && !isEmpty && (
          <span className="chart__cross" style={{ left: `${((1 - backMs / spanMs) * 100).toFixed(2)}%` }} />
        )}
      </div>
    </figure>
  );
}
