import { describe, expect, it } from 'vitest';
import { applyDiff, diffOf, emptyTables, isEmpty } from '../../../electron/core/kernel/tables.ts';
import { createState } from '../../../electron/core/master/state.ts';
import { step } from '../../../electron/core/master/step.ts';
import { agentId, aHello, aSample, aStatus, noRoute } from '../../support/builders.ts';
import { rowsOf } from '../../support/fake-store.ts';
import { Bench, diskWith, job, one, rename, runJob } from '../../support/loop-bench.ts';

describe('a turn', () => {
  it('commits, then publishes, then acts, then answers', async () => {
    const bench = new Bench().up();
    const answer = bench.loop.command(runJob).then((result) => {
      bench.order.push('answer');
      return result;
    });
    bench.time.settle();
    expect(await answer).toEqual({ ok: true, value: null });
    expect(bench.order).toEqual(['commit', 'patch', 'send-launch', 'answer']);
    expect(bench.disk.tables.tasks.get(job)?.state).toBe('TASK_STAGING');
  });

  it('writes nothing for a step that touches session tables only', () => {
    const bench = new Bench().up();
    const before = bench.store.commits;
    bench.loop.post({ kind: 'sample-received', machineId: one, sample: aSample() });
    bench.time.settle();
    expect(bench.store.commits).toBe(before);
    expect(bench.order).toEqual(['patch']);
  });

  it('takes what came together in one commit, each with its own seq', () => {
    const bench = new Bench().up();
    const before = bench.store.commits;
    for (let n = 0; n < 100; n += 1) {
      bench.loop.post({ ...aHello('one'), roundTripMs: n });
    }
    bench.time.settle();
    expect(bench.store.commits).toBe(before + 1);
    const seqs = bench.disk.journal.map((event) => event.seq);
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  it('gives refusals as answers and writes nothing durable for them', async () => {
    const bench = new Bench();
    bench.time.settle();
    const before = bench.store.commits;
    expect(await bench.ask(runJob)).toMatchObject({ ok: false, refusal: { code: 'unreachable' } });
    expect(bench.store.commits).toBe(before);
  });

  it('numbers every effect, so that a second delivery can be known', () => {
    const bench = new Bench();
    bench.time.settle();
    expect(bench.effects.map((effect) => effect.effectId)).toEqual(['1.0']);
  });

  it('goes on after a subscriber or a runner that throws', async () => {
    const bench = new Bench().up();
    bench.loop.subscribe(() => {
      throw new Error('window is gone');
    });
    expect(await bench.ask(rename)).toMatchObject({ ok: true });
    expect(bench.lines.map((line) => line.verb)).toContain('subscriber-failed');
  });

  it('is measured', () => {
    const bench = new Bench().up();
    const { turns, events, commits, histogram } = bench.loop.stats({ reset: true });
    expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(turns);
    expect(events).toBeGreaterThanOrEqual(2);
    expect(commits).toBeGreaterThanOrEqual(1);
    expect(bench.loop.stats().turns).toBe(0);
  });
});

describe('snapshot and patches', () => {
  it('together equal the tables, with no gap', async () => {
    const bench = new Bench();
    const start = bench.loop.snapshot();
    bench.up();
    await bench.ask(runJob);
    for (const state of ['TASK_RUNNING', 'TASK_FINISHED'] as const) {
      bench.loop.post({ kind: 'status-update-received', machineId: one, status: aStatus('job', state) });
      bench.time.settle();
    }
    bench.time.advance(30_000);
    let seq = start.seq;
    let tables = applyDiff(emptyTables, { machines: { put: start.rows.machines, drop: [] } });
    for (const patch of bench.patches) {
      expect(patch.from).toBe(seq);
      seq = patch.to;
      tables = applyDiff(tables, patch.diff);
    }
    expect(isEmpty(diffOf(tables, bench.loop.state.tables))).toBe(true);
    expect(bench.loop.snapshot().seq).toBe(seq);
  });
});

describe('a restart', () => {
  it('knows every answered command, and the seq goes on', async () => {
    const bench = new Bench().up();
    await bench.ask(rename);
    await bench.ask(runJob);
    const again = new Bench(bench.disk);
    again.time.settle();
    expect(again.loop.state.tables.machines.get(one)?.name).toBe('new name');
    expect(again.loop.state.tables.tasks.get(job)?.state).toBe('TASK_STAGING');
    expect(again.loop.snapshot().seq).toBeGreaterThan(
      bench.disk.journal.at(-1)?.seq ?? Number.POSITIVE_INFINITY,
    );
  });

  it('reads back exactly the durable tables', async () => {
    const bench = new Bench().up();
    await bench.ask(runJob);
    const { seq, ...rows } = rowsOf(bench.disk);
    const { tables } = createState(rows);
    for (const table of ['machines', 'agents', 'tasks', 'settings'] as const) {
      expect(tables[table]).toEqual(bench.loop.state.tables[table]);
    }
    expect(seq).toBe(bench.disk.seq);
  });
});

describe('time', () => {
  it('wakes the loop at the next deadline', () => {
    const bench = new Bench().up();
    bench.time.advance(3600);
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('silent');
  });

  it('of a computer that slept expires nothing, without any word from the system', () => {
    const bench = new Bench().up();
    bench.time.sleep(3_600_000);
    bench.time.advance(1500);
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('live');
    expect(bench.loop.state.tables.agents.get(agentId('one'))?.state.kind).toBe('active');
  });

  it('of a process that was stopped expires nothing either', () => {
    const bench = new Bench().up();
    bench.time.freeze(60_000);
    bench.time.advance(2000);
    expect(bench.loop.state.tables.agents.get(agentId('one'))?.state.kind).toBe('active');
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('live');
  });

  it('that somebody sets by hand expires nothing', () => {
    const bench = new Bench().up();
    bench.time.setWall(1_900_000_000_000);
    bench.time.advance(1500);
    bench.time.setWall(1_700_000_000_000);
    bench.time.advance(1500);
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('live');
  });
});

describe('a step that throws', () => {
  const poison = ((state, event) => {
    if (event.kind === 'edit-machine') throw new Error('poison');
    return step(state, event);
  }) satisfies typeof step;

  it('has not happened; the caller and the bar get the id of the log line, and the loop lives on', async () => {
    const bench = new Bench(diskWith(), poison).up();
    const answer = await bench.ask(rename);
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'internal', reason: 'step-failed' } });
    const line = bench.lines.find((each) => each.verb === 'step-failed');
    expect(answer.ok || answer.refusal.detail).toBe(line?.fields['logId']);
    expect(bench.faults()).toEqual(['step-failed']);
    expect(bench.disk.tables.machines.get(one)?.name).toBe('one');
    expect(await bench.ask(runJob)).toMatchObject({ ok: true });
  });

  it('because it breaks an invariant is dropped before the commit', async () => {
    const orphan = ((state, event) => {
      const result = step(state, event);
      if (event.kind !== 'edit-machine') return result;
      const tables = applyDiff(state.tables, { machines: { put: [], drop: [one] } });
      return { ...result, diff: { machines: { put: [], drop: [one] } }, state: { ...state, tables } };
    }) satisfies typeof step;
    const bench = new Bench(diskWith(), orphan).up();
    expect(await bench.ask(rename)).toMatchObject({ ok: false, refusal: { code: 'internal' } });
    expect(bench.disk.tables.machines.has(one)).toBe(true);
    expect(bench.loop.state.tables.machines.has(one)).toBe(true);
  });
});

