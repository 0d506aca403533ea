// @vitest-environment node
import { beforeEach, describe, expect, it } from 'vitest';
import {
  calmOrder,
  countByFilter,
  listTasks,
  taskColumns,
} from '../../../../../renderer/pages/tasks/task-list.ts';
import { applySnapshot, tableStore } from '../../../../../renderer/store/tables.ts';
import { taskFilters } from '../../../../../renderer/store/view.ts';
import { FakeCluster } from '../../../../support/fake-bridge/cluster.ts';

const sort = { column: 'started', isDown: true } as const;
const list = (find: string, filter: (typeof taskFilters)[number] = 'all') =>
  listTasks(tableStore.getState().tables, { find, filter, sort }).map((task) => task.info.name);

beforeEach(() => applySnapshot(new FakeCluster('busy', () => 1_700_000_000_000).tables.snapshot()));

describe('the list', () => {
  it('finds by name, by machine and by command, all words at once', () => {
    expect(list('train-17')).toEqual(['train-17']);
    expect(list('nas')).toEqual(expect.arrayContaining(['backup', 'web']));
    expect(list('restic NAS')).toEqual(['backup']);
    expect(list('restic gpu')).toEqual([]);
  });

  it('shows tasks of a silent machine under unknown, not under active', () => {
    expect(list('', 'unknown').toSorted()).toEqual(['backup', 'web']);
    expect(list('backup', 'active')).toEqual([]);
    expect(list('', 'failed')).toEqual(['index-photos']);
  });

  it('counts every task in exactly one of the parts', () => {
    const { all, active, failed, finished, unknown } = countByFilter(
      tableStore.getState().tables,
      taskFilters,
    );
    expect(active + failed + finished + unknown).toBe(all);
  });

  it.each(taskColumns)('sorts by %s both ways without losing a task', (column) => {
    const { tables } = tableStore.getState();
    const up = listTasks(tables, { find: '', filter: 'all', sort: { column, isDown: false } });
    const down = listTasks(tables, { find: '', filter: 'all', sort: { column, isDown: true } });
    expect(new Set(up.map((task) => task.id))).toEqual(new Set(down.map((task) => task.id)));
    expect(up).toHaveLength(tables.tasks.size);
  });

  it('finds each of 5 000 tasks', () => {
    applySnapshot(new FakeCluster('large', () => 1_700_000_000_000).tables.snapshot());
    expect(list('job')).toHaveLength(5000);
  });
});

describe('an order under the pointer', () => {
  it('keeps rows in place, drops what is gone, adds what is new at the end', () => {
    expect(calmOrder(['a', 'b', 'c'], ['d', 'c', 'a'])).toEqual(['a', 'c', 'd']);
  });
});
