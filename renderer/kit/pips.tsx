// Four pips beside a verb: how far a wish has come. The last one fills only after the effect was observed.
import './parts.css';
import { cx } from './cx.ts';

export function Pips(props: {
  readonly label: string;
  readonly done: number;
  readonly isRefused: boolean;
  readonly isOver: boolean;
}) {
  const { label, done, isRefused, isOver } = props;
  return (
    <span
      role="img"
      aria-label={label}
      className={cx('pips', isRefused && 'pips--refused', isOver && 'pips--over')}
    >
      {[1, 2, 3, 4].map((pip) => (
        <span
          key={pip}
          className={cx(
            'pips__pip',
            pip <= done && 'pips__pip--on',
            pip === done && !isOver && !isRefused && 'pips__pip--now',
          )}
        />
      ))}
    </span>
  );
}
