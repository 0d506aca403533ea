// Taking a demo agent away, with a small script in the place of the agent: real folders, real processes.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DemoAgents, isDemoEffect } from '../../../../electron/adapters/system/demo-agents.ts';
import { demoRemovalSteps, type RemovalStep } from '../../../../electron/contract/enrolment.ts';
import { ok, refuse } from '../../../../electron/contract/errors.ts';
import type { MachineRecord } from '../../../../electron/contract/machine.ts';
import type { IssuedEffect } from '../../../../electron/core/kernel/effects.ts';
import type { Posted } from '../../../../electron/core/kernel/events.ts';
import { aDemoMachine, aMachine } from '../../../support/builders.ts';
import { until } from '../../../support/wait.ts';

let root = '';
let children: ChildProcess[] = [];

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'mesolite-demo-')));
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(root, { recursive: true, force: true });
});

const slice = aDemoMachine(1).slice;
const demo = (name: string): MachineRecord => aMachine(name, { via: { kind: 'local', demo: slice } });
const dirOf = (name: string) => path.join(root, 'demo', `m-${name}`);

function makeFolder(name: string): string {
  mkdirSync(path.join(dirOf(name), 'tasks', 't-1', 'sandbox'), { recursive: true });
  writeFileSync(path.join(dirOf(name), 'agent.json'), '{}');
  return dirOf(name);
}

/** Notes each call, and answers as the agent does when no daemon runs. */
function fakeBinary(): string {
  const file = path.join(root, 'mesolite-agent');
  writeFileSync(file, `#!/bin/sh\necho "$*" >>${root}/calls\n[ "$1" = stop ] && echo not running\nexit 0\n`, {
    mode: 0o755,
  });
  return file;
}

