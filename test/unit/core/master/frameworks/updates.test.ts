import { describe, expect, it } from 'vitest';
import type { FrameworkInfo, SchedulerEvent } from '../../../../../electron/contract/framework.ts';
import {
  agentId,
  aHello,
  anAgentTask,
  frameworkId,
  machineId,
  noRoute,
  taskId,
} from '../../../../support/builders.ts';
import { batch, FrameworkRig } from '../../../../support/framework-rig.ts';

const job = taskId('job');

const uuidsOf = (events: readonly SchedulerEvent[]): (string | null)[] =>
  events.flatMap((event) => (event.kind === 'UPDATE' ? [event.status.uuid] : []));

const acknowledge = (rig: FrameworkRig, uuid: string) =>
  rig.call({ kind: 'ACKNOWLEDGE', frameworkId: batch, agentId: agentId('one'), taskId: job, uuid });

describe('status updates', () => {
  it('come one after the other, and again and again until they are acknowledged', () => {
    const rig = FrameworkRig.launched();
    rig.say('job', 'TASK_STARTING', 'u-a');
    rig.say('job', 'TASK_RUNNING', 'u-b');
    expect(uuidsOf(rig.told())).toEqual(['u-a']);
    rig.keepLive(10_500, 'one');
    expect(uuidsOf(rig.told())).toEqual(['u-a']);
    expect(acknowledge(rig, 'u-b')).toMatchObject({ reason: 'update-unknown' });
    expect(acknowledge(rig, 'u-a')).toBeNull();
    expect(uuidsOf(rig.told())).toEqual(['u-b']);
    expect(acknowledge(rig, 'u-b')).toBeNull();
    expect(rig.row('tasks', job).owed).toBeUndefined();
    rig.keepLive(30_000, 'one');
    expect(uuidsOf(rig.told())).toEqual([]);
  });

  it('that were not acknowledged come again to the scheduler that takes over', () => {
    const rig = FrameworkRig.launched();
    rig.say('job', 'TASK_RUNNING', 'u-a');
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    rig.take();
    rig.say('job', 'TASK_FINISHED', 'u-b');
    expect(rig.told()).toEqual([]);
    rig.subscribe({}, batch, 's2');
    expect(uuidsOf(rig.told())).toEqual(['u-a']);
    acknowledge(rig, 'u-a');
    expect(uuidsOf(rig.told())).toEqual(['u-b']);
  });

  it('of the master have no uuid, and are in the words that the scheduler knows', () => {
    const lost = (patch: Partial<FrameworkInfo>): SchedulerEvent[] => {
      const rig = FrameworkRig.launched(patch);
      rig.say('job', 'TASK_RUNNING', 'u-a');
      acknowledge(rig, 'u-a');
      rig.post({ kind: 'link-down', machineId: machineId('one'), refusal: noRoute });
      rig.take();
      rig.pass(10_000);
      return rig.told().filter((event) => event.kind === 'UPDATE');
    };
    expect(lost({})).toMatchObject([{ status: { state: 'TASK_UNREACHABLE', uuid: null } }]);
    expect(lost({ capabilities: [] })).toMatchObject([{ status: { state: 'TASK_LOST', uuid: null } }]);
  });

  it('a task that comes back after it was told as lost is killed for who does not know of partitions', () => {
    const rig = FrameworkRig.launched({ capabilities: [] });
    rig.say('job', 'TASK_RUNNING', 'u-a');
    rig.post({ kind: 'link-down', machineId: machineId('one'), refusal: noRoute });
    rig.pass(10_000);
    rig.take();
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING', { uuid: 'u-a' })] }));
    expect(rig.kinds()).toContain('send-kill');
  });
});

