// Inspector of one task: the short form of its page.
import { RotateCw, ScrollText, Square, Trash2 } from 'lucide-react';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { askForget, askKill, openTask, runAgain } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { Section } from '../../parts/facts.tsx';
import { TaskCharts } from '../../parts/task-charts.tsx';
import { endMessage, TaskFacts } from '../../parts/task-facts.tsx';
import { TaskHistory } from '../../parts/task-history.tsx';
import { taskGlyphs } from '../../store/health.ts';
import { glyphOfTask, isActive, lastStatus } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';

export function TaskPanel({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const glyph = useTables((tables) => glyphOfTask(tables, task));
  const isLastKnown = glyph === 'unknown' && taskGlyphs[task.state] !== 'unknown';
  const word = words.t(`task-state.${task.state}`);
  const isRunning = isActive(task.state);
  const message = endMessage(lastStatus(task), words);
  return (
    <div className="panel">
      <header className="panel-head">
        <h2 className="panel-head__title">
          <Glyph kind={glyph} />
          <span className="clip selectable">{task.info.name}</span>
        </h2>
        <p className="panel-head__sub">
          <span className={`t-${glyph}`}>
            {isLastKnown ? words.t('task-state.last-known', { state: word }) : word}
          </span>
          {message !== '' && <span className="dim selectable"> · {message}</span>}
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
      {isRunning && (
        <Section title={words.t('inspector.history')}>
          <TaskCharts task={task} />
        </Section>
      )}
      <Section title={words.t('task.facts')}>
        <TaskFacts task={task} />
      </Section>
      <Section title={words.t('task.history')}>
        <TaskHistory task={task} />
      </Section>
    </div>
  );
}
