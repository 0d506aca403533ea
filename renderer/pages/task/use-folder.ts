// Reading a folder or a file of a sandbox: a page at a time, again on request. Answers of an older question are dropped.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Answers } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { SandboxEntry } from '../../../electron/contract/wire.ts';
import { call, drop } from '../../bridge/bridge.ts';

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function parentOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

export type Folder = {
  readonly entries: readonly SandboxEntry[];
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly refusal: Refusal | null;
  readonly readMore: () => void;
  readonly again: () => void;
};

const unread = { entries: [], hasMore: false, isReading: true, refusal: null } as const;

/** Folders first, then by name as the agent sorted them. */
export function inOrder(entries: readonly SandboxEntry[]): readonly SandboxEntry[] {
  return [
    ...entries.filter(({ kind }) => kind === 'folder'),
    ...entries.filter(({ kind }) => kind !== 'folder'),
  ];
}

export function useFolder(taskId: TaskId, path: string): Folder {
  const [state, setState] = useState<Omit<Folder, 'readMore' | 'again'>>(unread);
  const question = useRef(0);
  const read = useCallback(
    async (old: readonly SandboxEntry[]) => {
      question.current += 1;
      const asked = question.current;
      setState((before) => ({ ...before, isReading: true }));
      const after = old.at(-1)?.name ?? null;
      const answer = await call('sandbox:list', { taskId, path, after });
      if (asked !== question.current) return;
      if (!answer.ok) {
        setState({ entries: old, hasMore: false, isReading: false, refusal: answer.refusal });
        return;
      }
      const { entries, more } = answer.value;
      setState({ entries: [...old, ...entries], hasMore: more, isReading: false, refusal: null });
    },
    [taskId, path],
  );
  useEffect(() => {
    setState(unread);
    drop(read([]), 'shows its own refusal');
    return () => {
      question.current += 1;
    };
  }, [read]);
  return {
    ...state,
    readMore: () => drop(read(state.entries), 'shows its own refusal'),
    again: () => drop(read([]), 'shows its own refusal'),
  };
}

export type Peeked = {
  readonly value: Answers['sandbox:peek'] | null;
  readonly refusal: Refusal | null;
};

export function usePeek(taskId: TaskId, path: string): Peeked {
  const [state, setState] = useState<Peeked>({ value: null, refusal: null });
  useEffect(() => {
    let isGone = false;
    const read = async () => {
      const answer = await call('sandbox:peek', { taskId, path });
      if (isGone) return;
      setState(answer.ok ? { value: answer.value, refusal: null } : { value: null, refusal: answer.refusal });
    };
    setState({ value: null, refusal: null });
    drop(read(), 'shows its own refusal');
    return () => {
      isGone = true;
    };
  }, [taskId, path]);
  return state;
}
