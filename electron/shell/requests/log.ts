// Logs: streams from the agent to one window with its credit passed through, and the whole log to a file.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import type { LogFile } from '../../contract/channels.ts';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { TaskId } from '../../contract/ids.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { PushTo } from '../ipc.ts';
import type { Handlers, Sender } from '../ipc-gate.ts';
import type { Desktop, LogEnd, LogStream, Logs, Master } from '../ports.ts';

const maxStreamsAWindow = 32;

export type LogRequests = Pick<Handlers, 'log:open' | 'log:credit' | 'log:close' | 'log:save'> & {
  /** The window is gone or reloaded: its streams end. */
  readonly closeAll: (from: Sender) => void;
};

type Open = { readonly owner: number; readonly stream: LogStream };

export type LogDeps = {
  readonly master: Master;
  readonly logs: Logs;
  readonly desktop: Pick<Desktop, 'pickSavePath'>;
  readonly pushFor: (from: Sender) => PushTo;
};

export function logRequests(deps: LogDeps): LogRequests {
  const open = new Map<number, Open>();
  let lastId = 0;
  const ofOwner = (from: Sender) => [...open].filter(([, each]) => each.owner === from.id);

  return {
    'log:open': async (request, from) => {
      const task = findTask(deps.master, request.taskId);
      if (!task) return noSuchTask();
      if (ofOwner(from).length >= maxStreamsAWindow) {
        return refuse(
          'exhausted',
          'too-many-log-streams',
          `at most ${maxStreamsAWindow} logs are open at a time`,
        );
      }
      lastId += 1;
      const streamId = lastId;
      const push = deps.pushFor(from);
      // Ends that come before the answer must not leave a stream in the map.
      let hasEnded = false;
      const sink = {
        // A copy: a slice of a shared buffer would be sent with the whole buffer behind it.
        data: (offset: number, bytes: Uint8Array) =>
          push('log:chunk', { streamId, offset, bytes: new Uint8Array(bytes) }),
        end: (cause: LogEnd) => {
          hasEnded = true;
          open.delete(streamId);
          push('log:end', { streamId, cause });
        },
      };
      const opened = await deps.logs.open(task.machineId, request, sink);
      if (!opened.ok) return opened;
      const stream = opened.value;
      if (!hasEnded) open.set(streamId, { owner: from.id, stream });
      return ok({ streamId, sizeBytes: stream.sizeBytes, startOffset: stream.startOffset });
    },
    'log:credit': ({ streamId, bytes }, from) => {
      const each = open.get(streamId);
      // A credit that crosses the end of its stream is no error.
      if (each?.owner === from.id) each.stream.credit(bytes);
      return ok(null);
    },
    'log:close': ({ streamId }, from) => {
      const each = open.get(streamId);
      if (each?.owner === from.id) {
        open.delete(streamId);
        each.stream.close();
      }
      return ok(null);
    },
    'log:save': async ({ taskId, file }) => {
      const task = findTask(deps.master, taskId);
      if (!task) return noSuchTask();
      const path = await deps.desktop.pickSavePath(`${fileNameOf(task.info.name)}.${file}.log`);
      if (path === null) return ok(null);
      return saveLog(deps.logs, { task, file, path });
    },
    closeAll: (from) => {
      for (const [streamId, each] of ofOwner(from)) {
        open.delete(streamId);
        each.stream.close();
      }
    },
  };
}

function findTask(master: Master, taskId: TaskId): TaskRecord | undefined {
  return master.snapshot().rows.tasks.find((task) => task.id === taskId);
}

function noSuchTask(): { ok: false; refusal: Refusal } {
  return refuse('not-found', 'no-such-task', 'this task is not known any more');
}

export function fileNameOf(name: string): string {
  const plain = name
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return plain === '' ? 'task' : plain;
}

type Save = { readonly task: TaskRecord; readonly file: LogFile; readonly path: string };

/** To a file beside it first: a save that breaks off leaves the old file as it was. */
export async function saveLog(logs: Logs, save: Save): Promise<Result<{ path: string; bytes: number }>> {
  const part = `${save.path}.${randomUUID().slice(0, 8)}.part`;
  try {
    const handle = await fs.promises.open(part, 'wx', 0o600);
    const copied = await closing(handle, () => copyInto(logs, save, handle));
    if (!copied.ok) {
      await fs.promises.rm(part, { force: true });
      return copied;
    }
    await fs.promises.rename(part, save.path);
    return ok({ path: save.path, bytes: copied.value });
  } catch (error) {
    await fs.promises.rm(part, { force: true }).catch(() => undefined);
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return refuse('invalid', 'cannot-write-file', `${save.path}: ${code}`);
  }
}

async function closing<T>(handle: fs.promises.FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await handle.close();
  }
}

async function copyInto(logs: Logs, save: Save, handle: fs.promises.FileHandle): Promise<Result<number>> {
  let bytesWritten = 0;
  let problem: unknown = null;
  let writing = Promise.resolve();
  let stream: LogStream | null = null;
  let owedBytes = 0;
  const ended = withResolvers<LogEnd>();
  const opened = await logs.open(
    save.task.machineId,
    { taskId: save.task.id, file: save.file, offset: 0, follow: false },
    {
      data: (_offset, bytes) => {
        writing = writing.then(async () => {
          if (problem !== null) return;
          try {
            await handle.writeFile(bytes);
            bytesWritten += bytes.length;
            // Only what is on its way to the disk is credited, so memory stays at one window of the stream.
            if (stream) stream.credit(bytes.length);
            else owedBytes += bytes.length;
          } catch (error) {
            problem = error;
            stream?.close();
          }
        });
      },
      end: (cause) => ended.resolve(cause),
    },
  );
  if (!opened.ok) return opened;
  stream = opened.value;
  if (owedBytes > 0) stream.credit(owedBytes);
  const cause = await ended.promise;
  await writing;
  if (problem !== null) throw problem;
  if (cause === 'lost')
    return refuse('unreachable', 'log-broke-off', 'the connection ended before the log did');
  if (cause === 'removed') return refuse('not-found', 'log-removed', 'the log was removed on the machine');
  return ok(bytesWritten);
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}
