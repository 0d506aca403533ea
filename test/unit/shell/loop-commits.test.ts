import { describe, expect, it } from 'vitest';
import type { Result } from '../../../electron/contract/errors.ts';
import { maxHeld } from '../../../electron/shell/loop-options.ts';
import { agentId, aSample, aStatus } from '../../support/builders.ts';
import { Bench, job, one, rename, runJob } from '../../support/loop-bench.ts';

describe('while a commit is under way', () => {
  /** The disk holds the commit of a launch, and nothing has been told of it. */
  function underWay(): { readonly bench: Bench; readonly answer: Promise<Result<null>> } {
    const bench = new Bench().up();
    bench.store.isHeld = true;
    const answer = bench.loop.command(runJob);
    bench.time.settle();
    return { bench, answer };
  }

  it('nothing of it leaves, and nothing of what comes meanwhile', async () => {
    const { bench, answer } = underWay();
    bench.loop.post({ kind: 'sample-received', machineId: one, sample: aSample({ seq: 77 }) });
    const renamed = bench.loop.command(rename);
    bench.time.advance(900);
    expect([bench.order, bench.effects]).toEqual([[], []]);
    expect(bench.loop.state.tables.tasks.has(job)).toBe(false);
    bench.store.letGo();
    bench.time.settle();
    expect(await Promise.all([answer, renamed])).toMatchObject([{ ok: true }, { ok: true }]);
    expect(bench.order).toEqual(['commit', 'patch', 'send-launch', 'commit', 'patch']);
    expect(bench.loop.state.tables.samples.get(one)?.sample.seq).toBe(77);
    expect(bench.disk.tables.machines.get(one)?.name).toBe('new name');
  });

  it('the store hears at once of each change that will be part of the next', () => {
    const { bench } = underWay();
    expect(bench.store.prepared).toBe(0);
    for (const state of ['TASK_STARTING', 'TASK_RUNNING'] as const) {
      bench.loop.post({ kind: 'status-update-received', machineId: one, status: aStatus('job', state) });
      bench.loop.post({ kind: 'sample-received', machineId: one, sample: aSample({ seq: 77 }) });
      bench.time.settle();
    }
    expect(bench.store.prepared).toBe(2);
    bench.store.letGo();
    bench.time.settle();
    expect(bench.store.prepared).toBe(2);
    expect(bench.disk.tables.tasks.get(job)?.state).toBe('TASK_RUNNING');
  });

  it('no second one begins; what came meanwhile is one commit afterwards', async () => {
    const { bench, answer } = underWay();
    const before = bench.store.commits;
    const answers = Array.from({ length: 20 }, (_, n) =>
      bench.loop.command({ ...rename, name: `name ${n}` }),
    );
    for (let n = 0; n < 20; n += 1) bench.time.advance(10);
    bench.store.letGo();
    bench.time.settle();
    expect(await Promise.all([answer, ...answers])).not.toContainEqual(
      expect.objectContaining({ ok: false }),
    );
    expect(bench.store.mostUnderWay).toBe(1);
    expect(bench.store.commits).toBe(before + 2);
  });

  it('that fails, what came meanwhile has not happened either, and no fact is lost or reordered', async () => {
    const bench = new Bench().up();
    await bench.ask(runJob);
    bench.order.length = 0;
    bench.effects.length = 0;
    bench.store.isHeld = true;
    const renamed = bench.loop.command(rename);
    bench.time.settle();
    for (const state of ['TASK_RUNNING', 'TASK_FINISHED'] as const) {
      bench.loop.post({ kind: 'status-update-received', machineId: one, status: aStatus('job', state) });
      bench.time.settle();
    }
    bench.store.failure = 'SQLITE_IOERR';
    bench.store.letGo();
    bench.time.settle();
    expect(await renamed).toMatchObject({ ok: false, refusal: { reason: 'store-read-only' } });
    expect(bench.effects).toEqual([]);
    expect(bench.loop.state.tables.tasks.get(job)?.state).toBe('TASK_STAGING');
    bench.store.failure = null;
    bench.time.advance(3000);
    expect(bench.disk.tables.tasks.get(job)?.statuses.map((status) => status.state)).toEqual([
      'TASK_STAGING',
      'TASK_RUNNING',
      'TASK_FINISHED',
    ]);
    expect(bench.effects.map((effect) => effect.kind)).toEqual(['send-ack', 'send-ack']);
  });

  it('for long, nothing expires: what was decided has not left, so nobody could answer', () => {
    const { bench } = underWay();
    bench.time.advance(60_000);
    bench.store.letGo();
    bench.time.advance(1000);
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('live');
    expect(bench.disk.tables.agents.get(agentId('one'))?.state.kind).toBe('active');
    expect(bench.lines.map((line) => line.verb)).toContain('commit-slow');
    bench.time.advance(3600);
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('silent');
  });

  it('the loop does not spin, and its memory is bounded', () => {
    const { bench } = underWay();
    bench.loop.stats({ reset: true });
    for (let n = 0; n < maxHeld; n += 1)
      bench.loop.post({ kind: 'link-heard', machineId: one, roundTripMs: 1 });
    bench.time.advance(10_000);
    expect(bench.loop.stats().turns).toBeLessThan(40);
    for (let n = 0; n < 5000; n += 1) bench.loop.post({ kind: 'link-heard', machineId: one, roundTripMs: 1 });
    expect(bench.lines.filter((line) => line.verb === 'drop-held-event').length).toBeGreaterThan(4000);
    bench.store.letGo();
    bench.time.settle();
    expect(bench.disk.tables.tasks.has(job)).toBe(true);
  });
});

describe('a commit that took place and nobody heard of', () => {
  /** Written, answered with an error, and the store cannot be asked: as when its thread dies. */
  async function inDoubt(): Promise<Bench> {
    const bench = new Bench().up();
    await bench.ask(rename);
    bench.effects.length = 0;
    bench.store.failAfterWrite = true;
    bench.store.isUnreadable = true;
    expect(await bench.ask(runJob)).toMatchObject({ ok: false, refusal: { reason: 'store-read-only' } });
    expect(bench.disk.tables.tasks.has(job)).toBe(true);
    return bench;
  }

  it('is taken back: what was refused has not happened, on the disk either', async () => {
    const bench = await inDoubt();
    bench.store.isUnreadable = false;
    bench.time.advance(3000);
    expect(bench.loop.isReadOnly).toBe(false);
    expect(bench.disk.tables.tasks.has(job)).toBe(false);
    expect(bench.disk.tables.machines.get(one)?.name).toBe('new name');
    expect(bench.effects).toEqual([]);
  });

  it('leaves no number behind that a later commit would use again', async () => {
    const bench = await inDoubt();
    bench.store.isUnreadable = false;
    bench.time.advance(3000);
    expect(await bench.ask(runJob)).toMatchObject({ ok: true });
    expect(bench.effects.map((effect) => effect.kind)).toEqual(['send-launch']);
    const seqs = bench.disk.journal.map((event) => event.seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });

  it('keeps the loop read-only as long as the store cannot be asked', async () => {
    const bench = await inDoubt();
    bench.time.advance(10_000);
    expect(bench.loop.isReadOnly).toBe(true);
    expect(await bench.ask({ ...rename, name: 'another' })).toMatchObject({
      ok: false,
      refusal: { reason: 'store-read-only' },
    });
  });
});
