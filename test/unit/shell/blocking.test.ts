import { describe, expect, it } from 'vitest';
import { ownShare, percentile, startBlockingProbe } from '../../../electron/shell/blocking.ts';
import { pause } from '../../support/wait.ts';

describe('the blocking probe', () => {
  it('sees a block of the thread, and forgets it when it begins anew', async () => {
    const long: number[] = [];
    const probe = startBlockingProbe({ onLong: (wallMs) => void long.push(wallMs) });
    await pause(30);
    // Counted in CPU time: on a busy machine 120 ms by the clock may be next to nothing of it.
    const startUs = process.cpuUsage();
    while (process.cpuUsage(startUs).user < 120_000);
    await pause(30);
    const seen = probe.read();
    probe.reset();
    await pause(30);
    const after = probe.read();
    probe.stop();
    expect(seen.wallMaxMs).toBeGreaterThan(90);
    expect(seen.ownMaxMs).toBeGreaterThan(10);
    expect(long.length).toBeGreaterThan(0);
    expect(seen.worst.some((each) => each.wallMs === seen.wallMaxMs)).toBe(true);
    expect(after.probes).toBeLessThan(seen.probes + 10);
    expect(after.wallMaxMs).toBeLessThan(seen.wallMaxMs);
  });

  const none = { ranMs: 0, queuedMs: 0, cpu: 1, stolenMs: [0, 0] };

  it.each([
    ['our code ran all the time', 60, { ...none, ranMs: 62 }, 60],
    ['others had the CPU', 60, { ...none, ranMs: 5, queuedMs: 55 }, 5],
    ['the thread was idle and was woken late', 60, { ...none, ranMs: 1 }, 1],
    [
      'the hypervisor had the CPU, and it counts as run',
      200,
      { ...none, ranMs: 150, stolenMs: [0, 170] },
      30,
    ],
    [
      'the hypervisor had it too, but our code ran its part',
      200,
      { ...none, ranMs: 70, stolenMs: [0, 100] },
      70,
    ],
    ['the hypervisor had another CPU', 60, { ...none, ranMs: 58, stolenMs: [60, 0] }, 58],
  ])('counts as ours what is ours: %s', (_case, wallMs, after, wanted) => {
    expect(ownShare(wallMs, none, after)).toBe(wanted);
  });

  it('gives the upper edge of the bucket of a percentile', () => {
    const histogram = new Uint32Array(10);
    histogram[0] = 99;
    histogram[7] = 1;
    expect(percentile(histogram, 100, 0.5)).toBe(1);
    expect(percentile(histogram, 100, 0.99)).toBe(1);
    expect(percentile(histogram, 100, 0.995)).toBe(8);
  });
});
