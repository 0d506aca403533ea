// What happened to a task, newest first: states, the end of each run with its reason, changes of its checks.
import type { TaskRecord, TaskStatus } from '../../electron/contract/task.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { cx } from '../kit/cx.ts';
import { Glyph } from '../kit/glyph.tsx';
import { type Step, stepsOf } from '../store/life.ts';
import { endMessage, limitNotice, reasonWords } from './end-words.ts';

/** The master keeps this many statuses of a task. */
const statusesKept = 32;

function stepWord({ kind, status }: Step, words: Words): string {
  switch (kind) {
    case 'end-of-run':
      return words.t('life.run-ended', { n: (status.restarts ?? 0) + 1 });
    case 'health':
      return words.t(status.healthy === true ? 'life.healthy' : 'life.unhealthy');
    case 'readiness':
      return words.t(status.ready === true ? 'life.ready' : 'life.not-ready');
    case 'state':
      return words.t(`task-state.${status.state}`);
  }
}

function nextWords({ nextStartAtMs, timestampMs }: TaskStatus, words: Words): string {
  if (nextStartAtMs === undefined) return '';
  return words.t('life.next-start', { age: words.span(nextStartAtMs - timestampMs) });
}

/** Who said it, in which words, why; for a ceiling its figures. */
function stepMore(task: TaskRecord, { kind, status }: Step, words: Words): string {
  const notice = limitNotice(task, status, words);
  const message = notice === null ? endMessage(status, words, kind) : notice.what;
  const reason = status.reason === null || notice !== null ? '' : reasonWords(status.reason, words);
  const next = kind === 'end-of-run' ? nextWords(status, words) : '';
  const said = [message, next].filter((part) => part !== '').join(' · ');
  const by = words.t(`task.source.${status.source}`);
  return `${by}${said === '' ? '' : `: ${said}`}${reason === '' ? '' : ` (${reason})`}`;
}

function StepRow({ task, step }: { readonly task: TaskRecord; readonly step: Step }) {
  const words = useWords();
  const { status, kind, glyph } = step;
  return (
    <li className={cx('task-history__item', kind === 'end-of-run' && 'task-history__item--end')}>
      <Glyph kind={glyph} size={12} />
      <span>{stepWord(step, words)}</span>
      <span className="num faint" title={words.dateTime(status.timestampMs)}>
        {words.clock(status.timestampMs)}
      </span>
      <span className="task-history__more dim selectable">{stepMore(task, step, words)}</span>
    </li>
  );
}

export function TaskHistory({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  return (
    <ol className="task-history">
      {stepsOf(task).map((step) => (
        <StepRow key={step.key} task={task} step={step} />
      ))}
      {task.statuses.length >= statusesKept && (
        <li className="task-history__item">
          <Glyph kind="past" size={12} />
          <span className="dim">{words.t('life.earlier-lost')}</span>
        </li>
      )}
      {task.statuses[0]?.state !== 'TASK_STAGING' && (
        <li className="task-history__item">
          <Glyph kind="past" size={12} />
          <span>{words.t('task.created')}</span>
          <span className="num faint">{words.clock(task.createdAtMs)}</span>
        </li>
      )}
    </ol>
  );
}
