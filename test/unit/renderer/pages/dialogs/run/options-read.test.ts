// @vitest-environment node
// “More” of the run-a-task form: every fault where it belongs, and only requests that the contract takes.
import { describe, expect, it } from 'vitest';
import { requestSchemas } from '../../../../../../electron/contract/channels.ts';
import type { MachineId } from '../../../../../../electron/contract/ids.ts';
import { defaultKeeping } from '../../../../../../electron/contract/wire.ts';
import { wordsFor } from '../../../../../../renderer/app/messages/words.ts';
import { numberIn } from '../../../../../../renderer/pages/dialogs/run/fields.ts';
import {
  emptyOptions,
  fileRow,
  nameOfUrl,
  type OptionsForm,
  pathFor,
  pathOfFile,
} from '../../../../../../renderer/pages/dialogs/run/options-form.ts';
import { readOptions } from '../../../../../../renderer/pages/dialogs/run/options-read.ts';
import { type PartName, summaryOf } from '../../../../../../renderer/pages/dialogs/run/summaries.ts';
import { emptyRun, runFaults, runRequest } from '../../../../../../renderer/pages/dialogs/run-task-form.ts';

const asked = { cpusMilli: 500, memMib: 256, gpusThere: 1 };
const hash = 'a'.repeat(64);
const picked = { name: 'data.csv', sizeBytes: 2048, sha256: hash };
const { health: none, container: process } = emptyOptions;

const bad: readonly (readonly [string, Partial<OptionsForm>, string])[] = [
  ['a label without a key', { labels: 'a=1\n=2' }, 'labels'],
  ['a label that stands there twice', { labels: 'a=1\nb\na=2' }, 'labels'],
  ['a key of a label that is too long', { labels: 'k'.repeat(257) }, 'labels'],
  ['65 labels', { labels: Array.from({ length: 65 }, (_, n) => `k${n}`).join('\n') }, 'labels'],
  ['half a priority', { priority: '0.5' }, 'priority'],
  ['a priority beyond the highest', { priority: '1001' }, 'priority'],
  ['a priority of words', { priority: 'high' }, 'priority'],
  ['a CPU limit of nothing', { limitCpus: '0' }, 'limitCpus'],
  ['a CPU limit below the request', { limitCpus: '0.4' }, 'limitCpus'],
  ['a memory ceiling that is missing', { memCeiling: 'above' }, 'limitMem'],
  ['a memory ceiling below the request', { memCeiling: 'above', limitMem: '255' }, 'limitMem'],
  ['half a process', { limitPids: '1.5' }, 'limitPids'],
  ['more processes than a kernel has', { limitPids: '4194305' }, 'limitPids'],
  ['a disk of words', { disk: 'big' }, 'disk'],
  ['more GPUs than there are', { gpus: '2' }, 'gpus'],
  ['giving up at once', { restartOn: 'failure', maxInRow: '0' }, 'maxInRow'],
  ['more than a year', { mostTime: '366', mostTimeUnit: 'd' }, 'mostTime'],
  ['no time at all', { mostTime: '0' }, 'mostTime'],
  ['a check without a command', { health: { ...none, kind: 'command', line: ' ' } }, 'health.line'],
  ['a port that is none', { health: { ...none, kind: 'tcp', port: '65536' } }, 'health.port'],
  ['a path without a slash', { health: { ...none, kind: 'http', port: '80', path: 'x' } }, 'health.path'],
  [
    'a check without a pause',
    { readiness: { ...none, kind: 'tcp', port: '1', intervalS: '0' } },
    'readiness.intervalS',
  ],
  ['a delay of words', { health: { ...none, kind: 'tcp', port: '1', delayS: 'soon' } }, 'health.delayS'],
  [
    'eleven minutes of waiting',
    { health: { ...none, kind: 'tcp', port: '1', timeoutS: '601' } },
    'health.timeoutS',
  ],
  ['an address of a file', { files: [fileRow({ url: 'ftp://x/y', path: 'y' })] }, 'file.0.url'],
  ['a hash that is none', { files: [fileRow({ url: 'http://x/y', sha256: 'abc' })] }, 'file.0.sha256'],
  ['a way out of the sandbox', { files: [fileRow({ picked, path: '../x' })] }, 'file.0.path'],
  ['a place of the machine', { files: [fileRow({ picked, path: '/etc/passwd' })] }, 'file.0.path'],
  ['two files in one place', { files: [fileRow({ picked }), fileRow({ picked })] }, 'file.1.path'],
  ['a pattern that leaves', { results: 'out/*\na/../../b' }, 'results'],
  ['no image', { container: { ...process, isOn: true } }, 'image'],
  ['an image with a space', { container: { ...process, isOn: true, image: 'a b' } }, 'image'],
  ['an image like an option', { container: { ...process, isOn: true, image: '--privileged' } }, 'image'],
  [
    'a volume without a target',
    { container: { ...process, isOn: true, image: 'x', volumes: '/srv' } },
    'volumes',
  ],
  ['a port with a word', { container: { ...process, isOn: true, image: 'x', ports: '80:web' } }, 'ports'],
  ['a log of nothing', { logMib: '0' }, 'logMib'],
];

