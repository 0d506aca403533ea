import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, type Result } from '../../../../electron/contract/errors.ts';
import type { MachineId, TaskId } from '../../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../../electron/contract/task.ts';
import type { LogEnd, LogSink, LogStream, Logs } from '../../../../electron/shell/ports.ts';
import { fileNameOf, logRequests, saveLog } from '../../../../electron/shell/requests/log.ts';
import { createWindowWork } from '../../../../electron/shell/window-work.ts';
import { fakeMaster } from '../../../support/fake-master.ts';

const taskId = 't-1' as TaskId;
const task = { id: taskId, machineId: 'm-1' as MachineId, info: { name: 'my task: 1/2' } } as TaskRecord;
const follow = { taskId, file: 'stdout', offset: 0, follow: true } as const;

/** A log on a machine: sends as much as it has credit for, like an agent. */
function fakeLogs(content: Uint8Array, options: { end?: LogEnd; windowBytes?: number } = {}) {
  const seen = { credits: 0, closed: 0, maxOpenBytes: 0 };
  const sinks: LogSink[] = [];
  const logs: Logs = {
    open: (_machineId, request, sink) => {
      sinks.push(sink);
      let at = Math.max(0, request.offset);
      let credit = options.windowBytes ?? 1000;
      let hasEnded = false;
      const end = (cause: LogEnd): void => {
        if (!hasEnded) sink.end(cause);
        hasEnded = true;
      };
      const pump = (): void => {
        while (credit > 0 && at < content.length && !hasEnded) {
          const piece = content.subarray(at, at + Math.min(credit, 300));
          sink.data(at, piece);
          at += piece.length;
          credit -= piece.length;
          seen.maxOpenBytes = Math.max(seen.maxOpenBytes, at - seen.credits);
        }
        if (at === content.length && !request.follow) end(options.end ?? 'finished');
      };
      setImmediate(pump);
      const stream: LogStream = {
        sizeBytes: content.length,
        startOffset: at,
        credit: (bytes) => {
          seen.credits += bytes;
          credit += bytes;
          setImmediate(pump);
        },
        close: () => {
          seen.closed += 1;
          end('closed');
        },
      };
      return Promise.resolve(ok(stream));
    },
  };
  return { logs, seen, sinks };
}

describe('saving a log', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-save-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes every byte, binary ones too, within the window of the stream', async () => {
    const content = Uint8Array.from({ length: 20_000 }, (_, place) => (place * 7) % 256);
    const { logs, seen } = fakeLogs(content);
    const file = path.join(folder, 'out.log');
    expect(await saveLog(logs, { task, file: 'stdout', path: file })).toEqual(
      ok({ path: file, bytes: 20_000 }),
    );
    expect(Buffer.compare(readFileSync(file), content)).toBe(0);
    expect(seen.maxOpenBytes).toBeLessThanOrEqual(1300);
  });

  it('leaves the old file as it was when the connection breaks off', async () => {
    const file = path.join(folder, 'out.log');
    writeFileSync(file, 'old');
    const { logs } = fakeLogs(new Uint8Array(500), { end: 'lost' });
    const answer = await saveLog(logs, { task, file: 'stdout', path: file });
    expect(answer).toMatchObject({ ok: false, refusal: { reason: 'log-broke-off' } });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['out.log']);
  });

  it('says that the place cannot be written', async () => {
    const file = path.join(folder, 'missing', 'out.log');
    const answer = await saveLog(fakeLogs(new Uint8Array(5)).logs, { task, file: 'stdout', path: file });
    expect(answer).toMatchObject({ ok: false, refusal: { reason: 'cannot-write-file' } });
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['my task: 1/2', 'my-task-1-2'],
    ['../../etc/passwd', 'etc-passwd'],
    ['  ', 'task'],
    ['训练 17', '训练-17'],
  ])('suggests for %j the name %j', (name, wanted) => expect(fileNameOf(name)).toBe(wanted));
});

describe('following a log', () => {
  function setUp(content = new Uint8Array(5000)) {
    const fake = fakeLogs(content);
    const pushes: { channel: string; push: unknown }[] = [];
    const requests = logRequests({
      master: fakeMaster({ tasks: [task] }),
      logs: fake.logs,
      files: { ask: () => Promise.reject(new Error('not asked here')) },
      work: createWindowWork(),
      desktop: { pickSavePath: () => Promise.resolve(null) },
      pushFor: () => (channel, push) => void pushes.push({ channel, push }),
    });
    return { ...fake, requests, pushes };
  }
  const open = async (requests: ReturnType<typeof setUp>['requests'], id: number): Promise<number> => {
    const answer = (await requests['log:open'](follow, { id })) as Result<{ streamId: number }>;
    if (!answer.ok) throw new Error(answer.refusal.reason);
    return answer.value.streamId;
  };

  it('passes credit through from its own window only', async () => {
    const { requests, seen } = setUp();
    const streamId = await open(requests, 1);
    await requests['log:credit']({ streamId, bytes: 100 }, { id: 2 });
    expect(seen.credits).toBe(0);
    await requests['log:credit']({ streamId, bytes: 100 }, { id: 1 });
    expect(seen.credits).toBe(100);
  });

  it('ends the streams of a window that is gone, and only those', async () => {
    const { requests, seen } = setUp();
    await open(requests, 1);
    await open(requests, 1);
    const other = await open(requests, 2);
    requests.closeAll({ id: 1 });
    expect(seen.closed).toBe(2);
    await requests['log:close']({ streamId: other }, { id: 2 });
    expect(seen.closed).toBe(3);
  });

  it('refuses a task that is not known and more than 32 streams a window', async () => {
    const { requests } = setUp();
    const unknown = await requests['log:open']({ ...follow, taskId: 't-2' as TaskId }, { id: 1 });
    expect(unknown).toMatchObject({ ok: false, refusal: { code: 'not-found' } });
    for (let count = 0; count < 32; count += 1) await open(requests, 1);
    const more = await requests['log:open'](follow, { id: 1 });
    expect(more).toMatchObject({ ok: false, refusal: { code: 'exhausted' } });
  });

  it('sends chunks that own exactly their bytes', async () => {
    const { requests, pushes, sinks } = setUp();
    await open(requests, 1);
    const shared = Buffer.alloc(1000);
    sinks[0]?.data(0, shared.subarray(10, 20));
    const chunk = pushes.at(-1)?.push as { bytes: Uint8Array };
    expect(chunk.bytes.buffer.byteLength).toBe(10);
  });
});
