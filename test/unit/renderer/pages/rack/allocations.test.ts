// @vitest-environment node
import { expect, it } from 'vitest';
import { wordsFor } from '../../../../../renderer/app/messages/words.ts';
import { allocations, segmentsMost } from '../../../../../renderer/pages/rack/allocations.ts';
import { capacityOf } from '../../../../../renderer/store/selectors.ts';
import { specs } from '../../../../support/fake-bridge/machines.ts';
import { aMachine, anAgent, aTask } from '../../../../support/fake-bridge/records.ts';

const spec = specs[4];
if (spec === undefined) throw new Error('no machine');
const machine = aMachine(spec, 1);
const capacity = capacityOf(machine, anAgent(spec, machine, 1));
const words = wordsFor('en');
const tasks = (count: number, cpusMilli: number, memMib: number) =>
  Array.from({ length: count }, (_, index) =>
    aTask({ name: `job-${index % 7}`, machine, line: 'x', cpusMilli, memMib, startedAgoMs: 0 }, 1000),
  );
const sum = (segments: readonly { share: number }[]) =>
  segments.reduce((total, segment) => total + segment.share, 0);

it('gives each task its share of the machine', () => {
  const { cpu, mem, count } = allocations(tasks(4, 4000, 32 * 1024), capacity, words);
  expect(count).toBe(4);
  expect(cpu.map((segment) => segment.share)).toEqual([0.125, 0.125, 0.125, 0.125]);
  expect(sum(mem)).toBe(1);
});

it('joins slivers at the end, so that the bar has exactly the length of what is allocated', () => {
  const { cpu, mem } = allocations(tasks(300, 100, 64), capacity, words);
  expect(mem).toHaveLength(1);
  expect(mem[0]?.title).toBe('300 more tasks');
  expect(sum(mem)).toBeCloseTo((300 * 64) / (128 * 1024));
  expect(cpu.length).toBeLessThanOrEqual(segmentsMost + 1);
  expect(sum(cpu)).toBeCloseTo((300 * 100) / 32_000);
});

it('answers with the same arrays while nothing changed, so that rows need not draw again', () => {
  const list = tasks(3, 1000, 100);
  expect(allocations(list, capacity, words)).toBe(allocations(list, capacity, words));
  expect(allocations(list, capacity, wordsFor('zh-CN'))).not.toBe(allocations(list, capacity, words));
});

it('draws nothing for a machine whose size is not known yet', () => {
  expect(allocations(tasks(2, 100, 100), capacityOf(machine, undefined), words).cpu).toEqual([]);
});
