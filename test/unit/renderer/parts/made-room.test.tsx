// What made room says so in sight: a task that ended for other work, and the run that waits in its place.
import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import type { FrameworkId, OperationId, TaskId } from '../../../../electron/contract/ids.ts';
import { nextRunId, priorRunId } from '../../../../electron/contract/run.ts';
import { preemptedReason, type TaskRecord } from '../../../../electron/contract/task.ts';
import { MadeRoom, MadeRoomBefore } from '../../../../renderer/parts/made-room.tsx';
import { useRow } from '../../../../renderer/store/tables.ts';
import { viewStore } from '../../../../renderer/store/view.ts';
import { type Drawn, draw } from '../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

const id = 't-low' as TaskId;

function Shown() {
  const task = useRow('tasks', id);
  const run = useRow('runs', nextRunId(id));
  return (
    <>
      {task && <MadeRoom task={task} />}
      {run && <MadeRoomBefore run={run} />}
    </>
  );
}

/** A task that ended for the first one of the cluster. */
async function drawEnded(on: 'never' | 'always'): Promise<TaskRecord> {
  drawn = await draw(<Shown />);
  const { tables } = drawn.cluster;
  const taker = tables.all('tasks')[0];
  const status = taker?.statuses.at(-1);
  if (taker === undefined || status === undefined) throw new Error('no task');
  tables.put('tasks', {
    ...taker,
    id,
    info: { ...taker.info, restart: { on, maxInRow: null } },
    state: 'TASK_KILLED',
    statuses: [{ ...status, state: 'TASK_KILLED', reason: preemptedReason }],
    madeRoomFor: `${taker.info.name} (priority 100, role *)`,
    roomTaker: { frameworkId: 'run' as FrameworkId, taskId: taker.id },
  });
  drawn.cluster.flush();
  return taker;
}

it('leads to what took the room, and is over when nobody said that it may run twice', async () => {
  const taker = await drawEnded('never');
  const note = await screen.findByRole('note');
  expect(note.textContent).toContain('Ended to make room for other work.');
  expect(note.textContent).toContain('(priority 100, role *)');
  expect(note.textContent).toContain('no restart policy');
  await userEvent.click(screen.getByText(`Open ${taker.info.name}`));
  expect(viewStore.getState().route).toMatchObject({ page: 'task', taskId: taker.id });
});

it('leads to the run that waits again, and that one back', async () => {
  const { info } = await drawEnded('always');
  drawn.cluster.tables.put('runs', {
    id: nextRunId(id),
    info,
    place: null,
    machineId: null,
    operationId: 'o-low_2' as OperationId,
    askedAtMs: 0,
  });
  drawn.cluster.flush();
  await waitFor(() => expect(screen.getAllByRole('note')).toHaveLength(2));
  const [ended, waiting] = screen.getAllByRole('note');
  expect(ended?.textContent).toContain('It waits again, in its old turn.');
  expect(waiting?.textContent).toContain('made room for other work; now it waits again');
  await userEvent.click(screen.getByText('Open the new run'));
  expect(viewStore.getState().route).toMatchObject({ page: 'task', taskId: 't-low_2' });
  await userEvent.click(screen.getByText('Open the ended run'));
  expect(viewStore.getState().route).toMatchObject({ page: 'task', taskId: 't-low' });
});

it.each([
  ['t-x', 't-x_2', null],
  ['t-x_2', 't-x_3', 't-x'],
  ['t-x_10', 't-x_11', 't-x_9'],
  ['t-x_1', 't-x_2', null],
] as const)('%s is followed by %s and follows %s', (taskId, next, prior) => {
  expect(nextRunId(taskId as TaskId)).toBe(next);
  expect(priorRunId(taskId as TaskId)).toBe(prior);
});
