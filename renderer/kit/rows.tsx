// A windowed list of rows of one height under a sticky head. The caller draws rows; the keyboard cursor is an index.
import './rows.css';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { cx } from './cx.ts';

export type RowsProps = {
  readonly label: string;
  readonly count: number;
  readonly rowPx: number;
  readonly cursor: number;
  readonly head?: ReactNode;
  readonly keyOf: (index: number) => string;
  readonly renderRow: (index: number) => ReactNode;
  readonly onPointerInside?: (isInside: boolean) => void;
  /** What is scrolled with the rows, before the head and after the last of them. */
  readonly above?: ReactNode;
  readonly below?: ReactNode;
  readonly className?: string;
};

/** Where the rows begin in what is scrolled, and how much of the view the head covers. */
function useStart() {
  const above = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [start, setStart] = useState({ rowsPx: 0, headPx: 0 });
  useLayoutEffect(() => {
    const measure = () => {
      const next = { rowsPx: body.current?.offsetTop ?? 0, headPx: head.current?.offsetHeight ?? 0 };
      setStart((old) => (old.rowsPx === next.rowsPx && old.headPx === next.headPx ? old : next));
    };
    measure();
    const observer = new ResizeObserver(measure);
    for (const each of [above.current, head.current]) if (each !== null) observer.observe(each);
    return () => observer.disconnect();
  }, []);
  return { above, head, body, start };
}

export function Rows(props: RowsProps) {
  const { count, rowPx, cursor, keyOf, renderRow } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const { above, head, body, start } = useStart();
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 8,
    getItemKey: keyOf,
    initialRect: { width: 800, height: 600 },
    scrollMargin: start.rowsPx,
    scrollPaddingStart: start.headPx,
  });
  useEffect(() => {
    if (cursor >= 0 && cursor < count) virtual.scrollToIndex(cursor, { align: 'auto' });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only a moved cursor scrolls, not a changed list
  }, [cursor]);
  return (
    <div
      ref={scroller}
      className={cx('rows', props.className)}
      onPointerEnter={() => props.onPointerInside?.(true)}
      onPointerLeave={() => props.onPointerInside?.(false)}
    >
      {props.above !== undefined && <div ref={above}>{props.above}</div>}
      <div className="rows__table" role="table" aria-label={props.label} aria-rowcount={count + 1}>
        {props.head !== undefined && (
          <div ref={head} className="rows__head" role="rowgroup">
            {props.head}
          </div>
        )}
        <div ref={body} className="rows__body" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => (
            <div
              key={item.key}
              className="rows__slot"
              role="presentation"
              style={{ height: rowPx, transform: `translateY(${item.start - start.rowsPx}px)` }}
            >
              {renderRow(item.index)}
            </div>
          ))}
        </div>
      </div>
      {props.below}
    </div>
  );
}
