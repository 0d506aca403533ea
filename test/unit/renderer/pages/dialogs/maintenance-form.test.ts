// @vitest-environment node
// Lengths and times as a person types them.
import { expect, it } from 'vitest';
import {
  readLength,
  readStart,
  usualStart,
  writeLength,
  writeStart,
} from '../../../../../renderer/pages/dialogs/maintenance-form.ts';

const minute = 60_000;
it.each([
  ['90 min', 90 * minute],
  ['45m', 45 * minute],
  ['2 h', 120 * minute],
  ['1.5h', 90 * minute],
  ['1 d 12 h', 36 * 60 * minute],
  ['365 d', 365 * 1440 * minute],
  ['366 d', null],
  ['30 s', null],
  ['0 min', null],
  ['', null],
  ['two hours', null],
  ['2 h or so', null],
])('%j is %s ms', (text, ms) => expect(readLength(text)).toBe(ms));

it.each([90 * minute, 120 * minute, 1440 * minute, 100 * minute])('%i ms is read as it was written', (ms) =>
  expect(readLength(writeLength(ms))).toBe(ms),
);

it('reads a start to the minute as it was written, and nothing else', () => {
  const atMs = new Date(2026, 10, 24, 22, 5).getTime();
  expect(writeStart(atMs)).toBe('2026-11-24T22:05');
  expect(readStart(writeStart(atMs))).toBe(atMs);
  expect(readStart('tomorrow')).toBeNull();
  expect(readStart('2026-13-45T99:99')).toBeNull();
});

it('proposes a full hour that leaves time', () => {
  const atMs = new Date(2026, 10, 24, 21, 40).getTime();
  expect(writeStart(usualStart(atMs))).toBe('2026-11-24T23:00');
});
