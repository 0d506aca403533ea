import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaultRecord } from '../../../electron/contract/operation.ts';
import type { Diff, Patch } from '../../../electron/contract/tables.ts';

import { createPublisher, publishEveryMs } from '../../../electron/shell/publisher.ts';
import { fakeMaster } from '../../support/fake-master.ts';

const fault = (id: string, detail = ''): FaultRecord => ({ id, kind: 'step-failed', detail, sinceMs: 0 });
const put = (...rows: FaultRecord[]): Diff => ({ faults: { put: rows, drop: [] } });
describe('the publisher', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  it('sends nothing before the window has asked for a snapshot', () => {
    const master = fakeMaster();
    const sent: Patch[] = [];
    createPublisher(master, (patch) => sent.push(patch));
    master.publish(put(fault('a')));
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([]);
  });

  it('goes on exactly from the snapshot, without a gap', () => {
    const master = fakeMaster();
    const sent: Patch[] = [];
    const publisher = createPublisher(master, (patch) => sent.push(patch));
    publisher.snapshot();
    master.publish(put(fault('a')));
    const { seq } = publisher.snapshot();
    master.publish(put(fault('b')));
    vi.advanceTimersByTime(1000);
    master.publish(put(fault('c')));
    vi.advanceTimersByTime(1000);
    expect(sent.map((patch) => [patch.from, patch.to])).toEqual([
      [seq, seq + 1],
      [seq + 1, seq + 2],
    ]);
  });

  it('sends at most 15 patches a second, however many turns there are', () => {
    const master = fakeMaster();
    const sent: Patch[] = [];
    createPublisher(master, (patch) => sent.push(patch)).snapshot();
    for (let ms = 0; ms < 1000; ms += 1) {
      master.publish(put(fault('a', String(ms))));
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(publishEveryMs);
    expect(sent.length).toBeLessThanOrEqual(16);
    expect(sent.at(-1)?.diff).toEqual(put(fault('a', '999')));
    expect(sent.every((patch, place) => place === 0 || patch.from === sent[place - 1]?.to)).toBe(true);
  });

  it('leaves a hanging window behind and shows it a gap when it answers again', () => {
    const master = fakeMaster();
    const sent: Patch[] = [];
    const publisher = createPublisher(master, (patch) => sent.push(patch));
    const { seq } = publisher.snapshot();
    publisher.pause();
    for (let count = 0; count < 5; count += 1) master.publish(put(fault('a')));
    vi.advanceTimersByTime(1000);
    publisher.resume();
    master.publish(put(fault('b')));
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.from).toBeGreaterThan(seq);
  });
});
