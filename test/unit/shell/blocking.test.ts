import { describe, expect, it } from 'vitest';
import { ownShare, percentile, startBlockingProbe } from '../../../electron/shell/blocking.ts';
import { pause } from '../../support/wait.ts';

/** Counted in CPU time: on a busy machine 120 ms by the clock may be next to nothing of it. */
function block(): void {
  const startUs = process.cpuUsage();
  while (process.cpuUsage(startUs).user < 120_000);
}

const ranMs = (): number => process.cpuUsage().user / 1000;

describe('the blocking probe', () => {
  it('sees a block of the thread, and forgets it when it begins anew', async () => {
    const long: number[] = [];
    const probe = startBlockingProbe({
      onLong: (wallMs) => void long.push(wallMs),
      shares: () => ({ ranMs: ranMs(), queuedMs: 0, takenMs: 0 }),
    });
    await pause(30);
    block();
    await pause(30);
    const seen = probe.read();
    probe.reset();
    await pause(30);
    const after = probe.read();
    probe.stop();
    expect(seen.wallMaxMs).toBeGreaterThan(90);
    expect(seen.ownMaxMs).toBeGreaterThan(90);
    expect(long.length).toBeGreaterThan(0);
    expect(seen.taken).toBe(0);
    expect(seen.worst[0]).toMatchObject({ ownMs: seen.ownMaxMs });
    expect(after.probes).toBeLessThan(seen.probes + 10);
    expect(after.wallMaxMs).toBeLessThan(seen.wallMaxMs);
  });

  it('keeps apart what it saw while a hypervisor took the CPU', async () => {
    const long: number[] = [];
    let takenMs = 0;
    const probe = startBlockingProbe({
      onLong: (wallMs) => void long.push(wallMs),
      shares: () => ({ ranMs: ranMs(), queuedMs: 0, takenMs }),
    });
    await pause(30);
    takenMs = 10;
    block();
    await pause(30);
    const seen = probe.read();
    probe.stop();
    expect(seen.taken).toBe(1);
    expect(seen.takenMaxMs).toBeGreaterThan(90);
    expect(seen.wallMaxMs).toBe(seen.takenMaxMs);
    expect(seen.ownMaxMs).toBeLessThan(seen.takenMaxMs);
    expect(long.filter((wallMs) => wallMs > 90)).toEqual([]);
  });

  it.each([
    ['our code ran all the time', 60, { ranMs: 62, queuedMs: 0 }, 60],
    ['others had the CPU', 60, { ranMs: 5, queuedMs: 55 }, 5],
    ['the thread was idle and was woken late', 60, { ranMs: 1, queuedMs: 0 }, 1],
  ])('counts as ours what is ours: %s', (_case, wallMs, after, wanted) => {
    const shares = { ...after, takenMs: 0 };
    expect(ownShare(wallMs, { ranMs: 0, queuedMs: 0, takenMs: 0 }, shares)).toBe(wanted);
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
