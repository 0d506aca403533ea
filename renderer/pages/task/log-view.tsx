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
import type { LogSearch } from './log-search.ts';
import type { LogState, LogStream } from './log-stream.ts';
import { copyAll, copyLines, saveLog } from './log-take.ts';
import { plainText } from './log-text.ts';
import { useLogSearch, useLogStream } from './use-log.ts';

// Not imported from the contract: its channel map parses at load, which the page's CSP forbids zod to compile.
const logFiles: readonly LogFile[] = ['stdout', 'stderr'];

type Range = { readonly from: number; readonly to: number };

function Status({
  task,
  state,
  stream,
}: {
  readonly task: TaskRecord;
  readonly state: LogState;
  readonly stream: LogStream;
}) {
  const words = useWords();
  const { buffer } = stream;
  const size = bytesText(buffer.totalBytes - buffer.droppedBytes);
  const lines = words.t('log.lines', { n: buffer.lineCount });
  const phase =
    state.phase === 'ended' || (state.phase === 'following' && !isActive(task.state))
      ? words.t('log.ended')
      : state.phase === 'following'
        ? words.t('log.following')
        : '';
  return (
    <span className="log-status dim num">
      {lines} · {size}
      {phase !== '' && ` · ${phase}`}
    </span>
  );
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

function Find(props: {
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly found: number;
  readonly search: LogSearch | null;
  readonly line: number | null;
  readonly onStep: (isForward: boolean) => void;
  readonly inputRef: React.Ref<HTMLInputElement>;
}) {
  const words = useWords();
  const { query, found, search, line, onStep } = props;
  const at = line === null || search === null ? -1 : search.matches.indexOf(line);
  const more = search?.isFull === true ? '+' : '';
  const count =
    at >= 0 ? words.t('log.match-of', { i: at + 1, n: found, more }) : words.t('log.matches', { n: found });
  return (
    <SearchField
      label={words.t('log.find')}
      icon={<Search />}
      value={query}
      inputRef={props.inputRef}
      onText={props.onQuery}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onStep(!event.shiftKey);
        else if (event.key === 'Escape') {
          props.onQuery('');
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
              onClick={() => onStep(false)}
            />
            <IconButton
              size="small"
              label={words.t('log.next')}
              icon={<ChevronDown />}
              disabled={found === 0}
              onClick={() => onStep(true)}
            />
            <IconButton
              size="small"
              label={words.t('verb.close')}
              icon={<X />}
              onClick={() => props.onQuery('')}
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

export function LogView({
  task,
  file,
  onFile,
}: {
  readonly task: TaskRecord;
  readonly file: LogFile;
  readonly onFile: (file: LogFile) => void;
}) {
  const words = useWords();
  const { stream, state } = useLogStream(task, file);
  const { buffer } = stream;
  const scroller = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const [isWrapped, setWrapped] = useState(false);
  const [query, setQuery] = useState('');
  const [longLine, setLongLine] = useState<number | null>(null);
  const { search, found } = useLogSearch(buffer, query);
  const { target, aim } = useTarget();
  const { range, press, clear } = useRange();
  const current = query === '' ? null : (target?.line ?? null);
  const { firstLine, lineCount: count } = buffer;
  const newLines = useNewLines(isFollowing, firstLine + count);
  const step = (isForward: boolean) => {
    const from = current ?? (isForward ? firstLine - 1 : firstLine + count);
    const line = search?.from(from, isForward) ?? null;
    if (line === null) return;
    setFollowing(false);
    aim(line);
  };
  useKeys({
    '/': () => input.current?.focus(),
    'Mod+f': () => input.current?.focus(),
    End: () => setFollowing(true),
    n: () => step(true),
    w: () => setWrapped(!isWrapped),
    ...(range === null ? {} : { Escape: clear, 'Mod+c': () => copyLines(buffer, range.from, range.to) }),
  });
  const Lines = isWrapped ? WrappedLines : FixedLines;
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
          <Find
            query={query}
            onQuery={setQuery}
            found={found}
            search={search}
            line={current}
            onStep={step}
            inputRef={input}
          />
        </div>
        <span className="grow" />
        {range !== null && (
          <Button compact onClick={() => copyLines(buffer, range.from, range.to)}>
            {words.t('log.copy-lines', { n: range.to - range.from + 1 })}
          </Button>
        )}
        <Status task={task} state={state} stream={stream} />
        <span className="log-bar__tools">
          <IconButton
            label={words.t('log.wrap')}
            icon={<WrapText />}
            pressed={isWrapped}
            onClick={() => setWrapped(!isWrapped)}
          />
          <IconButton
            label={words.t('log.copy-all')}
            icon={<Copy />}
            disabled={count === 0}
            onClick={() => copyAll(buffer)}
          />
          <IconButton
            label={words.t('log.save')}
            icon={<Download />}
            onClick={() => saveLog(task.id, file)}
          />
        </span>
      </header>
      {state.missingBytes > 0 && (
        <p className="log-missing dim">
          {words.t('log.head-missing', { size: bytesText(state.missingBytes) })}
        </p>
      )}
      {isWrapped && count > wrappedLinesMost && (
        <p className="log-missing dim">{words.t('log.wrap-limit', { n: wrappedLinesMost })}</p>
      )}
      <div className="log-body" data-following={isFollowing}>
        <Notice task={task} state={state} isEmpty={count === 0} />
        <Lines
          key={`${file}-${String(isWrapped)}`}
          scroller={scroller}
          label={`${words.t('log.label')} ${file}`}
          firstLine={firstLine}
          count={count}
          version={state.version}
          isFollowing={isFollowing}
          onFollowing={setFollowing}
          target={target}
          renderLine={(line) => (
            <LogLine
              buffer={buffer}
              line={line}
              length={buffer.lineLength(line - firstLine)}
              query={query}
              isCurrent={line === current}
              isChosen={range !== null && line >= range.from && line <= range.to}
              isWrapped={isWrapped}
              moreLabel={(n) => words.t('log.line-clipped', { n })}
              onNumber={press}
              onMore={setLongLine}
            />
          )}
        />
        {!isFollowing && (
          <span className="log-jump">
            <Button compact icon={<ArrowDownToLine />} onClick={() => setFollowing(true)}>
              {newLines > 0 ? words.t('log.new-lines', { n: newLines }) : words.t('log.jump')}
            </Button>
          </span>
        )}
      </div>
      {longLine !== null && <LongLine stream={stream} line={longLine} onClose={() => setLongLine(null)} />}
    </section>
  );
}
