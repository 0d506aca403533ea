// The scrolled box of lines. Without wrapping every line has one height and the window is plain arithmetic, which holds for
// a million lines; wrapped lines are measured, so only the newest 20 000 of them are shown.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from 'react';

const linePx = 18;
export const wrappedLinesMost = 20_000;
const overscan = 20;

export type LinesProps = {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly label: string;
  readonly firstLine: number;
  readonly count: number;
  readonly version: number;
  readonly isFollowing: boolean;
  readonly onFollowing: (isFollowing: boolean) => void;
  /** Line to bring into view, with a number that grows at each wish. */
  readonly target: { readonly line: number; readonly wish: number } | null;
  readonly renderLine: (line: number) => ReactNode;
};

function isAtEnd(box: HTMLElement): boolean {
  return box.scrollTop + box.clientHeight >= box.scrollHeight - linePx;
}

/** A scroll counts as a person's only shortly after wheel, key or touch, or while a button is down on the scrollbar:
 *  the browser scrolls by itself when lines are dropped at the front. */
const intentMs = 400;

function useIntent() {
  const atMs = useRef(Number.NEGATIVE_INFINITY);
  const isDown = useRef(false);
  const mark = () => {
    atMs.current = performance.now();
  };
  const setDown = (down: boolean) => () => {
    isDown.current = down;
    mark();
  };
  return {
    isPerson: () => isDown.current || performance.now() - atMs.current < intentMs,
    handlers: {
      onWheel: mark,
      onKeyDown: mark,
      onTouchMove: mark,
      onPointerDown: setDown(true),
      onPointerUp: setDown(false),
      onPointerLeave: setDown(false),
    },
  };
}

/** Following sticks to the end; a scroll away from it lets go, a scroll back takes hold again. */
function useFollow(props: LinesProps, scrollToLine: (line: number) => void) {
  const { scroller, isFollowing, onFollowing, version, target } = props;
  const lastTop = useRef(0);
  const { isPerson, handlers } = useIntent();
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && isFollowing) box.scrollTop = box.scrollHeight;
  }, [version, isFollowing, scroller]);
  useLayoutEffect(() => {
    if (target !== null) scrollToLine(target.line);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only a new wish scrolls
  }, [target?.wish]);
  const onScroll = () => {
    const box = scroller.current;
    if (box === null) return;
    const isUp = box.scrollTop < lastTop.current - 1;
    lastTop.current = box.scrollTop;
    if (!isPerson()) return;
    if (isAtEnd(box)) onFollowing(true);
    else if (isUp) onFollowing(false);
  };
  return { onScroll, handlers };
}

function useWindow(scroller: RefObject<HTMLDivElement | null>, count: number) {
  const [view, setView] = useState({ top: 0, height: 600 });
  const update = () => {
    const box = scroller.current;
    if (box === null) return;
    setView((old) => {
      const top = Math.floor(box.scrollTop / linePx) * linePx;
      return old.top === top && old.height === box.clientHeight ? old : { top, height: box.clientHeight };
    });
  };
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null || typeof ResizeObserver === 'undefined') return undefined;
    const observer = new ResizeObserver(update);
    observer.observe(box);
    return () => observer.disconnect();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `update` reads only refs and sets by function
  }, [scroller]);
  const from = Math.max(0, Math.min(count, Math.floor(view.top / linePx)) - overscan);
  const to = Math.min(count, Math.ceil((view.top + view.height) / linePx) + overscan);
  return { from, to, update };
}

export function FixedLines(props: LinesProps) {
  const { scroller, firstLine, count, renderLine, isFollowing } = props;
  const { from, to, update } = useWindow(scroller, count);
  const { onScroll, handlers } = useFollow(props, (line) => {
    const box = scroller.current;
    if (box !== null) box.scrollTop = Math.max(0, (line - firstLine) * linePx - box.clientHeight / 2);
  });
  // Lines dropped at the front must not move what is being read.
  const oldFirst = useRef(firstLine);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && !isFollowing) box.scrollTop -= (firstLine - oldFirst.current) * linePx;
    oldFirst.current = firstLine;
    update();
  });
  const shown = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
  return (
    <div
      ref={scroller}
      className="log-box"
      role="log"
      aria-live="off"
      aria-label={props.label}
      tabIndex={0}
      {...handlers}
      onScroll={() => {
        onScroll();
        update();
      }}
    >
      <div className="log-box__inner" style={{ height: count * linePx }}>
        <div className="log-box__lines" style={{ transform: `translateY(${from * linePx}px)` }}>
          {shown.map((index) => (
            <div key={firstLine + index} className="log-box__slot">
              {renderLine(firstLine + index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

export function WrappedLines(props: LinesProps) {
  const { scroller, firstLine, count, renderLine } = props;
  const skipped = Math.max(0, count - wrappedLinesMost);
  const virtual = useVirtualizer({
    count: count - skipped,
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    getItemKey: (index) => firstLine + skipped + index,
    overscan,
  });
  const { onScroll, handlers } = useFollow(props, (line) =>
    virtual.scrollToIndex(Math.max(0, line - firstLine - skipped), { align: 'center' }),
  );
  return (
    <div
      ref={scroller}
      className="log-box log-box--wrapped"
      role="log"
      aria-live="off"
      aria-label={props.label}
      tabIndex={0}
      {...handlers}
      onScroll={onScroll}
    >
      <div className="log-box__inner" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <div
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            className="log-box__measured"
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {renderLine(firstLine + skipped + item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
