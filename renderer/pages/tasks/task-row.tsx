// One task in the table. Subscribes to its own record and its own live use only.
import { RotateCw } from 'lucide-react';
import { type MouseEvent, memo } from 'react';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { openTask } from '../../app/acts.ts';
import { cpusLive, mib } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { cx } from '../../kit/cx.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { RowDoor } from '../../kit/row-door.tsx';
import { taskLine } from '../../parts/command-line.ts';
import { Duration, exitText } from '../../parts/task-facts.tsx';
import { lookOf, stateTitle } from '../../parts/task-line.tsx';
import { useNowMs } from '../../store/clock.ts';
import type { GlyphState } from '../../store/health.ts';
import { identityOf } from '../../store/identity.ts';
import { restartsOf } from '../../store/life.ts';
import { glyphOfTask, isActive, taskUse } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';

export type TaskRowProps = {
  readonly id: TaskId;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly onPress: (id: TaskId, event: MouseEvent) => void;
  readonly onToggle: (id: TaskId) => void;
};

function Use({ task }: { readonly task: TaskRecord }) {
  const use = useTables((tables) => taskUse(tables, task));
  const isLive = useTables((tables) => tables.links.get(task.machineId)?.phase === 'live');
  if (!isActive(task.state) || use === undefined)
    return (
      <>
        <span role="cell" className="num" />
        <span role="cell" className="num" />
      </>
    );
  return (
    <>
      <span role="cell" className={cx('num', !isLive && 'stale')}>
        {cpusLive(use.cpuBusyMilli)}
      </span>
      <span role="cell" className={cx('num', !isLive && 'stale')}>
        {mib(use.memUsedMib)}
      </span>
    </>
  );
}

type Who = { readonly id: TaskId; readonly name: string };

export function Check(props: Who & Pick<TaskRowProps, 'isSelected' | 'onToggle'>) {
  const { id, name, isSelected, onToggle } = props;
  return (
    <span role="cell" className="task-row__check row__offer" onClick={(event) => event.stopPropagation()}>
      <input
        type="checkbox"
        tabIndex={-1}
        className="check__box"
        aria-label={name}
        checked={isSelected}
        onChange={() => onToggle(id)}
      />
    </span>
  );
}

export function Name({ id, name }: Who) {
  return (
    <span role="cell" className="row__name">
      <span className="swatch" data-hue={identityOf(name).hue} />
      <RowDoor
        name={name}
        onOpen={(event) => {
          event.stopPropagation();
          openTask(id);
        }}
      />
    </span>
  );
}

/** How often it was started again: quiet, but there. */
function Restarts({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const n = restartsOf(task);
  if (n === 0) return null;
  const text = words.t('life.restarts', { n });
  return (
    <span className="task-row__restarts num" title={text}>
      <RotateCw aria-hidden="true" />
      {n}
      <span className="sr-only">{text}</span>
    </span>
  );
}

function State({ task, glyph }: { readonly task: TaskRecord; readonly glyph: GlyphState }) {
  const words = useWords();
  const look = lookOf(task, glyph, words);
  return (
    <span role="cell" className="task-row__state">
      <Glyph kind={look.glyph} size={12} />
      <span className={cx('clip', `t-${look.glyph}`)} title={stateTitle(task, look, words)}>
        {look.word}
      </span>
      <Restarts task={task} />
    </span>
  );
}

/** By itself, so that the clock draws the words and not the row. */
function When({ atMs }: { readonly atMs: number }) {
  const words = useWords();
  return words.when(atMs, useNowMs());
}

export const TaskRow = memo(function TaskRow(props: TaskRowProps) {
  const { id, isCursor, isSelected, onPress, onToggle } = props;
  const words = useWords();
  const task = useRow('tasks', id);
  const machineName = useTables((tables) =>
    task === undefined ? '' : (tables.machines.get(task.machineId)?.name ?? ''),
  );
  const glyph = useTables((tables) => (task === undefined ? 'unknown' : glyphOfTask(tables, task)));
  if (task === undefined) return null;
  const exit = exitText(task, words.t.bind(words));
  return (
    <div
      role="row"
      aria-label={task.info.name}
      aria-selected={isSelected}
      className={cx('task-grid', 'row', 'task-row', isCursor && 'row--cursor', isSelected && 'row--selected')}
      onClick={(event) => onPress(id, event)}
      onDoubleClick={() => openTask(id)}
    >
      <Check id={id} name={task.info.name} isSelected={isSelected} onToggle={onToggle} />
      <Name id={id} name={task.info.name} />
      <span role="cell" className="task-row__command clip faint mono">
        {taskLine(task.info)}
      </span>
      <State task={task} glyph={glyph} />
      <span role="cell" className="clip dim">
        {machineName}
      </span>
      <span role="cell" className="num dim">
        <When atMs={task.startedAtMs ?? task.createdAtMs} />
      </span>
      <span role="cell" className="num">
        <Duration task={task} />
      </span>
      <Use task={task} />
      <span role="cell" className={cx('num', glyph === 'failed' ? 't-failed' : 'dim')}>
        {exit}
      </span>
    </div>
  );
});
