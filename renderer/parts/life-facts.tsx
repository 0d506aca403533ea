// The facts of a task beyond its command: what it may, how it comes back, what it was given, where it is contained.
import type { AgentRecord } from '../../electron/contract/machine.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import type { Container } from '../../electron/contract/task-life.ts';
import { mib } from '../app/messages/amounts.ts';
import type { Words } from '../app/messages/words.ts';
import { containerOf, gpusOf } from '../store/life.ts';
import type { Fact } from './facts.tsx';
import { shownName } from './shown-name.ts';

const idShown = 12;

/** `sha256:4f2a…` and bare ids alike, as the engines' own lists show them. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, idShown);
}

function Id({ id }: { readonly id: string }) {
  return (
    <code className="mono" title={id}>
      {shortId(id)}
    </code>
  );
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  return <code className="fact-code">{lines.join('\n')}</code>;
}

function containerFacts(container: Container, task: TaskRecord, words: Words): readonly (Fact | null)[] {
  const given = containerOf(task);
  const engine = given?.engine ?? container.engine;
  const volumes = container.volumes.map(
    ({ source, target, readOnly }) =>
      `${shownName(source)}:${shownName(target)}${readOnly ? ` (${words.t('life.read-only')})` : ''}`,
  );
  const ports = container.ports.map((port) => `${port.host}:${port.container}/${port.protocol}`);
  return [
    [
      words.t('life.container'),
      engine === null ? words.t('run.container.engine.any') : words.t(`run.container.engine.${engine}`),
    ],
    [
      words.t('life.image'),
      <code key="im" className="mono">
        {container.image}
      </code>,
    ],
    given === undefined ? null : [words.t('life.container-id'), <Id key="id" id={given.id} />],
    given === undefined ? null : [words.t('life.image-id'), <Id key="ii" id={given.imageId} />],
    volumes.length === 0 ? null : [words.t('life.volumes'), <Lines key="v" lines={volumes} />],
    ports.length === 0 ? null : [words.t('life.ports'), <Lines key="p" lines={ports} />],
    [words.t('life.network'), words.t(`run.container.network.${container.network}`)],
  ];
}

function gpuNames(task: TaskRecord, agent: AgentRecord | undefined, words: Words): string {
  return gpusOf(task)
    .map((index) => {
      const model = agent?.facts.gpus.find((gpu) => gpu.index === index)?.model ?? '';
      return `${words.t('life.gpu', { index })} ${model}`.trim();
    })
    .join(words.t('list.comma'));
}

function restartFact({ info }: TaskRecord, words: Words): string {
  const { restart } = info;
  if (restart === undefined || restart.on === 'never') return '';
  const end =
    restart.maxInRow === null
      ? words.t('run.sum.no-end')
      : words.t('run.sum.in-row', { n: restart.maxInRow });
  return `${words.t(`run.sum.${restart.on}`)}${words.t('list.comma')}${end}`;
}

export function lifeFacts(
  task: TaskRecord,
  agent: AgentRecord | undefined,
  words: Words,
): readonly (Fact | null)[] {
  const { container, maxCompletionMs, logMib, resources, labels } = task.info;
  const shown = labels.map(({ key, value }) => (value === '' ? key : `${key}=${value}`));
  return [
    shown.length === 0 ? null : [words.t('life.labels'), <Lines key="l" lines={shown} />],
    [words.t('life.gpus'), gpuNames(task, agent, words)],
    [words.t('life.sandbox-most'), resources.diskMib === 0 ? '' : mib(resources.diskMib)],
    [words.t('life.restart'), restartFact(task, words)],
    [words.t('life.most-time'), maxCompletionMs === undefined ? '' : words.duration(maxCompletionMs)],
    [words.t('life.log-kept'), logMib === undefined ? '' : words.t('run.sum.log', { size: mib(logMib) })],
    ...(container === undefined ? [] : containerFacts(container, task, words)),
  ];
}
