/** The second half of the conformance suite: restarts, logs by time and text, sandboxes, results, artifacts, settings. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Artifact } from '../../electron/contract/task-life.ts';
import { defaultKeeping } from '../../electron/contract/wire.ts';
import { aTask, conformanceMaster, type Talk } from './agent-talk.ts';
import { until } from './wait.ts';

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const uploaded = (bytes: Buffer, path: string): Artifact => ({
  url: null,
  sha256: sha256Of(bytes),
  path,
  extract: false,
  executable: false,
});

export function describeFiles(talk: (as?: ReturnType<typeof conformanceMaster>) => Promise<Talk>): void {
  it('starts a task again by its policy, with the reason of each end, and gives up when told to', async () => {
    const one = await talk();
    const info = aTask('again3', 'exit 3', { restart: { on: 'failure', maxInRow: 2 } });
    await one.launch(info);
    const last = await one.stateOf(info.taskId, 'TASK_FAILED');
    expect(last.status).toMatchObject({ exitCode: 3, restarts: 2 });
    const between = one.events.flatMap((event) =>
      event.event === 'status-update' &&
      event.status.taskId === info.taskId &&
      event.status.nextStartAtMs !== undefined
        ? [event.status]
        : [],
    );
    expect(between).toMatchObject([
      { state: 'TASK_STARTING', exitCode: 3, restarts: 0 },
      { state: 'TASK_STARTING', exitCode: 3, restarts: 1 },
    ]);
    expect(between[0]?.message).toContain('exited with code 3');
    one.session.close();
  });

  it('kills a task between two runs for good', async () => {
    const one = await talk();
    const info = aTask('between', 'exit 4', { restart: { on: 'always', maxInRow: null } });
    await one.launch(info);
    await one.stateOf(info.taskId, 'TASK_STARTING');
    expect(await one.session.call('task.kill', { taskId: info.taskId, graceMs: 100 })).toMatchObject({
      ok: true,
    });
    await one.stateOf(info.taskId, 'TASK_KILLED');
    one.session.close();
  });

  it('tells when bytes of a log were written, and finds text in it', async () => {
    const one = await talk();
    const info = aTask('find', 'echo needle in hay');
    await one.launch(info);
    await one.stateOf(info.taskId, 'TASK_FINISHED');
    const place = { taskId: info.taskId, file: 'stdout' } as const;
    const times = await one.session.call('log.times', { ...place, from: 0, to: 100 });
    expect(times).toMatchObject({ ok: true, value: { times: [{ offset: 0, atMs: expect.any(Number) }] } });
    const look = { ...place, from: 0, limit: 10 };
    const found = await one.session.call('log.search', { ...look, text: 'NEEDLE', matchCase: false });
    expect(found).toMatchObject({
      ok: true,
      value: { matches: [{ offset: 0, line: 'needle in hay' }], more: false, next: 14 },
    });
    const none = await one.session.call('log.search', { ...look, text: 'NEEDLE', matchCase: true });
    expect(none).toMatchObject({ ok: true, value: { matches: [] } });
    one.session.close();
  });

  it('lists a sandbox, gives a file of it from any place, and a folder as a tar', async () => {
    const one = await talk();
    const info = aTask('box', 'echo kept here > note.txt');
    await one.launch(info);
    await one.stateOf(info.taskId, 'TASK_FINISHED');
    const { taskId } = info;
    const listed = await one.session.call('sandbox.list', { taskId, path: '' });
    expect(listed).toMatchObject({
      ok: true,
      value: { entries: [{ name: 'note.txt', kind: 'file', sizeBytes: 10 }], more: false },
    });
    expect(await one.file(taskId, 'note.txt')).toEqual({ text: 'kept here\n', cause: 'finished', start: 0 });
    expect((await one.file(taskId, 'note.txt', 5)).text).toBe('here\n');
    const folder = await one.session.openFile(
      { taskId, path: '', offset: 0 },
      { data: () => {}, end: () => {} },
    );
    expect(folder).toMatchObject({ ok: true, value: { sizeBytes: null } });
    one.session.close();
  });

  it('lets nobody out of a sandbox', async () => {
    const one = await talk();
    const info = aTask('inside', 'echo x > y');
    await one.launch(info);
    await one.stateOf(info.taskId, 'TASK_FINISHED');
    const { taskId } = info;
    const nowhere = { data: () => {}, end: () => {} };
    for (const path of ['..', '../..', 'y/../../z', '/etc', '/etc/passwd', 'y/../..']) {
      expect(await one.session.call('sandbox.list', { taskId, path }), path).toMatchObject({ ok: false });
      const opened = await one.session.openFile({ taskId, path, offset: 0 }, nowhere);
      expect(opened, path).toMatchObject({ ok: false });
    }
    one.session.close();
  });

  it('lists what matched the result patterns when a task has ended', async () => {
    const one = await talk();
    const info = aTask('result', 'echo 42 > answer.txt', { results: ['*.txt', 'none'] });
    await one.launch(info);
    await one.stateOf(info.taskId, 'TASK_FINISHED');
    expect(await one.session.call('results.list', { taskId: info.taskId })).toMatchObject({
      ok: true,
      value: {
        files: [{ path: 'answer.txt', sizeBytes: 3, sha256: sha256Of(Buffer.from('42\n')) }],
        left: 0,
      },
    });
    one.session.close();
  });

  it('takes an upload in within its credit, and puts it into the sandbox of a task', async () => {
    const one = await talk();
    const bytes = Buffer.alloc(900_000, 'abc\n');
    const sha256 = sha256Of(bytes);
    const info = aTask('file', 'echo ran', { artifacts: [uploaded(bytes, 'in.dat')] });
    expect(await one.session.call('task.launch', { info })).toMatchObject({
      ok: false,
      refusal: { code: 'not-found', reason: 'artifact-missing' },
    });
    await one.upload(bytes, sha256);
    expect(await one.session.call('artifact.find', { sha256: [sha256, 'f'.repeat(64)] })).toMatchObject({
      ok: true,
      value: { present: [sha256] },
    });
    await one.launch(info);
    await one.stateOf(info.taskId, 'TASK_FINISHED');
    expect((await one.file(info.taskId, 'in.dat', 899_990)).text).toBe('c\nabc\nabc\n');
    one.session.close();
  });

  it('goes on with an upload that broke off', async () => {
    const one = await talk();
    const bytes = Buffer.alloc(300_000, 'xyz\n');
    const sha256 = sha256Of(bytes);
    const opened = await one.session.openUpload({ sha256, sizeBytes: bytes.length });
    if (!opened.ok) throw new Error(opened.refusal.detail);
    await one.send(opened.value, bytes, 200_000);
    // The call behind it is answered when the bytes before it have been taken in.
    await one.session.call('ping', {});
    one.session.close();
    const two = await talk();
    expect(await two.upload(bytes, sha256)).toBeGreaterThan(0);
    two.session.close();
  });

  it('refuses an upload that is not what it was said to be', async () => {
    const one = await talk();
    const bytes = Buffer.from('something else');
    const opened = await one.session.openUpload({ sha256: 'e'.repeat(64), sizeBytes: bytes.length });
    if (!opened.ok) throw new Error(opened.refusal.detail);
    await one.send(opened.value, bytes);
    expect(await one.session.finishUpload(opened.value)).toMatchObject({
      ok: false,
      refusal: { code: 'invalid', reason: 'artifact-corrupt' },
    });
    one.session.close();
  });

  it('takes what it is to keep', async () => {
    const one = await talk();
    expect(await one.session.call('agent.configure', { keeping: defaultKeeping })).toMatchObject({
      ok: true,
    });
    one.session.close();
  });

  it('gives the machine to another master when a person asked for it, and tells the one who lost it', async () => {
    const one = await talk();
    const two = await talk({ ...conformanceMaster('taker', 1), takeOver: true });
    await until(() => one.closed, { what: 'the old holder is told' });
    expect(one.closed).toMatchObject({ code: 'conflict', reason: 'lease-lost' });
    expect(one.closed?.detail).toContain('master-taker');
    two.session.close();
    const back = await talk({ ...conformanceMaster(), takeOver: true });
    back.session.close();
  });
}
