// Where each file of a task stands before its start, from what the task is busy with now. Pure.
import type { TaskProgress, TaskRecord } from '../../electron/contract/task.ts';
import type { Artifact } from '../../electron/contract/task-life.ts';
import { isActive } from '../store/selectors.ts';

export type ArtifactState = 'waiting' | 'upload' | 'fetch' | 'unpack' | 'there' | 'missing' | 'unknown';

function isMeant({ url, sha256, path }: Artifact, what: string): boolean {
  const name = path.split('/').at(-1);
  return (
    what === path || what === url || what === sha256 || what === name || (url?.endsWith(`/${what}`) ?? false)
  );
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
  return artifacts.map((artifact) => (isMeant(artifact, progress.what) ? phase : 'waiting'));
}
