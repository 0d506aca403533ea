import { describe, expect, it } from 'vitest';
import type { TaskInfo } from '../../../../electron/contract/task.ts';
import type { Posted } from '../../../../electron/core/kernel/events.ts';
import { whyWaiting } from '../../../../electron/core/master/frameworks/waiting.ts';
import {
  agentId,
  aHello,
  anAgentTask,
  aStatus,
  aTask,
  machineId,
  noAnswer,
  operationId,
  someFacts,
  someResources,
  taskId,
} from '../../../support/builders.ts';
import type { CoreRig } from '../../../support/core-rig.ts';
import {
  liveRig as live,
  lostOne as lost,
  one,
  runOnOne as run,
  updateFromOne as update,
} from '../../../support/task-rig.ts';

const job = taskId('job');

const kill: Posted = { kind: 'kill-task', taskId: job, operationId: operationId('kill') };

describe('run-task', () => {
  it('is recorded first and sent to the agent, then goes through its stages', () => {
    const rig = live();
    expect(rig.ask(run())).toBeNull();
    expect(rig.row('tasks', job)).toMatchObject({
      state: 'TASK_STAGING',
      machineId: one,
      agentId: agentId('one'),
    });
    expect(rig.row('operations', 'o-run-job').stage).toBe('accepted');
    expect(rig.take()).toMatchObject([{ kind: 'send-launch', machineId: one, info: { taskId: job } }]);
    rig.post({ kind: 'launch-answered', taskId: job, refusal: null });
    expect(rig.row('operations', 'o-run-job').stage).toBe('doing');
    rig.post(update('job', 'TASK_RUNNING'));
    expect(rig.row('operations', 'o-run-job').stage).toBe('seen');
    expect(rig.row('tasks', job).startedAtMs).not.toBeNull();
    rig.post(update('job', 'TASK_FINISHED'));
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_FINISHED', endedAtMs: 1_800_000_000_000 });
  });

  const most = someResources();
  it.each<[string, Partial<TaskInfo>, string]>([
    ['cpus', { resources: { ...most, ports: [], cpusMilli: 4001 } }, 'not-enough-cpus'],
    ['memory', { resources: { ...most, ports: [], memMib: 8193 } }, 'not-enough-mem'],
    ['disk', { resources: { ...most, ports: [], diskMib: 100_001 } }, 'not-enough-disk'],
    ['gpus', { resources: { ...most, ports: [], gpus: 1 } }, 'not-enough-gpus'],
    ['ports', { resources: { ...most, ports: [{ begin: 80, end: 80 }] } }, 'not-enough-ports'],
  ])('is refused when the machine has fewer %s in all', (_, patch, reason) => {
    const rig = live();
    expect(rig.ask(run('job', patch))).toMatchObject({ code: 'exhausted', reason });
    expect(rig.has('tasks', job)).toBe(false);
    expect(rig.take()).toEqual([]);
    expect(rig.row('operations', 'o-run-job')).toMatchObject({ stage: 'asked', refusal: { reason } });
  });

  it('fills a machine to the last unit, waits there for room, and starts when something has ended', () => {
    const rig = live();
    const half = { resources: { ...aTask().resources, cpusMilli: 2000 } };
    expect(rig.ask(run('a', half))).toBeNull();
    expect(rig.ask(run('b', half))).toBeNull();
    expect(rig.ask(run('c', half))).toBeNull();
    expect(rig.row('runs', taskId('c'))).toMatchObject({
      machineId: one,
      place: { agentId: agentId('one') },
    });
    expect(rig.row('operations', 'o-run-c')).toMatchObject({ stage: 'accepted', refusal: null });
    const [why] = whyWaiting(rig.state, [rig.row('runs', taskId('c'))], {
      nowMonoMs: rig.monoMs,
      isEach: false,
    });
    expect(why?.groups).toMatchObject([
      { code: 'busy', resource: 'cpusMilli', best: { shortage: { wanted: 2000, free: 0, total: 4000 } } },
    ]);
    rig.post({ kind: 'status-update-received', machineId: one, status: aStatus('a', 'TASK_FAILED') });
    rig.pass(20);
    expect(rig.row('tasks', taskId('c'))).toMatchObject({ state: 'TASK_STAGING', machineId: one });
    expect(rig.has('runs', taskId('c'))).toBe(false);
  });

  it('is refused when the machine cannot be reached, is silent or unknown', () => {
    const rig = live();
    rig.pass(3500);
    expect(rig.ask(run())).toMatchObject({ code: 'unreachable', reason: 'machine-unreachable' });
    rig.post(lost);
    expect(rig.ask(run())).toMatchObject({ code: 'unreachable', detail: 'no route to host' });
    const nowhere = { ...run(), machineId: machineId('nobody') } as Posted;
    expect(rig.ask(nowhere)).toMatchObject({ code: 'not-found', reason: 'no-such-machine' });
  });

  it('is refused for another user unless the agent is root', () => {
    const rig = live();
    const asBob = { command: { ...aTask().command, user: 'bob' } };
    expect(rig.ask(run('job', asBob))).toMatchObject({ code: 'unsupported', reason: 'user-needs-root' });
    expect(rig.ask(run('mine', { command: { ...aTask().command, user: 'ada' } }))).toBeNull();
    rig.post(aHello('one', { facts: someFacts({ uid: 0, user: 'root' }), tasks: [] }));
    expect(rig.ask(run('job', asBob))).toBeNull();
  });

  it('is refused when the id is taken', () => {
    const rig = live();
    rig.ask(run());
    expect(rig.ask({ ...run(), operationId: operationId('again') } as Posted)).toMatchObject({
      code: 'conflict',
    });
  });

  it.each([
    ['invalid', 'TASK_ERROR'],
    ['unsupported', 'TASK_ERROR'],
    ['exhausted', 'TASK_DROPPED'],
    ['internal', 'TASK_DROPPED'],
  ] as const)('that the agent refuses as %s ends as %s, and the operation says why', (code, state) => {
    const rig = live();
    rig.ask(run());
    rig.post({ kind: 'launch-answered', taskId: job, refusal: { code, reason: 'why', detail: 'words' } });
    expect(rig.row('tasks', job)).toMatchObject({ state, endedAtMs: rig.atMs });
    expect(rig.row('operations', 'o-run-job').refusal).toMatchObject({ reason: 'why' });
  });

  it('is sent again when the answer did not come, with growing pauses, and once more at the next hello', () => {
    const rig = live();
    rig.ask(run());
    rig.take();
    const keepLive = (ms: number): void => {
      for (let left = ms; left > 0; left -= 500) {
        rig.pass(500);
        rig.post({ kind: 'link-heard', machineId: one, roundTripMs: 1 });
      }
    };
    rig.post({ kind: 'launch-answered', taskId: job, refusal: noAnswer });
    keepLive(1000);
    expect(rig.kinds()).toEqual(['send-launch']);
    rig.post({ kind: 'launch-answered', taskId: job, refusal: noAnswer });
    keepLive(1500);
    expect(rig.kinds()).toEqual([]);
    keepLive(500);
    expect(rig.kinds()).toEqual(['send-launch']);
    rig.post(lost);
    rig.pass(5000);
    rig.take();
    rig.post(aHello('one'));
    expect(rig.kinds()).toEqual(['send-launch']);
    expect(rig.row('tasks', job).state).toBe('TASK_STAGING');
  });
});

