// @vitest-environment node
import { beforeEach, expect, it } from 'vitest';
import {
  forgetAllHistory,
  forgetHistory,
  machineHistory,
  recordSample,
  ringLength,
  taskHistory,
} from '../../../../renderer/store/history.ts';
import { FakeCluster } from '../../../support/fake-bridge/cluster.ts';

const nowMs = 1_700_000_000_000;
beforeEach(forgetAllHistory);

function samples(count: number) {
  const cluster = new FakeCluster('calm', () => nowMs);
  for (let i = 0; i < count; i += 1) {
    cluster.sampleAll(nowMs + i * 1000);
    for (const record of cluster.tables.all('samples')) recordSample(record);
  }
  return cluster;
}

it('keeps the newest 120 samples of a machine and of its tasks', () => {
  const cluster = samples(150);
  const points = machineHistory('m-gpu-2');
  expect(points).toHaveLength(ringLength);
  expect(points.at(-1)?.atMs).toBe(nowMs + 149_000);
  const task = cluster.tables.all('tasks').find((each) => each.info.name === 'train-17');
  expect(taskHistory(task?.id ?? '')).toHaveLength(ringLength);
});

it('takes a sample only once, although snapshot and patch may both bring it', () => {
  const cluster = samples(1);
  for (const record of cluster.tables.all('samples')) recordSample(record);
  expect(machineHistory('m-gpu-2')).toHaveLength(1);
});

it('forgets a machine that was removed', () => {
  samples(3);
  forgetHistory('m-gpu-2');
  expect(machineHistory('m-gpu-2')).toEqual([]);
  expect(machineHistory('m-pi-4')).toHaveLength(3);
});
