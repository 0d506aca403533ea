// The log of a task, live: follows, pauses on scroll, searches here and on the machine, shows times, wraps, copies, saves.
import './log.css';
import { Clock, Copy, Download, WrapText } from 'lucide-react';
import { type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Segmented } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Body, type Range } from './log-body.tsx';
import { Find, type Finding, useFinding } from './log-find.tsx';
import { LogHits } from './log-hits.tsx';
import { Hints, Status } from './log-notes.tsx';
import type { LogPart, LogStream } from './log-stream.ts';
import { copyAll, copyLines, saveLog } from './log-take.ts';
import { LogTimes } from './log-times.ts';
import { type LogShown, useKeptFrom, useLogStream } from './use-log.ts';

// Not imported from the contract: its channel map parses at load, which the page's CSP forbids zod to compile.
const logFiles: readonly LogFile[] = ['stdout', 'stderr'];

/** Of an older part: some lines before the one that was asked for, and a few thousand after it. */
const partBefore = 64 * 1024;
const partMost = 4 * 1024 * 1024;

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

/** Going to a byte of the file, also when it is not held: then an older part is read around it. */
function useJump(stream: LogStream, version: number, finding: Finding, onPart: (part: LogPart) => void) {
  const [wanted, setWanted] = useState<number | null>(null);
  const { goTo } = finding;
  useEffect(() => {
    if (wanted === null) return;
    const line = stream.lineOfOffset(wanted);
    if (line === null) return;
    setWanted(null);
    goTo(line);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- what was read decides, `goTo` only sets state
  }, [stream, version, wanted]);
  return (offset: number) => {
    setWanted(offset);
    if (stream.lineOfOffset(offset) === null)
      onPart({ from: Math.max(0, offset - partBefore), most: partMost });
  };
}

function Tools(
  props: LogShown & {
    readonly isWrapped: boolean;
    readonly onWrap: () => void;
    readonly isTimed: boolean;
    readonly onTimes: () => void;
  },
) {
  const words = useWords();
  const { task, file, stream, isWrapped, isTimed } = props;
  const { buffer } = stream;
  return (
    <span className="log-bar__tools">
      <IconButton label={words.t('log.times')} icon={<Clock />} pressed={isTimed} onClick={props.onTimes} />
      <IconButton
        label={words.t('log.wrap')}
        icon={<WrapText />}
        pressed={isWrapped}
        onClick={props.onWrap}
      />
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

export type LogViewProps = {
  readonly task: TaskRecord;
  readonly file: LogFile;
  readonly onFile: (file: LogFile) => void;
};

/** Everything that can be switched in the view. */
function useSwitches() {
  const [isFollowing, setFollowing] = useState(true);
  const [isWrapped, setWrapped] = useState(false);
  const [isTimed, setTimed] = useState(false);
  const [isWhole, setWhole] = useState(false);
  const [matchCase, setMatchCase] = useState(false);
  return {
    isFollowing,
    setFollowing,
    isWrapped,
    wrap: () => setWrapped(!isWrapped),
    isTimed,
    toggleTimes: () => setTimed(!isTimed),
    isWhole,
    setWhole,
    matchCase,
    setMatchCase,
  };
}

type Switches = ReturnType<typeof useSwitches>;

/** The stream on the screen, what is searched in it, and the ways to another part of the file. */
function useReading(task: TaskRecord, file: LogFile, on: Switches) {
  const [part, setPart] = useState<LogPart | null>(null);
  const { stream, state } = useLogStream(task, file, part);
  const finding = useFinding(stream, () => on.setFollowing(false));
  const jump = useJump(stream, state.version, finding, (next) => {
    on.setFollowing(false);
    setPart(next);
  });
  const keptFrom = useKeptFrom(task, file, state.missingBytes > 0);
  const times = useMemo(() => new LogTimes(task.id, file), [task.id, file]);
  const goToEnd = () => {
    setPart(null);
    on.setFollowing(true);
  };
  return { view: { task, file, stream, state }, finding, jump, keptFrom, times, goToEnd };
}
type Reading = ReturnType<typeof useReading>;

function Bar(props: {
  readonly reading: Reading;
  readonly on: Switches;
  readonly range: Range | null;
  readonly inputRef: React.Ref<HTMLInputElement>;
  readonly onFile: (file: LogFile) => void;
}) {
  const words = useWords();
  const { reading, on, range } = props;
  const { view, finding } = reading;
  return (
    <header className="log-bar" role="toolbar" aria-label={words.t('log.label')}>
      <Segmented
        label={words.t('log.label')}
        value={view.file}
        choices={logFiles.map((value) => ({ value, text: words.t(`log.${value}`) }))}
        onValue={props.onFile}
      />
      <div className="log-bar__find">
        <Find finding={finding} isWhole={on.isWhole} onWhole={on.setWhole} inputRef={props.inputRef} />
      </div>
      <span className="grow" />
      {range !== null && (
        <Button compact onClick={() => copyLines(view.stream.buffer, range.from, range.to)}>
          {words.t('log.copy-lines', { n: range.to - range.from + 1 })}
        </Button>
      )}
      <Status {...view} isFollowing={on.isFollowing} />
      <Tools
        {...view}
        isWrapped={on.isWrapped}
        onWrap={on.wrap}
        isTimed={on.isTimed}
        onTimes={on.toggleTimes}
      />
    </header>
  );
}

function Hits({ reading, on }: { readonly reading: Reading; readonly on: Switches }) {
  const { view, finding, jump } = reading;
  if (!on.isWhole || finding.query === '') return null;
  return (
    <LogHits
      taskId={view.task.id}
      file={view.file}
      query={finding.query}
      matchCase={on.matchCase}
      onMatchCase={on.setMatchCase}
      current={finding.line === null ? null : view.stream.offsetOfLine(finding.line)}
      onHit={(hit) => jump(hit.offset)}
      onClose={() => on.setWhole(false)}
    />
  );
}

export function LogView({ task, file, onFile }: LogViewProps) {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  const on = useSwitches();
  const reading = useReading(task, file, on);
  const { view, finding, jump, goToEnd } = reading;
  const { range, press, clear } = useRange();
  const { buffer } = view.stream;
  useKeys({
    '/': () => input.current?.focus(),
    'Mod+f': () => input.current?.focus(),
    End: goToEnd,
    n: () => finding.step(true),
    w: on.wrap,
    t: on.toggleTimes,
    ...(range === null ? {} : { Escape: clear, 'Mod+c': () => copyLines(buffer, range.from, range.to) }),
  });
  return (
    <section className="log" aria-label={words.t('log.label')}>
      <Bar reading={reading} on={on} range={range} inputRef={input} onFile={onFile} />
      <Hints
        {...view}
        keptFrom={reading.keptFrom}
        isWrapped={on.isWrapped}
        isSearched={finding.query !== '' && !on.isWhole}
        onPart={(from) => (from === null ? goToEnd() : jump(from))}
        onWhole={() => on.setWhole(true)}
      />
      <Body
        view={view}
        finding={finding}
        isFollowing={on.isFollowing}
        onFollowing={on.setFollowing}
        isWrapped={on.isWrapped}
        times={on.isTimed ? reading.times : null}
        range={range}
        onNumber={press}
        onEnd={goToEnd}
      />
      <Hits reading={reading} on={on} />
    </section>
  );
}
