// Sparkline: the newest samples without axes. Gaps are gaps.
import './chart.css';
import { memo } from 'react';
import { areaPath, linePath, type Sampled } from './chart-path.ts';

export const Spark = memo(function Spark(props: {
  readonly label: string;
  readonly series: readonly Sampled[];
  readonly slots: number;
  readonly max: number;
  readonly width?: number;
  readonly height?: number;
  readonly isStale?: boolean;
}) {
  const { label, series, slots, max, width = 88, height = 24 } = props;
  const frame = { width, height: height - 2, slots, max: Math.max(max, 1e-9) };
  return (
    <svg
      role="img"
      aria-label={label}
      className={props.isStale === true ? 'spark spark--stale' : 'spark'}
      width={width}
      height={height}
      viewBox={`0 -1 ${width} ${height}`}
    >
      <path className="spark__area" d={areaPath(series, frame)} />
      <path className="spark__line" d={linePath(series, frame)} />
    </svg>
  );
});
