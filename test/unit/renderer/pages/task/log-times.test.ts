// @vitest-environment node
// Times of a log: asked once for what is looked at, again for what grew; offsets of the file and lines of the buffer.
import { afterEach, expect, it } from 'vitest';
import type { Bridge } from '../../../../../electron/contract/channels.ts';
import type { TaskId } from '../../../../../electron/contract/ids.ts';
import { setBridge } from '../../../../../renderer/bridge/bridge.ts';
import { LogStream } from '../../../../../renderer/pages/task/log-stream.ts';
import { LogTimes } from '../../../../../renderer/pages/task/log-times.ts';
import { until } from '../../../../support/wait.ts';

const taskId = 't-1' as TaskId;
type Asked = { readonly channel: string; readonly request: Record<string, unknown> };
let asked: Asked[] = [];
let listeners = new Map<string, (push: never) => void>();
afterEach(() => {
  asked = [];
  listeners = new Map();
});

function bridge(answer: (each: Asked) => unknown): void {
  const made = {
    invoke: (channel: string, request: Record<string, unknown>) => {
      asked.push({ channel, request });
      return Promise.resolve({ ok: true, value: answer({ channel, request }) });
    },
    subscribe: (channel: string, listener: (push: never) => void) => {
      listeners.set(channel, listener);
      return () => undefined;
    },
  };
  setBridge(made as unknown as Bridge);
}

it('asks for a range once and finds the time of each line in it', async () => {
  bridge(() => ({
    times: [
      { offset: 0, atMs: 100 },
      { offset: 500, atMs: 200 },
    ],
  }));
  let nowMs = 0;
  const times = new LogTimes(taskId, 'stdout', () => nowMs);
  expect(times.at(10)).toBeNull();
  times.want(0, 1000);
  times.want(0, 1000);
  await until(() => times.getVersion() === 1, { what: 'the times' });
  expect([times.at(0), times.at(499), times.at(500), times.at(999)]).toEqual([100, 100, 200, 200]);
  nowMs = 5000;
  times.want(0, 1000);
  expect(asked).toHaveLength(1);
  times.want(0, 2000);
  await until(() => times.getVersion() === 2, { what: 'the grown part' });
  expect(asked).toHaveLength(2);
});

it('learns the times of all lines on the screen, though the first one asked', async () => {
  bridge(({ request }) => ({
    times: [0, 100, 200].filter((at) => at < Number(request['to'])).map((at) => ({ offset: at, atMs: at })),
  }));
  const times = new LogTimes(taskId, 'stdout');
  for (const line of [0, 100, 200]) times.want(line, line + 10);
  await until(() => times.getVersion() > 0, { what: 'the times' });
  expect([times.at(0), times.at(105), times.at(205)]).toEqual([0, 100, 200]);
});

it('asks for the rest when there are more marks than fit in an answer', async () => {
  const marks = Array.from({ length: 4096 }, (_, index) => ({ offset: index, atMs: index }));
  bridge(({ request }) => ({ times: request['from'] === 0 ? marks : [{ offset: 5000, atMs: 9999 }] }));
  const times = new LogTimes(taskId, 'stdout');
  times.want(0, 10_000);
  await until(() => times.getVersion() === 1, { what: 'the times' });
  expect(asked.map(({ request }) => request['from'])).toEqual([0, 4095]);
  expect(times.at(6000)).toBe(9999);
});

const bytesOf = (text: string) => new TextEncoder().encode(text);
const push = (channel: string, value: unknown) => listeners.get(channel)?.(value as never);

it('knows where its lines stand in the file, also after a gap', async () => {
  let startOffset = 1000;
  bridge(({ channel }) => (channel === 'log:open' ? { streamId: 1, sizeBytes: 9000, startOffset } : null));
  const stream = new LogStream(taskId, 'stdout');
  stream.start();
  await until(() => stream.getState().phase === 'following', { what: 'the stream' });
  push('log:chunk', { streamId: 1, offset: 1000, bytes: bytesOf('one\ntwo\n') });
  expect([stream.offsetOfLine(0), stream.offsetOfLine(1)]).toEqual([1000, 1004]);
  push('log:end', { streamId: 1, cause: 'lost' });
  startOffset = 5000;
  stream.open();
  await until(() => asked.filter(({ channel }) => channel === 'log:open').length === 2, { what: 'it again' });
  await until(() => stream.getState().phase === 'following', { what: 'the stream again' });
  push('log:chunk', { streamId: 1, offset: 5000, bytes: bytesOf('three\n') });
  expect(stream.offsetOfLine(2)).toBe(5000);
  expect(stream.lineOfOffset(1005)).toBe(1);
  expect(stream.lineOfOffset(5002)).toBe(2);
  expect([stream.lineOfOffset(999), stream.lineOfOffset(3000), stream.lineOfOffset(9999)]).toEqual([
    null,
    null,
    null,
  ]);
  stream.stop();
});

it('of an older part takes what was asked for and then lets go', async () => {
  bridge(({ channel }) =>
    channel === 'log:open' ? { streamId: 7, sizeBytes: 1e9, startOffset: 500 } : null,
  );
  const stream = new LogStream(taskId, 'stdout', { from: 500, most: 8 });
  stream.start();
  await until(() => stream.getState().phase === 'following', { what: 'the stream' });
  push('log:chunk', { streamId: 7, offset: 500, bytes: bytesOf('12345678') });
  await until(() => stream.getState().phase === 'part', { what: 'the part' });
  expect(asked.at(0)?.request).toMatchObject({ offset: 500, follow: false });
  expect(asked.at(-1)).toMatchObject({ channel: 'log:close', request: { streamId: 7 } });
  push('log:chunk', { streamId: 7, offset: 508, bytes: bytesOf('more') });
  expect(stream.buffer.totalBytes).toBe(8);
});
