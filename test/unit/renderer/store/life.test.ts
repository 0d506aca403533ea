// @vitest-environment node
// How a task lives, told from its statuses as an agent sends them.
import { describe, expect, it } from 'vitest';
import type { TaskInfo, TaskRecord, TaskState, TaskStatus } from '../../../../electron/contract/task.ts';
import {
  gpusOf,
  healthOfTask,
  lastAnswer,
  memCeilingMib,
  moodOf,
  nextStartAtMs,
  peakMemMib,
  readinessOfTask,
  restartsOf,
  stepsOf,
} from '../../../../renderer/store/life.ts';
import { specs } from '../../../support/fake-bridge/machines.ts';
import { aMachine, aStatus, aTask } from '../../../support/fake-bridge/records.ts';

const [spec] = specs;
if (spec === undefined) throw new Error('no spec');
const base = aTask(
  { name: 'api', machine: aMachine(spec, 0), line: './api', cpusMilli: 100, memMib: 256, startedAgoMs: 0 },
  1000,
);

type Said = readonly [TaskState, Partial<TaskStatus>?];
function told(states: readonly Said[], info: Partial<TaskInfo> = {}): TaskRecord {
  const statuses = states.map(([state, change], index) =>
    aStatus(base.id, state, 1000 + index, { ...change, uuid: `u${index}` }),
  );
  return { ...base, info: { ...base.info, ...info }, state: states.at(-1)?.[0] ?? 'TASK_STAGING', statuses };
}

const end = { exitCode: 1, message: 'exited with code 1' };
const waiting: Said = ['TASK_STARTING', { ...end, restarts: 0, nextStartAtMs: 5000 }];
const again: Said = ['TASK_RUNNING', { restarts: 1 }];

describe('restarts', () => {
  it('a first start is not a restart', () => {
    const task = told([['TASK_STAGING'], ['TASK_STARTING', { restarts: 0 }]]);
    expect([moodOf(task), restartsOf(task), nextStartAtMs(task)]).toEqual([null, 0, null]);
  });

  it('between two runs it is restarting and says when', () => {
    const task = told([['TASK_RUNNING'], waiting]);
    expect([moodOf(task), restartsOf(task), nextStartAtMs(task)]).toEqual(['restarting', 0, 5000]);
  });

  it('running again it counts what was started again', () => {
    const task = told([['TASK_RUNNING'], waiting, again]);
    expect([moodOf(task), restartsOf(task), nextStartAtMs(task)]).toEqual([null, 1, null]);
  });
});

describe('checks', () => {
  it.each([
    [[['TASK_RUNNING']], null, null, null],
    [[['TASK_RUNNING'], ['TASK_RUNNING', { healthy: true }]], true, null, null],
    [[['TASK_RUNNING'], ['TASK_RUNNING', { healthy: false, ready: true }]], false, true, 'unhealthy'],
    [[['TASK_RUNNING'], ['TASK_RUNNING', { healthy: true, ready: false }]], true, false, 'not-ready'],
    // What was true of the run before is not true of this one.
    [[['TASK_RUNNING', { healthy: true, ready: true }], waiting, again], null, null, null],
    [[['TASK_RUNNING', { healthy: false }], waiting], null, null, 'restarting'],
    [
      [['TASK_RUNNING'], ['TASK_FAILED', { reason: 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED' }]],
      false,
      null,
      null,
    ],
    [
      [
        ['TASK_RUNNING', { healthy: false }],
        ['TASK_FAILED', end],
      ],
      null,
      null,
      null,
    ],
  ] as const)('%j', (states, health, ready, mood) => {
    const task = told(states);
    expect([healthOfTask(task), readinessOfTask(task), moodOf(task)]).toEqual([health, ready, mood]);
  });
});

describe('memory', () => {
  it('shows the highest peak of all runs', () => {
    const task = told([
      ['TASK_RUNNING'],
      ['TASK_STARTING', { ...end, restarts: 0, nextStartAtMs: 1, peakMemMib: 400 }],
      ['TASK_FAILED', { peakMemMib: 300 }],
    ]);
    expect(peakMemMib(task)).toBe(400);
    expect(peakMemMib(told([['TASK_RUNNING']]))).toBeNull();
  });

  it.each([
    [{}, 256],
    [{ limits: {} }, 256],
    [{ limits: { memMib: 512 } }, 512],
    [{ limits: { memMib: null } }, null],
  ])('the ceiling of %j is %j', (info, ceiling) => {
    expect(memCeilingMib(told([['TASK_RUNNING']], info))).toBe(ceiling);
  });
});

it('names the GPUs it was given last', () => {
  expect(gpusOf(told([['TASK_RUNNING', { gpus: [1, 3] }], ['TASK_RUNNING']]))).toEqual([1, 3]);
});

it('finds the answer by which a check came to what it says now', () => {
  const task = told([
    ['TASK_RUNNING'],
    ['TASK_RUNNING', { healthy: true, message: 'healthy' }],
    ['TASK_RUNNING', { healthy: false, message: 'unhealthy: HTTP status 503' }],
    ['TASK_RUNNING', { healthy: false, ready: false, message: 'not ready: exit 1' }],
  ]);
  expect(lastAnswer(task, 'health')?.message).toBe('unhealthy: HTTP status 503');
  expect(lastAnswer(task, 'readiness')?.message).toBe('not ready: exit 1');
  expect(lastAnswer(told([['TASK_RUNNING']]), 'health')).toBeUndefined();
});

it('tells what happened, newest first, and keeps the shape of each end', () => {
  const task = told([
    ['TASK_STAGING'],
    ['TASK_RUNNING'],
    ['TASK_RUNNING', { healthy: true }],
    ['TASK_RUNNING', { healthy: true, ready: false }],
    waiting,
    again,
    ['TASK_FINISHED', { exitCode: 0 }],
  ]);
  expect(stepsOf(task).map(({ kind, glyph }) => `${kind} ${glyph}`)).toEqual([
    'state done',
    'state past',
    'end-of-run failed',
    'readiness waiting',
    'health healthy',
    'state past',
    'state past',
  ]);
});
