import { describe, expect, it } from 'vitest';
import { aMachine } from '../../../support/builders.ts';
import { loadStore } from '../../../support/load-store.ts';
import { mustOpen, newPlace } from '../../../support/store-place.ts';
import { anAgentRecord, aTaskRecord } from '../../../support/store-records.ts';

const put = <R>(...rows: readonly R[]) => ({ put: rows, drop: [] });

describe('a row that is written again', () => {
  it('has its new state, on the same machine and on another one', () => {
    const { store } = mustOpen(newPlace());
    const task = aTaskRecord('job', 'one');
    store.commit([], {
      machines: put(aMachine('one'), aMachine('two')),
      agents: put(anAgentRecord('one'), anAgentRecord('two')),
      tasks: put(task),
    });
    const ended = { ...task, state: 'TASK_FINISHED' as const, endedAtMs: 3 };
    store.commit([], { tasks: put(ended) });
    expect(loadStore(store).tasks).toEqual([ended]);
    const moved = { ...aTaskRecord('job', 'two'), statuses: task.statuses };
    store.commit([], { tasks: put(moved) });
    expect(loadStore(store).tasks).toEqual([moved]);
    const keys = store.connection.prepare('SELECT machine_id, state FROM tasks').all();
    expect(keys).toEqual([{ machine_id: 'm-two', state: 'TASK_RUNNING' }]);
  });

  it('is refused as a whole on a machine that is not there', () => {
    const { store } = mustOpen(newPlace());
    const task = aTaskRecord('job', 'one');
    store.commit([], { machines: put(aMachine('one')), agents: put(anAgentRecord('one')), tasks: put(task) });
    expect(() => store.commit([], { tasks: put(aTaskRecord('job', 'nowhere')) })).toThrow(/FOREIGN KEY/);
    expect(loadStore(store).tasks).toEqual([task]);
  });
});
