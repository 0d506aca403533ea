// The log of a task, live: follows, pauses on scroll, searches, wraps, copies, saves.
import './log.css';
import { ArrowDownToLine, ChevronDown, ChevronUp, Copy, Download, Search, WrapText, X } from 'lucide-react';
import { type MouseEvent, useEffect, useRef, useState } from 'react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { bytes as bytesText } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { SearchField, Segmented } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { isActive } from '../../store/selectors.ts';
import { LogLine } from './log-line.tsx';
import { FixedLines, WrappedLines, wrappedLinesMost } from './log-lines.tsx';
import type { LogState, LogStream } from './log-stream.ts';
import { copyAll, copyLines, saveLog } from './log-take.ts';
import { plainText } from './log-text.ts';
import { useLogSearch, useLogStream } from './use-log.ts';

// Not imported from the contract: its channel map parses at load, which the page's CSP forbids zod to compile.
const logFiles: readonly LogFile[] = ['stdout', 'stderr'];

type Range = { readonly from: number; readonly to: number };

function Status({ view, isFollowing }: { readonly view: View; readonly isFollowing: boolean }) {
  const words = useWords();
  const { state, stream } = view;
  const { buffer } = stream;
  const parts = [
    words.t('log.lines', { n: buffer.lineCount }),
    bytesText(buffer.totalBytes - buffer.droppedBytes),
  ];
  if (state.phase === 'ended') parts.push(words.t('log.ended'));
  else if (state.phase === 'following') parts.push(words.t(isFollowing ? 'log.following' : 'log.paused'));
  return <span className="log-status dim num">{parts.join(' · ')}</span>;
}

function Notice({
  task,
  state,
  isEmpty,
}: {
  readonly task: TaskRecord;
  readonly state: LogState;
  readonly isEmpty: boolean;
}) {
  const words = useWords();
  if (state.phase === 'refused' && state.refusal !== null) {
    return (
      <p className="log-notice" role="status" title={state.refusal.detail}>
        {words.refusal(state.refusal)}
      </p>
    );
  }
  if (state.phase === 'lost')
    return (
      <p className="log-notice" role="status">
        {words.t('log.lost')}
      </p>
    );
  if (state.phase === 'removed')
    return (
      <p className="log-notice" role="status">
        {words.t('log.removed')}
      </p>
    );
  if (!isEmpty) return null;
  if (state.phase === 'opening')
    return <p className="log-notice log-notice--late">{words.t('log.opening')}</p>;
  return <p className="log-notice">{words.t(isActive(task.state) ? 'log.empty-yet' : 'log.empty')}</p>;
}

function Find({
  finding,
  inputRef,
}: {
  readonly finding: Finding;
  readonly inputRef: React.Ref<HTMLInputElement>;
}) {
  const words = useWords();
  const { query, setQuery, found, search, line, step } = finding;
  const at = line === null || search === null ? -1 : search.matches.indexOf(line);
  const more = search?.isFull === true ? '+' : '';
  const count =
    at >= 0 ? words.t('log.match-of', { i: at + 1, n: found, more }) : words.t('log.matches', { n: found });
  return (
    <SearchField
      label={words.t('log.find')}
      icon={<Search />}
      value={query}
      inputRef={inputRef}
      onText={setQuery}
      onKeyDown={(event) => {
        if (event.key === 'Enter') step(!event.shiftKey);
        else if (event.key === 'Escape') {
          setQuery('');
          event.currentTarget.blur();
        } else return;
        event.preventDefault();
        event.stopPropagation();
      }}
      after={
        query !== '' && (
          <>
            <span className="log-found dim" role="status">
              {count}
            </span>
            <IconButton
              size="small"
              label={words.t('log.previous')}
              icon={<ChevronUp />}
              disabled={found === 0}
              onClick={() => step(false)}
            />
            <IconButton
              size="small"
              label={words.t('log.next')}
              icon={<ChevronDown />}
              disabled={found === 0}
              onClick={() => step(true)}
            />
            <IconButton
              size="small"
              label={words.t('verb.close')}
              icon={<X />}
              onClick={() => setQuery('')}
            />
          </>
        )
      }
    />
  );
}