function calls(): string[] {
  const file = path.join(root, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function agents(patch: Partial<ConstructorParameters<typeof DemoAgents>[0]> = {}): DemoAgents {
  return new DemoAgents({
    binary: fakeBinary(),
    dir: path.join(root, 'demo'),
    clock: { nowMs: () => 0, monoMs: () => performance.now() },
    log: () => undefined,
    endTasks: () => Promise.resolve(ok(0)),
    ...patch,
  });
}

function effect(name: string, step: RemovalStep): Extract<IssuedEffect, { kind: 'run-removal-step' }> {
  return {
    kind: 'run-removal-step',
    effectId: '1.0',
    step,
    machine: demo(name),
    attempt: 1,
    tasks: 'stop',
  };
}

type Finished = Extract<Posted, { kind: 'lane-step-finished' }>;
function runStep(of: DemoAgents, name: string, step: RemovalStep): Promise<Finished> {
  return new Promise((resolve) => of.run(effect(name, step), (event) => resolve(event as Finished)));
}

function startSleep(options: { readonly sandbox?: string; readonly cwd?: string }): ChildProcess {
  const env = options.sandbox === undefined ? {} : { MESOS_SANDBOX: options.sandbox };
  const child = spawn('sleep', ['300'], { env: { PATH: process.env.PATH, ...env }, cwd: options.cwd ?? '/' });
  children.push(child);
  return child;
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;
const isThere = (child: ChildProcess) =>
  until(() => existsSync(`/proc/${child.pid}/environ`), { what: 'the process is there' });

describe('the agents of the demo rack', () => {
  it('are started with a folder and a share of their own, and say when that does not work', async () => {
    const dialled = await agents().dial(demo('one'), new AbortController().signal);
    expect(dialled).toMatchObject({ ok: false, refusal: { reason: 'local-agent-not-started' } });
    expect(calls()).toEqual([
      `daemon --dir ${dirOf('one')} --capacity cpus=0.1,mem=64,disk=256,gpus=0,ports=21000-21999`,
    ]);
  });

  it('are not started for a link that was given up meanwhile', async () => {
    const dialled = await agents().dial(demo('one'), AbortSignal.abort());
    expect(dialled).toMatchObject({ ok: false, refusal: { reason: 'cancelled' } });
    expect(calls()).toEqual([]);
  });

  it('take only the removal steps of slices', () => {
    expect(isDemoEffect(effect('one', 'files'))).toBe(true);
    expect(isDemoEffect({ ...effect('one', 'files'), machine: aMachine('one') })).toBe(false);
    expect(isDemoEffect({ kind: 'connect', effectId: '1.0', machine: demo('one') })).toBe(false);
  });

  it('are not reached when there is no agent for this computer', async () => {
    const dialled = await agents({ binary: null }).dial(demo('one'), new AbortController().signal);
    expect(dialled).toMatchObject({ ok: false, refusal: { reason: 'local-agent-unsupported' } });
    expect(existsSync(dirOf('one'))).toBe(false);
  });
});

describe('removing a demo agent', () => {
  it('leaves no folder, and takes the common one away with the last', async () => {
    const of = agents();
    for (const name of ['one', 'two']) makeFolder(name);
    for (const step of demoRemovalSteps) {
      expect((await runStep(of, 'one', step)).outcome).toMatchObject({ kind: 'done' });
    }
    expect(existsSync(dirOf('one'))).toBe(false);
    expect(existsSync(dirOf('two'))).toBe(true);
    for (const step of demoRemovalSteps) await runStep(of, 'two', step);
    expect(existsSync(path.join(root, 'demo'))).toBe(false);
    expect(calls()).toEqual(['one', 'two'].map((name) => `stop --tasks stop --dir ${dirOf(name)}`));
  });

  it('may be repeated at any step', async () => {
    const of = agents();
    for (const step of [...demoRemovalSteps, ...demoRemovalSteps]) {
      expect((await runStep(of, 'one', step)).outcome).toMatchObject({ kind: 'done' });
    }
  });

  it('goes on to the agent when the link is gone: its tasks end with it', async () => {
    const of = agents({
      endTasks: () => Promise.resolve(refuse('unreachable', 'not-connected', 'there is no live link')),
    });
    expect(await runStep(of, 'one', 'tasks')).toMatchObject({
      answered: 'there is no live link',
      outcome: { kind: 'done' },
    });
  });

  it('starts a dead agent once more when tasks of it are left, and kills what even then does not end', async () => {
    const dir = makeFolder('one');
    const orphan = startSleep({ sandbox: path.join(dir, 'tasks/t-1/sandbox') });
    await isThere(orphan);
    const report = await runStep(agents(), 'one', 'stop-agent');
    await until(() => hasEnded(orphan), { what: 'the orphan has ended' });
    expect(report.answered).toContain('1 processes had to be killed');
    expect(calls().map((call) => call.split(' ')[0])).toEqual(['stop', 'daemon', 'stop']);
  });

  it('never touches a process that only stands in the folder, nor one of another slice', async () => {
    const dir = makeFolder('one');
    const shell = startSleep({ cwd: dir });
    const other = startSleep({ sandbox: path.join(`${dir}-2`, 'tasks/t-1/sandbox') });
    await isThere(shell);
    await isThere(other);
    expect((await runStep(agents(), 'one', 'stop-agent')).answered).toBe('not running');
    expect([hasEnded(shell), hasEnded(other)]).toEqual([false, false]);
  });

  it('does not follow a link out of our folder', async () => {
    const precious = path.join(root, 'precious');
    mkdirSync(path.join(root, 'demo'));
    mkdirSync(precious);
    symlinkSync(precious, dirOf('one'));
    const report = await runStep(agents(), 'one', 'files');
    expect(report.outcome).toMatchObject({ kind: 'failed', refusal: { reason: 'folder-guard' } });
    expect(existsSync(precious)).toBe(true);
  });

  it('says what is left when something is', async () => {
    makeFolder('one');
    expect((await runStep(agents(), 'one', 'verify')).outcome).toMatchObject({
      kind: 'failed',
      refusal: { reason: 'files-left', detail: dirOf('one') },
    });
  });
});

describe('the sweep at the start', () => {
  it('takes away the agents that no machine stands for, and nothing else', async () => {
    for (const name of ['known', 'lost']) makeFolder(name);
    mkdirSync(path.join(root, 'demo', 'somebody else'));
    await agents().sweep((id) => id === 'm-known');
    expect(existsSync(dirOf('lost'))).toBe(false);
    expect(existsSync(dirOf('known'))).toBe(true);
    expect(existsSync(path.join(root, 'demo', 'somebody else'))).toBe(true);
    expect(calls()).toEqual([`stop --tasks stop --dir ${dirOf('lost')}`]);
  });

  it('has nothing to do where there never was a demo rack', async () => {
    await agents().sweep(() => false);
    expect(calls()).toEqual([]);
  });
});
