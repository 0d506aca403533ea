// Sandboxes, results and picked files: whatever an agent tells, nothing is written outside the place that was chosen.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, refuse } from '../../../../electron/contract/errors.ts';
import type { MachineId, TaskId } from '../../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../../electron/contract/task.ts';
import type { Files, LogEnd } from '../../../../electron/shell/ports.ts';
import { artifactRequests } from '../../../../electron/shell/requests/artifact.ts';
import { lastName, safeParts } from '../../../../electron/shell/requests/file-names.ts';
import { resultRequests } from '../../../../electron/shell/requests/results.ts';
import { peekBytes, sandboxRequests } from '../../../../electron/shell/requests/sandbox.ts';
import { createWindowWork } from '../../../../electron/shell/window-work.ts';
import { fakeMaster } from '../../../support/fake-master.ts';

const taskId = 't-1' as TaskId;
const task = { id: taskId, machineId: 'm-1' as MachineId, info: { name: 'my task' } } as TaskRecord;
const from = { id: 1 };
const other = 't-2' as TaskId;

/** Files of a sandbox. `null` is a folder. Sends within a credit of 256 KiB, as an agent does. */
function fakeFiles(content: Readonly<Record<string, Buffer | null>>, end: LogEnd = 'finished') {
  const seen = { opened: [] as string[], closed: 0 };
  const files: Files = {
    ask: (_machine, call) => {
      if (call !== 'results.list') return Promise.resolve(ok({ entries: [], more: false }) as never);
      const listed = Object.entries(content).flatMap(([name, bytes]) =>
        bytes === null ? [] : [{ path: name, sizeBytes: bytes.length, sha256: 'a'.repeat(64) }],
      );
      return Promise.resolve(ok({ files: listed, left: 0 }) as never);
    },
    openFile: (_machine, params, sink) => {
      seen.opened.push(params.path);
      if (!(params.path in content)) return Promise.resolve(refuse('not-found', 'no-such-file', params.path));
      const bytes = content[params.path] ?? Buffer.from('a tar');
      let at = 0;
      let credit = 256 * 1024;
      let isOver = false;
      const finish = (cause: LogEnd): void => {
        if (!isOver) sink.end(cause);
        isOver = true;
      };
      const pump = (): void => {
        while (!isOver && credit > 0 && at < bytes.length) {
          const piece = bytes.subarray(at, at + Math.min(credit, 65_536));
          at += piece.length;
          credit -= piece.length;
          sink.data(at - piece.length, piece);
        }
        if (at === bytes.length) finish(end);
      };
      setImmediate(pump);
      return Promise.resolve(
        ok({
          sizeBytes: content[params.path] === null ? null : bytes.length,
          startOffset: 0,
          credit: (more: number) => {
            credit += more;
            setImmediate(pump);
          },
          close: () => {
            seen.closed += 1;
            finish('closed');
          },
        }),
      );
    },
  };
  return { files, seen };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function setUp(
  content: Parameters<typeof fakeFiles>[0],
  options: { end?: LogEnd; save?: string | null } = {},
) {
  const fake = fakeFiles(content, options.end);
  const suggested: string[] = [];
  const chosen = path.join(folder, 'chosen');
  mkdirSync(chosen, { recursive: true });
  const work = createWindowWork();
  const deps = {
    master: fakeMaster({ tasks: [task] }),
    files: fake.files,
    work,
    desktop: {
      pickSavePath: (name: string) => {
        suggested.push(name);
        return Promise.resolve(options.save === undefined ? path.join(chosen, name) : options.save);
      },
      pickFolder: () => Promise.resolve(chosen),
    },
  };
  return {
    ...fake,
    suggested,
    chosen,
    work,
    requests: { ...sandboxRequests(deps), ...resultRequests(deps) },
  };
}

describe('saving results', () => {
  it('writes them with their folders into a new folder, private', async () => {
    const { requests, chosen } = setUp({
      'a.txt': Buffer.from('A'),
      'sub/deep/b.txt': Buffer.alloc(700_000, 'b'),
    });
    const saved = await requests['results:save']({ taskId, paths: null }, from);
    const made = path.join(chosen, 'my-task-results');
    expect(saved).toEqual(ok({ path: made, files: 2, bytes: 700_001 }));
    expect(readFileSync(path.join(made, 'a.txt'), 'utf8')).toBe('A');
    expect(readFileSync(path.join(made, 'sub/deep/b.txt')).length).toBe(700_000);
    expect(statSync(path.join(made, 'a.txt')).mode & 0o777).toBe(0o600);
    const again = await requests['results:save']({ taskId, paths: ['a.txt'] }, from);
    expect(again).toEqual(ok({ path: `${made}-2`, files: 1, bytes: 1 }));
  });

  it.each([
    '../evil',
    'a/../../evil',
    '/etc/evil',
    'a/..',
    '..',
    '',
    'a//b',
    './evil',
    'a\\..\\evil',
    'C:evil',
    '%2e%2e/evil/..',
    'a\0b',
    'x'.repeat(300),
  ])('writes nothing at all when an agent tells the path %j', async (hostile) => {
    const { requests, chosen } = setUp({ 'good.txt': Buffer.from('good'), [hostile]: Buffer.from('evil') });
    const saved = await requests['results:save']({ taskId, paths: null }, from);
    expect(saved).toMatchObject({ ok: false, refusal: { reason: 'path-leaves-sandbox' } });
    expect(readdirSync(chosen)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['chosen']);
  });

  it('does not follow a link that lies in the chosen folder', async () => {
    const { requests, chosen } = setUp({ 'out/file': Buffer.from('x') });
    const outside = path.join(folder, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, path.join(chosen, 'out'));
    symlinkSync(outside, path.join(chosen, 'my-task-results'));
    const saved = await requests['results:save']({ taskId, paths: null }, from);
    expect(saved).toMatchObject({ ok: true, value: { path: path.join(chosen, 'my-task-results-2') } });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('takes away what it wrote when the connection breaks off', async () => {
    const { requests, chosen } = setUp({ 'a.txt': Buffer.from('A') }, { end: 'lost' });
    const saved = await requests['results:save']({ taskId, paths: null }, from);
    expect(saved).toMatchObject({ ok: false, refusal: { reason: 'file-broke-off' } });
    expect(readdirSync(chosen)).toEqual([]);
  });

  it('refuses a path that is no result, an unknown task, and no results at all', async () => {
    const { requests } = setUp({ 'a.txt': Buffer.from('A') });
    expect(await requests['results:save']({ taskId, paths: ['b.txt'] }, from)).toMatchObject({
      refusal: { reason: 'no-such-file' },
    });
    expect(await requests['results:save']({ taskId: other, paths: null }, from)).toMatchObject({
      refusal: { reason: 'no-such-task' },
    });
    expect(await setUp({}).requests['results:save']({ taskId, paths: null }, from)).toMatchObject({
      refusal: { reason: 'no-such-file' },
    });
  });

  it('ends with the window that asked', async () => {
    const { requests, work, chosen, seen } = setUp({ 'a.txt': Buffer.alloc(5_000_000, 'a') });
    const saving = requests['results:save']({ taskId, paths: null }, from);
    await new Promise((resolve) => setImmediate(resolve));
    work.endAll(from);
    expect(await saving).toMatchObject({ ok: false, refusal: { reason: 'cancelled' } });
    expect(readdirSync(chosen)).toEqual([]);
    expect(seen.closed).toBeLessThanOrEqual(1);
  });
});

describe('a sandbox', () => {
  it('is looked into: the beginning of a file, at most 256 KiB, and its whole size', async () => {
    const { requests, seen } = setUp({
      big: Buffer.alloc(1_000_000, 'x'),
      empty: Buffer.alloc(0),
      sub: null,
    });
    const peeked = await requests['sandbox:peek']({ taskId, path: 'big' }, from);
    if (!peeked.ok) throw new Error(peeked.refusal.detail);
    expect([peeked.value.bytes.length, peeked.value.sizeBytes]).toEqual([peekBytes, 1_000_000]);
    expect(seen.closed).toBe(1);
    expect(await requests['sandbox:peek']({ taskId, path: 'empty' }, from)).toMatchObject({
      ok: true,
      value: { sizeBytes: 0 },
    });
    expect(await requests['sandbox:peek']({ taskId, path: 'sub' }, from)).toMatchObject({
      refusal: { reason: 'not-a-file' },
    });
    expect(await requests['sandbox:peek']({ taskId, path: 'none' }, from)).toMatchObject({
      refusal: { reason: 'no-such-file' },
    });
  });

  it('gives a file under its own name and a folder as a tar', async () => {
    const { requests, suggested, chosen } = setUp({
      'sub/50%25.txt': Buffer.from('half'),
      sub: null,
      '': null,
    });
    const saved = await requests['sandbox:save']({ taskId, path: 'sub/50%25.txt' }, from);
    expect(saved).toEqual(ok({ path: path.join(chosen, '50%.txt'), bytes: 4 }));
    await requests['sandbox:save']({ taskId, path: 'sub' }, from);
    await requests['sandbox:save']({ taskId, path: '' }, from);
    expect(suggested).toEqual(['50%.txt', 'sub.tar', 'my-task.tar']);
    expect(readFileSync(path.join(chosen, 'sub.tar'), 'utf8')).toBe('a tar');
  });

  it('leaves an old file as it was when the person cancels or the connection ends', async () => {
    const target = path.join(folder, 'old');
    writeFileSync(target, 'old');
    const cancelled = setUp({ a: Buffer.from('new') }, { save: null });
    expect(await cancelled.requests['sandbox:save']({ taskId, path: 'a' }, from)).toEqual(ok(null));
    const broken = setUp({ a: Buffer.from('new') }, { save: target, end: 'lost' });
    expect(await broken.requests['sandbox:save']({ taskId, path: 'a' }, from)).toMatchObject({ ok: false });
    expect(readFileSync(target, 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['chosen', 'old']);
  });
});

describe('names that an agent tells', () => {
  it('become names here only when they lead nowhere else', () => {
    expect(safeParts('a/b%20c/训练')).toEqual(['a', 'b c', '训练']);
    expect(safeParts('a/%2e%2e/b')).toEqual(['a', '%2e%2e', 'b']);
    expect(safeParts('a%2Fb')).toEqual(['a%2Fb']);
    expect(safeParts('bad%FFname')).toEqual(['bad%FFname']);
    expect(safeParts('a/../b')).toBeNull();
    expect(lastName('a/..')).toBeNull();
    expect(lastName('a/b.txt')).toBe('b.txt');
  });
});

describe('picking files for a task', () => {
  it('keeps all of them, and says which one cannot be kept', async () => {
    const asked: string[] = [];
    const requests = artifactRequests({
      artifacts: {
        keep: (file) => {
          asked.push(file);
          if (file === '/big') return Promise.resolve(refuse('invalid', 'artifact-too-large', file));
          return Promise.resolve(ok({ name: path.basename(file), sizeBytes: 1, sha256: 'a'.repeat(64) }));
        },
      },
      desktop: { pickFiles: () => Promise.resolve(picked) },
      work: createWindowWork(),
    });
    let picked: string[] | null = ['/a', '/b'];
    expect(await requests['artifact:pick']({}, from)).toMatchObject({
      ok: true,
      value: { files: [{ name: 'a' }, { name: 'b' }] },
    });
    picked = ['/a', '/big', '/c'];
    expect(await requests['artifact:pick']({}, from)).toMatchObject({
      refusal: { reason: 'artifact-too-large', detail: '/big' },
    });
    expect(asked).toEqual(['/a', '/b', '/a', '/big']);
    picked = null;
    expect(await requests['artifact:pick']({}, from)).toEqual(ok(null));
  });
});

describe('the work of a window', () => {
  it('is at most eight at a time, counted for each window', async () => {
    const work = createWindowWork();
    let finish: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const running = Array.from({ length: 8 }, () => work.run(from, () => held.then(() => ok(1))));
    expect(await work.run(from, () => Promise.resolve(ok(2)))).toMatchObject({
      refusal: { reason: 'too-many-requests' },
    });
    expect(await work.run({ id: 2 }, () => Promise.resolve(ok(2)))).toEqual(ok(2));
    finish();
    await Promise.all(running);
    expect(await work.run(from, () => Promise.resolve(ok(3)))).toEqual(ok(3));
  });
});
