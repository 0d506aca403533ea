import { expect, test } from 'vitest';
import { operationIdSchema } from '../../../../electron/contract/ids.ts';
import { Draft } from '../../../../electron/core/master/draft.ts';
import { advanceTaskOperations, openOperation } from '../../../../electron/core/master/operations.ts';
import { createState, type State } from '../../../../electron/core/master/state.ts';
import { taskId } from '../../../support/builders.ts';
import { noRows } from '../../../support/no-rows.ts';

const stamp = (seq: number) => ({ seq, atMs: seq, monoMs: seq });

function ask(draft: Draft, id: string, task: string): void {
  const about = { subject: task, machineId: null, taskId: taskId(task) };
  openOperation(draft, { id: operationIdSchema.parse(`o-${id}`), verb: 'kill-task', ...about });
}

const stages = ({ tables }: State): Readonly<Record<string, string>> =>
  Object.fromEntries([...tables.operations.values()].map(({ id, stage }) => [id, stage]));

test('those of a task go on together, whether they were asked before or in the same step; others do not', () => {
  const first = new Draft(createState(noRows), stamp(1));
  ask(first, 'before', 'a');
  ask(first, 'another', 'b');
  const second = new Draft(first.finish().state, stamp(2));
  ask(second, 'now', 'a');
  advanceTaskOperations(second, 'kill-task', taskId('a'), 'doing');
  const { state } = second.finish();
  expect(stages(state)).toEqual({ 'o-before': 'doing', 'o-now': 'doing', 'o-another': 'accepted' });
  const third = new Draft(state, stamp(3));
  advanceTaskOperations(third, 'run-task', taskId('a'), 'seen');
  advanceTaskOperations(third, 'kill-task', taskId('b'), 'seen');
  expect(stages(third.finish().state)).toEqual({
    'o-before': 'doing',
    'o-now': 'doing',
    'o-another': 'seen',
  });
  // The step before that one is still as it was.
  const again = new Draft(state, stamp(3));
  advanceTaskOperations(again, 'kill-task', taskId('a'), 'seen');
  expect(stages(again.finish().state)).toEqual({
    'o-before': 'seen',
    'o-now': 'seen',
    'o-another': 'accepted',
  });
});
