import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AgentChannel } from '../../../../electron/adapters/agentlink/link.ts';
import { AgentLinks, type LinkEffect } from '../../../../electron/adapters/agentlink/links.ts';
import { type ArtifactSource, noArtifacts } from '../../../../electron/adapters/agentlink/provide.ts';
import { type Refusal, type Result, refuse } from '../../../../electron/contract/errors.ts';
import type { MachineId, MasterId } from '../../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../../electron/contract/machine.ts';
import { defaultKeeping } from '../../../../electron/contract/wire.ts';
import type { Effect } from '../../../../electron/core/kernel/effects.ts';
import type { Posted } from '../../../../electron/core/kernel/events.ts';
import { aTask } from '../../../support/agent-talk.ts';
import { FakeAgent } from '../../../support/fake-wire-agent.ts';
import { until } from '../../../support/wait.ts';

const machineId = 'm-1' as MachineId;
const machine: MachineRecord = {
  id: machineId,
  name: 'one',
  via: { kind: 'local' },
  agentId: null,
  note: '',
  addedAtMs: 0,
  removal: null,
};

type Rig = {
  readonly agent: FakeAgent;
  readonly links: AgentLinks;
  readonly posted: Posted[];
  run(effect: Effect): void;
  of<K extends Posted['kind']>(kind: K): Extract<Posted, { kind: K }>[];
  seen(kind: Posted['kind'], count?: number): Promise<unknown>;
};

const open: AgentLinks[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const links of open.splice(0)) links.closeAll();
});

function aRig(
  options: {
    agent?: FakeAgent;
    dial?: () => Promise<Result<AgentChannel>>;
    why?: Refusal;
    masterId?: string;
    artifacts?: ArtifactSource;
  } = {},
): Rig {
  const agent = options.agent ?? new FakeAgent();
  const posted: Posted[] = [];
  const channel = (): AgentChannel => {
    const stream = agent.connect({ preamble: true, noise: 'Welcome!\n' });
    return { stream, hasPreamble: true, close: () => stream.destroy(), whyEnded: () => options.why ?? null };
  };
  const links = new AgentLinks({
    dial: options.dial ?? (() => Promise.resolve({ ok: true, value: channel() })),
    master: { masterId: (options.masterId ?? 'master-1') as MasterId, epoch: 3 },
    appVersion: 'test',
    clock: { nowMs: () => Date.now(), monoMs: () => performance.now() },
    artifacts: options.artifacts ?? noArtifacts,
    log: () => {},
  });
  open.push(links);
  const of = <K extends Posted['kind']>(kind: K) =>
    posted.filter((event): event is Extract<Posted, { kind: K }> => event.kind === kind);
  return {
    agent,
    links,
    posted,
    of,
    run: (effect) => links.run({ ...effect, effectId: 'e-1' } as LinkEffect, (event) => posted.push(event)),
    seen: (kind, count = 1) =>
      until(() => of(kind).length >= count, { what: `${kind} is posted`, everyMs: 1 }),
  };
}

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

