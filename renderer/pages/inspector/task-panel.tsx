// Inspector of one task: the short form of its page.
import { RotateCw, ScrollText, Square, Trash2 } from 'lucide-react';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { askForget, askKill, openTask, runAgain } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { endMessage } from '../../parts/end-words.ts';
import { TaskAbout } from '../../parts/task-about.tsx';
import { NextStart, TaskLine, useTaskLook } from '../../parts/task-line.tsx';
import { limitationOf } from '../../store/life.ts';
import { isActive, lastStatus } from '../../store/selectors.ts';

export function TaskPanel({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const { glyph } = useTaskLook(task);
  const isRunning = isActive(task.state);
  const status = lastStatus(task);
  // A ceiling is named below with its figures.
  const message = limitationOf(status) === null && !isRunning ? endMessage(status, words) : '';
  return (
    <div className="panel">
      <header className="panel-head">
        <h2 className="panel-head__title">
          <Glyph kind={glyph} />
          <span className="clip selectable">{task.info.name}</span>
        </h2>
        <p className="panel-head__sub">
          <TaskLine task={task} />
          {message !== '' && <span className="dim selectable"> · {message}</span>}
        </p>
        <p className="panel-head__sub">
          <NextStart task={task} />
        </p>
        <div className="panel-head__actions">
          <Button compact icon={<ScrollText />} onClick={() => openTask(task.id)}>
            {words.t('verb.open-log')}
          </Button>
          {isRunning ? (
            <Button compact icon={<Square />} onClick={() => askKill([task.id])}>
              {words.t('verb.kill')}
            </Button>
          ) : (
            <>
              <Button compact icon={<RotateCw />} onClick={() => runAgain(task)}>
                {words.t('verb.run-again')}
              </Button>
              <IconButton
                label={words.t('verb.forget')}
                icon={<Trash2 />}
                onClick={() => askForget([task.id])}
              />
            </>
          )}
        </div>
      </header>
      <TaskAbout task={task} />
    </div>
  );
}
