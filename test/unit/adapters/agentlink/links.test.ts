import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AgentChannel } from '../../../../electron/adapters/agentlink/link.ts';
import { type Refusal, type Result, refuse } from '../../../../electron/contract/errors.ts';
import { aTask } from '../../../support/agent-talk.ts';
import { FakeAgent } from '../../../support/fake-wire-agent.ts';
import {
  aLinkRig as aRig,
  closeLinks,
  machine,
  machineId,
  type LinkRig as Rig,
} from '../../../support/link-rig.ts';
import { until } from '../../../support/wait.ts';

afterEach(() => {
  vi.useRealTimers();
  closeLinks();
});

describe('a link', () => {
  it('comes up through a noisy shell with all that the agent holds, then gives samples', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('sample-received');
    expect(rig.of('link-up')).toMatchObject([{ machineId, agentId: rig.agent.agentId, tasks: [] }]);
    expect(rig.posted[0]?.kind).toBe('link-up');
    expect(rig.agent.lease).toEqual({ masterId: 'master-1', epoch: 3 });
  });

  it('comes up only when all pages of tasks are here, and before any update of them', async () => {
    const agent = new FakeAgent();
    agent.pageSize = 3;
    for (let at = 0; at < 8; at += 1) agent.launch(aTask(`p${at}`, 'sleep 10'));
    const rig = aRig({ agent });
    rig.run({ kind: 'connect', machine });
    await rig.seen('status-update-received', 8);
    expect(rig.posted[0]?.kind).toBe('link-up');
    expect(rig.of('link-up')[0]?.tasks.map((task) => task.info.taskId)).toEqual(
      Array.from({ length: 8 }, (_, at) => `t-p${at}`),
    );
    expect(await rig.links.aliveTasks(machineId)).toMatchObject({ ok: true, value: { length: 8 } });
  });

  it('tells why it could not be dialled, once', async () => {
    const rig = aRig({ dial: () => Promise.resolve(refuse('unreachable', 'connection-refused', 'closed')) });
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-down');
    expect(rig.posted).toEqual([
      {
        kind: 'link-down',
        machineId,
        refusal: { code: 'unreachable', reason: 'connection-refused', detail: 'closed' },
      },
    ]);
  });

  it('is refused when another master holds the agent', async () => {
    const agent = new FakeAgent();
    agent.lease = { masterId: 'master-other', epoch: 1 };
    const rig = aRig({ agent });
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-down');
    expect(rig.of('link-down')).toMatchObject([{ refusal: { code: 'conflict', reason: 'lease-held' } }]);
    expect(rig.of('link-up')).toEqual([]);
  });

  it('is down with the words of the layer below when that knows more', async () => {
    const why: Refusal = { code: 'timeout', reason: 'link-lost', detail: 'no answer for 3 s' };
    const rig = aRig({ why });
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    rig.agent.holder?.close();
    await rig.seen('link-down');
    expect(rig.of('link-down')).toEqual([{ kind: 'link-down', machineId, refusal: why }]);
  });

  it('ends without a word at disconnect, also while it is being dialled', async () => {
    let finish: (result: Result<AgentChannel>) => void = () => {};
    const rig = aRig({
      dial: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    rig.run({ kind: 'connect', machine });
    rig.run({ kind: 'disconnect', machineId });
    let isClosed = false;
    const stream = rig.agent.connect();
    finish({
      ok: true,
      value: {
        stream,
        hasPreamble: false,
        whyEnded: () => null,
        close: () => {
          isClosed = true;
        },
      },
    });
    await until(() => isClosed, { what: 'the late channel is closed' });
    expect(rig.posted).toEqual([]);
  });

  it('is replaced by a newer connect without a link-down of the older', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up', 2);
    expect(rig.of('link-down')).toEqual([]);
    expect(rig.links.isLive(machineId)).toBe(true);
  });

  it('tells that it hears the agent when no sample comes, at most once a second', async () => {
    const agent = new FakeAgent();
    agent.sampleEveryMs = 60_000;
    const rig = aRig({ agent });
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-heard', 2);
    const heard = rig.of('link-heard');
    expect(heard.some((event) => event.roundTripMs !== null && event.roundTripMs < 1000)).toBe(true);
    expect(agent.calls.filter((call) => call === 'ping').length).toBeGreaterThan(0);
  });

  it('is down after three unanswered pings', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    rig.agent.isWedged = true;
    const before = rig.agent.calls.length;
    await rig.seen('link-down');
    expect(rig.of('link-down')).toMatchObject([{ refusal: { code: 'timeout', reason: 'agent-silent' } }]);
    expect(rig.agent.calls.slice(before).filter((call) => call === 'ping')).toHaveLength(3);
  });
});

