// What a task is busy with before it runs and after it ended, and the files that go into its sandbox.
import './life.css';
import type { TaskProgress, TaskRecord } from '../../electron/contract/task.ts';
import type { Artifact } from '../../electron/contract/task-life.ts';
import { bytes } from '../app/messages/amounts.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { ProgressBar } from '../kit/gauge.tsx';
import { Glyph, type GlyphKind } from '../kit/glyph.tsx';
import { useRow } from '../store/tables.ts';
import { type ArtifactState, artifactStates } from './artifact-states.ts';
import { Section } from './facts.tsx';
import { shownName } from './shown-name.ts';

const glyphs: Readonly<Record<ArtifactState, GlyphKind>> = {
  waiting: 'waiting',
  upload: 'working',
  fetch: 'working',
  unpack: 'working',
  there: 'done',
  missing: 'failed',
  unknown: 'unknown',
};

const isBusy = (state: ArtifactState) => state === 'upload' || state === 'fetch' || state === 'unpack';

function amountWords({ doneBytes, totalBytes }: TaskProgress, words: Words): string {
  if (totalBytes === null) return bytes(doneBytes);
  return words.t('progress.of', { done: bytes(doneBytes), total: bytes(totalBytes) });
}

const shareOf = ({ doneBytes, totalBytes }: TaskProgress): number | null =>
  totalBytes === null || totalBytes === 0 ? null : doneBytes / totalBytes;

/** One bar for what goes on now: sending, fetching, unpacking, pulling, collecting. */
export function TaskProgressBar({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const progress = useRow('progress', task.id);
  // What is done with a file in the list below is shown there.
  if (progress === undefined || artifactStates(task, progress).some(isBusy)) return null;
  const what = words.t(`progress.${progress.phase}`, { what: shownName(progress.what) });
  return (
    <div className="life-now" role="status">
      <p className="life-now__head">
        <span className="clip t-working">{what}</span>
        <span className="num dim">{amountWords(progress, words)}</span>
      </p>
      <ProgressBar label={what} share={shareOf(progress)} />
    </div>
  );
}

function sourceWords({ url, path, extract }: Artifact, words: Words): string {
  const from = url ?? words.t('files-in.chosen');
  return extract ? `${from} · ${words.t('files-in.into', { path: shownName(path) })}` : from;
}

function ArtifactRow(props: {
  readonly artifact: Artifact;
  readonly state: ArtifactState;
  readonly progress: TaskProgress | undefined;
}) {
  const words = useWords();
  const { artifact, state, progress } = props;
  const name = artifact.extract ? (artifact.url?.split('/').at(-1) ?? artifact.path) : artifact.path;
  const source = sourceWords(artifact, words);
  return (
    <li className="life-file">
      <Glyph kind={glyphs[state]} size={12} />
      <span className="clip selectable" title={shownName(name)}>
        {shownName(name)}
      </span>
      <span className="dim num">
        {isBusy(state) && progress !== undefined
          ? amountWords(progress, words)
          : words.t(`files-in.${state}`)}
      </span>
      <span className="life-file__more dim clip selectable" title={source}>
        {isBusy(state) ? words.t(`files-in.${state}`) : source}
      </span>
      {isBusy(state) && progress !== undefined && (
        <ProgressBar label={shownName(name)} share={shareOf(progress)} />
      )}
    </li>
  );
}

export function TaskFiles({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const progress = useRow('progress', task.id);
  const { artifacts } = task.info;
  if (artifacts === undefined || artifacts.length === 0) return null;
  const states = artifactStates(task, progress);
  return (
    <Section title={words.t('files-in.title')}>
      <ul className="life-files">
        {artifacts.map((artifact, index) => (
          <ArtifactRow
            key={`${artifact.path}-${String(index)}`}
            artifact={artifact}
            state={states[index] ?? 'waiting'}
            progress={progress}
          />
        ))}
      </ul>
    </Section>
  );
}
