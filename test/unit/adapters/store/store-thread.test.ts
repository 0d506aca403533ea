import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../../../electron/adapters/store/connection.ts';
import { openStoreThread, repairStore } from '../../../../electron/adapters/store/store-thread.ts';
import type { Patch } from '../../../../electron/contract/tables.ts';
import type { IssuedEffect } from '../../../../electron/core/kernel/effects.ts';
import { Loop } from '../../../../electron/shell/loop.ts';
import {
  aHello,
  aMachine,
  aSample,
  aTask,
  machineId,
  operationId,
  taskId,
} from '../../../support/builders.ts';
import { commit, load, readSeq, tryCommit } from '../../../support/store-conformance.ts';
import { hook, newHooks } from '../../../support/store-hooks.ts';
import { newPlace } from '../../../support/store-place.ts';
import { anEvent } from '../../../support/store-records.ts';
import { closeThreads, mustOpenThread, threadOptions } from '../../../support/store-threads.ts';
import { until } from '../../../support/wait.ts';

afterEach(closeThreads);

const one = machineId('one');
const note = (text: string) => ({ machines: { put: [{ ...aMachine('one'), note: text }], drop: [] } });

async function startLoop() {
  const hooks = newHooks();
  const deaths: string[] = [];
  const { thread, facts } = await mustOpenThread(newPlace(), { hooks, onDeath: (why) => deaths.push(why) });
  await commit(thread, [], note(''));
  const effects: IssuedEffect[] = [];
  const patches: Patch[] = [];
  const verbs: string[] = [];
  const loop = new Loop({
    store: thread,
    rows: { ...facts.rows, machines: (await load(thread)).machines },
    runner: { run: (effect) => void effects.push(effect) },
    clock: { nowMs: () => Date.now(), monoMs: () => performance.now() },
    seed: 1,
    log: ({ verb }) => verbs.push(verb),
  });
  loop.subscribe((patch) => patches.push(patch));
  loop.post(aHello('one'));
  await until(() => loop.state.tables.links.get(one)?.phase === 'live', { what: 'the link is live' });
  return { loop, thread, hooks, effects, patches, deaths, verbs };
}

const runJob = {
  kind: 'run-task',
  machineId: one,
  operationId: operationId('run'),
  info: aTask('job'),
} as const;

describe('a disk that takes a second for a commit', () => {
  it('holds its own thread only; nothing is shown or sent before it has answered, and then all of it', async () => {
    const { loop, hooks, effects, patches } = await startLoop();
    effects.length = 0;
    patches.length = 0;
    Atomics.store(hooks, hook.commitMs, 1000);
    const begun = Atomics.load(hooks, hook.begun);
    let isAnswered = false;
    const answer = loop.command(runJob).then((result) => {
      isAnswered = true;
      return result;
    });
    // What goes on in this thread meanwhile, and that nothing of the task has left at any of these moments.
    let turns = 0;
    const early: string[] = [];
    while (!isAnswered) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (isAnswered) break;
      turns += 1;
      loop.post({ kind: 'sample-received', machineId: one, sample: aSample({ seq: turns }) });
      if (effects.length > 0) early.push('effect');
      if (patches.length > 0) early.push('patch');
      if (loop.state.tables.tasks.size > 0) early.push('state');
    }
    expect(await answer).toMatchObject({ ok: true });
    expect(early).toEqual([]);
    // A thread that waited for the disk would have had none; a free one has about 900, a starved one still many.
    expect(turns).toBeGreaterThan(50);
    expect(effects.map((effect) => effect.kind)).toContain('send-launch');
    expect(patches[0]?.diff.tasks?.put[0]?.id).toBe(taskId('job'));
    expect(Atomics.load(hooks, hook.begun)).toBe(begun + 1);
    await until(() => loop.state.tables.samples.get(one)?.sample.seq === turns, { what: 'the last sample' });
    await loop.stop();
  });

  it('takes everything that came meanwhile in one commit more', async () => {
    const { loop, hooks, thread } = await startLoop();
    Atomics.store(hooks, hook.commitMs, 300);
    const begun = Atomics.load(hooks, hook.begun);
    const names = Array.from({ length: 50 }, (_, n) => `name ${n}`);
    const answers = names.map(async (name) => {
      await new Promise((resolve) => setImmediate(resolve));
      return loop.command({ kind: 'edit-machine', machineId: one, name, note: '' });
    });
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ ok: true });
    expect(Atomics.load(hooks, hook.begun) - begun).toBeLessThanOrEqual(3);
    expect((await load(thread)).machines[0]?.name).toBe('name 49');
    await loop.stop();
  });

  it('is waited for when the store is closed', async () => {
    const hooks = newHooks();
    const place = newPlace();
    const { thread } = await mustOpenThread(place, { hooks });
    Atomics.store(hooks, hook.commitMs, 300);
    const last = tryCommit(thread, [anEvent(1)], note('last'));
    await thread.close();
    expect(await last).toEqual({ ok: true, value: null });
    const again = await mustOpenThread(place);
    expect(again.facts.rows.machines[0]?.note).toBe('last');
  });
});

