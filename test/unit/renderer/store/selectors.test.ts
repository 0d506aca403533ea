// @vitest-environment node
import { beforeEach, expect, it } from 'vitest';
import { attentionOf } from '../../../../renderer/store/attention.ts';
import {
  activeTasksByMachine,
  activeTasksOf,
  freeOf,
  machineList,
  runningCount,
  taskUse,
  unknownCount,
} from '../../../../renderer/store/selectors.ts';
import { applyPatch, applySnapshot, tableStore } from '../../../../renderer/store/tables.ts';
import { FakeCluster } from '../../../support/fake-bridge/cluster.ts';
import { endTask } from '../../../support/fake-bridge/records.ts';

const nowMs = 1_700_000_000_000;
let cluster: FakeCluster;
const tables = () => tableStore.getState().tables;

beforeEach(() => {
  cluster = new FakeCluster('busy', () => nowMs);
  applySnapshot(cluster.tables.snapshot());
});

function flush(): void {
  const patch = cluster.tables.takePatch();
  if (patch !== null) applyPatch(patch);
}

it('lists this computer first, then in the order of adding', () => {
  expect(machineList(tables().machines).map((machine) => machine.name)).toEqual([
    'this-computer',
    'gpu-2',
    'nas',
    'pi-4',
    'build-1',
  ]);
});

it('lists the slices of this computer below it, by the number in their name, also when they came last', () => {
  for (const name of ['slice-10', 'slice-2']) {
    const whole = cluster.tables.get('machines', 'm-this-computer');
    if (whole === undefined) throw new Error('no computer');
    const demo = { slot: 1, capacity: { cpusMilli: 1000, memMib: 512, diskMib: 4096 }, attributes: [] };
    const via = { kind: 'local', demo } as const;
    cluster.tables.put('machines', {
      ...whole,
      id: `m-${name}` as typeof whole.id,
      name,
      via,
      addedAtMs: nowMs,
    });
  }
  flush();
  const names = machineList(tables().machines).map((machine) => machine.name);
  expect(names.slice(0, 4)).toEqual(['this-computer', 'slice-2', 'slice-10', 'gpu-2']);
});

it('keeps the array of a machine whose tasks did not change', () => {
  const before = activeTasksByMachine(tables().tasks);
  const task = cluster.tables.all('tasks').find((each) => each.info.name === 'train-17');
  if (task === undefined) throw new Error('no task');
  cluster.tables.put('tasks', endTask(task, 'TASK_FINISHED', nowMs, { exitCode: 0 }));
  flush();
  const after = activeTasksByMachine(tables().tasks);
  expect(after.get('m-gpu-2')).not.toBe(before.get('m-gpu-2'));
  expect(after.get('m-build-1')).toBe(before.get('m-build-1'));
});

it('counts tasks on a silent machine as unknown, not as running', () => {
  expect(runningCount(tables())).toBe(10);
  expect(unknownCount(tables())).toBe(2);
});

it('never says less than nothing is free', () => {
  const tasks = activeTasksOf(tables(), 'm-gpu-2');
  const total = { cpusMilli: 1000, memMib: 64_000, diskMib: 10, gpus: 0, ports: [] };
  const free = freeOf(total, tasks);
  expect(free.cpusMilli).toBe(0);
  expect(free.memMib).toBe(64_000 - tasks.reduce((sum, task) => sum + task.info.resources.memMib, 0));
});

it('finds the live use of a task in the sample of its machine', () => {
  const [task] = activeTasksOf(tables(), 'm-pi-4');
  if (task === undefined) throw new Error('no task');
  expect(taskUse(tables(), task)?.taskId).toBe(task.id);
  expect(taskUse(tables(), { ...task, machineId: 'm-none' as never })).toBeUndefined();
});

it('names the silent machine with its tasks, and the failed task until it is put aside', () => {
  const items = attentionOf(tables(), nowMs, 0);
  expect(items.map((item) => item.key)).toEqual(['m-nas', 'failed-tasks']);
  expect(items[0]).toMatchObject({ kind: 'machine', tasks: 2 });
  expect(attentionOf(tables(), nowMs, nowMs).map((item) => item.key)).toEqual(['m-nas']);
});

it('puts lanes that wait for a person before all else', () => {
  cluster = new FakeCluster('adding', () => nowMs);
  applySnapshot(cluster.tables.snapshot());
  expect(attentionOf(tables(), nowMs, 0).map((item) => item.kind)).toEqual([
    'lane',
    'lane',
    'machine',
    'failed-tasks',
  ]);
});
