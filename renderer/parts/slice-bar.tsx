// One resource of a machine, cut into slices: a slice is outlined in the hue of its role and filled as far as tasks use it;
// then what frameworks set aside themselves, what tasks use of no slice, and what is free.
import type { ReactNode } from 'react';
import type { Words } from '../app/messages/words.ts';
import { cx } from '../kit/cx.ts';
import { percentOf } from '../kit/percent.ts';
import './slice-bar.css';
import { hueOfRole } from '../store/identity.ts';
import { type ScalarName, scalarText } from './scalar-words.ts';
import type { MachineSlices, ShownSlice } from './slices.ts';

const partOf = (amount: number, total: number) => percentOf(total === 0 ? 0 : amount / total);

function Piece(props: {
  readonly slice: ShownSlice;
  readonly resource: ScalarName;
  readonly total: number;
  readonly isFixed: boolean;
  readonly words: Words;
}) {
  const { slice, resource, total, isFixed, words } = props;
  const amount = slice.amounts[resource];
  if (amount === 0) return null;
  const args = {
    role: slice.role,
    amount: scalarText(resource, amount),
    used: scalarText(resource, slice.used[resource]),
  };
  return (
    <span
      className={cx('slice-bar__piece', isFixed && 'slice-bar__piece--fixed')}
      data-hue={hueOfRole(slice.role)}
      title={words.t('slices.piece', args)}
      style={{ width: partOf(amount, total) }}
    >
      <span className="slice-bar__used" style={{ width: partOf(slice.used[resource], amount) }} />
      <span className="slice-bar__role">{slice.role}</span>
    </span>
  );
}

export function SliceBar(props: {
  readonly slices: MachineSlices;
  readonly resource: ScalarName;
  readonly words: Words;
  /** Tall enough to hold names and handles. */
  readonly isLarge?: boolean;
  /** Handles, drawn over it. */
  readonly children?: ReactNode;
}) {
  const { slices, resource, words, isLarge = false } = props;
  const total = slices.total[resource];
  const loose = slices.loose[resource];
  return (
    <div className={cx('slice-bar', isLarge && 'slice-bar--large')}>
      <div className="slice-bar__pieces">
        {slices.slices.map((slice) => (
          <Piece key={slice.role} {...{ slice, resource, total, words }} isFixed={false} />
        ))}
        {slices.fixed.map((slice) => (
          <Piece key={`fixed ${slice.role}`} {...{ slice, resource, total, words }} isFixed />
        ))}
        {loose > 0 && (
          <span
            className="slice-bar__loose"
            title={words.t('slices.loose', { amount: scalarText(resource, loose) })}
            style={{ width: partOf(loose, total) }}
          />
        )}
      </div>
      {props.children}
    </div>
  );
}
