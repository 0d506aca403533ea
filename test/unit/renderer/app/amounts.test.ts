// @vitest-environment node
import { expect, it } from 'vitest';
import { bytes, cpus, cpusLive, mib, mibOf } from '../../../../renderer/app/messages/amounts.ts';

it.each([
  [0, '0'],
  [100, '0.1'],
  [250, '0.25'],
  [1000, '1'],
  [3200, '3.2'],
  [128_000, '128'],
])('says %i thousandths of a cpu as %s', (milli, text) => {
  expect(cpus(milli)).toBe(text);
});

it('keeps one decimal for figures that change each second', () => {
  expect([0, 1000, 99_949, 99_950].map(cpusLive)).toEqual(['0.0', '1.0', '99.9', '100']);
});

it('says memory in the largest unit that keeps it above one', () => {
  expect([0, 512, 1024, 1536, 262_144].map(mib)).toEqual(['0 MiB', '512 MiB', '1 GiB', '1.5 GiB', '256 GiB']);
});

it('says used and total in the unit of the total', () => {
  expect(mibOf(300, 16_384)).toBe('0.3 / 16 GiB');
  expect(mibOf(12, 512)).toBe('12 / 512 MiB');
});

it('says bytes', () => {
  expect([0, 1023, 1536, 5_242_880].map(bytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '5.0 MiB']);
});
