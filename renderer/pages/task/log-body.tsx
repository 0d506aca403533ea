// The lines of a log with their numbers and, on request, their times; a long line in a dialog of its own.
import { ArrowDownToLine } from 'lucide-react';
import { type MouseEvent, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import type { Finding } from './log-find.tsx';
import { LogLine, type LogLineProps } from './log-line.tsx';
import { FixedLines, WrappedLines } from './log-lines.tsx';
import { Notice } from './log-notes.tsx';
import type { LogStream } from './log-stream.ts';
import { plainText } from './log-text.ts';
import type { LogTimes } from './log-times.ts';
import type { LogShown } from './use-log.ts';

export type Range = { readonly from: number; readonly to: number };

const longLineBytesMost = 1024 * 1024;

function LongLine(props: {
  readonly stream: LogStream;
  readonly line: number;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { stream, line } = props;
  const index = line - stream.buffer.firstLine;
  const text = index < 0 ? '' : plainText(stream.buffer.lineBytes(index, longLineBytesMost));
  return (
    <Dialog
      title={words.t('log.line-title', { n: line + 1 })}
      closeLabel={words.t('verb.close')}
      size="wide"
      onClose={props.onClose}
    >
      <pre className="log-long selectable" tabIndex={0}>
        {text}
      </pre>
    </Dialog>
  );
}

/** Lines that came since the view was paused. */
function useNewLines(isFollowing: boolean, endLine: number): number {
  const pausedAt = useRef(endLine);
  useEffect(() => {
    if (isFollowing) pausedAt.current = endLine;
  });
  return isFollowing ? 0 : Math.max(0, endLine - pausedAt.current);
}

type TimedProps = Omit<LogLineProps, 'time'> & { readonly times: LogTimes; readonly offset: number };

/** A line with its time, which is asked for once it is on the screen. */
function TimedLine({ times, offset, ...line }: TimedProps) {
  useSyncExternalStore(times.subscribe, times.getVersion);
  const { length } = line;
  useEffect(() => times.want(offset, offset + Math.max(1, length)), [times, offset, length]);
  return <LogLine {...line} time={times.at(offset)} />;
}

export type BodyProps = {
  readonly view: LogShown;
  readonly finding: Finding;
  readonly isFollowing: boolean;
  readonly onFollowing: (isFollowing: boolean) => void;
  readonly isWrapped: boolean;
  /** null: no times are shown. */
  readonly times: LogTimes | null;
  readonly range: Range | null;
  readonly onNumber: (line: number, event: MouseEvent) => void;
  readonly onEnd: () => void;
};

export function Body(props: BodyProps) {
  const words = useWords();
  const { view, finding, isFollowing, onFollowing, isWrapped, range, times } = props;
  const { stream } = view;
  const { buffer } = stream;
  const { firstLine, lineCount: count } = buffer;
  const scroller = useRef<HTMLDivElement>(null);
  const [longLine, setLongLine] = useState<number | null>(null);
  const newLines = useNewLines(isFollowing, firstLine + count);
  const Lines = isWrapped ? WrappedLines : FixedLines;
  const renderLine = (line: number) => {
    const drawn = {
      buffer,
      line,
      length: buffer.lineLength(line - firstLine),
      query: finding.query,
      isCurrent: line === finding.line,
      isChosen: range !== null && line >= range.from && line <= range.to,
      isWrapped,
      onNumber: props.onNumber,
      onMore: setLongLine,
    };
    if (times === null) return <LogLine {...drawn} time={false} />;
    return <TimedLine {...drawn} times={times} offset={stream.offsetOfLine(line)} />;
  };
  return (
    <div className="log-body" data-following={isFollowing}>
      <Notice task={view.task} state={view.state} isEmpty={count === 0} />
      <Lines
        key={`${view.file}-${String(isWrapped)}`}
        scroller={scroller}
        label={`${words.t('log.label')} ${view.file}`}
        firstLine={firstLine}
        count={count}
        version={view.state.version}
        isFollowing={isFollowing}
        onFollowing={onFollowing}
        target={finding.target}
        renderLine={renderLine}
      />
      {!isFollowing && (
        <span className="log-jump">
          <Button compact icon={<ArrowDownToLine />} onClick={props.onEnd}>
            {newLines > 0 ? words.t('log.new-lines', { n: newLines }) : words.t('log.jump')}
          </Button>
        </span>
      )}
      {longLine !== null && <LongLine stream={stream} line={longLine} onClose={() => setLongLine(null)} />}
    </div>
  );
}
