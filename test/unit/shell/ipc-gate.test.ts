import { anything, assert, asyncProperty } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, requestSchemas } from '../../../electron/contract/channels.ts';
import { ok } from '../../../electron/contract/errors.ts';
import { createGate, type Handlers, rateLimit } from '../../../electron/shell/ipc-gate.ts';
import type { Fields } from '../../../electron/shell/log-file.ts';

const window = { id: 1 };

function setUp(overrides: Partial<Handlers> = {}) {
  const called: string[] = [];
  const lines: { verb: string; fields: Fields | undefined }[] = [];
  const clock = { ms: 0 };
  const plain = Object.fromEntries(
    Object.keys(requestSchemas).map((channel) => [
      channel,
      () => {
        called.push(channel);
        return ok(null);
      },
    ]),
  );
  const handlers = { ...plain, ...overrides } as unknown as Handlers;
  const gate = createGate(
    handlers,
    (_level, verb, fields) => void lines.push({ verb, fields }),
    () => clock.ms,
  );
  return { gate, called, lines, clock };
}

describe('the gate of requests', () => {
  it('hands a request of the right shape to its handler', async () => {
    const { gate, called } = setUp();
    expect(await gate.handle(window, 'fault:dismiss', { id: 'x' })).toEqual({ ok: true, value: null });
    expect(called).toEqual(['fault:dismiss']);
  });

  it.each([{}, { lowerPriority: true }, { lowerPriority: 1, aboveFairShare: false }, 'all'])(
    'refuses a role whose tasks may end early by %j',
    async (preemption) => {
      const { gate, called } = setUp();
      const change = { role: 'eng', weightMilli: 1000, quota: null, force: false };
      expect(await gate.handle(window, 'role:change', { ...change, preemption })).toMatchObject({
        ok: false,
      });
      const whole = { lowerPriority: true, aboveFairShare: false };
      expect(called).toEqual([]);
      await gate.handle(window, 'role:change', { ...change, preemption: whole });
      expect(called).toEqual(['role:change']);
    },
  );

  it.each([-1001, 1001, 0.5, '1', null])('refuses a task of priority %j', async (priority) => {
    const { gate, called } = setUp();
    const command = {
      shell: true,
      value: 'true',
      arguments: [],
      environment: [],
      workingFolder: null,
      user: null,
    };
    const room = { cpusMilli: 100, memMib: 32, diskMib: 0, gpus: 0, killGraceMs: 3000 };
    const task = { machineId: null, name: '', command, ...room };
    expect(await gate.handle(window, 'task:run', { ...task, priority })).toMatchObject({ ok: false });
    expect(called).toEqual([]);
    await gate.handle(window, 'task:run', { ...task, priority: -1000 });
    expect(called).toEqual(['task:run']);
  });

  it.each(['no:such', '', '__proto__', 'constructor', 'toString', 7, null, { a: 1 }])(
    'refuses the unknown channel %j',
    async (channel) => {
      const { gate, called } = setUp();
      const answer = await gate.handle(window, channel, {});
      expect(answer).toMatchObject({ ok: false, refusal: { code: 'invalid', reason: 'unknown-channel' } });
      expect(called).toEqual([]);
    },
  );

  it('never rejects, and lets nothing of a wrong shape through, whatever comes on any channel', async () => {
    const channels = Object.keys(requestSchemas) as Channel[];
    const { gate, called, clock } = setUp();
    await assert(
      // Drawn once for all channels: making a value costs many times what the gate needs for it.
      asyncProperty(anything({ maxDepth: 3 }), async (value) => {
        const wrong: string[] = [];
        for (const channel of channels) {
          clock.ms += 10_000;
          called.length = 0;
          const answer = await gate.handle(window, channel, value);
          const isRight = requestSchemas[channel].safeParse(value).success;
          if (answer.ok !== isRight || called.join() !== (isRight ? channel : '')) wrong.push(channel);
        }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells where the shape is wrong but never a value', async () => {
    const { gate, lines } = setUp();
    const secret = 'hunter2 hunter2';
    const answer = await gate.handle(window, 'machine:add', {
      name: '',
      address: 'host1',
      port: 'x',
      user: 'root',
      credentials: { kind: 'password', password: secret, plantKey: false },
    });
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'invalid', reason: 'wrong-shape' } });
    expect(JSON.stringify([answer, lines])).toContain('port');
    expect(JSON.stringify([answer, lines])).not.toContain(secret);
  });

  it('turns a throwing handler into an internal refusal with a log id and no stack', async () => {
    const { gate, lines } = setUp({
      'app:info': () => {
        throw new Error('boom at /somewhere');
      },
    });
    const answer = await gate.handle(window, 'app:info', {});
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'internal', reason: 'request-failed' } });
    expect(JSON.stringify(answer)).not.toContain('boom');
    expect(lines.at(-1)).toMatchObject({ verb: 'request-failed' });
  });

  it('mutes a flood for a second, says it once, and serves again afterwards', async () => {
    const { gate, lines, clock, called } = setUp();
    const flood = await Promise.all(
      Array.from({ length: 10_000 }, () => gate.handle(window, 'app:info', {})),
    );
    expect(flood.filter((answer) => answer.ok)).toHaveLength(rateLimit.burst);
    expect(called).toHaveLength(rateLimit.burst);
    expect(lines.filter((line) => line.verb === 'mute-window')).toHaveLength(1);
    clock.ms += rateLimit.muteMs - 1;
    expect((await gate.handle(window, 'app:info', {})).ok).toBe(false);
    clock.ms += 1;
    expect((await gate.handle(window, 'app:info', {})).ok).toBe(true);
  });

  it('keeps the windows apart', async () => {
    const { gate } = setUp();
    for (let count = 0; count < 1000; count += 1) await gate.handle(window, 'app:info', {});
    expect((await gate.handle({ id: 2 }, 'app:info', {})).ok).toBe(true);
  });

  it('lets a fast log be followed: credits cost a tenth', async () => {
    const { gate } = setUp();
    const answers = await Promise.all(
      Array.from({ length: 3500 }, () => gate.handle(window, 'log:credit', { streamId: 1, bytes: 1 })),
    );
    expect(answers.every((answer) => answer.ok)).toBe(true);
  });
});
