// A windowed list of rows of one height under a sticky head. The caller draws rows; the keyboard cursor is an index.
import './rows.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';

export type RowsProps = {
  readonly label: string;
  readonly count: number;
  readonly rowPx: number;
  readonly cursor: number;
  readonly head?: ReactNode;
  readonly keyOf: (index: number) => string;
  readonly renderRow: (index: number) => ReactNode;
  readonly onPointerInside?: (isInside: boolean) => void;
  readonly columns?: number;
};

export function Rows(props: RowsProps) {
  const { count, rowPx, cursor, keyOf, renderRow, head } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 8,
    getItemKey: keyOf,
    initialRect: { width: 800, height: 600 },
  });
  useEffect(() => {
    if (cursor >= 0 && cursor < count) virtual.scrollToIndex(cursor, { align: 'auto' });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only a moved cursor scrolls, not a changed list
  }, [cursor]);
  return (
    <div
      ref={scroller}
      className="rows"
      role="table"
      aria-label={props.label}
      aria-rowcount={count + 1}
      onPointerEnter={() => props.onPointerInside?.(true)}
      onPointerLeave={() => props.onPointerInside?.(false)}
    >
      {head !== undefined && (
        <div className="rows__head" role="rowgroup">
          {head}
        </div>
      )}
      <div className="rows__body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <div
            key={item.key}
            className="rows__slot"
            role="presentation"
            style={{ height: rowPx, transform: `translateY(${item.start}px)` }}
          >
            {renderRow(item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
