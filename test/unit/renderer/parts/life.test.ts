// @vitest-environment node
// Words and states beside a task: how it ended, which ceiling it was, where its files are, what a machine can hold, names.
import { describe, expect, it } from 'vitest';
import type { TaskInfo, TaskProgress, TaskRecord, TaskStatus } from '../../../../electron/contract/task.ts';
import { wordsFor } from '../../../../renderer/app/messages/words.ts';
import { artifactStates } from '../../../../renderer/parts/artifact-states.ts';
import { endMessage, endShort, limitNotice, reasonWords } from '../../../../renderer/parts/end-words.ts';
import { holderOf } from '../../../../renderer/parts/holder.ts';
import { limitKinds, worthOf } from '../../../../renderer/parts/isolation.ts';
import { shortId } from '../../../../renderer/parts/life-facts.tsx';
import { shownName } from '../../../../renderer/parts/shown-name.ts';
import { lookOf, restartWords, stateTitle } from '../../../../renderer/parts/task-line.tsx';
import { specs } from '../../../support/fake-bridge/machines.ts';
import { aMachine, anAgent, aStatus, aTask, weakIsolation } from '../../../support/fake-bridge/records.ts';

const en = wordsFor('en');
const zh = wordsFor('zh-CN');
const [spec] = specs;
if (spec === undefined) throw new Error('no spec');
const machine = aMachine(spec, 0);
const made = aTask(
  { name: 'api', machine, line: './api', cpusMilli: 100, memMib: 256, startedAgoMs: 0 },
  1000,
);
const status = (change: Partial<TaskStatus>) => aStatus(made.id, 'TASK_FAILED', 1, change);
const withInfo = (info: Partial<TaskInfo>, change: Partial<TaskRecord> = {}): TaskRecord => ({
  ...made,
  ...change,
  info: { ...made.info, ...info },
});