describe('what is said to be wrong', () => {
  it.each(bad)('%s', (_what, change, field) => {
    expect(Object.keys(readOptions({ ...emptyOptions, ...change }, asked).faults)).toEqual([field]);
  });

  it('nothing, when nothing was touched', () => {
    expect(readOptions(emptyOptions, asked).faults).toEqual({});
  });

  it('a container on a machine without an engine', () => {
    const options = { ...emptyOptions, container: { ...process, isOn: true, image: 'x' } };
    const form = { ...emptyRun, machineId: 'm-a' as MachineId, options };
    expect(Object.keys(runFaults(form, { total: null, hasEngine: false }))).toEqual(['container']);
    expect(Object.keys(runFaults(form, { total: null, hasEngine: true }))).toEqual([]);
  });
});

const full: OptionsForm = {
  labels: 'team = vision\n\nnightly\nurl=http://x/?a=b',
  priority: '-3',
  limitCpus: '1,5',
  memCeiling: 'above',
  limitMem: '512',
  limitPids: '64',
  disk: '1024',
  gpus: '1',
  restartOn: 'failure',
  maxInRow: '5',
  mostTime: '1.5',
  mostTimeUnit: 'h',
  health: { ...none, kind: 'http', port: '8080', path: '/health', delayS: '2,5' },
  readiness: { ...emptyOptions.readiness, kind: 'tcp', port: '8080' },
  files: [
    fileRow({ picked: { ...picked, name: 'set.tar.gz' } }),
    fileRow({ url: 'https://example.org/tool', sha256: hash.toUpperCase(), isExecutable: true }),
  ],
  results: 'out/*.png\n\n**/*.csv',
  container: {
    isOn: true,
    engine: 'podman',
    image: 'docker.io/library/python:3.12-slim',
    pull: 'always',
    network: 'bridge',
    volumes: '/srv/data:/data:ro\ncache:/cache',
    ports: '8080:80\n53/udp',
  },
  logMib: '16',
};

