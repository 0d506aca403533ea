// Searching a whole log on the machine's side: a page of hits at a time, going on by itself until there are enough.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { CallAnswer } from '../../../electron/contract/wire.ts';
import { call, drop } from '../../bridge/bridge.ts';

export type Hit = CallAnswer<'log.search'>['matches'][number];
export type WholeSearch = {
  readonly hits: readonly Hit[];
  readonly isBusy: boolean;
  readonly hasMore: boolean;
  readonly refusal: Refusal | null;
  readonly searchOn: () => void;
};

const pageHits = 200;
const typingMs = 250;
const nothing = { hits: [], isBusy: false, hasMore: false, refusal: null, next: 0 } as const;

type State = Omit<WholeSearch, 'searchOn'> & { readonly next: number };

/** `text` null or empty: nothing is searched. */
export function useWholeSearch(
  taskId: TaskId,
  file: LogFile,
  text: string | null,
  matchCase: boolean,
): WholeSearch {
  const [state, setState] = useState<State>(nothing);
  const question = useRef(0);
  const search = useCallback(
    async (wanted: string, old: readonly Hit[], start: number) => {
      question.current += 1;
      const asked = question.current;
      setState((before) => ({ ...before, isBusy: true, refusal: null }));
      let hits = old;
      let from = start;
      for (;;) {
        const limit = pageHits - (hits.length - old.length);
        const answer = await call('log:search', { taskId, file, text: wanted, matchCase, from, limit });
        if (asked !== question.current) return;
        if (!answer.ok) {
          setState({ hits, isBusy: false, hasMore: false, refusal: answer.refusal, next: from });
          return;
        }
        const { matches, next, more } = answer.value;
        hits = [...hits, ...matches];
        // An answer may stop early to keep the machine calm; only the end of the log or a full page ends the search.
        const isStuck = next <= from;
        from = next;
        const isFull = hits.length - old.length >= pageHits;
        const isOver = !more || isStuck || isFull;
        setState({ hits, isBusy: !isOver, hasMore: more && isFull, refusal: null, next });
        if (isOver) return;
      }
    },
    [taskId, file, matchCase],
  );
  useEffect(() => {
    question.current += 1;
    setState(nothing);
    if (text === null || text === '') return undefined;
    const timer = setTimeout(() => drop(search(text, [], 0), 'shows its own refusal'), typingMs);
    return () => {
      clearTimeout(timer);
      question.current += 1;
    };
  }, [search, text]);
  const { next: _next, ...shown } = state;
  return {
    ...shown,
    searchOn: () => text !== null && drop(search(text, state.hits, state.next), 'shows its own refusal'),
  };
}
