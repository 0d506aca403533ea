// Meter: track = capacity; solid segments = allocated, each with hue and pattern; hatched end = kept back; bright line =
// real use; hatch over everything = the value is old. Reads at 6 px high.
import './meter.css';
import { memo } from 'react';
import { cx } from './cx.ts';
import { percentOf } from './percent.ts';

export type MeterSegment = {
  readonly key: string;
  /** Share of the track, 0..1. */
  readonly share: number;
  readonly hue: number;
  readonly pattern: number;
  /** Siblings have the same number. */
  readonly kin: number;
  readonly title: string;
};

const Segments = memo(function Segments(props: {
  readonly segments: readonly MeterSegment[];
  readonly onHover?: ((kin: number | null) => void) | undefined;
  readonly onPick?: ((key: string) => void) | undefined;
}) {
  const { segments, onHover, onPick } = props;
  return segments.map((segment) => (
    // Reached by keyboard through the task list beside it; here it is a shortcut for the pointer.
    <span
      key={segment.key}
      className={cx('meter__segment', `meter__segment--p${segment.pattern}`)}
      data-hue={segment.hue}
      data-kin={segment.kin}
      title={segment.title}
      style={{ width: percentOf(segment.share) }}
      onPointerEnter={() => onHover?.(segment.kin)}
      onPointerLeave={() => onHover?.(null)}
      onClick={(event) => {
        if (onPick === undefined) return;
        event.stopPropagation();
        onPick(segment.key);
      }}
    />
  ));
});

const noSegments: readonly MeterSegment[] = [];

export type MeterProps = {
  readonly label: string;
  readonly segments?: readonly MeterSegment[];
  /** Real use as a share of the track; null = not known. */
  readonly use: number | null;
  /** Share kept back at the right end. */
  readonly reserved?: number;
  readonly reservedTitle?: string;
  readonly isStale?: boolean;
  readonly size?: 'normal' | 'thin';
  /** `level`: one filled bar of what is used; it changes hue when nearly full. */
  readonly look?: 'allocated' | 'level';
  readonly onHover?: (kin: number | null) => void;
  readonly onPick?: (key: string) => void;
};

export function Meter(props: MeterProps) {
  const {
    label,
    segments = noSegments,
    use,
    reserved = 0,
    isStale = false,
    size = 'normal',
    look = 'allocated',
  } = props;
  const value = use === null ? {} : { 'aria-valuenow': Math.round(Math.min(1, use) * 100) };
  return (
    <div
      // oxlint-disable-next-line jsx-a11y/role-has-required-aria-props -- what is not known has no value
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...value}
      className={cx('meter', `meter--${size}`, `meter--${look}`, isStale && 'meter--stale')}
    >
      {reserved > 0.001 && (
        <span
          className="meter__reserved"
          title={props.reservedTitle}
          style={{ width: percentOf(reserved) }}
        />
      )}
      <span className="meter__segments">
        <Segments segments={segments} onHover={props.onHover} onPick={props.onPick} />
      </span>
      {use !== null && (
        <span
          className={cx('meter__use', use > 0.9 && 'meter__use--high', use > 0.97 && 'meter__use--full')}
          style={{ width: percentOf(use) }}
        />
      )}
      {isStale && <span className="meter__hatch" />}
    </div>
  );
}
