import { describe, expect, it } from 'vitest';
import { percentile, startBlockingProbe } from '../../../electron/shell/blocking.ts';
import { pause } from '../../support/wait.ts';

describe('the blocking probe', () => {
  it('sees a block of the thread, and forgets it when it begins anew', async () => {
    const probe = startBlockingProbe();
    await pause(30);
    const untilMs = performance.now() + 120;
    while (performance.now() < untilMs);
    await pause(30);
    const seen = probe.read();
    probe.reset();
    await pause(30);
    const after = probe.read();
    probe.stop();
    expect(seen.wallMaxMs).toBeGreaterThan(90);
    expect(seen.worst[0]?.wallMs).toBe(seen.wallMaxMs);
    expect(after.probes).toBeLessThan(seen.probes + 10);
    expect(after.wallMaxMs).toBeLessThan(seen.wallMaxMs);
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
