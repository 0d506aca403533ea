// The lines of the whole log that hold a text, found on the machine. A press brings one into view.
import { X } from 'lucide-react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { said } from '../../app/messages/said.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { Checkbox } from '../../kit/field.tsx';
import { shownName } from '../../parts/shown-name.ts';
import { occurrences } from './log-search.ts';
import { type Hit, useWholeSearch, type WholeSearch } from './use-whole-search.ts';

const escapes = '\u001b';
/** Of the line that the agent cut out around its match: without a terminal's language, all as text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them
const language = /\u001b(?:\[[\d;:?<=>!]*[ -/]*[@-~]|[ -/]*[0-~])/g;

function hitText(line: string): string {
  return shownName((line.includes(escapes) ? line.replace(language, '') : line).replaceAll('\t', ' '));
}

function Marked({
  text,
  query,
  matchCase,
}: {
  readonly text: string;
  readonly query: string;
  readonly matchCase: boolean;
}) {
  const found = occurrences(text, query).filter(
    (at) => !matchCase || text.slice(at, at + query.length) === query,
  );
  if (found.length === 0) return text;
  const pieces = found.flatMap((from, index) => [
    text.slice(index === 0 ? 0 : (found[index - 1] ?? 0) + query.length, from),
    <mark key={from}>{text.slice(from, from + query.length)}</mark>,
  ]);
  return [...pieces, text.slice((found.at(-1) ?? 0) + query.length)];
}

function countWords({ hits, isBusy, hasMore }: WholeSearch, words: Words): string {
  const n = hits.length;
  return words.t(isBusy || hasMore ? 'log.hits-so-far' : 'log.hits', { n });
}

export function LogHits(props: {
  readonly taskId: TaskId;
  readonly file: LogFile;
  readonly query: string;
  readonly matchCase: boolean;
  readonly onMatchCase: (matchCase: boolean) => void;
  readonly current: number | null;
  readonly onHit: (hit: Hit) => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { query, current, matchCase } = props;
  const search = useWholeSearch(props.taskId, props.file, query, matchCase);
  return (
    <section className="log-hits" aria-label={words.t('log.hits-of', { text: query })}>
      <header className="log-hits__head">
        <span className="num" role="status">
          {search.isBusy ? words.t('log.hits-busy') : countWords(search, words)}
        </span>
        {search.isBusy && <span className="dim num">{countWords(search, words)}</span>}
        <span className="grow" />
        <Checkbox label={words.t('log.match-case')} checked={matchCase} onChecked={props.onMatchCase} />
        <IconButton size="small" label={words.t('log.hits-close')} icon={<X />} onClick={props.onClose} />
      </header>
      {search.refusal !== null && (
        <p className="log-hits__note t-failed" role="alert" title={said(search.refusal.detail, words)}>
          {words.refusal(search.refusal)}
        </p>
      )}
      <ol className="log-hits__list">
        {search.hits.map((hit) => (
          <li key={hit.offset}>
            <button
              type="button"
              className={cx('log-hit', hit.offset === current && 'log-hit--current')}
              aria-current={hit.offset === current}
              onClick={() => props.onHit(hit)}
            >
              <span
                className="log-hit__time"
                title={hit.atMs === null ? undefined : new Date(hit.atMs).toISOString()}
              >
                {hit.atMs === null ? '' : words.clock(hit.atMs)}
              </span>
              <span className="clip">
                <Marked text={hitText(hit.line)} query={query} matchCase={matchCase} />
              </span>
            </button>
          </li>
        ))}
        {search.hasMore && (
          <li className="log-hits__note">
            <Button compact onClick={search.searchOn}>
              {words.t('log.hits-more')}
            </Button>
          </li>
        )}
      </ol>
    </section>
  );
}