describe('an end in words', () => {
  it.each([
    ['exited with code 3; given up after 5 restarts', 'exited with code 3, given up after 5 restarts'],
    ['killed on request: killed by signal 15 (TERM)', 'killed on request: killed by signal 15 (TERM)'],
    ['running again', ''],
    ['no such file: given up after all', 'no such file: given up after all'],
  ])('%j is %j', (message, words) => {
    expect(endMessage(status({ message }), en)).toBe(words);
  });

  it('leaves out what the word of the check says', () => {
    expect(endMessage(status({ message: 'unhealthy: HTTP 503' }), en, 'health')).toBe('HTTP 503');
  });

  it.each([
    [{ exitCode: 1 }, 'exit code 1'],
    [{ signal: 9 }, 'signal 9'],
    [{ signal: 9, reason: 'REASON_CONTAINER_LIMITATION_MEMORY' }, 'too much memory'],
    [{ signal: 9, reason: 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED' }, 'a failed health check'],
    [{ message: 'it could not be started' }, 'it could not be started'],
  ])('%j is short %j', (change, short) => {
    expect(endShort(status(change), en)).toBe(short);
  });

  it('stands with its why under the state of a row, of what runs only the state', () => {
    const message = 'ended with its group because of web: exited with code 3';
    const killed: TaskRecord = {
      ...made,
      state: 'TASK_KILLED',
      statuses: [aStatus(made.id, 'TASK_KILLED', 1, { message })],
    };
    expect(stateTitle(killed, lookOf(killed, 'stopped', en), en)).toBe(`killed: ${message}`);
    expect(stateTitle(killed, lookOf(killed, 'stopped', zh), zh)).toBe(
      '已终止：因同组的 web 而结束：以退出码 3 结束',
    );
    expect(stateTitle(made, lookOf(made, 'healthy', en), en)).toBe('running');
    expect(stateTitle(made, lookOf(made, 'unknown', en), en)).toMatch(/running/);
  });

  it('names the ceiling and the peak', () => {
    const oom = status({ reason: 'REASON_CONTAINER_LIMITATION_MEMORY', limitMemMib: 512, peakMemMib: 511 });
    expect(limitNotice(made, oom, en)?.what).toBe(
      'Ended for its memory: it reached 511 MiB, its ceiling is 512 MiB.',
    );
    expect(limitNotice(made, oom, zh)?.what).toBe('因内存结束：达到 511 MiB，上限是 512 MiB。');
    const time = status({ reason: 'REASON_MAX_COMPLETION_TIME_REACHED' });
    expect(limitNotice(withInfo({ maxCompletionMs: 90_000 }), time, en)?.what).toContain('1 min 30 s');
    expect(limitNotice(made, status({ exitCode: 1 }), en)).toBeNull();
  });

  it('shows a reason it has no words for as it is', () => {
    expect(reasonWords('REASON_NEW_ONE', en)).toBe('REASON_NEW_ONE');
    expect(reasonWords('REASON_AGENT_RESTARTED', en)).toBe('the machine was restarted');
  });

  it('tells the story of a restarted task in one line', () => {
    const statuses = [
      status({}),
      aStatus(made.id, 'TASK_STARTING', 2, { exitCode: 1, restarts: 1, nextStartAtMs: 3 }),
      aStatus(made.id, 'TASK_RUNNING', 3, { restarts: 2 }),
    ];
    const task = { ...made, statuses, state: 'TASK_RUNNING' as const };
    expect(restartWords(task, en)).toEqual(['3rd start', 'last ended with exit code 1']);
    expect(restartWords({ ...task, state: 'TASK_FAILED' }, en)).toEqual(['started again 2 times']);
    expect(restartWords(made, en)).toEqual([]);
  });
});

const hash = (digit: string) => digit.repeat(64);
const artifacts: NonNullable<TaskInfo['artifacts']> = [
  { url: null, sha256: hash('a'), path: 'train.py', extract: false, executable: false },
  { url: 'https://x.org/set.tar.gz', sha256: null, path: '.', extract: true, executable: false },
  { url: null, sha256: hash('b'), path: 'conf/base.yaml', extract: false, executable: false },
];
const busy = (phase: TaskProgress['phase'], what: string): TaskProgress => ({
  id: made.id,
  phase,
  what,
  doneBytes: 1,
  totalBytes: 2,
  atMs: 1,
});

describe('files before the start', () => {
  const starting = withInfo({ artifacts }, { startedAtMs: null, state: 'TASK_STARTING' });
  it.each([
    ['nothing is told yet', undefined, ['waiting', 'waiting', 'waiting']],
    [
      'the third is sent',
      busy('upload', `conf/base.yaml (uploaded, ${'b'.repeat(12)}…)`),
      ['waiting', 'waiting', 'upload'],
    ],
    ['the second is fetched', busy('fetch', 'https://x.org/set.tar.gz'), ['there', 'fetch', 'waiting']],
    ['the second is unpacked', busy('unpack', 'https://x.org/set.tar.gz'), ['there', 'unpack', 'waiting']],
    ['the image is pulled', busy('pull', 'postgres:17'), ['there', 'there', 'there']],
    ['it is not one of them', busy('fetch', 'other'), ['waiting', 'waiting', 'waiting']],
  ] as const)('%s', (_what, progress, states) => {
    expect(artifactStates(starting, progress)).toEqual(states);
  });

  it('are in place once it ran, and not known when it ended before', () => {
    expect(artifactStates(withInfo({ artifacts }), undefined)).toEqual(['there', 'there', 'there']);
    const failed = withInfo({ artifacts }, { startedAtMs: null, state: 'TASK_FAILED' });
    expect(artifactStates(failed, undefined)).toEqual(['unknown', 'unknown', 'unknown']);
  });
});

describe('what limits are worth', () => {
  const agent = anAgent(spec, machine, 0);
  const weak = { ...agent, facts: { ...agent.facts, isolation: weakIsolation } };
  it('is said for each kind', () => {
    expect(limitKinds.map((kind) => worthOf(weak, kind).strength)).toEqual([
      'none',
      'partly',
      'partly',
      'partly',
      'none',
    ]);
  });

  it('is not known of an agent that does not say', () => {
    const { isolation: _gone, ...facts } = agent.facts;
    expect(worthOf({ facts }, 'memory').strength).toBe('unknown');
    expect(worthOf(undefined, 'cpu').strength).toBe('unknown');
  });
});

describe('who holds a machine', () => {
  it.each([
    ['lease-held', '7f3c21e09ab44d15', '7f3c21e09ab44d15'],
    ['lease-lost', 'now held by 7f3c21e09ab44d15', '7f3c21e09ab44d15'],
    ['lease-lost', '', ''],
    ['host-key-changed', '7f3c21e09ab44d15', null],
  ])('%s %j', (reason, detail, holder) => {
    expect(holderOf({ code: 'conflict', reason, detail })).toBe(holder);
  });
});

describe('names from other machines', () => {
  it.each([
    ['plain name.txt', 'plain name.txt'],
    ['数据.csv', '数据.csv'],
    ['photo\u202egnp.exe', 'photo\\u202egnp.exe'],
    ['a\u200bb', 'a\\u200bb'],
    ['x\u001b[31m', 'x\\u001b[31m'],
    ['two\nlines', 'two\\u000alines'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ])('%j is shown as %j', (name, shown) => {
    expect(shownName(name)).toBe(shown);
  });

  it('shows ids of engines as their own lists do', () => {
    expect(shortId(`sha256:${'9c1b27e4'.repeat(8)}`)).toBe('9c1b27e49c1b');
  });
});