describe('status updates', () => {
  it('are acknowledged after they are recorded, and again when they are repeated', () => {
    const rig = live();
    rig.ask(run());
    rig.take();
    const running = update('job', 'TASK_RUNNING', { uuid: 'aa' });
    rig.post(running);
    const once = rig.row('tasks', job);
    rig.post(running);
    expect(rig.take()).toEqual([
      { kind: 'send-ack', machineId: one, taskId: job, uuid: 'aa' },
      { kind: 'send-ack', machineId: one, taskId: job, uuid: 'aa' },
    ]);
    expect(rig.row('tasks', job)).toBe(once);
  });

  it('never change a terminal state, and what came late is noted and acknowledged', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_FINISHED'));
    rig.take();
    for (const state of ['TASK_RUNNING', 'TASK_FAILED', 'TASK_KILLED'] as const)
      rig.post(update('job', state));
    expect(rig.row('tasks', job).state).toBe('TASK_FINISHED');
    expect(rig.kinds()).toEqual(['send-ack', 'send-ack', 'send-ack']);
    expect(rig.notes.filter((note) => note.verb === 'ignore-status')).toHaveLength(3);
  });

  it('that make no sense are refused, noted and acknowledged, or they would come for ever', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING'));
    rig.take();
    rig.post(update('job', 'TASK_STARTING'));
    rig.post(update('job', 'TASK_GONE'));
    rig.post(update('nobody', 'TASK_RUNNING'));
    expect(rig.row('tasks', job).state).toBe('TASK_RUNNING');
    expect(rig.kinds()).toEqual(['send-ack', 'send-ack', 'send-ack']);
    expect(rig.notes.map((note) => note.verb)).toEqual(
      expect.arrayContaining(['refuse-status', 'refuse-status', 'ignore-status']),
    );
  });

  it('keep at most 32 statuses, and the agent updates longest', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING', { uuid: 'first' }));
    const status = rig.row('tasks', job).statuses.at(-1);
    for (let n = 0; n < 40; n += 1) {
      rig.post(lost);
      rig.pass(30_000);
      rig.post(
        aHello('one', { tasks: [{ ...anAgentTask('job', 'TASK_RUNNING'), status: status as never }] }),
      );
    }
    const { statuses } = rig.row('tasks', job);
    expect(statuses).toHaveLength(32);
    expect(statuses.some((each) => each.uuid === 'first')).toBe(true);
  });
});

