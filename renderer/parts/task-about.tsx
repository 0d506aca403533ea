// All that is told about a task beside its log: what ended it first, then what it may, how it fares, what it is.
import type { TaskRecord } from '../../electron/contract/task.ts';
import { useWords } from '../app/messages/words.ts';
import { isActive } from '../store/selectors.ts';
import { Section } from './facts.tsx';
import { MadeRoom } from './made-room.tsx';
import { TaskCharts } from './task-charts.tsx';
import { TaskChecks } from './task-checks.tsx';
import { TaskFacts } from './task-facts.tsx';
import { TaskFiles, TaskProgressBar } from './task-files.tsx';
import { TaskHistory } from './task-history.tsx';
import { LimitNotice, TaskLimits } from './task-limits.tsx';

export function TaskAbout({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  return (
    <>
      <LimitNotice task={task} />
      <MadeRoom task={task} />
      <TaskProgressBar task={task} />
      <TaskLimits task={task} />
      <TaskChecks task={task} />
      <TaskFiles task={task} />
      {isActive(task.state) && task.startedAtMs !== null && (
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
    </>
  );
}
