// What a task uses against what it asked for and what it may: memory with its peak, CPU, processes. And the ceiling that
// ended it, named with its figures.
import './life.css';
import type { TaskRecord } from '../../electron/contract/task.ts';
import { cpus, cpusLive, mib } from '../app/messages/amounts.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { Gauge } from '../kit/gauge.tsx';
import { endStatusOf, memCeilingMib, peakMemMib } from '../store/life.ts';
import { isActive, taskUse } from '../store/selectors.ts';
import { useRow, useTables } from '../store/tables.ts';
import { limitNotice } from './end-words.ts';
import { Section } from './facts.tsx';

function Bar(props: {
  readonly name: string;
  readonly now: number | null;
  readonly peak: number | null;
  readonly asked: number;
  readonly ceiling: number | null;
  readonly isStale: boolean;
  /** The first is the one looked at. */
  readonly said: readonly string[];
}) {
  const words = useWords();
  const { name, said, ...gauge } = props;
  const [first = '', ...rest] = said;
  return (
    <div className="life-bar">
      <p className="life-bar__head">
        <span className="dim">{name}</span>
        <span className="num">{first}</span>
      </p>
      <Gauge {...gauge} label={words.t('life.meter', { name, words: said.join(words.t('list.comma')) })} />
      <p className="life-bar__said dim num">{rest.join(' · ')}</p>
    </div>
  );
}

function memorySaid(task: TaskRecord, now: number | null, words: Words): readonly string[] {
  const asked = task.info.resources.memMib;
  const ceiling = memCeilingMib(task);
  const peak = peakMemMib(task);
  const say = (
    key: 'life.in-use' | 'life.peak' | 'life.asked' | 'life.ceiling' | 'life.ceiling-asked',
    of: number,
  ) => words.t(key, { amount: mib(of) });
  return [
    ...(now === null ? [] : [say('life.in-use', now)]),
    ...(peak === null ? [] : [say('life.peak', peak)]),
    ...(ceiling === asked ? [say('life.ceiling-asked', asked)] : [say('life.asked', asked)]),
    ...(ceiling === null
      ? [words.t('life.no-ceiling')]
      : ceiling === asked
        ? []
        : [say('life.ceiling', ceiling)]),
  ];
}

function cpuSaid(task: TaskRecord, now: number | null, words: Words): readonly string[] {
  const { info } = task;
  const quota = info.limits?.cpusMilli ?? null;
  const say = (key: 'life.in-use' | 'life.asked' | 'life.quota', n: string) =>
    words.t(key, { amount: words.t('life.cpus', { n }) });
  return [
    ...(now === null ? [] : [say('life.in-use', cpusLive(now))]),
    say('life.asked', cpus(info.resources.cpusMilli)),
    quota === null ? words.t('life.no-quota') : say('life.quota', cpus(quota)),
  ];
}

type Live = { readonly cpuBusyMilli: number; readonly memUsedMib: number; readonly pids: number };

function Memory({ task, live, isStale }: { task: TaskRecord; live: Live | null; isStale: boolean }) {
  const words = useWords();
  const now = live?.memUsedMib ?? null;
  return (
    <Bar
      name={words.t('life.mem')}
      now={now}
      peak={peakMemMib(task)}
      asked={task.info.resources.memMib}
      ceiling={memCeilingMib(task)}
      isStale={isStale}
      said={memorySaid(task, now, words)}
    />
  );
}

function Cpu({ task, live, isStale }: { task: TaskRecord; live: Live | null; isStale: boolean }) {
  const words = useWords();
  const now = live?.cpuBusyMilli ?? null;
  return (
    <Bar
      name={words.t('life.cpu')}
      now={now}
      peak={null}
      asked={task.info.resources.cpusMilli}
      ceiling={task.info.limits?.cpusMilli ?? null}
      isStale={isStale}
      said={cpuSaid(task, now, words)}
    />
  );
}

export function TaskLimits({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const use = useTables((tables) => taskUse(tables, task));
  const isStale = useRow('links', task.machineId)?.phase !== 'live';
  const isUp = task.state === 'TASK_RUNNING' || task.state === 'TASK_KILLING';
  const live = isUp ? (use ?? null) : null;
  const pidsMost = task.info.limits?.pids ?? null;
  const isOver = !isActive(task.state);
  if (isOver && peakMemMib(task) === null) return null;
  return (
    <Section title={words.t('life.limits')}>
      <Memory task={task} live={live} isStale={isStale} />
      {!isOver && <Cpu task={task} live={live} isStale={isStale} />}
      {live !== null && pidsMost !== null && (
        <p className="life-bar__head">
          <span className="dim">{words.t('life.pids')}</span>
          <span className="num">{words.t('life.count-of', { n: live.pids, max: pidsMost })}</span>
        </p>
      )}
    </Section>
  );
}

/** Said before everything else: which ceiling ended it, and what can be done. */
export function LimitNotice({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const notice = limitNotice(task, endStatusOf(task), words);
  if (notice === null) return null;
  return (
    <div className="panel-problem" data-tone="failed" role="note">
      <p className="panel-problem__what">{notice.what}</p>
      <p className="dim">{notice.remedy}</p>
    </div>
  );
}