describe('TASK_KILLING', () => {
  const capable: Partial<FrameworkInfo> = { capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE'] };
  const statesOf = (events: readonly SchedulerEvent[]): string[] =>
    events.flatMap((event) => (event.kind === 'UPDATE' ? [event.status.state] : []));
  /** It runs, and its agent has begun to kill it. */
  const killing = (patch: Partial<FrameworkInfo> = {}): FrameworkRig => {
    const rig = FrameworkRig.launched(patch);
    rig.say('job', 'TASK_RUNNING', 'u-a');
    acknowledge(rig, 'u-a');
    rig.take();
    rig.say('job', 'TASK_KILLING', 'u-b');
    return rig;
  };

  it('is told to who knows of it, and the end after it is acknowledged', () => {
    const rig = killing(capable);
    rig.say('job', 'TASK_KILLED', 'u-c');
    expect(statesOf(rig.told())).toEqual(['TASK_KILLING']);
    acknowledge(rig, 'u-b');
    expect(statesOf(rig.told())).toEqual(['TASK_KILLED']);
  });

  it('is never told to others, and keeps nothing from being told', () => {
    const rig = killing();
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_KILLING' });
    expect(rig.row('tasks', job).owed).toBeUndefined();
    rig.say('job', 'TASK_KILLED', 'u-c');
    expect(statesOf(rig.told())).toEqual(['TASK_KILLED']);
  });

  it('is by reconciliation what the task was before, for who does not know of it', () => {
    const ask = (rig: FrameworkRig): string[] => {
      rig.take();
      rig.call({ kind: 'RECONCILE', frameworkId: batch, tasks: [{ taskId: job, agentId: null }] });
      rig.call({ kind: 'RECONCILE', frameworkId: batch, tasks: [] });
      return statesOf(rig.told());
    };
    expect(ask(killing())).toEqual(['TASK_RUNNING', 'TASK_RUNNING']);
    expect(ask(killing(capable))).toEqual(['TASK_KILLING', 'TASK_KILLING']);
  });

  it('is told no more to who takes the capability back', () => {
    const rig = killing(capable);
    rig.say('job', 'TASK_KILLED', 'u-c');
    const info = { ...rig.row('frameworks', batch).info, capabilities: ['PARTITION_AWARE' as const] };
    rig.call({ kind: 'UPDATE_FRAMEWORK', frameworkId: batch, info, suppressedRoles: [] });
    rig.take();
    rig.keepLive(11_000, 'one');
    expect(statesOf(rig.told())).toEqual(['TASK_KILLED']);
  });
});

describe('a framework', () => {
  it('that comes back in time keeps its tasks, and its offers are made anew', () => {
    const rig = FrameworkRig.launched();
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    expect(rig.offers()).toEqual([]);
    rig.keepLive(59_000, 'one');
    expect(rig.subscribe({}, batch, 's2')).toBeNull();
    expect(rig.row('tasks', job).killAskedAtMs).toBeNull();
    expect(rig.offer().frameworkId).toBe(batch);
  });

  it('that stays away too long is completed: its tasks are killed, its id is never taken again', () => {
    const rig = FrameworkRig.launched();
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    rig.keepLive(61_000, 'one');
    expect(rig.row('frameworks', batch).completedAtMs).not.toBeNull();
    expect(rig.row('tasks', job).killAskedAtMs).not.toBeNull();
    expect(rig.kinds()).toContain('send-kill');
    expect(rig.subscribe({}, batch, 's2')).toMatchObject({ reason: 'framework-completed' });
  });

  it('does not run out of time while this computer sleeps', () => {
    const rig = FrameworkRig.launched();
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    rig.monoMs += 3_600_000;
    rig.post({ kind: 'woke-up', asleepMs: 3_600_000 });
    rig.pass(100);
    expect(rig.row('frameworks', batch).completedAtMs).toBeNull();
  });

  it('that is subscribed twice keeps the newer connection, and the older one is told', () => {
    const rig = FrameworkRig.launched();
    rig.subscribe({}, batch, 's2');
    expect(rig.take()).toMatchObject([
      {
        kind: 'send-scheduler-event',
        streamId: 's1',
        event: { kind: 'ERROR', message: 'Framework failed over' },
      },
      { kind: 'close-scheduler-stream', streamId: 's1' },
      { kind: 'send-scheduler-event', streamId: 's2', event: { kind: 'SUBSCRIBED' } },
    ]);
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    expect(rig.row('subscriptions', batch).phase).toBe('subscribed');
  });

  it('is torn down with its tasks', () => {
    const rig = FrameworkRig.launched();
    expect(rig.call({ kind: 'TEARDOWN', frameworkId: batch })).toBeNull();
    expect(rig.kinds()).toEqual(['close-scheduler-stream', 'send-kill']);
    expect(rig.has('subscriptions', batch)).toBe(false);
  });

  it.each<[string, Partial<FrameworkInfo>]>([
    ['role-name', { roles: ['a//b'] }],
    ['role-name', { roles: ['-x'] }],
    ['role-twice', { roles: ['a', 'a'] }],
    ['role-missing', { roles: [] }],
    ['multi-role-needed', { roles: ['a', 'b'], capabilities: [] }],
  ])('is refused as %s when it says so', (reason, patch) => {
    const rig = FrameworkRig.live();
    expect(rig.subscribe(patch)).toMatchObject({ reason });
    expect(rig.has('frameworks', batch)).toBe(false);
  });

  it('changes its roles, and keeps who it runs as', () => {
    const rig = FrameworkRig.launched();
    const info = { ...rig.row('frameworks', batch).info, roles: ['eng'], user: 'root' };
    expect(rig.call({ kind: 'UPDATE_FRAMEWORK', frameworkId: batch, info, suppressedRoles: [] })).toBeNull();
    expect(rig.row('frameworks', batch).info).toMatchObject({ roles: ['eng'], user: 'ada' });
    rig.keepLive(1000, 'one');
    expect(rig.offer().role).toBe('eng');
  });

  it('of this program takes no calls from outside', () => {
    const rig = FrameworkRig.live();
    rig.subscribe({}, frameworkId('run'));
    expect(
      rig.call({ kind: 'MESSAGE', frameworkId: batch, agentId: agentId('one'), executorId: 'e', data: '' }),
    ).toMatchObject({
      reason: 'framework-unknown',
    });
  });
});