describe('sending to an agent', () => {
  it('launches, tells updates, kills and forgets', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    const info = aTask('long', 'sleep 10');
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')).toEqual([
      { kind: 'launch-answered', taskId: info.taskId, refusal: null },
    ]);
    await rig.seen('status-update-received');
    const ack = async () => {
      const last = rig.of('status-update-received').at(-1)?.status;
      if (last?.uuid) rig.run({ kind: 'send-ack', machineId, taskId: info.taskId, uuid: last.uuid });
    };
    await ack();
    rig.run({ kind: 'send-kill', machineId, taskId: info.taskId, graceMs: 10 });
    await rig.seen('status-update-received', 2);
    expect(rig.of('status-update-received').map((event) => event.status.state)).toEqual([
      'TASK_RUNNING',
      'TASK_KILLED',
    ]);
    await ack();
    rig.run({ kind: 'send-forget', machineId, taskId: info.taskId });
    await rig.seen('forget-answered');
    expect(rig.of('forget-answered')).toMatchObject([{ refusal: null }]);
    expect(rig.agent.tasks.size).toBe(0);
  });

  it('answers at once that there is no connection', async () => {
    const rig = aRig();
    const info = aTask('none', 'sleep 1');
    rig.run({ kind: 'send-launch', machineId, info });
    rig.run({ kind: 'send-kill', machineId, taskId: info.taskId, graceMs: 1 });
    await rig.seen('launch-answered');
    await rig.seen('kill-answered');
    expect(rig.of('launch-answered')).toMatchObject([
      { refusal: { code: 'unreachable', reason: 'not-connected' } },
    ]);
    expect(rig.of('kill-answered')).toMatchObject([{ refusal: { code: 'unreachable' } }]);
  });

  it('answers a launch as unknown when the link breaks meanwhile', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    rig.agent.isWedged = true;
    rig.run({ kind: 'send-launch', machineId, info: aTask('lost', 'sleep 1') });
    rig.agent.holder?.close();
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')).toMatchObject([{ refusal: { code: 'unreachable' } }]);
  });

  it('ends all tasks and waits for it', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    for (const name of ['a', 'b']) rig.run({ kind: 'send-launch', machineId, info: aTask(name, 'sleep 10') });
    await rig.seen('launch-answered', 2);
    expect(await rig.links.aliveTasks(machineId)).toEqual({ ok: true, value: ['t-a', 't-b'] });
    expect(await rig.links.endTasks(machineId, AbortSignal.timeout(2000))).toEqual({ ok: true, value: 2 });
    expect(await rig.links.aliveTasks(machineId)).toEqual({ ok: true, value: [] });
  });
});

describe('a log', () => {
  const openLog = async (
    rig: Rig,
    bytes: number,
    sink: { data(at: number, piece: Uint8Array): void; end(cause: string): void },
  ) => {
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    const info = aTask('talks', `yes ${bytes}`);
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('launch-answered');
    return rig.links.open(machineId, { taskId: info.taskId, file: 'stdout', offset: 0, follow: false }, sink);
  };

  it('stops after the first window until credit is given, then comes whole and in order', async () => {
    const rig = aRig();
    let got = 0;
    let cause = '';
    const sink = {
      data: (at: number, piece: Uint8Array) => {
        expect(at).toBe(got);
        got += piece.length;
      },
      end: (why: string) => {
        cause = why;
      },
    };
    const opened = await openLog(rig, 1_000_000, sink);
    if (!opened.ok) throw new Error(opened.refusal.reason);
    expect(opened.value).toMatchObject({ sizeBytes: 1_000_000, startOffset: 0 });
    await until(() => got === 256 * 1024, { what: 'the first window is here' });
    await rig.links.aliveTasks(machineId); // a whole round trip later there is still no more
    expect(got).toBe(256 * 1024);
    let given = 0;
    await until(
      () => {
        opened.value.credit(got - given);
        given = got;
        return cause === 'finished';
      },
      { what: 'the log ends', everyMs: 1 },
    );
    expect(got).toBe(1_000_000);
  });

  it('ends once, as closed, when we close it, and as lost when the link breaks', async () => {
    const causes: string[] = [];
    const sink = { data: () => {}, end: (cause: string) => causes.push(cause) };
    const rig = aRig();
    const opened = await openLog(rig, 1_000_000, sink);
    if (!opened.ok) throw new Error(opened.refusal.reason);
    opened.value.close();
    opened.value.close();
    expect(causes).toEqual(['closed']);
    const other = aRig();
    await openLog(other, 1_000_000, sink);
    other.agent.holder?.close();
    await until(() => causes.length === 2, { what: 'the log ends' });
    expect(causes).toEqual(['closed', 'lost']);
  });

  it('is refused without a link', async () => {
    const rig = aRig();
    const request = {
      taskId: aTask('x', 'exit 0').taskId,
      file: 'stdout',
      offset: 0,
      follow: false,
    } as const;
    expect(await rig.links.open(machineId, request, { data: () => {}, end: () => {} })).toMatchObject({
      ok: false,
      refusal: { reason: 'not-connected' },
    });
  });
});
