// The states a task went through, newest first, each with who said so and when.
import type { TaskRecord } from '../../electron/contract/task.ts';
import { useWords } from '../app/messages/words.ts';
import { Glyph } from '../kit/glyph.tsx';
import { taskGlyphs } from '../store/health.ts';
import { endMessage } from './task-facts.tsx';

export function TaskHistory({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const newestFirst = task.statuses.toReversed();
  return (
    <ol className="task-history">
      {newestFirst.map((status, index) => (
        <li
          key={`${status.uuid ?? 'm'}-${status.state}-${String(newestFirst.length - index)}`}
          className="task-history__item"
        >
          <Glyph kind={index === 0 ? taskGlyphs[status.state] : 'past'} size={12} />
          <span>{words.t(`task-state.${status.state}`)}</span>
          <span className="num faint">{words.clock(status.timestampMs)}</span>
          <span className="task-history__more dim selectable">
            {words.t(`task.source.${status.source}`)}
            {endMessage(status, words) !== '' && `: ${endMessage(status, words)}`}
            {status.reason !== null && ` (${status.reason})`}
          </span>
        </li>
      ))}
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
