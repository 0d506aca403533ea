// A task that the agent starts again by itself: its states, and what is kept of its story.
import { describe, expect, it } from 'vitest';
import type { TaskStatus } from '../../../../electron/contract/task.ts';
import { aHello, anAgentTask, operationId, taskId } from '../../../support/builders.ts';
import type { CoreRig } from '../../../support/core-rig.ts';
import { liveRig, lostOne, runOnOne, updateFromOne } from '../../../support/task-rig.ts';

const job = taskId('job');

const ended = (restarts: number, patch: Partial<TaskStatus> = {}) =>
  updateFromOne('job', 'TASK_STARTING', {
    restarts,
    nextStartAtMs: 1_800_000_001_000,
    exitCode: 3,
    message: 'exited with code 3',
    ...patch,
  });
const running = (restarts: number, patch: Partial<TaskStatus> = {}) =>
  updateFromOne('job', 'TASK_RUNNING', restarts > 0 ? { restarts, ...patch } : patch);

function running0(): CoreRig {
  const rig = liveRig();
  rig.ask(runOnOne('job'));
  rig.post({ kind: 'launch-answered', taskId: job, refusal: null });
  rig.post(running(0));
  rig.take();
  return rig;
}
const story = (rig: CoreRig) =>
  rig.row('tasks', job).statuses.map((status) => `${status.state.slice(5)} ${status.restarts ?? 0}`);

describe('a task that is started again', () => {
  it('goes back to STARTING with the reason of the end, keeps its resources, and runs again', () => {
    const rig = running0();
    rig.post(ended(0));
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_STARTING', endedAtMs: null });
    expect(rig.row('tasks', job).statuses.at(-1)).toMatchObject({
      exitCode: 3,
      message: 'exited with code 3',
    });
    rig.ask(runOnOne('big', { resources: { ...runOnOneResources(), cpusMilli: 4000 } }));
    rig.pass(20);
    expect(rig.has('runs', 't-big')).toBe(true);
    rig.post(running(1));
    expect(rig.row('tasks', job).state).toBe('TASK_RUNNING');
  });

  it('is not led back by an update from before: its words are kept where they belong', () => {
    const rig = running0();
    rig.post(running(2));
    rig.post(ended(1, { exitCode: 9 }));
    expect(rig.row('tasks', job).state).toBe('TASK_RUNNING');
    expect(story(rig)).toEqual(['STAGING 0', 'RUNNING 0', 'STARTING 1', 'RUNNING 2']);
  });

  it('takes in, after a hello that told the newest, everything that led to it', () => {
    const rig = running0();
    rig.post(lostOne);
    const newest = { restarts: 2, uuid: 'newest' };
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING', newest)] }));
    for (const event of [ended(0), running(1), ended(1), running(2, { uuid: 'newest' })]) rig.post(event);
    expect(rig.row('tasks', job).state).toBe('TASK_RUNNING');
    expect(story(rig).slice(2)).toEqual(['STARTING 0', 'RUNNING 1', 'STARTING 1', 'RUNNING 2']);
  });

  it('stays KILLING when a late STARTING comes, and ends as the agent says', () => {
    const rig = running0();
    rig.ask({ kind: 'kill-task', taskId: job, operationId: operationId('kill') });
    rig.post(updateFromOne('job', 'TASK_KILLING', { restarts: 1 }));
    rig.post(ended(0));
    rig.post(ended(1));
    expect(rig.row('tasks', job).state).toBe('TASK_KILLING');
    rig.post(ended(2));
    expect(rig.row('tasks', job).state).toBe('TASK_KILLING');
    rig.post(updateFromOne('job', 'TASK_KILLED', { restarts: 1 }));
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_KILLED' });
    expect(rig.row('operations', 'o-kill').stage).toBe('seen');
  });

  it('can be killed between two runs', () => {
    const rig = running0();
    rig.post(ended(0));
    rig.take();
    expect(rig.ask({ kind: 'kill-task', taskId: job, operationId: operationId('kill') })).toBeNull();
    expect(rig.kinds()).toEqual(['send-kill']);
    rig.post(updateFromOne('job', 'TASK_KILLED'));
    expect(rig.row('tasks', job).state).toBe('TASK_KILLED');
  });

  it('comes back from a silence in whatever run it is by then', () => {
    const rig = running0();
    rig.post(lostOne);
    rig.pass(11_000);
    expect(rig.row('tasks', job).state).toBe('TASK_UNREACHABLE');
    rig.post(
      aHello('one', { tasks: [anAgentTask('job', 'TASK_STARTING', { restarts: 4, nextStartAtMs: 5 })] }),
    );
    expect(rig.row('tasks', job).state).toBe('TASK_STARTING');
    rig.post(running(5));
    expect(rig.row('tasks', job).state).toBe('TASK_RUNNING');
  });

  it('keeps of a long story the first, the last of each kind of end and the newest', () => {
    const rig = running0();
    rig.post(ended(0, { exitCode: null, signal: 9, reason: 'REASON_CONTAINER_LIMITATION_MEMORY' }));
    rig.post(running(1));
    rig.post(ended(1, { exitCode: 7 }));
    for (let restarts = 2; restarts < 200; restarts += 1) {
      rig.post(running(restarts));
      rig.post(ended(restarts));
    }
    const { statuses } = rig.row('tasks', job);
    expect(statuses).toHaveLength(32);
    expect(statuses[0]?.state).toBe('TASK_STAGING');
    expect(statuses.filter((status) => status.reason === 'REASON_CONTAINER_LIMITATION_MEMORY')).toHaveLength(
      1,
    );
    expect(statuses.filter((status) => status.exitCode === 7)).toHaveLength(1);
    expect(statuses.at(-1)).toMatchObject({ state: 'TASK_STARTING', restarts: 199 });
    expect(statuses.at(-2)).toMatchObject({ state: 'TASK_RUNNING', restarts: 199 });
  });

  it('stays within its history also when every end is another one', () => {
    const rig = running0();
    for (let restarts = 0; restarts < 100; restarts += 1) {
      rig.post(ended(restarts, { exitCode: restarts }));
      rig.post(running(restarts + 1));
    }
    const { statuses } = rig.row('tasks', job);
    expect(statuses).toHaveLength(32);
    expect(statuses.at(-1)).toMatchObject({ restarts: 100 });
  });
});

