// Results of a task: what its patterns matched, and all of it into a folder of this computer.
import fs from 'node:fs';
import path from 'node:path';
import { ok, type Result, refuse } from '../../contract/errors.ts';
import type { TaskId } from '../../contract/ids.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { ResultFile } from '../../contract/task-life.ts';
import type { Handlers } from '../ipc-gate.ts';
import type { LogSink } from '../ports.ts';
import { cannotWrite, fileEnds, saveStream } from '../save-stream.ts';
import { safeParts } from './file-names.ts';
import { fileNameOf, findTask, noSuchTask } from './log.ts';
import type { FileDeps } from './sandbox.ts';

/** As many as an agent lists. */
const maxResults = 10_000;

type Saved = { path: string; files: number; bytes: number };
type Wanted = { readonly taskId: TaskId; readonly paths: readonly string[] | null };

export function resultRequests(deps: FileDeps): Pick<Handlers, 'results:list' | 'results:save'> {
  return {
    'results:list': ({ taskId }) => {
      const task = findTask(deps.master, taskId);
      return task ? listAll(deps.files, task) : noSuchTask();
    },
    'results:save': (request, from) => deps.work.run(from, (signal) => save(deps, request, signal)),
  };
}

async function save(deps: FileDeps, wanted: Wanted, signal: AbortSignal): Promise<Result<Saved | null>> {
  const task = findTask(deps.master, wanted.taskId);
  if (!task) return noSuchTask();
  const listed = await listAll(deps.files, task);
  if (!listed.ok) return listed;
  const chosen = choose(listed.value.files, wanted.paths);
  if (!chosen.ok) return chosen;
  const parent = await deps.desktop.pickFolder();
  if (parent === null) return ok(null);
  return saveResults(deps, { task, results: chosen.value, parent }, signal);
}

/** All pages of the list. */
async function listAll(
  files: FileDeps['files'],
  task: Pick<TaskRecord, 'id' | 'machineId'>,
): Promise<Result<{ files: ResultFile[]; left: number }>> {
  const found: ResultFile[] = [];
  for (;;) {
    const after = found.at(-1)?.path;
    const place = after === undefined ? {} : { after };
    const page = await files.ask(task.machineId, 'results.list', { taskId: task.id, ...place });
    if (!page.ok) return page;
    found.push(...page.value.files);
    const isLast = page.value.more !== true || page.value.files.length === 0 || found.length >= maxResults;
    if (isLast) return ok({ files: found.slice(0, maxResults), left: page.value.left });
  }
}

function choose(
  listed: readonly ResultFile[],
  paths: readonly string[] | null,
): Result<readonly ResultFile[]> {
  if (listed.length === 0) return refuse('not-found', 'no-such-file', 'no file matched the patterns');
  if (paths === null) return ok(listed);
  const byPath = new Map(listed.map((file) => [file.path, file]));
  const chosen = paths.map((each) => byPath.get(each));
  const missing = chosen.indexOf(undefined);
  if (missing >= 0) return refuse('not-found', 'no-such-file', paths[missing] ?? '');
  return ok(chosen.filter((file) => file !== undefined));
}

type ResultSave = {
  readonly task: Pick<TaskRecord, 'id' | 'machineId' | 'info'>;
  readonly results: readonly Pick<ResultFile, 'path'>[];
  readonly parent: string;
};

/**
 * Into a new folder of the chosen one: nothing that was there before is overwritten, and no link that lies there can
 * lead the writing elsewhere. What breaks off is taken away again.
 */
async function saveResults(
  { files }: Pick<FileDeps, 'files'>,
  { task, results, parent }: ResultSave,
  signal: AbortSignal,
): Promise<Result<Saved>> {
  const targets: { readonly told: string; readonly parts: readonly string[] }[] = [];
  for (const { path: told } of results) {
    const parts = safeParts(told);
    if (!parts) return refuse('invalid', 'path-leaves-sandbox', JSON.stringify(told.slice(0, 200)));
    targets.push({ told, parts });
  }
  let folder: string;
  try {
    folder = await newFolder(parent, `${fileNameOf(task.info.name)}-results`);
  } catch (error) {
    return cannotWrite(parent, error);
  }
  let bytes = 0;
  for (const { told, parts } of targets) {
    const target = path.join(folder, ...parts);
    const open = (sink: LogSink) =>
      files.openFile(task.machineId, { taskId: task.id, path: told, offset: 0 }, sink);
    const saved = await below(target, () => saveStream(open, target, { ends: fileEnds, signal }));
    if (!saved.ok) {
      await fs.promises.rm(folder, { recursive: true, force: true }).catch(() => undefined);
      return saved;
    }
    bytes += saved.value.bytes;
  }
  return ok({ path: folder, files: targets.length, bytes });
}

async function below<T>(target: string, write: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    await fs.promises.mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  } catch (error) {
    return cannotWrite(target, error);
  }
  return write();
}

/** `name`, or `name-2`, `name-3`, ... when it is there already. */
async function newFolder(parent: string, name: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const folder = path.join(parent, count === 1 ? name : `${name}-${count}`);
    try {
      await fs.promises.mkdir(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!isTaken || count >= 1000) throw error;
    }
  }
}
