// What a machine cannot do is refused before it is sent, with the one thing that is wrong.
import { describe, expect, it } from 'vitest';
import type { MachineFacts } from '../../../../electron/contract/machine.ts';
import type { TaskInfo } from '../../../../electron/contract/task.ts';
import type { Check, Container } from '../../../../electron/contract/task-life.ts';
import { aTask, someFacts, someResources } from '../../../support/builders.ts';
import { liveRig, runOnOne } from '../../../support/task-rig.ts';

type Isolation = NonNullable<MachineFacts['isolation']>;
const isolation: Isolation = {
  cpu: 'quota',
  memory: 'cgroup',
  pids: 'cgroup',
  disk: 'watched',
  gpu: 'devices',
  kill: 'cgroup',
  users: true,
};
const check: Check = {
  probe: { kind: 'tcp', port: 80 },
  delayMs: 0,
  intervalMs: 1000,
  timeoutMs: 1000,
  failures: 3,
  graceMs: 0,
};
const container: Container = {
  engine: null,
  image: 'alpine',
  pull: 'missing',
  volumes: [],
  ports: [],
  network: 'bridge',
};
const engines: MachineFacts['engines'] = [{ engine: 'docker', version: '20.10', rootless: false }];
const artifact = { url: null, sha256: 'a'.repeat(64), path: 'data', extract: false, executable: false };

function refusalOf(patch: Partial<TaskInfo>, facts: Partial<MachineFacts> = {}): string | null {
  const rig = liveRig({
    facts: someFacts({ isolation, engines, ...facts }),
    resources: someResources({ gpus: 2 }),
  });
  return rig.ask(runOnOne('job', patch))?.reason ?? null;
}

describe('a task that fits', () => {
  it('is taken with all of its options, which come to the agent unchanged', () => {
    const patch: Partial<TaskInfo> = {
      limits: { cpusMilli: 1000, memMib: null, pids: 100 },
      restart: { on: 'failure', maxInRow: null },
      maxCompletionMs: 60_000,
      health: check,
      readiness: { ...check, probe: { kind: 'http', port: 80, path: '/ready?now=1' } },
      artifacts: [artifact, { ...artifact, path: '.', extract: true }],
      results: ['out/**/*.png', 'log-[0-9].txt', '[^a-c]?'],
      container,
      logMib: 5,
    };
    const rig = liveRig({ facts: someFacts({ isolation, engines }) });
    expect(rig.ask(runOnOne('job', patch))).toBeNull();
    const [effect] = rig.take();
    expect(effect).toMatchObject({ kind: 'send-launch', info: { ...aTask('job'), ...patch } });
    expect(rig.row('tasks', 't-job').info).toEqual({ ...aTask('job'), ...patch });
  });

  it('may name options without asking for anything, also on an old agent', () => {
    const rig = liveRig();
    const nothing = { restart: { on: 'never', maxInRow: null }, artifacts: [], limits: {} } as const;
    expect(rig.ask(runOnOne('job', { ...nothing, artifacts: [] }))).toBeNull();
  });
});

describe('a task that asks for what is not to be had', () => {
  it.each<[string, Partial<TaskInfo>, Partial<MachineFacts>, string]>([
    ['a CPU ceiling below the request', { limits: { cpusMilli: 100 } }, {}, 'limits-below-request'],
    ['a memory ceiling below the request', { limits: { memMib: 1 } }, {}, 'limits-below-request'],
    [
      'a CPU quota where there are only weights',
      { limits: { cpusMilli: 900 } },
      { isolation: { ...isolation, cpu: 'weight' } },
      'limit-cpu-unsupported',
    ],
    [
      'a memory limit where nothing holds it',
      { limits: { memMib: 900 } },
      { isolation: { ...isolation, memory: 'none' } },
      'limit-mem-unsupported',
    ],
    [
      'a number of processes where nothing holds it',
      { limits: { pids: 9 } },
      { isolation: { ...isolation, pids: 'none' } },
      'limit-pids-unsupported',
    ],
    [
      'a GPU where none can be given away',
      { resources: { ...aTask().resources, gpus: 1 } },
      { isolation: { ...isolation, gpu: 'none' } },
      'gpus-unsupported',
    ],
    ['more GPUs than there are', { resources: { ...aTask().resources, gpus: 3 } }, {}, 'not-enough-gpus'],
    ['a container where there is no engine', { container }, { engines: [] }, 'container-engine-missing'],
    [
      'an engine that is not there',
      { container: { ...container, engine: 'podman' } },
      {},
      'container-engine-missing',
    ],
    [
      'ports without a bridge',
      { container: { ...container, network: 'host', ports: [{ host: 1, container: 1, protocol: 'tcp' }] } },
      {},
      'container-ports-useless',
    ],
    [
      'a port twice',
      {
        container: {
          ...container,
          ports: [
            { host: 80, container: 1, protocol: 'tcp' },
            { host: 80, container: 2, protocol: 'tcp' },
          ],
        },
      },
      {},
      'container-port-twice',
    ],
    ['nothing to run', { command: { ...aTask().command, value: ' ' } }, {}, 'command-empty'],
    [
      'a check of nothing',
      { health: { ...check, probe: { kind: 'command', line: ' ' } } },
      {},
      'check-wrong',
    ],
    [
      'a path with a line break',
      { readiness: { ...check, probe: { kind: 'http', port: 1, path: '/a\r\nb' } } },
      {},
      'check-wrong',
    ],
    [
      'a file without a source',
      { artifacts: [{ ...artifact, sha256: null }] },
      {},
      'artifact-without-source',
    ],
    [
      'two files in one place',
      { artifacts: [artifact, { ...artifact, path: './data' }] },
      {},
      'artifact-path-taken',
    ],
    ['a file outside', { artifacts: [{ ...artifact, path: 'a/../../b' }] }, {}, 'artifact-path-wrong'],
    ['a file that is the sandbox', { artifacts: [{ ...artifact, path: './' }] }, {}, 'artifact-path-wrong'],
    ['a pattern outside', { results: ['../*'] }, {}, 'result-pattern-wrong'],
    ['a class that does not end', { results: ['a[b'] }, {}, 'result-pattern-wrong'],
    ['two stars inside a name', { results: ['a**b'] }, {}, 'result-pattern-wrong'],
    ['a lone backslash', { results: ['a\\'] }, {}, 'result-pattern-wrong'],
    ['another user without root', { command: { ...aTask().command, user: 'eve' } }, {}, 'user-needs-root'],
  ])('%s', (_what, patch, facts, reason) => {
    expect(refusalOf(patch, facts)).toBe(reason);
  });

  it.each<[string, Partial<TaskInfo>]>([
    ['restart', { restart: { on: 'always', maxInRow: 3 } }],
    ['health', { health: check }],
    ['limits', { limits: { memMib: 1000 } }],
    ['results', { results: ['*'] }],
  ])('%s of an agent that would leave it out without a word', (name, patch) => {
    const rig = liveRig();
    expect(rig.ask(runOnOne('job', patch))).toMatchObject({
      reason: 'agent-too-old',
      detail: expect.stringContaining(name),
    });
  });
});
