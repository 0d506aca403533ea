// A run that waits, among the tasks: what it is, and in one line why it does not run yet.
import { X } from 'lucide-react';
import { memo } from 'react';
import type { RunRecord } from '../../../electron/contract/run.ts';
import { cancelRuns, openTask } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { IconButton } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { useWhy } from '../../parts/use-asked.ts';
import { whyWords } from '../../parts/wait-words.ts';
import { useNowMs } from '../../store/clock.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { Check, Name, type TaskRowProps } from './task-row.tsx';

/** The row asks for itself: only what is in sight is asked for. */
function Reason({ run }: { readonly run: RunRecord }) {
  const words = useWords();
  const machines = useTables((tables) => tables.machines);
  const why = useWhy([run.id], false).get(run.id);
  const text = why === undefined ? '' : whyWords(why, { machines }, words);
  return (
    <span className="clip dim waiting-row__why" title={text}>
      {text}
    </span>
  );
}

/** Over rows of this kind alone. */
export function WaitingHead() {
  const words = useWords();
  return (
    <div role="presentation" className="waiting-row waiting-head">
      <span role="columnheader" className="waiting-row__state">
        {words.t('tasks.col.state')}
      </span>
      <span role="columnheader" className="waiting-row__why">
        {words.t('wait.title')}
      </span>
      <span role="columnheader">{words.t('tasks.col.duration')}</span>
    </div>
  );
}

export const WaitingRow = memo(function WaitingRow(props: TaskRowProps) {
  const { id, isCursor, isSelected, onPress, onToggle } = props;
  const words = useWords();
  const nowMs = useNowMs();
  const run = useRow('runs', id);
  if (run === undefined) return null;
  const { name } = run.info;
  return (
    <div
      role="row"
      aria-label={name}
      aria-selected={isSelected}
      className={cx('task-grid', 'row', 'task-row', isCursor && 'row--cursor', isSelected && 'row--selected')}
      onClick={(event) => onPress(id, event)}
      onDoubleClick={() => openTask(id)}
    >
      <Check id={id} name={name} isSelected={isSelected} onToggle={onToggle} />
      <Name id={id} name={name} />
      <span role="cell" className="waiting-row">
        <span className="waiting-row__state t-waiting">
          <Glyph kind="waiting" size={12} />
          {words.t('wait.state')}
        </span>
        <Reason run={run} />
        <span className="num dim waiting-row__age">{words.duration(Math.max(0, nowMs - run.askedAtMs))}</span>
        <IconButton
          size="small"
          label={words.t('wait.cancel-name', { name })}
          icon={<X />}
          onClick={(event) => {
            event.stopPropagation();
            cancelRuns([id]);
          }}
        />
      </span>
    </div>
  );
});
