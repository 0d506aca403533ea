// @vitest-environment node
// The stream of one log: early chunks, credit, the end, and opening again where it stopped.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Bridge, Channel, PushChannel, Pushes } from '../../../../../electron/contract/channels.ts';
import { ok, type Result, refuse } from '../../../../../electron/contract/errors.ts';
import type { TaskId } from '../../../../../electron/contract/ids.ts';
import { setBridge } from '../../../../../renderer/bridge/bridge.ts';
import { LogStream } from '../../../../../renderer/pages/task/log-stream.ts';

const encoder = new TextEncoder();

class FakeStreams {
  readonly asked: { readonly channel: Channel; readonly request: Record<string, unknown> }[] = [];
  answer: Result<{ streamId: number; sizeBytes: number; startOffset: number }> = ok({
    streamId: 1,
    sizeBytes: 0,
    startOffset: 0,
  });
  onOpen: () => void = () => undefined;
  readonly #listeners = new Map<PushChannel, Set<(push: never) => void>>();
  readonly bridge: Bridge = {
    invoke: async (channel, request) => {
      this.asked.push({ channel, request: request });
      if (channel !== 'log:open') return ok(null) as never;
      this.onOpen();
      return (await Promise.resolve(this.answer)) as never;
    },
    subscribe: (channel, listener) => {
      const set = this.#listeners.get(channel) ?? new Set();
      set.add(listener);
      this.#listeners.set(channel, set);
      return () => set.delete(listener);
    },
  };
  push<P extends PushChannel>(channel: P, push: Pushes[P]): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(push as never);
  }
  chunk(streamId: number, offset: number, text: string): void {
    this.push('log:chunk', { streamId, offset, bytes: encoder.encode(text) });
  }
  sent(channel: Channel) {
    return this.asked.filter((each) => each.channel === channel).map((each) => each.request);
  }
}

let fake: FakeStreams;
let stream: LogStream;
const settle = () => vi.advanceTimersByTimeAsync(50);

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeStreams();
  setBridge(fake.bridge);
  stream = new LogStream('t-1' as TaskId, 'stdout');
  stream.subscribe(() => undefined);
});
afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

it('takes chunks that come before the answer to its opening', async () => {
  fake.onOpen = () => fake.chunk(1, 0, 'early\n');
  stream.start();
  await settle();
  fake.chunk(1, 6, 'late\n');
  await settle();
  expect(stream.buffer.lineCount).toBe(2);
  expect(stream.getState().phase).toBe('following');
});

it('ignores chunks of other streams', async () => {
  stream.start();
  await settle();
  fake.chunk(9, 0, 'foreign\n');
  expect(stream.buffer.lineCount).toBe(0);
});

it('gives credit for what it took in, in few messages', async () => {
  stream.start();
  await settle();
  for (let i = 0; i < 10; i += 1) fake.chunk(1, i * 10_000, 'x'.repeat(10_000));
  await settle();
  const credits = fake.sent('log:credit');
  expect(credits).toHaveLength(1);
  expect(credits[0]).toEqual({ streamId: 1, bytes: 70_000 });
});

it('says how much of the start it does not hold', async () => {
  fake.answer = ok({ streamId: 1, sizeBytes: 5000, startOffset: 4000 });
  stream.start();
  await settle();
  fake.chunk(1, 4000, 'tail\n');
  await settle();
  expect(stream.getState().missingBytes).toBe(4000);
});

it('opens again where it stopped', async () => {
  stream.start();
  await settle();
  fake.chunk(1, 0, 'one\n');
  fake.push('log:end', { streamId: 1, cause: 'lost' });
  await settle();
  expect(stream.getState().phase).toBe('lost');
  fake.answer = ok({ streamId: 2, sizeBytes: 4, startOffset: 4 });
  stream.open();
  await settle();
  fake.chunk(2, 4, 'two\n');
  await settle();
  expect(fake.sent('log:open').map((request) => request['offset'])).toEqual([-16 * 1024 * 1024, 4]);
  expect(stream.buffer.lineCount).toBe(2);
});

it.each([
  ['finished', 'ended'],
  ['removed', 'removed'],
  ['closed', 'lost'],
] as const)('after the cause %s it is %s', async (cause, phase) => {
  stream.start();
  await settle();
  fake.push('log:end', { streamId: 1, cause });
  await settle();
  expect(stream.getState().phase).toBe(phase);
});

it('shows a refusal and can be opened later', async () => {
  fake.answer = refuse('not-found', 'log-not-yet', '');
  stream.start();
  await settle();
  expect(stream.getState()).toMatchObject({ phase: 'refused', refusal: { reason: 'log-not-yet' } });
  fake.answer = ok({ streamId: 3, sizeBytes: 0, startOffset: 0 });
  stream.open();
  await settle();
  expect(stream.getState().phase).toBe('following');
});

it('closes its stream, also one that is answered after it stopped', async () => {
  stream.start();
  stream.stop();
  await settle();
  expect(fake.sent('log:close')).toEqual([{ streamId: 1 }]);
});
