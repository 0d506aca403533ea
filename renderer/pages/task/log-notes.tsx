// What is said around a log: how it stands, what is missing at its head, what is an older part, what was lost.
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { bytes as bytesText } from '../../app/messages/amounts.ts';
import { said } from '../../app/messages/said.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { isActive } from '../../store/selectors.ts';
import { wrappedLinesMost } from './log-lines.tsx';
import type { LogState, LogStream } from './log-stream.ts';

type Shown = { readonly stream: LogStream; readonly state: LogState };

export function Status({ stream, state, isFollowing }: Shown & { readonly isFollowing: boolean }) {
  const words = useWords();
  const { buffer } = stream;
  const parts = [
    words.t('log.lines', { n: buffer.lineCount }),
    bytesText(buffer.totalBytes - buffer.droppedBytes),
  ];
  if (state.phase === 'ended') parts.push(words.t('log.ended'));
  else if (state.phase === 'following') parts.push(words.t(isFollowing ? 'log.following' : 'log.paused'));
  return <span className="log-status dim num">{parts.join(' · ')}</span>;
}

export function Notice(props: {
  readonly task: TaskRecord;
  readonly state: LogState;
  readonly isEmpty: boolean;
}) {
  const words = useWords();
  const { task, state, isEmpty } = props;
  const note = (text: string, title?: string) => (
    <p className="log-notice" role="status" title={title}>
      {text}
    </p>
  );
  if (state.phase === 'refused' && state.refusal !== null)
    return note(words.refusal(state.refusal), said(state.refusal.detail, words));
  if (state.phase === 'lost') return note(words.t('log.lost'));
  if (state.phase === 'removed') return note(words.t('log.removed'));
  if (!isEmpty) return null;
  if (state.phase === 'opening')
    return <p className="log-notice log-notice--late">{words.t('log.opening')}</p>;
  return <p className="log-notice">{words.t(isActive(task.state) ? 'log.empty-yet' : 'log.empty')}</p>;
}

/** The head of the log: given back for good, kept but not shown, or an older part of it on the screen. */
function HeadWords(props: {
  readonly missingBytes: number;
  readonly keptFrom: number | null;
  readonly isPart: boolean;
  readonly onPart: (from: number | null) => void;
}) {
  const words = useWords();
  const { missingBytes, keptFrom, isPart, onPart } = props;
  const unshown = keptFrom === null ? 0 : missingBytes - keptFrom;
  if (isPart) {
    return (
      <p className="log-missing dim">
        {words.t('log.part', { from: bytesText(missingBytes) })}
        <Button look="link" onClick={() => onPart(null)}>
          {words.t('log.part-end')}
        </Button>
      </p>
    );
  }
  if (missingBytes === 0) return null;
  if (keptFrom === null) {
    return (
      <p className="log-missing dim">{words.t('log.head-missing', { size: bytesText(missingBytes) })}</p>
    );
  }
  return (
    <p className="log-missing dim">
      {keptFrom > 0 && <span>{words.t('log.given-back', { size: bytesText(keptFrom) })}</span>}
      {unshown > 0 && (
        <>
          <span>{words.t('log.not-shown', { size: bytesText(unshown) })}</span>
          <Button look="link" onClick={() => onPart(keptFrom)}>
            {words.t('log.from-start')}
          </Button>
        </>
      )}
    </p>
  );
}

export function Hints(
  props: Shown & {
    readonly keptFrom: number | null;
    readonly isWrapped: boolean;
    readonly isSearched: boolean;
    readonly onPart: (from: number | null) => void;
    readonly onWhole: () => void;
  },
) {
  const words = useWords();
  const { stream, state, keptFrom, isSearched } = props;
  const { buffer } = stream;
  const { missingBytes } = state;
  const held = buffer.totalBytes - buffer.droppedBytes;
  const isCut = missingBytes > (keptFrom ?? 0) || stream.part !== null;
  return (
    <>
      <HeadWords
        missingBytes={missingBytes}
        keptFrom={keptFrom}
        isPart={stream.part !== null}
        onPart={props.onPart}
      />
      {isSearched && isCut && (
        <p className="log-missing dim">
          {words.t('log.whole.hint', { size: bytesText(held) })}
          <Button look="link" onClick={props.onWhole}>
            {words.t('log.whole')}
          </Button>
        </p>
      )}
      {props.isWrapped && buffer.lineCount > wrappedLinesMost && (
        <p className="log-missing dim">{words.t('log.wrap-limit', { n: wrappedLinesMost })}</p>
      )}
    </>
  );
}