function runOnOneResources() {
  return { cpusMilli: 500, memMib: 256, diskMib: 100, gpus: 0, ports: [] };
}

describe('the progress of a task', () => {
  const tell = (doneBytes: number, phase: 'upload' | 'fetch' | 'collect' = 'fetch') =>
    ({
      kind: 'task-progressed',
      machineId: runOnOneMachine,
      taskId: job,
      phase,
      what: 'data.tar',
      doneBytes,
      totalBytes: 100,
    }) as const;
  const runOnOneMachine = liveRig().row('machines', 'm-one').id;

  it('is seen while it starts, and gone when it runs', () => {
    const rig = liveRig();
    rig.ask(runOnOne('job'));
    rig.post(tell(10));
    rig.post(updateFromOne('job', 'TASK_STARTING'));
    expect(rig.row('progress', job)).toMatchObject({ phase: 'fetch', doneBytes: 10 });
    rig.post(running(0));
    expect(rig.has('progress', job)).toBe(false);
  });

  it('is seen while results are collected, and gone at the end', () => {
    const rig = running0();
    rig.post(tell(5, 'collect'));
    expect(rig.has('progress', job)).toBe(true);
    rig.post(updateFromOne('job', 'TASK_FINISHED'));
    expect(rig.has('progress', job)).toBe(false);
    rig.post(tell(6, 'collect'));
    expect(rig.has('progress', job)).toBe(false);
  });

  it('is gone with the link', () => {
    const rig = liveRig();
    rig.ask(runOnOne('job'));
    rig.post(tell(10));
    rig.post(lostOne);
    expect(rig.has('progress', job)).toBe(false);
  });

  it('keeps a launch from being sent again while its files are on their way', () => {
    const rig = liveRig();
    rig.ask(runOnOne('job'));
    rig.take();
    for (let each = 1; each <= 10; each += 1) {
      rig.pass(10_000);
      rig.post({ kind: 'link-heard', machineId: runOnOneMachine, roundTripMs: null });
      rig.post(tell(each, 'upload'));
    }
    expect(rig.kinds().filter((kind) => kind === 'send-launch')).toEqual([]);
  });

  it('ends in TASK_ERROR with words when a file is no longer on this computer', () => {
    const rig = liveRig();
    rig.ask(runOnOne('job'));
    rig.post(tell(0, 'upload'));
    const refusal = { code: 'not-found', reason: 'artifact-lost', detail: 'the file is gone' } as const;
    rig.post({ kind: 'launch-answered', taskId: job, refusal });
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_ERROR' });
    expect(rig.row('tasks', job).statuses.at(-1)?.message).toBe('the file is gone');
    expect(rig.has('progress', job)).toBe(false);
    expect(rig.row('operations', 'o-run-job').refusal).toMatchObject({ reason: 'artifact-lost' });
  });
});