describe('the request', () => {
  const request = runRequest({
    ...emptyRun,
    machineId: 'm-a' as MachineId,
    cpus: '0.5',
    mem: '256',
    line: 'python3 x.py',
    options: full,
  });

  it('passes the contract with everything set', () => {
    expect(requestSchemas['task:run'].safeParse(request).error).toBeUndefined();
  });

  it('says what was typed', () => {
    expect(request).toMatchObject({ diskMib: 1024, gpus: 1, priority: -3 });
    expect(request?.options).toMatchObject({
      labels: [
        { key: 'team', value: 'vision' },
        { key: 'nightly', value: '' },
        { key: 'url', value: 'http://x/?a=b' },
      ],
      limits: { cpusMilli: 1500, memMib: 512, pids: 64 },
      restart: { on: 'failure', maxInRow: 5 },
      maxCompletionMs: 5_400_000,
      health: { probe: { kind: 'http', port: 8080, path: '/health' }, delayMs: 2500, failures: 3 },
      readiness: { probe: { kind: 'tcp', port: 8080 }, delayMs: 1000, failures: 1, graceMs: 0 },
      artifacts: [
        { url: null, sha256: hash, path: '.', extract: true, executable: false },
        { url: 'https://example.org/tool', sha256: hash, path: 'tool', extract: false, executable: true },
      ],
      results: ['out/*.png', '**/*.csv'],
      container: {
        engine: 'podman',
        volumes: [
          { source: '/srv/data', target: '/data', readOnly: true },
          { source: 'cache', target: '/cache', readOnly: false },
        ],
        ports: [
          { host: 8080, container: 80, protocol: 'tcp' },
          { host: 53, container: 53, protocol: 'udp' },
        ],
      },
      logMib: 16,
    });
  });

  it.each([
    ['', undefined],
    ['0', undefined],
    ['-0', undefined],
    [' -1000 ', -1000],
    ['−5', -5],
    ['100', 100],
  ])('asks with a priority of %j as %j', (priority, asks) => {
    const options = { ...emptyOptions, priority };
    const typed = runRequest({ ...emptyRun, machineId: 'm-a' as MachineId, line: 'true', options });
    expect(typed?.priority).toBe(asks);
    expect(requestSchemas['task:run'].safeParse(typed).error).toBeUndefined();
  });

  it('carries no options when none were chosen', () => {
    const plain = runRequest({ ...emptyRun, machineId: 'm-a' as MachineId, line: 'true' });
    expect(plain).not.toHaveProperty('options');
  });

  it('lifts the memory ceiling only when asked', () => {
    const lifted = readOptions({ ...emptyOptions, memCeiling: 'none' }, asked);
    expect(lifted.value.options.limits).toEqual({ memMib: null });
  });

  it('leaves the command to the image when there is a container and nothing was typed', () => {
    const form = { ...emptyRun, machineId: 'm-a' as MachineId, options: full, cpus: '0.5', mem: '256' };
    expect(runRequest(form)?.command).toMatchObject({ shell: false, value: '', arguments: [] });
  });
});

describe('names of files', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\data\\x.csv', 'x.csv'],
    ['..', 'file'],
    ['', 'file'],
  ])('puts %j at %s', (name, path) => {
    expect(pathFor(name)).toBe(path);
  });

  it.each([
    ['https://example.org/a/b.tar.gz?x=1#y', 'b.tar.gz'],
    ['https://example.org/..', ''],
    ['https://example.org', ''],
  ])('calls %s %j', (url, name) => {
    expect(nameOfUrl(url)).toBe(name);
  });

  it('unpacks archives into the sandbox unless told otherwise', () => {
    const row = fileRow({ picked: { ...picked, name: 'a.zip' } });
    expect(row).toMatchObject({ isUnpacked: true, path: '.' });
    expect(pathOfFile({ ...row, isUnpacked: false, path: '' })).toBe('a.zip');
  });
});

describe('a closed section', () => {
  const around = { env: 'A=1\nB=2', folder: '/srv', user: '', graceS: '3' };
  const say = (part: PartName, options: OptionsForm) =>
    summaryOf(part, { around, options, keeping: defaultKeeping }, wordsFor('en'));

  it.each([
    ['around', '2 variables, in /srv', '2 variables, in /srv, 3 labels'],
    [
      'limits',
      'memory as asked for',
      'at most 1.5 cpus, memory up to 512 MiB, 64 processes, 1 GiB of disk, 1 GPU',
    ],
    ['restart', 'never', 'restarts on failure, at most 5 in a row'],
    ['time', 'runs as long as it likes', 'at most 1 h 30 min'],
    ['checks', 'none', 'health: HTTP on 8080 every 10 s, readiness: TCP on 8080 every 2 s'],
    ['files', 'none', '2 files, 2.0 KiB, 1 to fetch'],
    ['results', 'none', '2 patterns'],
    ['container', 'runs as a process', 'docker.io/library/python:3.12-slim'],
    ['log', '64 MiB of each stream, as in the settings', '16 MiB of each stream'],
  ] as const)('%s says %j, and %j when set', (part, empty, set) => {
    expect(say(part, emptyOptions)).toBe(empty);
    expect(say(part, full)).toBe(set);
  });
});

it.each([
  ['1,5', 1500],
  ['0.0004', null],
  ['1e3', null],
  ['-1', null],
  ['', null],
  [' 2 ', 2000],
])('reads %j as %j thousandths', (text, value) => {
  expect(numberIn(text, [1, 10_000], 1000)).toBe(value);
});
