// Hooks of the log view: the stream of a task's file, and the search that follows it.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { useRow } from '../../store/tables.ts';
import type { LogBuffer } from './log-buffer.ts';
import { LogSearch } from './log-search.ts';
import { type LogState, LogStream } from './log-stream.ts';

const retryMs = 2000;

export function useLogStream(
  task: TaskRecord,
  file: LogFile,
): { readonly stream: LogStream; readonly state: LogState } {
  const stream = useMemo(() => new LogStream(task.id, file), [task.id, file]);
  const state = useSyncExternalStore(stream.subscribe, stream.getState);
  const isLinkLive = useRow('links', task.machineId)?.phase === 'live';
  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);
  // A log that was lost or refused opens again when its machine is there; a new task may not have its files yet.
  const isBroken = state.phase === 'lost' || state.phase === 'refused';
  useEffect(() => {
    if (!isBroken || !isLinkLive) return undefined;
    const timer = setTimeout(() => stream.open(), retryMs);
    return () => clearTimeout(timer);
  }, [stream, isBroken, isLinkLive, task.state, state.version]);
  return { stream, state };
}

const sliceMs = 8;
const nextSliceMs = 12;
const againMs = 250;

/** Lines that match, growing while the log grows. */
export function useLogSearch(
  buffer: LogBuffer,
  query: string,
): { readonly search: LogSearch | null; readonly found: number; readonly isDone: boolean } {
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- another log begins another search
  const search = useMemo(() => (query === '' ? null : new LogSearch(query)), [query, buffer]);
  const [progress, setProgress] = useState({ found: 0, isDone: true });
  useEffect(() => {
    if (search === null) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    const slice = () => {
      const isDone = search.advance(buffer, () => performance.now(), sliceMs);
      const found = search.matches.length;
      setProgress((old) => (old.found === found && old.isDone === isDone ? old : { found, isDone }));
      timer = setTimeout(slice, isDone ? againMs : nextSliceMs);
    };
    slice();
    return () => clearTimeout(timer);
  }, [search, buffer]);
  return { search, found: search === null ? 0 : progress.found, isDone: progress.isDone };
}
