// Hooks of the log view: the stream of a task's file, and the search that follows it.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { useRow } from '../../store/tables.ts';
import type { LogBuffer } from './log-buffer.ts';
import { LogSearch } from './log-search.ts';
import { type LogPart, type LogState, LogStream } from './log-stream.ts';

const retryMs = 2000;

/** A log as it is on the screen. */
export type LogShown = {
  readonly task: TaskRecord;
  readonly file: LogFile;
  readonly stream: LogStream;
  readonly state: LogState;
};

export function useLogStream(
  task: TaskRecord,
  file: LogFile,
  part: LogPart | null = null,
): { readonly stream: LogStream; readonly state: LogState } {
  const stream = useMemo(() => new LogStream(task.id, file, part), [task.id, file, part]);
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

/** The first byte that the machine still keeps, asked for when the head is missing; null = not known. */
export function useKeptFrom(task: TaskRecord, file: LogFile, isWanted: boolean): number | null {
  const [keptFrom, setKeptFrom] = useState<number | null>(null);
  const taskId = task.id;
  useEffect(() => {
    if (!isWanted) return undefined;
    let isGone = false;
    const look = async () => {
      const answer = await call('log:open', { taskId, file, offset: 0, follow: false });
      if (!answer.ok) return;
      if (!isGone) setKeptFrom(answer.value.startOffset);
      await call('log:close', { streamId: answer.value.streamId });
    };
    drop(look(), 'without it the head is only said to be missing');
    return () => {
      isGone = true;
    };
  }, [taskId, file, isWanted]);
  return keptFrom;
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
