// The sandbox of a task: list, look into, save. Paths are the agent's to resolve; names that it tells are made safe
// before they become names here.
import { ok, type Result, refuse } from '../../contract/errors.ts';
import type { TaskId } from '../../contract/ids.ts';
import type { Handlers } from '../ipc-gate.ts';
import type { Desktop, Files, LogSink, Master } from '../ports.ts';
import { cancelledRefusal, fileEnds, readBeginning, saveStream } from '../save-stream.ts';
import type { WindowWork } from '../window-work.ts';
import { lastName } from './file-names.ts';
import { fileNameOf, findTask, noSuchTask } from './log.ts';

/** What a look takes at most: the credit a stream starts with. */
export const peekBytes = 256 * 1024;

export type FileDeps = {
  readonly master: Master;
  readonly files: Files;
  readonly desktop: Pick<Desktop, 'pickSavePath' | 'pickFolder'>;
  readonly work: WindowWork;
};

export function sandboxRequests(
  deps: FileDeps,
): Pick<Handlers, 'sandbox:list' | 'sandbox:peek' | 'sandbox:save'> {
  const { master, files, work } = deps;
  return {
    'sandbox:list': ({ taskId, path, after }) => {
      const task = findTask(master, taskId);
      if (!task) return noSuchTask();
      const page = after === null ? {} : { after };
      return files.ask(task.machineId, 'sandbox.list', { taskId, path, ...page });
    },
    'sandbox:peek': async ({ taskId, path }) => {
      const task = findTask(master, taskId);
      if (!task) return noSuchTask();
      const open = (sink: LogSink) => files.openFile(task.machineId, { taskId, path, offset: 0 }, sink);
      const read = await readBeginning(open, peekBytes, fileEnds);
      if (!read.ok) return read;
      const { bytes, stream } = read.value;
      if (stream.sizeBytes === null) return refuse('invalid', 'not-a-file', `${path} is a folder`);
      return ok({ bytes, sizeBytes: stream.sizeBytes });
    },
    'sandbox:save': ({ taskId, path }, from) =>
      work.run(from, (signal) => save(deps, { taskId, path }, signal)),
  };
}

type What = { readonly taskId: TaskId; readonly path: string };

async function save(
  { master, files, desktop }: FileDeps,
  { taskId, path }: What,
  signal: AbortSignal,
): Promise<Result<{ path: string; bytes: number } | null>> {
  const task = findTask(master, taskId);
  if (!task) return noSuchTask();
  const open = (sink: LogSink) => files.openFile(task.machineId, { taskId, path, offset: 0 }, sink);
  // Whether it is a file is known only to the agent; nothing may wait open while a person thinks about a name.
  const looked = await readBeginning(open, 1, fileEnds);
  if (!looked.ok) return looked;
  const name = lastName(path) ?? fileNameOf(task.info.name);
  const isFolder = looked.value.stream.sizeBytes === null;
  const target = await desktop.pickSavePath(isFolder ? `${name}.tar` : name);
  if (target === null) return ok(null);
  if (signal.aborted) return { ok: false, refusal: cancelledRefusal };
  return saveStream(open, target, { ends: fileEnds, signal });
}
