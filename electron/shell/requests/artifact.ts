// Files for tasks: the person picks them, the app keeps its own copy under the hash of each.
import { ok } from '../../contract/errors.ts';
import type { Handlers } from '../ipc-gate.ts';
import type { Artifacts, Desktop, KeptFile } from '../ports.ts';
import type { WindowWork } from '../window-work.ts';

export type ArtifactDeps = {
  readonly artifacts: Artifacts;
  readonly desktop: Pick<Desktop, 'pickFiles'>;
  readonly work: WindowWork;
};

export function artifactRequests({
  artifacts,
  desktop,
  work,
}: ArtifactDeps): Pick<Handlers, 'artifact:pick'> {
  return {
    'artifact:pick': (_request, from) =>
      work.run(from, async (signal) => {
        const picked = await desktop.pickFiles();
        if (picked === null) return ok(null);
        const files: KeptFile[] = [];
        // One after the other: the disk is the limit, and the first refusal ends it.
        for (const file of picked) {
          const kept = await artifacts.keep(file, signal);
          if (!kept.ok) return kept;
          files.push(kept.value);
        }
        return ok({ files });
      }),
  };
}