function LongLine({
  stream,
  line,
  onClose,
}: {
  readonly stream: LogStream;
  readonly line: number;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const index = line - stream.buffer.firstLine;
  const text = index < 0 ? '' : plainText(stream.buffer.lineBytes(index, 1024 * 1024));
  return (
    <Dialog
      title={words.t('log.line-title', { n: line + 1 })}
      closeLabel={words.t('verb.close')}
      size="wide"
      onClose={onClose}
    >
      <pre className="log-long selectable" tabIndex={0}>
        {text}
      </pre>
    </Dialog>
  );
}

/** Chosen lines by their numbers: a press chooses one, with Shift up to there. */
function useRange() {
  const [range, setRange] = useState<Range | null>(null);
  const press = (line: number, event: MouseEvent) => {
    if (event.shiftKey && range !== null) {
      setRange({ from: Math.min(range.from, line), to: Math.max(range.from, line) });
      return;
    }
    setRange(range !== null && range.from === line && range.to === line ? null : { from: line, to: line });
  };
  return { range, press, clear: () => setRange(null) };
}

function useTarget() {
  const [target, setTarget] = useState<{ line: number; wish: number } | null>(null);
  return { target, aim: (line: number) => setTarget((old) => ({ line, wish: (old?.wish ?? 0) + 1 })) };
}

/** Lines that came since the view was paused. */
function useNewLines(isFollowing: boolean, endLine: number): number {
  const pausedAt = useRef(endLine);
  useEffect(() => {
    if (isFollowing) pausedAt.current = endLine;
  });
  return isFollowing ? 0 : Math.max(0, endLine - pausedAt.current);
}

type View = {
  readonly task: TaskRecord;
  readonly file: LogFile;
  readonly stream: LogStream;
  readonly state: LogState;
};

/** What is searched, where the search stands, and the steps between matches. */
function useFinding(stream: LogStream, onLeaveEnd: () => void) {
  const { buffer } = stream;
  const [query, setQuery] = useState('');
  const { search, found } = useLogSearch(buffer, query);
  const { target, aim } = useTarget();
  const line = query === '' ? null : (target?.line ?? null);
  const step = (isForward: boolean) => {
    const start = isForward ? buffer.firstLine - 1 : buffer.firstLine + buffer.lineCount;
    const next = search?.from(line ?? start, isForward) ?? null;
    if (next === null) return;
    onLeaveEnd();
    aim(next);
  };
  return { query, setQuery, search, found, target, line, step };
}
type Finding = ReturnType<typeof useFinding>;

function Tools(props: View & { readonly isWrapped: boolean; readonly onWrap: () => void }) {
  const words = useWords();
  const { task, file, stream, isWrapped, onWrap } = props;
  const { buffer } = stream;
  return (
    <span className="log-bar__tools">
      <IconButton label={words.t('log.wrap')} icon={<WrapText />} pressed={isWrapped} onClick={onWrap} />
      <IconButton
        label={words.t('log.copy-all')}
        icon={<Copy />}
        disabled={buffer.lineCount === 0}
        onClick={() => copyAll(buffer)}
      />
      <IconButton label={words.t('log.save')} icon={<Download />} onClick={() => saveLog(task.id, file)} />
    </span>
  );
}

function Hints({ view, isWrapped }: { readonly view: View; readonly isWrapped: boolean }) {
  const words = useWords();
  const { missingBytes } = view.state;
  return (
    <>
      {missingBytes > 0 && (
        <p className="log-missing dim">{words.t('log.head-missing', { size: bytesText(missingBytes) })}</p>
      )}
      {isWrapped && view.stream.buffer.lineCount > wrappedLinesMost && (
        <p className="log-missing dim">{words.t('log.wrap-limit', { n: wrappedLinesMost })}</p>
      )}
    </>
  );
}

type BodyProps = {
  readonly view: View;
  readonly finding: Finding;
  readonly isFollowing: boolean;
  readonly onFollowing: (isFollowing: boolean) => void;
  readonly isWrapped: boolean;
  readonly range: Range | null;
  readonly onNumber: (line: number, event: MouseEvent) => void;
};

function Body(props: BodyProps) {
  const words = useWords();
  const { view, finding, isFollowing, onFollowing, isWrapped, range } = props;
  const { buffer } = view.stream;
  const { firstLine, lineCount: count } = buffer;
  const scroller = useRef<HTMLDivElement>(null);
  const [longLine, setLongLine] = useState<number | null>(null);
  const newLines = useNewLines(isFollowing, firstLine + count);
  const Lines = isWrapped ? WrappedLines : FixedLines;
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
        renderLine={(line) => (
          <LogLine
            buffer={buffer}
            line={line}
            length={buffer.lineLength(line - firstLine)}
            query={finding.query}
            isCurrent={line === finding.line}
            isChosen={range !== null && line >= range.from && line <= range.to}
            isWrapped={isWrapped}
            onNumber={props.onNumber}
            onMore={setLongLine}
          />
        )}
      />
      {!isFollowing && (
        <span className="log-jump">
          <Button compact icon={<ArrowDownToLine />} onClick={() => onFollowing(true)}>
            {newLines > 0 ? words.t('log.new-lines', { n: newLines }) : words.t('log.jump')}
          </Button>
        </span>
      )}
      {longLine !== null && (
        <LongLine stream={view.stream} line={longLine} onClose={() => setLongLine(null)} />
      )}
    </div>
  );
}

