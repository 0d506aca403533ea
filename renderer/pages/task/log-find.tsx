// Searching what is held of a log: the field, the steps between matches, the door to a search of the whole log.
import { ChevronDown, ChevronUp, Search, TextSearch, X } from 'lucide-react';
import { useState } from 'react';
import { useWords } from '../../app/messages/words.ts';
import { IconButton } from '../../kit/button.tsx';
import { SearchField } from '../../kit/field.tsx';
import type { LogStream } from './log-stream.ts';
import { useLogSearch } from './use-log.ts';

function useTarget() {
  const [target, setTarget] = useState<{ line: number; wish: number } | null>(null);
  return { target, aim: (line: number) => setTarget((old) => ({ line, wish: (old?.wish ?? 0) + 1 })) };
}

/** What is searched, where the search stands, and the steps between matches. */
export function useFinding(stream: LogStream, onLeaveEnd: () => void) {
  const { buffer } = stream;
  const [query, setQuery] = useState('');
  const { search, found } = useLogSearch(buffer, query);
  const { target, aim } = useTarget();
  const line = query === '' ? null : (target?.line ?? null);
  const goTo = (next: number) => {
    onLeaveEnd();
    aim(next);
  };
  const step = (isForward: boolean) => {
    const start = isForward ? buffer.firstLine - 1 : buffer.firstLine + buffer.lineCount;
    const next = search?.from(line ?? start, isForward) ?? null;
    if (next !== null) goTo(next);
  };
  return { query, setQuery, search, found, target, line, step, goTo };
}
export type Finding = ReturnType<typeof useFinding>;

function Steps(props: {
  readonly finding: Finding;
  readonly isWhole: boolean;
  readonly onWhole: () => void;
  readonly onLeave: () => void;
}) {
  const words = useWords();
  const { found, search, line, step } = props.finding;
  const at = line === null || search === null ? -1 : search.matches.indexOf(line);
  const more = search?.isFull === true ? '+' : '';
  const count =
    at >= 0 ? words.t('log.match-of', { i: at + 1, n: found, more }) : words.t('log.matches', { n: found });
  return (
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
        label={words.t('log.whole')}
        icon={<TextSearch />}
        pressed={props.isWhole}
        onClick={props.onWhole}
      />
      <IconButton size="small" label={words.t('verb.close')} icon={<X />} onClick={props.onLeave} />
    </>
  );
}

export function Find(props: {
  readonly finding: Finding;
  readonly isWhole: boolean;
  readonly onWhole: (isWhole: boolean) => void;
  readonly inputRef: React.Ref<HTMLInputElement>;
}) {
  const words = useWords();
  const { finding, isWhole, onWhole } = props;
  const { query, setQuery, step } = finding;
  const leave = () => {
    setQuery('');
    onWhole(false);
  };
  return (
    <SearchField
      label={words.t('log.find')}
      icon={<Search />}
      value={query}
      inputRef={props.inputRef}
      onText={setQuery}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onWhole(!isWhole);
        else if (event.key === 'Enter') step(!event.shiftKey);
        else if (event.key === 'Escape') {
          leave();
          event.currentTarget.blur();
        } else return;
        event.preventDefault();
        event.stopPropagation();
      }}
      after={
        query !== '' && (
          <Steps finding={finding} isWhole={isWhole} onWhole={() => onWhole(!isWhole)} onLeave={leave} />
        )
      }
    />
  );
}
