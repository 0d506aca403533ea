// Share bar: how much of a whole somebody has, against what is due. Solid = held, the part beyond what is due striped;
// hatched outline = kept for it; upright line = due; brackets = at least and at most. Reads at 8 px high.
import './share-bar.css';
import { cx } from './cx.ts';
import { percentOf } from './percent.ts';

export type ShareMark = {
  /** 0..1 of the track. */
  readonly at: number;
  readonly look: 'due' | 'least' | 'most';
  readonly title: string;
};

export function ShareBar(props: {
  readonly label: string;
  /** 0..1 of the track. */
  readonly fill: number;
  readonly hue: number;
  /** Kept for it, used or not; from the left. */
  readonly kept?: number;
  readonly marks?: readonly ShareMark[];
  readonly isDimmed?: boolean;
}) {
  const { label, fill, hue, kept = 0, marks = [] } = props;
  const due = marks.find((mark) => mark.look === 'due')?.at ?? 1;
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(Math.min(1, fill) * 100)}
      className={cx('share-bar', props.isDimmed === true && 'share-bar--dimmed')}
      data-hue={hue}
    >
      <span className="share-bar__track">
        {kept > 0 && <span className="share-bar__kept" style={{ width: percentOf(kept) }} />}
        <span className="share-bar__fill" style={{ width: percentOf(Math.min(fill, due)) }} />
        {fill > due && (
          <span
            className="share-bar__fill share-bar__fill--over"
            style={{ left: percentOf(due), width: percentOf(fill - due) }}
          />
        )}
      </span>
      {marks.map((mark) => (
        <span
          key={mark.look}
          className={`share-bar__mark share-bar__mark--${mark.look}`}
          title={mark.title}
          style={{ left: percentOf(mark.at) }}
        />
      ))}
    </div>
  );
}
