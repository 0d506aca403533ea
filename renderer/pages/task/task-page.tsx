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
import { Tabs } from '../../kit/tabs.tsx';
import { endMessage } from '../../parts/end-words.ts';
import { TaskAbout } from '../../parts/task-about.tsx';
import { NextStart, TaskLine, useTaskLook } from '../../parts/task-line.tsx';
import { useNowMs } from '../../store/clock.ts';
import { limitationOf } from '../../store/life.ts';
import { isActive, lastStatus } from '../../store/selectors.ts';
import { useRow } from '../../store/tables.ts';
import { go, openPalette, replaceRoute, type TaskView, taskViews } from '../../store/view.ts';
import { FilesView } from './files-view.tsx';
import { LogView } from './log-view.tsx';
import { ResultsView } from './results-view.tsx';
import { WaitingPage } from './waiting-page.tsx';

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
  const { glyph } = useTaskLook(task);
  const status = lastStatus(task);
  const isRunning = isActive(task.state);
  // A ceiling is named below with its figures; how an earlier run ended is said by the line.
  const ended = isRunning || limitationOf(status) !== null ? '' : endMessage(status, words);
  const message = glyph === 'unknown' ? words.t('task.unreachable-hint') : ended;
  return (
    <header className="page-head task-page__head">
      <IconButton label={words.t('task.back-to-tasks')} icon={<ArrowLeft />} onClick={toTasks} />
      <Glyph kind={glyph} />
      <h1 className="page-head__title clip selectable">{task.info.name}</h1>
      <span className="task-page__line clip grow selectable">
        <TaskLine task={task} />
        <span className="dim">
          {` · ${machine?.name ?? ''}`}
          {message !== '' && ` · ${message}`}
        </span>
      </span>
      <NextStart task={task} />
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

function Side({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  return (
    <aside className="task-page__side" aria-label={words.t('task.facts')}>
      <TaskAbout task={task} />
    </aside>
  );
}

function Main({ task, view }: { readonly task: TaskRecord; readonly view: TaskView }) {
  switch (view) {
    case 'log':
      return <LogPart task={task} />;
    case 'files':
      return <FilesView task={task} />;
    case 'results':
      return <ResultsView task={task} />;
  }
}

function LogPart({ task }: { readonly task: TaskRecord }) {
  const [file, setFile] = useState<LogFile>('stdout');
  return <LogView key={file} task={task} file={file} onFile={setFile} />;
}

export function TaskPage({ taskId, view = 'log' }: { readonly taskId: TaskId; readonly view?: TaskView }) {
  const words = useWords();
  const task = useRow('tasks', taskId);
  const run = useRow('runs', taskId);
  useKeys({
    '.': () => openPalette((task ?? run)?.info.name),
    l: () => document.querySelector<HTMLElement>('.log-box')?.focus(),
  });
  if (task === undefined && run !== undefined) return <WaitingPage run={run} />;
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
        <div className="task-page__main">
          <Tabs
            label={words.t('task.tabs')}
            value={view}
            tabs={taskViews.map((value) => ({ value, text: words.t(`task.tab.${value}`) }))}
            onValue={(next) => replaceRoute({ page: 'task', taskId, view: next })}
          >
            <Main task={task} view={view} />
          </Tabs>
        </div>
        <Side task={task} />
      </div>
    </>
  );
}