describe('a launch that needs files', () => {
  const content = Buffer.alloc(700_000, 'data\n');
  const sha256 = createHash('sha256').update(content).digest('hex');
  const artifact = { url: null, sha256, path: 'in.dat', extract: false, executable: false };
  const info = aTask('files', 'echo ran', { artifacts: [artifact, { ...artifact, path: 'again.dat' }] });
  /** As long as `gate` is closed, reading goes no further than `upTo` bytes. */
  function aSource(bytes: Buffer | null, hold?: { upTo: number; gate: Promise<void> }) {
    const seen = { opened: 0, closed: 0 };
    const source: ArtifactSource = {
      open: (hash) => {
        if (bytes === null) return Promise.resolve(refuse('not-found', 'artifact-lost', hash));
        seen.opened += 1;
        return Promise.resolve({
          ok: true,
          value: {
            sizeBytes: bytes.length,
            read: async (into: Uint8Array, offset: number) => {
              if (hold && offset >= hold.upTo) await hold.gate;
              return bytes.copy(into, 0, offset);
            },
            close: () => {
              seen.closed += 1;
              return Promise.resolve();
            },
          },
        });
      },
    };
    return { source, seen };
  }
  async function live(source: ArtifactSource, agent = new FakeAgent()): Promise<Rig> {
    const rig = aRig({ artifacts: source, agent });
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    return rig;
  }

  it('uploads what the agent lacks, once, tells how far it is, and then launches', async () => {
    const { source, seen } = aSource(content);
    const rig = await live(source);
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')).toEqual([
      { kind: 'launch-answered', taskId: info.taskId, refusal: null },
    ]);
    expect(rig.agent.tasks.get(info.taskId)?.sandbox.get('in.dat')?.equals(content)).toBe(true);
    expect(rig.of('task-progressed')[0]).toMatchObject({
      phase: 'upload',
      doneBytes: 0,
      totalBytes: 700_000,
    });
    expect(seen).toEqual({ opened: 1, closed: 1 });
    const second = aTask('files2', 'echo ran', { artifacts: [artifact] });
    rig.run({ kind: 'send-launch', machineId, info: second });
    await rig.seen('launch-answered', 2);
    expect(seen.opened).toBe(1);
  });

  it('is not begun twice while it is under way', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { source, seen } = aSource(content, { upTo: 1, gate });
    const rig = await live(source);
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('task-progressed');
    rig.run({ kind: 'send-launch', machineId, info });
    open();
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')).toHaveLength(1);
    expect(seen.opened).toBe(1);
  });

  it('is given up by a kill: nothing is launched and the file is let go', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { source, seen } = aSource(content, { upTo: 200_000, gate });
    const stuck = await live(source);
    stuck.run({ kind: 'send-launch', machineId, info });
    await until(() => stuck.agent.cache.parts.size > 0, { what: 'the upload has begun' });
    stuck.run({ kind: 'send-kill', machineId, taskId: info.taskId, graceMs: 0 });
    await stuck.seen('kill-answered');
    expect(stuck.agent.killed.has(info.taskId)).toBe(true);
    open();
    await stuck.seen('launch-answered');
    expect(stuck.of('launch-answered')[0]?.refusal).toMatchObject({ reason: 'killed-before-launch' });
    expect(stuck.agent.tasks.size).toBe(0);
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });

  it('goes on where it broke off, over the next link', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { source } = aSource(content, { upTo: 200_000, gate });
    const rig = await live(source);
    rig.run({ kind: 'send-launch', machineId, info });
    await until(() => (rig.agent.cache.parts.get(sha256)?.length ?? 0) >= 190_000, {
      what: 'a part is there',
    });
    rig.agent.holder?.close();
    await rig.seen('link-down');
    open();
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')[0]?.refusal).toMatchObject({ code: 'unreachable' });
    const part = rig.agent.cache.parts.get(sha256)?.length ?? 0;
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up', 2);
    const before = rig.of('task-progressed').length;
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('launch-answered', 2);
    expect(rig.of('launch-answered')[1]?.refusal).toBeNull();
    expect(rig.of('task-progressed')[before]?.doneBytes).toBe(part);
    expect(rig.agent.cache.kept.get(sha256)?.equals(content)).toBe(true);
  });

  it('says so when the file is no longer here', async () => {
    const rig = await live(aSource(null).source);
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')[0]?.refusal).toMatchObject({
      reason: 'artifact-lost',
      detail: expect.stringContaining('again.dat'),
    });
    expect(rig.agent.tasks.size).toBe(0);
  });

  it('says so when the file is no longer what it was', async () => {
    const rig = await live(aSource(Buffer.alloc(10, 'other')).source);
    rig.run({ kind: 'send-launch', machineId, info });
    await rig.seen('launch-answered');
    expect(rig.of('launch-answered')[0]?.refusal).toMatchObject({ reason: 'artifact-corrupt' });
  });
});

describe('what the core tells an agent', () => {
  it('takes the lease from another master only when it is said to', async () => {
    const agent = new FakeAgent();
    agent.lease = { masterId: 'master-other', epoch: 1 };
    const rig = aRig({ agent });
    rig.run({ kind: 'connect', machine, takeOver: true });
    await rig.seen('link-up');
    expect(agent.lease).toEqual({ masterId: 'master-1', epoch: 3 });
  });

  it('is what it keeps', async () => {
    const rig = aRig();
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    rig.run({ kind: 'send-configure', machineId, keeping: defaultKeeping });
    await until(() => rig.agent.keeping, { what: 'it is told' });
    expect(rig.agent.keeping).toEqual(defaultKeeping);
  });

  it('asks of files only over a live link', async () => {
    const rig = aRig();
    const question = { taskId: info0.taskId } as const;
    expect(await rig.links.ask(machineId, 'results.list', question)).toMatchObject({
      ok: false,
      refusal: { reason: 'not-connected' },
    });
    rig.run({ kind: 'connect', machine });
    await rig.seen('link-up');
    rig.agent.launch(info0);
    expect(await rig.links.ask(machineId, 'results.list', question)).toMatchObject({
      ok: true,
      value: { files: [{ path: 'a.txt' }] },
    });
  });
});

const info0 = aTask('result', 'echo x > a.txt', { results: ['*.txt'] });
