// The head of a table that can be sorted: one button a column, the arrow on the inner side of the word.
import './rows.css';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { cx } from './cx.ts';

export type SortState<C extends string> = { readonly column: C; readonly isDown: boolean };

export function SortHead<C extends string>(props: {
  readonly columns: readonly { readonly id: C; readonly text: string; readonly sortLabel: string }[];
  /** Right-aligned, and the largest first when they are chosen. */
  readonly numeric: ReadonlySet<C>;
  readonly sort: SortState<C> | null;
  readonly onSort: (sort: SortState<C>) => void;
}) {
  const { columns, numeric, sort, onSort } = props;
  return columns.map(({ id, text, sortLabel }) => {
    const isOn = sort?.column === id;
    const isNumeric = numeric.has(id);
    const arrow = isOn && (sort.isDown ? <ArrowDown /> : <ArrowUp />);
    return (
      <span
        key={id}
        role="columnheader"
        aria-sort={isOn ? (sort.isDown ? 'descending' : 'ascending') : 'none'}
        className={cx(isNumeric && 'num')}
      >
        <button
          type="button"
          className="sort"
          aria-label={sortLabel}
          onClick={() => onSort({ column: id, isDown: isOn ? !sort.isDown : isNumeric })}
        >
          {isNumeric && arrow}
          {text}
          {!isNumeric && arrow}
        </button>
      </span>
    );
  });
}
