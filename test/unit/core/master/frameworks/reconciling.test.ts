import { describe, expect, it } from 'vitest';
import type { SchedulerEvent } from '../../../../../electron/contract/framework.ts';
import type { TaskId } from '../../../../../electron/contract/ids.ts';
import { nextDeadline } from '../../../../../electron/core/master/step.ts';
import { agentId, frameworkId, machineId, noRoute, taskId } from '../../../../support/builders.ts';
import { batch, FrameworkRig } from '../../../../support/framework-rig.ts';

const job = taskId('job');

describe('RECONCILE', () => {
  const ask = (rig: FrameworkRig, name: string, agent: string | null): SchedulerEvent[] => {
    rig.take();
    const tasks = [{ taskId: taskId(name), agentId: agent === null ? null : agentId(agent) }];
    rig.call({ kind: 'RECONCILE', frameworkId: batch, tasks });
    return rig.told();
  };

  it('tells the latest state of a task that is known', () => {
    const rig = FrameworkRig.launched();
    expect(ask(rig, 'job', null)).toMatchObject([
      { status: { state: 'TASK_STAGING', reason: 'REASON_RECONCILIATION', uuid: null, agentId: 'a-one' } },
    ]);
    rig.call({ kind: 'RECONCILE', frameworkId: batch, tasks: [] });
    expect(rig.told()).toMatchObject([{ status: { taskId: 't-job', state: 'TASK_STAGING' } }]);
  });

  it('says what can be said of one that is not', () => {
    const rig = FrameworkRig.launched();
    expect(ask(rig, 'x', 'one')).toMatchObject([{ status: { state: 'TASK_GONE' } }]);
    expect(ask(rig, 'x', 'nobody')).toMatchObject([{ status: { state: 'TASK_UNKNOWN' } }]);
    rig.post({ kind: 'link-down', machineId: machineId('one'), refusal: noRoute });
    rig.pass(10_000);
    expect(ask(rig, 'x', 'one')).toMatchObject([{ status: { state: 'TASK_UNREACHABLE' } }]);
  });

  it('says nothing yet of an agent that has not been heard since the master started', () => {
    const rig = FrameworkRig.launched();
    const again = new FrameworkRig({
      machines: [...rig.state.tables.machines.values()],
      agents: [...rig.state.tables.agents.values()],
      frameworks: [...rig.state.tables.frameworks.values()],
    });
    again.subscribe();
    expect(ask(again, 'x', 'one')).toEqual([]);
  });

  it('answers a KILL of a task that is not known', () => {
    const rig = FrameworkRig.launched();
    rig.call({ kind: 'KILL', frameworkId: batch, taskId: taskId('x'), agentId: null, graceMs: null });
    expect(rig.told()).toMatchObject([{ status: { taskId: 't-x', state: 'TASK_UNKNOWN' } }]);
  });
});

describe('RECONCILE of more than a page', () => {
  const many = (from: number, count: number): { taskId: TaskId; agentId: null }[] =>
    Array.from({ length: count }, (_, n) => ({ taskId: taskId(`many${from + n}`), agentId: null }));
  const idsOf = (events: readonly SchedulerEvent[]): string[] =>
    events.flatMap((event) => (event.kind === 'UPDATE' ? [event.status.taskId] : []));
  const reconcile = (rig: FrameworkRig, tasks: { taskId: TaskId; agentId: null }[], id = batch) =>
    rig.call({ kind: 'RECONCILE', frameworkId: id, tasks });
  /** What each step until then has told. */
  const pagesOf = (rig: FrameworkRig, ms: number): string[][] => {
    const pages: string[][] = [];
    const end = rig.monoMs + ms;
    for (;;) {
      const next = nextDeadline(rig.state);
      if (next === null || next > end) return pages;
      rig.monoMs = Math.max(next, rig.monoMs);
      rig.post({ kind: 'deadline-passed' });
      const ids = idsOf(rig.told());
      if (ids.length > 0) pages.push(ids);
    }
  };

  it('answers each task once, a thousand in a step, and other work has its turn in between', () => {
    const rig = FrameworkRig.launched();
    const asked = many(0, 3500);
    expect(reconcile(rig, asked)).toBeNull();
    const pages = [idsOf(rig.told()), ...pagesOf(rig, 1000)];
    expect(pages.map((page) => page.length)).toEqual([1000, 1000, 1000, 500]);
    expect(pages.flat()).toEqual(asked.map((each) => each.taskId));
    expect(rig.state.session.reconciling.size).toBe(0);
  });

  it('tells what is known when the turn of a task comes', () => {
    const rig = FrameworkRig.launched();
    reconcile(rig, [...many(0, 1000), { taskId: job, agentId: null }]);
    rig.say('job', 'TASK_RUNNING', 'u-a');
    rig.take();
    rig.pass(100);
    expect(rig.told()).toMatchObject([{ status: { taskId: job, state: 'TASK_RUNNING' } }]);
  });

  it('takes what is asked meanwhile behind the rest, and refuses what would be too much', () => {
    const rig = FrameworkRig.launched();
    const first = many(0, 2000);
    reconcile(rig, first);
    expect(reconcile(rig, many(2000, 1))).toBeNull();
    const tooMuch = Array.from({ length: 99_000 }, () => ({ taskId: job, agentId: null }));
    expect(reconcile(rig, tooMuch)).toEqual({
      code: 'exhausted',
      reason: 'reconciling-already',
      detail: '1001 answers are still to come',
    });
    const told = [idsOf(rig.told()), ...pagesOf(rig, 1000)].flat();
    expect(told).toEqual([...first.map((each) => each.taskId), 't-many2000']);
    expect(reconcile(rig, tooMuch)).toBeNull();
  });

  it('asked for all again and again walks through the tasks once in a window, and forgets no call', () => {
    const rig = FrameworkRig.launched();
    rig.take();
    for (let n = 0; n < 50; n += 1) reconcile(rig, []);
    expect(idsOf(rig.told())).toEqual([job]);
    expect(pagesOf(rig, 1000)).toEqual([[job]]);
  });

  it('shares a step among those who ask, and is no page larger for it', () => {
    const rig = FrameworkRig.launched();
    const others = ['b', 'c', 'd'].map((name) => frameworkId(name));
    for (const id of others) rig.subscribe({}, id);
    for (const id of others) reconcile(rig, many(0, 2000), id);
    rig.take();
    const pages = pagesOf(rig, 1000);
    expect(pages.map((page) => page.length)).toEqual([1000, 1000, 1000]);
  });

  it('is over with the connection that asked', () => {
    const rig = FrameworkRig.launched();
    reconcile(rig, many(0, 5000));
    rig.subscribe({}, batch, 's2');
    rig.take();
    expect(pagesOf(rig, 1000)).toEqual([]);
    reconcile(rig, many(0, 5000));
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's2' });
    expect(rig.state.session.reconciling.size).toBe(0);
  });
});
