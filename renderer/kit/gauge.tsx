// Gauge: one amount against its marks. Fill = now, veil up to the peak, dashed line = asked for, solid line = ceiling.
// And a bar for work that goes on. Both say in words what they show.
import './gauge.css';
import { cx } from './cx.ts';
import { percentOf } from './percent.ts';

export type GaugeProps = {
  /** The whole of it in words, for those who do not see the bar. */
  readonly label: string;
  /** All in one unit; null = not known or none. */
  readonly now: number | null;
  readonly peak: number | null;
  readonly asked: number;
  readonly ceiling: number | null;
  readonly isStale?: boolean;
};

export function Gauge(props: GaugeProps) {
  const { label, now, peak, asked, ceiling, isStale = false } = props;
  const whole = Math.max(ceiling ?? 0, asked, peak ?? 0, now ?? 0, 1);
  const value = now === null ? {} : { 'aria-valuenow': Math.round((now / whole) * 100) };
  const isHigh = ceiling !== null && now !== null && now > ceiling * 0.9;
  return (
    <div
      // oxlint-disable-next-line jsx-a11y/role-has-required-aria-props -- what is not known has no value
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...value}
      className={cx('gauge', isStale && 'gauge--stale')}
    >
      <span className="gauge__track">
        {peak !== null && <span className="gauge__peak" style={{ width: percentOf(peak / whole) }} />}
        {now !== null && (
          <span
            className={cx('gauge__use', isHigh && 'gauge__use--high')}
            style={{ width: percentOf(now / whole) }}
          />
        )}
      </span>
      {asked !== ceiling && (
        <span className="gauge__mark gauge__mark--asked" style={{ left: percentOf(asked / whole) }} />
      )}
      {ceiling !== null && (
        <span
          className={cx('gauge__mark', ceiling === whole && 'gauge__mark--end')}
          style={{ left: percentOf(ceiling / whole) }}
        />
      )}
    </div>
  );
}

/** `share` null: how much there is to do is not known. */
export function ProgressBar({ label, share }: { readonly label: string; readonly share: number | null }) {
  const value = share === null ? {} : { 'aria-valuenow': Math.round(Math.min(1, share) * 100) };
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...value}
      className={cx('progress-bar', share === null && 'progress-bar--open')}
    >
      <span className="progress-bar__done" style={share === null ? {} : { width: percentOf(share) }} />
    </div>
  );
}