describe('a thread that dies', () => {
  it('before the write fails the commit, says so, and is followed by one that opens the same file', async () => {
    const hooks = newHooks();
    const deaths: string[] = [];
    const { thread } = await mustOpenThread(newPlace(), { hooks, onDeath: (why) => deaths.push(why) });
    await commit(thread, [anEvent(1)], note('before'));
    Atomics.store(hooks, hook.dieBeforeWrite, 1);
    expect(await tryCommit(thread, [anEvent(2)], note('lost'))).toMatchObject({
      ok: false,
      why: expect.stringContaining('thread of the store is gone'),
    });
    expect(deaths).toHaveLength(1);
    expect(await readSeq(thread)).toBe(1);
    await commit(thread, [anEvent(2)], note('after'));
    expect((await load(thread)).machines[0]?.note).toBe('after');
  });

  it('with the answer of a written commit: the loop finds it written, and nobody notices', async () => {
    const { loop, hooks, deaths, verbs, thread } = await startLoop();
    Atomics.store(hooks, hook.dieBeforeAnswer, 1);
    expect(await loop.command(runJob)).toMatchObject({ ok: true });
    expect(deaths).toHaveLength(1);
    expect(verbs).not.toContain('store-read-only');
    expect((await load(thread)).tasks).toHaveLength(1);
    await loop.stop();
  });

  it('before the write: the loop goes read-only, and goes on by itself with the next thread', async () => {
    const { loop, hooks, effects } = await startLoop();
    effects.length = 0;
    Atomics.store(hooks, hook.dieBeforeWrite, 1);
    expect(await loop.command(runJob)).toMatchObject({ ok: false, refusal: { reason: 'store-read-only' } });
    expect(effects).toEqual([]);
    await until(() => !loop.isReadOnly, { what: 'it writes again', capMs: 15_000 });
    expect(await loop.command(runJob)).toMatchObject({ ok: true });
    expect(effects.map((effect) => effect.kind)).toEqual(['send-launch']);
    await loop.stop();
  });
});

describe('a thread that cannot open', () => {
  it('tells the problem as a value and is gone', async () => {
    const place = newPlace();
    await mustOpenThread(place);
    const second = await openStoreThread(await threadOptions(place));
    expect(second).toMatchObject({ kind: 'problem', problem: { kind: 'locked', file: place.file } });
  });

  it('because its program is missing is a problem as well', async () => {
    const options = await threadOptions(newPlace());
    const result = await openStoreThread({
      ...options,
      program: path.join(path.dirname(options.program), 'none.cjs'),
    });
    expect(result).toMatchObject({ kind: 'problem', problem: { kind: 'failed' } });
  });

  it('sets a damaged file aside, or restores its snapshot, for the person', async () => {
    const place = newPlace();
    const { thread } = await mustOpenThread(place);
    await commit(thread, [anEvent(1)], note('kept'));
    await thread.close();
    const snapshots = path.join(path.dirname(place.file), 'snapshots');
    fs.mkdirSync(snapshots);
    const db = connect({ file: place.file, nativeBinding: place.nativeBinding });
    db.prepare<[string]>('VACUUM INTO ?').run(path.join(snapshots, 'mesolite-20260101T000000-000Z.db'));
    db.close();
    fs.writeFileSync(place.file, Buffer.alloc(20_000, 'garbage'));
    const options = await threadOptions(place);
    expect(await repairStore(options, 'restore-snapshot')).toBe(true);
    const restored = await mustOpenThread(place);
    expect(restored.facts.rows.machines[0]?.note).toBe('kept');
    await restored.thread.close();
    const kept = await repairStore(options, 'set-aside');
    expect(fs.existsSync(kept)).toBe(true);
    expect((await mustOpenThread(place)).facts.rows.machines).toEqual([]);
  });
});
