// The page of one task: the log is the hero, facts and history stand beside it.
import './task.css';
import { ArrowLeft, RotateCw, Square, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { askForget, askKill, runAgain } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Section } from '../../parts/facts.tsx';
import { TaskCharts } from '../../parts/task-charts.tsx';
import { endMessage, TaskFacts } from '../../parts/task-facts.tsx';
import { TaskHistory } from '../../parts/task-history.tsx';
import { useNowMs } from '../../store/clock.ts';
import { taskGlyphs } from '../../store/health.ts';
import { glyphOfTask, isActive, lastStatus } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { go, openPalette } from '../../store/view.ts';
import { LogView } from './log-view.tsx';

const toTasks = () => go({ page: 'tasks', filter: '', state: 'all' });

/** TERM was sent; KILL follows after the grace. */
function KillCountdown({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const nowMs = useNowMs();
  if (!isActive(task.state) || task.killAskedAtMs === null) return null;
  const leftMs = task.killAskedAtMs + task.info.killPolicy.graceMs - nowMs;
  return (
    <span className="t-working num" role="status">
      {leftMs > 0
        ? words.t('task.killing', { age: words.duration(leftMs + 999) })
        : words.t('task.killing-now')}
    </span>
  );
}

function Head({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const machine = useRow('machines', task.machineId);
  const glyph = useTables((tables) => glyphOfTask(tables, task));
  const isLastKnown = glyph === 'unknown' && taskGlyphs[task.state] !== 'unknown';
  const word = words.t(`task-state.${task.state}`);
  const status = lastStatus(task);
  const isRunning = isActive(task.state);
  const message = glyph === 'unknown' ? words.t('task.unreachable-hint') : endMessage(status, words);
  return (
    <header className="page-head task-page__head">
      <IconButton label={words.t('task.back-to-tasks')} icon={<ArrowLeft />} onClick={toTasks} />
      <Glyph kind={glyph} />
      <h1 className="page-head__title clip selectable">{task.info.name}</h1>
      <span className={`task-page__state t-${glyph}`}>
        {isLastKnown ? words.t('task-state.last-known', { state: word }) : word}
      </span>
      <span className="dim clip grow selectable">
        {machine?.name}
        {message !== '' && ` · ${message}`}
      </span>
      <KillCountdown task={task} />
      {isRunning ? (
        <Button
          compact
          icon={<Square />}
          disabled={task.killAskedAtMs !== null}
          onClick={() => askKill([task.id])}
        >
          {words.t('verb.kill')}
        </Button>
      ) : (
        <>
          <Button compact icon={<RotateCw />} onClick={() => runAgain(task)}>
            {words.t('verb.run-again')}
          </Button>
          <Button compact look="quiet" icon={<Trash2 />} onClick={() => askForget([task.id])}>
            {words.t('verb.forget')}
          </Button>
        </>
      )}
    </header>
  );
}

export function TaskPage({ taskId }: { readonly taskId: TaskId }) {
  const words = useWords();
  const task = useRow('tasks', taskId);
  const [file, setFile] = useState<LogFile>('stdout');
  useKeys({
    '.': () => task !== undefined && openPalette(task.info.name),
    l: () => document.querySelector<HTMLElement>('.log-box')?.focus(),
  });
  if (task === undefined) {
    return (
      <Empty
        text={words.t('task.missing')}
        actions={<Button onClick={toTasks}>{words.t('task.back-to-tasks')}</Button>}
      />
    );
  }
  return (
    <>
      <Head task={task} />
      <div className="task-page">
        <LogView key={file} task={task} file={file} onFile={setFile} />
        <aside className="task-page__side" aria-label={words.t('task.facts')}>
          {isActive(task.state) && <TaskCharts task={task} />}
          <Section title={words.t('task.facts')}>
            <TaskFacts task={task} />
          </Section>
          <Section title={words.t('task.history')}>
            <TaskHistory task={task} />
          </Section>
        </aside>
      </div>
    </>
  );
}
