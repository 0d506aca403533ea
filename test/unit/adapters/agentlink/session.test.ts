import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { encodeData, encodeJson } from '../../../../electron/adapters/agentlink/codec.ts';
import { Session } from '../../../../electron/adapters/agentlink/session.ts';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import type { TaskId } from '../../../../electron/contract/ids.ts';
import { attachPreamble } from '../../../../electron/contract/wire.ts';
import { duplexPair, fakeSample } from '../../../support/fake-agent-parts.ts';
import { until } from '../../../support/wait.ts';

type Rig = {
  session: Session;
  wire: Duplex;
  sent: () => string;
  closed: () => Refusal | null;
  odd: string[];
  samples: number[];
};

function aSession(hasPreamble = false): Rig {
  const [ours, wire] = duplexPair();
  let closed: Refusal | null = null;
  let sent = '';
  const odd: string[] = [];
  const samples: number[] = [];
  wire.on('data', (piece: Buffer) => {
    sent += piece.toString('latin1');
  });
  const session = new Session({
    stream: ours,
    hasPreamble,
    handlers: {
      heard: () => {},
      odd: (detail) => odd.push(detail),
      event: (event) => {
        if (event.event === 'sample') samples.push(event.sample.seq);
      },
      closed: (refusal) => {
        expect(closed).toBeNull();
        closed = refusal;
      },
    },
  });
  return { session, wire, sent: () => sent, closed: () => closed, odd, samples };
}

describe('a session', () => {
  it('sends nothing before the line of attach, so that no shell swallows a frame', async () => {
    const { session, wire, sent } = aSession(true);
    void session.call('ping', {});
    wire.write('Last login: today\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent()).toBe('');
    wire.write(attachPreamble);
    await until(() => sent().includes('"ping"'), { what: 'the frame is sent' });
    session.close();
  });

  it.each([
    [
      'attach could not reach the daemon',
      'mesolite-attach-error no-daemon nothing listens\n',
      'agent-not-running',
      'nothing listens',
    ],
    ['the agent is not there', 'mesolite-attach-error agent-missing gone\n', 'agent-missing', 'gone'],
    ['there is only noise', 'x'.repeat(70_000), 'wire-broken', 'no preamble in 64 KiB'],
  ])('ends with words when %s', async (_what, said, reason, detail) => {
    const { wire, closed } = aSession(true);
    wire.write(said);
    await until(() => closed(), { what: 'it ends' });
    expect(closed()).toMatchObject({ reason, detail: expect.stringContaining(detail) });
  });

  it('quotes what came when the stream ends before the line of attach', async () => {
    const { wire, closed } = aSession(true);
    wire.write('This account is \u001b[31mnot available\n');
    wire.end();
    await until(() => closed(), { what: 'it ends' });
    expect(closed()).toMatchObject({ reason: 'agent-not-running' });
    expect(closed()?.detail).toContain('"This account is not available"');
  });

  it.each([
    ['a frame of an unknown kind', Buffer.from([0, 0, 0, 2, 9, 9])],
    ['neither answer nor event', encodeJson({ hello: 1 })],
    ['a broken status update', encodeJson({ v: 1, event: 'status-update', status: { taskId: 'nope' } })],
    ['a list where a message must be', encodeJson([1])],
  ])('ends the connection on %s', async (_what, bytes) => {
    const { wire, closed } = aSession();
    wire.write(bytes);
    await until(() => closed(), { what: 'it ends' });
    expect(closed()).toMatchObject({ code: 'internal', reason: 'wire-broken' });
  });

  it('ends when an answer is not of the shape it must be', async () => {
    const { session, wire, closed } = aSession();
    const answer = session.call('task.launch', { info: {} as never });
    wire.write(encodeJson({ v: 1, id: 1, result: { accepted: 'maybe' } }));
    expect(await answer).toMatchObject({ ok: false, refusal: { reason: 'wire-broken' } });
    expect(closed()).not.toBeNull();
  });

  it('drops an odd sample and takes the next', async () => {
    const { session, wire, odd, samples, closed } = aSession();
    wire.write(encodeJson({ v: 1, event: 'sample', sample: { ...fakeSample(1), load: 'high' } }));
    wire.write(encodeJson({ v: 1, event: 'sample', sample: fakeSample(2) }));
    await until(() => samples.length === 1, { what: 'the good sample is here' });
    expect(samples).toEqual([2]);
    expect(odd).toHaveLength(1);
    expect(closed()).toBeNull();
    session.close();
  });

  it('ignores events and fields of a newer agent', async () => {
    const { session, wire, samples, closed } = aSession();
    wire.write(encodeJson({ v: 1, event: 'confetti', much: true }));
    wire.write(encodeJson({ v: 1, event: 'sample', sample: { ...fakeSample(3), mood: 'good' }, extra: 1 }));
    await until(() => samples.length === 1, { what: 'the sample is here' });
    expect(closed()).toBeNull();
    session.close();
  });

  it('gives up on a call after its time, and a late answer does no harm', async () => {
    const { session, wire, closed } = aSession();
    const answer = await session.call('ping', {}, { timeoutMs: 20 });
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'timeout', reason: 'call-timeout' } });
    wire.write(encodeJson({ v: 1, id: 1, result: {} }));
    const next = session.call('ping', {});
    wire.write(encodeJson({ v: 1, id: 2, result: {} }));
    expect(await next).toEqual({ ok: true, value: {} });
    expect(closed()).toBeNull();
    session.close();
  });

  it('ends when a stream is sent more than its credit', async () => {
    const { session, wire, closed } = aSession();
    const opening = session.openLog(
      { taskId: 't-1' as TaskId, file: 'stdout', offset: 0, follow: false },
      { data: () => {}, end: () => {} },
    );
    wire.write(encodeJson({ v: 1, id: 1, result: { stream: 1, sizeBytes: 9e6, startOffset: 0 } }));
    await opening;
    for (let turn = 0; turn < 5; turn += 1) wire.write(encodeData(1, Buffer.alloc(64 * 1024)));
    await until(() => closed(), { what: 'it ends' });
    expect(closed()?.detail).toContain('over its credit');
  });

  it('counts the offset of a log anew when the agent moved it forward', async () => {
    const { session, wire } = aSession();
    const seen: [number, string][] = [];
    const opening = session.openLog(
      { taskId: 't-a' as TaskId, file: 'stdout', offset: 0, follow: true },
      { data: (offset, bytes) => seen.push([offset, Buffer.from(bytes).toString('utf8')]), end: () => {} },
    );
    wire.write(encodeJson({ v: 1, id: 1, result: { stream: 1, sizeBytes: 10, startOffset: 0 } }));
    expect((await opening).ok).toBe(true);
    wire.write(encodeData(1, Buffer.from('early')));
    wire.write(encodeJson({ v: 1, event: 'stream-moved', stream: 1, offset: 1000 }));
    wire.write(encodeData(1, Buffer.from('late')));
    wire.write(encodeData(1, Buffer.from('later')));
    await until(() => seen.length === 3, { what: 'all bytes came' });
    expect(seen).toEqual([
      [0, 'early'],
      [1000, 'late'],
      [1004, 'later'],
    ]);
    session.close();
  });

  it('gives the refusal of its end to every open call', async () => {
    const { session, wire } = aSession();
    const calls = [session.call('ping', {}), session.call('task.list', {})];
    wire.destroy();
    for (const answer of await Promise.all(calls)) {
      expect(answer).toMatchObject({ ok: false, refusal: { code: 'unreachable', reason: 'link-closed' } });
    }
    expect(await session.call('ping', {})).toMatchObject({ ok: false });
  });
});
