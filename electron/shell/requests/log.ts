// Logs: streams from the agent to one window with its credit passed through, and the whole log to a file.
import type { LogFile } from '../../contract/channels.ts';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { TaskId } from '../../contract/ids.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { PushTo } from '../ipc.ts';
import type { Handlers, Sender } from '../ipc-gate.ts';
import type { Desktop, Files, LogEnd, LogSink, LogStream, Logs, Master } from '../ports.ts';
import { logEnds, saveStream } from '../save-stream.ts';
import type { WindowWork } from '../window-work.ts';

const maxStreamsAWindow = 32;

type Names = 'log:open' | 'log:credit' | 'log:close' | 'log:save' | 'log:times' | 'log:search';
export type LogRequests = Pick<Handlers, Names> & {
  /** The window is gone or reloaded: its streams end. */
  readonly closeAll: (from: Sender) => void;
};

type Open = { readonly owner: number; readonly stream: LogStream };

export type LogDeps = {
  readonly master: Master;
  readonly logs: Logs;
  readonly files: Pick<Files, 'ask'>;
  readonly desktop: Pick<Desktop, 'pickSavePath'>;
  readonly work: WindowWork;
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
    'log:save': ({ taskId, file }, from) => {
      const task = findTask(deps.master, taskId);
      if (!task) return noSuchTask();
      return deps.work.run(from, async (signal) => {
        const path = await deps.desktop.pickSavePath(`${fileNameOf(task.info.name)}.${file}.log`);
        return path === null ? ok(null) : saveLog(deps.logs, { task, file, path }, signal);
      });
    },
    ...logQuestions(deps),
    closeAll: (from) => {
      for (const [streamId, each] of ofOwner(from)) {
        open.delete(streamId);
        each.stream.close();
      }
    },
  };
}

function logQuestions({ master, files }: LogDeps): Pick<Handlers, 'log:times' | 'log:search'> {
  return {
    'log:times': (request) => {
      const task = findTask(master, request.taskId);
      return task ? files.ask(task.machineId, 'log.times', request) : noSuchTask();
    },
    'log:search': (request) => {
      const task = findTask(master, request.taskId);
      return task ? files.ask(task.machineId, 'log.search', request) : noSuchTask();
    },
  };
}

export function findTask(master: Master, taskId: TaskId): TaskRecord | undefined {
  return master.snapshot().rows.tasks.find((task) => task.id === taskId);
}

export function noSuchTask(): { ok: false; refusal: Refusal } {
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

export function saveLog(
  logs: Logs,
  { task, file, path }: Save,
  signal?: AbortSignal,
): Promise<Result<{ path: string; bytes: number }>> {
  const request = { taskId: task.id, file, offset: 0, follow: false };
  const open = (sink: LogSink) => logs.open(task.machineId, request, sink);
  return saveStream(open, path, signal ? { ends: logEnds, signal } : { ends: logEnds });
}
