/** The agent of this computer, as the app starts, finds and ends it. No network at all. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentLinks } from '../../electron/adapters/agentlink/links.ts';
import { noArtifacts } from '../../electron/adapters/agentlink/provide.ts';
import { systemClock } from '../../electron/adapters/system/clock.ts';
import { LocalAgent } from '../../electron/adapters/system/local-agent.ts';
import type { MachineId, MasterId } from '../../electron/contract/ids.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import { aTask } from '../support/agent-talk.ts';
import { until } from '../support/wait.ts';
import { builtAgent } from './built-agent.ts';

let binary: string;
let folder: string;
beforeAll(async () => {
  binary = await builtAgent();
}, 120_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesolite-local-'));
});
afterEach(() => {
  for (const dir of [join(folder, 'agent'), deepDir()]) {
    if (existsSync(dir)) execFileSync(binary, ['stop', '--tasks', 'stop', '--dir', dir]);
  }
  rmSync(folder, { recursive: true, force: true });
});

const machineId = 'm-local' as MachineId;
const machine: MachineRecord = {
  id: machineId,
  name: 'this computer',
  via: { kind: 'local' },
  agentId: null,
  note: '',
  addedAtMs: 0,
  removal: null,
};

/** Deeper than a socket address can hold. */
function deepDir(): string {
  return join(folder, 'p'.repeat(80), 'q'.repeat(80), 'agent');
}

function start(options: { binary?: string | null; dir?: string } = {}) {
  const faults: (string | null)[] = [];
  const posted: Posted[] = [];
  const local = new LocalAgent({
    binary: options.binary === undefined ? binary : options.binary,
    dir: options.dir ?? join(folder, 'agent'),
    capacity: null,
    onFault: (detail) => faults.push(detail),
    log: () => {},
  });
  const links = new AgentLinks({
    artifacts: noArtifacts,
    dial: (_machine, signal) => local.dial(signal),
    master: { masterId: 'master-local' as MasterId, epoch: 1 },
    appVersion: 'test',
    clock: systemClock,
    log: () => {},
  });
  const post = (event: Posted) => posted.push(event);
  links.run({ kind: 'connect', machine, effectId: 'e-1' }, post);
  const seen = <K extends Posted['kind']>(kind: K) =>
    until(() => posted.find((event): event is Extract<Posted, { kind: K }> => event.kind === kind), {
      what: kind,
    });
  return { local, links, posted, faults, post, seen };
}

function pidOf(dir: string): number {
  const status = execFileSync(binary, ['status', '--json', '--dir', dir], { encoding: 'utf8' });
  return (JSON.parse(status) as { pid: number }).pid;
}

describe('the agent of this computer', () => {
  it('is started when it does not run, and found when it does', async () => {
    const first = start();
    await first.seen('sample-received');
    const pid = pidOf(join(folder, 'agent'));
    first.links.closeAll();
    const second = start();
    await second.seen('link-up');
    expect(pidOf(join(folder, 'agent'))).toBe(pid);
    expect(second.faults).toEqual([null]);
    second.links.closeAll();
  });

  it('is reached however deep the profile lies', async () => {
    const rig = start({ dir: deepDir() });
    expect(await rig.seen('link-up')).toMatchObject({ machineId });
    rig.links.closeAll();
  });

  it('has nothing of the app in its environment', async () => {
    process.env['MESOLITE_CANARY'] = 'yes';
    const rig = start();
    await rig.seen('link-up');
    delete process.env['MESOLITE_CANARY'];
    expect(readFileSync(`/proc/${pidOf(join(folder, 'agent'))}/environ`, 'utf8')).not.toMatch(
      /CANARY|ELECTRON/,
    );
    rig.links.closeAll();
  });

  it('ends with the app when it is idle, and stays when a task runs', async () => {
    const dir = join(folder, 'agent');
    const busy = start();
    await busy.seen('link-up');
    const info = aTask('stays', 'sleep 4100');
    busy.links.run({ kind: 'send-launch', machineId, info, effectId: 'e-2' }, busy.post);
    await busy.seen('status-update-received');
    expect(await busy.links.shutDown(machineId, { tasks: 'keep', onlyIfIdle: true })).toMatchObject({
      ok: false,
      refusal: { code: 'conflict', reason: 'tasks-running' },
    });
    expect(await busy.links.endTasks(machineId, AbortSignal.timeout(5000))).toEqual({ ok: true, value: 1 });
    const pid = pidOf(dir);
    expect(await busy.links.shutDown(machineId, { tasks: 'keep', onlyIfIdle: true })).toMatchObject({
      ok: true,
    });
    await until(() => !existsSync(`/proc/${pid}`), { what: 'the daemon is gone' });
    busy.links.closeAll();
  });

  it.each([
    ['there is none for this kind of computer', null, 'local-agent-unsupported', /linux/],
    ['its file is missing', '/nowhere/mesolite-agent', 'local-agent-missing', /nowhere/],
    ['it fails at once', 'broken', 'local-agent-not-started', /ended with code 7: no such luck/],
  ])('when %s the link is refused and the fault is told', async (_what, file, reason, detail) => {
    const broken = join(folder, 'broken');
    writeFileSync(broken, '#!/bin/sh\necho no such luck >&2\nexit 7\n');
    chmodSync(broken, 0o755);
    const rig = start({ binary: file === 'broken' ? broken : file, dir: join(folder, 'other') });
    const down = await rig.seen('link-down');
    expect(down.refusal).toMatchObject({ reason });
    expect(rig.faults).toEqual([expect.stringMatching(detail)]);
  });

  it('whose folder cannot be made says so', async () => {
    mkdirSync(join(folder, 'x'));
    writeFileSync(join(folder, 'x/file'), '');
    const rig = start({ dir: join(folder, 'x/file/agent') });
    expect((await rig.seen('link-down')).refusal).toMatchObject({ reason: 'local-agent-not-started' });
  });

  it('answers two links that come at once with one daemon', async () => {
    const one = start();
    const two = start();
    await Promise.race([one.seen('link-up'), two.seen('link-up')]);
    await until(
      () => [...one.posted, ...two.posted].filter((event) => event.kind === 'link-up').length >= 1,
      {
        what: 'one is up',
      },
    );
    // The one that came second finds the lock held, and ends.
    const count = () =>
      execFileSync('pgrep', ['-fc', `daemon .*${join(folder, 'agent')}`], { encoding: 'utf8' }).trim();
    await until(() => count() === '1', { what: 'one daemon is left' });
    expect(count()).toBe('1');
    one.links.closeAll();
    two.links.closeAll();
  });
});