export type LogViewProps = {
  readonly task: TaskRecord;
  readonly file: LogFile;
  readonly onFile: (file: LogFile) => void;
};

export function LogView({ task, file, onFile }: LogViewProps) {
  const words = useWords();
  const { stream, state } = useLogStream(task, file);
  const { buffer } = stream;
  const input = useRef<HTMLInputElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const [isWrapped, setWrapped] = useState(false);
  const finding = useFinding(stream, () => setFollowing(false));
  const { range, press, clear } = useRange();
  const wrap = () => setWrapped(!isWrapped);
  useKeys({
    '/': () => input.current?.focus(),
    'Mod+f': () => input.current?.focus(),
    End: () => setFollowing(true),
    n: () => finding.step(true),
    w: wrap,
    ...(range === null ? {} : { Escape: clear, 'Mod+c': () => copyLines(buffer, range.from, range.to) }),
  });
  const view = { task, file, stream, state };
  return (
    <section className="log" aria-label={words.t('log.label')}>
      <header className="log-bar" role="toolbar" aria-label={words.t('log.label')}>
        <Segmented
          label={words.t('log.label')}
          value={file}
          choices={logFiles.map((value) => ({ value, text: words.t(`log.${value}`) }))}
          onValue={onFile}
        />
        <div className="log-bar__find">
          <Find finding={finding} inputRef={input} />
        </div>
        <span className="grow" />
        {range !== null && (
          <Button compact onClick={() => copyLines(buffer, range.from, range.to)}>
            {words.t('log.copy-lines', { n: range.to - range.from + 1 })}
          </Button>
        )}
        <Status view={view} isFollowing={isFollowing} />
        <Tools {...view} isWrapped={isWrapped} onWrap={wrap} />
      </header>
      <Hints view={view} isWrapped={isWrapped} />
      <Body
        view={view}
        finding={finding}
        isFollowing={isFollowing}
        onFollowing={setFollowing}
        isWrapped={isWrapped}
        range={range}
        onNumber={press}
      />
    </section>
  );
}