describe('a store that cannot be written', () => {
  it('publishes nothing of the failed batch, refuses commands, and says why in the bar', async () => {
    const bench = new Bench().up();
    bench.store.failure = 'SQLITE_FULL: database or disk is full';
    expect(await bench.ask(runJob)).toMatchObject({ ok: false, refusal: { reason: 'store-read-only' } });
    expect(bench.loop.isReadOnly).toBe(true);
    expect(bench.loop.state.tables.tasks.has(job)).toBe(false);
    expect(bench.effects).toEqual([]);
    expect(bench.loop.state.tables.faults.get('store-read-only')?.detail).toContain('SQLITE_FULL');
  });

  it('still shows live figures, and what needs no write still works', async () => {
    const bench = new Bench().up();
    bench.store.failure = 'SQLITE_FULL';
    await bench.ask(rename);
    bench.loop.post({ kind: 'sample-received', machineId: one, sample: aSample({ seq: 77 }) });
    bench.time.settle();
    expect(bench.loop.state.tables.samples.get(one)?.sample.seq).toBe(77);
    expect(await bench.ask({ kind: 'dismiss-fault', id: 'nothing' })).toMatchObject({ ok: true });
  });

  it('resumes by itself when there is room again, and no fact was lost or reordered', async () => {
    const bench = new Bench().up();
    await bench.ask(runJob);
    bench.effects.length = 0;
    bench.store.failure = 'SQLITE_FULL';
    await bench.ask(rename);
    for (const state of ['TASK_RUNNING', 'TASK_FINISHED'] as const) {
      bench.loop.post({ kind: 'status-update-received', machineId: one, status: aStatus('job', state) });
    }
    bench.time.advance(1000);
    expect(bench.effects).toEqual([]);
    expect(bench.loop.state.tables.tasks.get(job)?.state).toBe('TASK_STAGING');
    bench.store.failure = null;
    bench.time.advance(3000);
    expect(bench.loop.isReadOnly).toBe(false);
    expect(bench.faults()).toEqual([]);
    expect(bench.disk.tables.tasks.get(job)?.statuses.map((status) => status.state)).toEqual([
      'TASK_STAGING',
      'TASK_RUNNING',
      'TASK_FINISHED',
    ]);
    expect(bench.effects.map((effect) => effect.kind)).toEqual(['send-ack', 'send-ack']);
    expect(await bench.ask(rename)).toMatchObject({ ok: true });
  });

  it('from the start shows links and refuses changes, and goes on when it can be written', async () => {
    const bench = new Bench();
    bench.store.failure = 'SQLITE_READONLY';
    bench.time.settle();
    expect(bench.effects.map((effect) => effect.kind)).toEqual(['connect']);
    bench.loop.post(aHello('one'));
    expect(await bench.ask(rename)).toMatchObject({ ok: false, refusal: { reason: 'store-read-only' } });
    bench.store.failure = null;
    bench.time.advance(3000);
    expect(bench.loop.state.tables.links.get(one)?.phase).toBe('live');
    expect(await bench.ask(rename)).toMatchObject({ ok: true });
  });

  it('does not spin on a deadline that needs a write', () => {
    const bench = new Bench().up();
    bench.store.failure = 'SQLITE_FULL';
    bench.loop.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    bench.time.advance(60_000);
    expect(bench.loop.stats().turns).toBeLessThan(600);
    bench.store.failure = null;
    // No new try could be made meanwhile, so the silence is counted from here.
    bench.time.advance(3000);
    expect(bench.disk.tables.agents.get(agentId('one'))?.state.kind).toBe('active');
    bench.time.advance(15_000);
    expect(bench.disk.tables.agents.get(agentId('one'))?.state.kind).toBe('unreachable');
  });

  it('takes a commit for done when the store has it although an error came back', async () => {
    const bench = new Bench().up();
    bench.store.failAfterWrite = true;
    expect(await bench.ask(rename)).toMatchObject({ ok: true });
    expect(bench.loop.isReadOnly).toBe(false);
    expect(bench.loop.state.tables.machines.get(one)?.name).toBe('new name');
  });
});

describe('stopping', () => {
  it('waits for the commit under way, and for what came before the stop', async () => {
    const bench = new Bench().up();
    bench.store.isHeld = true;
    const [first, second] = [bench.loop.command(rename), bench.loop.command(runJob)];
    let hasStopped = false;
    const stopped = bench.loop.stop().then(() => {
      hasStopped = true;
    });
    bench.time.advance(500);
    await Promise.resolve();
    expect(hasStopped).toBe(false);
    bench.store.letGo();
    bench.time.settle();
    await stopped;
    expect(await Promise.all([first, second])).toMatchObject([{ ok: true }, { ok: true }]);
    expect(bench.disk.tables.tasks.has(job)).toBe(true);
  });

  it('finishes what was posted and refuses what comes after', async () => {
    const bench = new Bench().up();
    const last = bench.loop.command(rename);
    const stopped = bench.loop.stop();
    bench.time.settle();
    await stopped;
    expect(await last).toMatchObject({ ok: true });
    expect(bench.disk.tables.machines.get(one)?.name).toBe('new name');
    expect(await bench.loop.command(rename)).toMatchObject({ ok: false, refusal: { reason: 'stopping' } });
    expect(bench.time.nextTimerMonoMs).toBeNull();
  });
});
