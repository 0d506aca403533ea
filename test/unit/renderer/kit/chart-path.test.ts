// @vitest-environment node
import { expect, it } from 'vitest';
import { areaPath, linePath, niceMax, runsOf } from '../../../../renderer/kit/chart-path.ts';

const frame = { width: 100, height: 10, slots: 11, max: 10 };
const each = (pairs: readonly (readonly [number, number | null])[]) =>
  pairs.map(([s, value]) => ({ atMs: s * 1000, value }));

it('puts the newest sample at the right edge and the scale upside down', () => {
  const [run] = runsOf(
    each([
      [0, 0],
      [10, 10],
    ]).map((point, index) => ({ ...point, atMs: index * 1000 })),
    frame,
  );
  expect(run).toEqual([
    { x: 90, y: 10 },
    { x: 100, y: 0 },
  ]);
});

it('never draws through a gap', () => {
  const series = each([
    [0, 1],
    [1, 1],
    [6, 1],
    [7, 1],
  ]);
  expect(runsOf(series, frame)).toHaveLength(2);
  expect(linePath(series, frame).match(/M/g)).toHaveLength(2);
  expect(areaPath(series, frame).match(/Z/g)).toHaveLength(2);
});

it('breaks where a sensor gave nothing', () => {
  expect(
    runsOf(
      each([
        [0, 1],
        [1, null],
        [2, 1],
      ]),
      frame,
    ),
  ).toHaveLength(2);
});

it('shows a single sample as a dot, and nothing as nothing', () => {
  expect(linePath(each([[5, 5]]), frame)).toBe('M100.0 5.0h.01');
  expect(linePath([], frame)).toBe('');
});

it('keeps values inside the plot', () => {
  const [run] = runsOf(
    each([
      [0, -5],
      [1, 50],
    ]),
    frame,
  );
  expect(run?.map((point) => point.y)).toEqual([10, 0]);
});

it.each([
  [0, 60, 100],
  [3, 1, 5],
  [51, 1, 100],
  [100, 1, 100],
])('rounds the scale of %i (at least %i) up to %i', (value, floor, max) => {
  expect(niceMax(value, floor)).toBe(max);
});
