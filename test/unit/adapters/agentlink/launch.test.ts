// Launches with their files, and what else the core tells an agent.
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { ArtifactSource } from '../../../../electron/adapters/agentlink/provide.ts';
import { refuse } from '../../../../electron/contract/errors.ts';
import { defaultKeeping } from '../../../../electron/contract/wire.ts';
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

afterEach(closeLinks);

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