describe('kill-task', () => {
  it('is remembered, sent, and ends with the status that the agent reports', () => {
    const rig = live();
    rig.ask(run());
    rig.post({ kind: 'launch-answered', taskId: job, refusal: null });
    rig.post(update('job', 'TASK_RUNNING'));
    rig.take();
    expect(rig.ask(kill)).toBeNull();
    expect(rig.take()).toEqual([{ kind: 'send-kill', machineId: one, taskId: job, graceMs: 3000 }]);
    expect(rig.row('tasks', job).killAskedAtMs).toBe(rig.atMs);
    rig.post({ kind: 'kill-answered', taskId: job, refusal: null });
    expect(rig.row('operations', 'o-kill').stage).toBe('doing');
    rig.post(update('job', 'TASK_KILLED', { signal: 15 }));
    expect(rig.row('operations', 'o-kill').stage).toBe('seen');
    expect(rig.ask(kill)).toMatchObject({ code: 'conflict', reason: 'task-ended' });
  });

  it('of an unknown task is refused', () => {
    expect(live().ask(kill)).toMatchObject({ code: 'not-found', reason: 'no-such-task' });
  });

  it('that could not be sent goes out at the next hello', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING'));
    const { statuses } = rig.row('tasks', job);
    rig.post(lost);
    rig.take();
    expect(rig.ask(kill)).toBeNull();
    expect(rig.take()).toEqual([]);
    rig.pass(20_000);
    rig.take();
    rig.post(
      aHello('one', { tasks: [{ ...anAgentTask('job', 'TASK_RUNNING'), status: statuses.at(-1) as never }] }),
    );
    expect(rig.kinds()).toEqual(['send-kill']);
  });

  it('wins over a launch that never arrived: the agent is told, and the task is never sent', () => {
    const rig = live();
    rig.ask(run());
    rig.post(lost);
    rig.ask(kill);
    rig.pass(1000);
    rig.take();
    rig.post(aHello('one'));
    expect(rig.kinds()).toEqual(['send-kill']);
    rig.post({ kind: 'kill-answered', taskId: job, refusal: null });
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_KILLED' });
    expect(rig.row('operations', 'o-kill').stage).toBe('seen');
    expect(rig.row('operations', 'o-run-job').refusal).toMatchObject({ reason: 'task-never-ran' });
    rig.post(aHello('one'));
    expect(rig.take()).toEqual([]);
  });

  it('asked for once more ends a task all the same that was never there', () => {
    const rig = live();
    rig.ask(run());
    rig.ask(kill);
    rig.post(aHello('one'));
    rig.ask({ kind: 'kill-task', taskId: job, operationId: operationId('again') });
    rig.post({ kind: 'kill-answered', taskId: job, refusal: null });
    expect(rig.row('tasks', job).state).toBe('TASK_KILLED');
    expect(rig.row('operations', 'o-again').stage).toBe('seen');
  });

  it('meets a launch that the agent refused because of it', () => {
    const rig = live();
    rig.ask(run());
    rig.ask(kill);
    const refusal = { code: 'conflict', reason: 'killed-before-launch', detail: 'killed' } as const;
    rig.post({ kind: 'launch-answered', taskId: job, refusal });
    expect(rig.row('tasks', job).state).toBe('TASK_KILLED');
  });

  it('asks for the list of the agent when launch and kill crossed without an answer', () => {
    const rig = live();
    rig.ask(run());
    rig.ask(kill);
    rig.take();
    rig.post({ kind: 'launch-answered', taskId: job, refusal: noAnswer });
    expect(rig.kinds()).toEqual(['disconnect', 'connect']);
  });

  it('that the agent cannot carry out says so in its operation', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING'));
    rig.ask(kill);
    rig.post({
      kind: 'kill-answered',
      taskId: job,
      refusal: { code: 'internal', reason: 'stuck', detail: '' },
    });
    expect(rig.row('operations', 'o-kill').refusal).toMatchObject({ reason: 'stuck' });
    expect(rig.row('tasks', job).state).toBe('TASK_RUNNING');
  });
});

