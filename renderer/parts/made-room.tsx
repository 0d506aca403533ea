// Work that ended early so that other work fits: said before everything else, with the way to what took the room and to the
// run that waits in its place.
import { nextRunId, priorRunId, type RunRecord } from '../../electron/contract/run.ts';
import { preemptedReason, type TaskRecord } from '../../electron/contract/task.ts';
import { openTask } from '../app/acts.ts';
import { said } from '../app/messages/said.ts';
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { isActive, lastStatus } from '../store/selectors.ts';
import { useRow } from '../store/tables.ts';
import { inspect } from '../store/view.ts';

/** What it was asked to end for, while it can still be found. */
function Taker({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const taskId = task.roomTaker?.taskId ?? null;
  const taker = useRow('tasks', taskId);
  const waiting = useRow('runs', taskId);
  const framework = useRow('frameworks', task.roomTaker?.frameworkId ?? null);
  const run = taker ?? waiting;
  if (run !== undefined)
    return (
      <Button look="link" onClick={() => openTask(run.id)}>
        {words.t('room.open-taker', { name: run.info.name })}
      </Button>
    );
  if (framework === undefined || taskId !== null) return null;
  return (
    <Button look="link" onClick={() => inspect({ kind: 'framework', id: framework.id })}>
      {words.t('room.open-taker', { name: framework.info.name })}
    </Button>
  );
}

function Next({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const id = nextRunId(task.id);
  const started = useRow('tasks', id);
  const waiting = useRow('runs', id);
  if (started === undefined && waiting === undefined) {
    const isOver = (task.info.restart?.on ?? 'never') === 'never' && task.frameworkId === undefined;
    return isOver ? <p className="dim">{words.t('room.over')}</p> : null;
  }
  return (
    <p className="dim">
      {words.t(waiting === undefined ? 'room.again-now' : 'room.again')}{' '}
      <Button look="link" onClick={() => openTask(id)}>
        {words.t('room.open-next')}
      </Button>
    </p>
  );
}

export function MadeRoom({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const isEnding = isActive(task.state) && task.madeRoomFor !== undefined;
  const hasEnded = !isActive(task.state) && lastStatus(task)?.reason === preemptedReason;
  if (!isEnding && !hasEnded) return null;
  return (
    <div className="panel-problem" data-tone="waiting" role="note">
      <p className="panel-problem__what">{words.t(isEnding ? 'room.ending' : 'room.ended')}</p>
      <p className="dim">
        <span className="selectable">{said(task.madeRoomFor ?? '', words)}</span> <Taker task={task} />
      </p>
      {hasEnded && <Next task={task} />}
    </div>
  );
}

/** Of a run that waits: it ran once and made room. */
export function MadeRoomBefore({ run }: { readonly run: RunRecord }) {
  const words = useWords();
  const prior = useRow('tasks', priorRunId(run.id));
  if (prior === undefined || lastStatus(prior)?.reason !== preemptedReason) return null;
  return (
    <div className="panel-problem" data-tone="waiting" role="note">
      <p className="panel-problem__what">{words.t('room.waits')}</p>
      <Button look="link" onClick={() => openTask(prior.id)}>
        {words.t('room.open-prior')}
      </Button>
    </div>
  );
}
