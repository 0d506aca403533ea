// Where each file of a task stands before its start, from what the task is busy with now. Pure.
import type { TaskProgress, TaskRecord } from '../../electron/contract/task.ts';
import type { Artifact } from '../../electron/contract/task-life.ts';
import { isActive } from '../store/selectors.ts';

export type ArtifactState = 'waiting' | 'upload' | 'fetch' | 'unpack' | 'there' | 'missing' | 'unknown';

/** The agent calls a file by its address, or by its place and the beginning of its hash. */
function isMeant({ url, sha256, path }: Artifact, what: string): boolean {
  if (url !== null) return what === url || what === path || url.endsWith(`/${what}`);
  const hash = sha256?.slice(0, 12) ?? '';
  if (hash !== '' && what.includes(hash)) return true;
  return what === path || what === path.split('/').at(-1);
}

const phases = ['upload', 'fetch', 'unpack'] as const;

export function artifactStates(
  task: TaskRecord,
  progress: TaskProgress | undefined,
): readonly ArtifactState[] {
  const artifacts = task.info.artifacts ?? [];
  if (task.startedAtMs !== null) return artifacts.map(() => 'there');
  // It ended before it began: what did arrive is not told.
  if (!isActive(task.state)) return artifacts.map(() => (artifacts.length === 1 ? 'missing' : 'unknown'));
  const phase = phases.find((each) => each === progress?.phase);
  if (progress === undefined || phase === undefined)
    return artifacts.map(() => (progress === undefined ? 'waiting' : 'there'));
  const busy = artifacts.findIndex((artifact) => isMeant(artifact, progress.what));
  // They come one after the other; while they are sent none is in its place yet.
  const before = phase === 'upload' ? 'waiting' : 'there';
  return artifacts.map((_, index) => (index === busy ? phase : index < busy ? before : 'waiting'));
}