describe('forget-task', () => {
  const forget: Posted = { kind: 'forget-task', taskId: job };
  function ended(): CoreRig {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_FINISHED'));
    rig.take();
    return rig;
  }

  it('drops the record only when the agent has dropped its own', () => {
    const rig = ended();
    expect(rig.ask(forget)).toBeNull();
    expect(rig.kinds()).toEqual(['send-forget']);
    expect(rig.has('tasks', job)).toBe(true);
    rig.post({ kind: 'forget-answered', taskId: job, refusal: null });
    expect(rig.has('tasks', job)).toBe(false);
  });

  it('is asked again after a lost answer', () => {
    const rig = ended();
    rig.ask(forget);
    rig.post(lost);
    rig.pass(300);
    rig.take();
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_FINISHED')] }));
    expect(rig.kinds()).toEqual(['send-forget']);
    rig.post({
      kind: 'forget-answered',
      taskId: job,
      refusal: { code: 'not-found', reason: 'x', detail: '' },
    });
    expect(rig.has('tasks', job)).toBe(false);
  });

  it('is refused while the task runs or the machine is away', () => {
    const rig = live();
    rig.ask(run());
    expect(rig.ask(forget)).toMatchObject({ code: 'conflict', reason: 'task-not-ended' });
    rig.post(update('job', 'TASK_FAILED'));
    rig.post(lost);
    expect(rig.ask(forget)).toMatchObject({ code: 'unreachable' });
    expect(rig.ask({ kind: 'forget-task', taskId: taskId('nobody') })).toMatchObject({ code: 'not-found' });
  });

  it('of a task that is gone needs no agent', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING'));
    rig.post(aHello('one', { agentId: agentId('reborn') }));
    expect(rig.ask(forget)).toBeNull();
    expect(rig.has('tasks', job)).toBe(false);
  });
});
