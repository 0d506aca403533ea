import { expect, test } from 'vitest';
import { journalRowsOf, rowsOf, writesOf } from '../../../../electron/adapters/store/writes.ts';
import { aMachine } from '../../../support/builders.ts';
import { anAgentRecord, anEvent, aRunRecord, aTaskRecord } from '../../../support/store-records.ts';

const put = <R>(...rows: readonly R[]) => ({ put: rows, drop: [] });

test('rows come out of their list with the columns of their tables', () => {
  const [machine, agent, run] = [aMachine('one'), anAgentRecord('one'), aRunRecord('waits')];
  const tasks = [aTaskRecord('a', 'one'), aTaskRecord('b', 'two')];
  const diff = { machines: put(machine), agents: put(agent), tasks: put(...tasks), runs: put(run) };
  const rows = writesOf([], diff).tables.map((writes) => [writes.table, [...rowsOf(writes)]]);
  expect(rows).toEqual([
    ['machines', [{ id: machine.id, json: JSON.stringify(machine), machineId: null, state: null }]],
    ['agents', [{ id: agent.id, json: JSON.stringify(agent), machineId: agent.machineId, state: null }]],
    [
      'tasks',
      tasks.map((task) => ({
        id: task.id,
        json: JSON.stringify(task),
        machineId: task.machineId,
        state: task.state,
      })),
    ],
    ['runs', [{ id: run.id, json: JSON.stringify(run), machineId: null, state: null }]],
  ]);
});

test('events come out of their list in order', () => {
  const events = [anEvent(7), anEvent(8)];
  const rows = [...journalRowsOf(writesOf(events, {}))];
  expect(rows.map(([seq, atMs, kind]) => ({ seq, atMs, kind }))).toEqual(
    events.map(({ seq, atMs, kind }) => ({ seq, atMs, kind })),
  );
  expect(rows.map(([, , , json]) => JSON.parse(json))).toEqual(events);
});
