// Room for more important work: who ends, for whom, and who never does.
import { describe, expect, it } from 'vitest';
import type { Preemption } from '../../../../../electron/contract/role.ts';
import type { TaskInfo } from '../../../../../electron/contract/task.ts';
import type { Posted } from '../../../../../electron/core/kernel/events.ts';
import {
  frameworkId,
  machineId,
  operationId,
  someFacts,
  someIsolation,
  taskId,
} from '../../../../support/builders.ts';
import { amounts, batch, FrameworkRig, launch } from '../../../../support/framework-rig.ts';
import { allow, busy, ended, run } from '../../../../support/room-rig.ts';

const byShare: Preemption = { lowerPriority: false, aboveFairShare: true };

describe('what has the higher priority', () => {
  it('waits like everybody while the role does not say that its tasks may end early', () => {
    const rig = busy({ low: [4000, 0] });
    rig.ask(run('high', 1000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual([]);
    expect(rig.has('runs', 't-high')).toBe(true);
  });

  it('takes the place of what has a lower one, with its grace and in plain words', () => {
    const rig = busy({ low: [4000, 0] });
    allow(rig);
    rig.ask(run('high', 1000, 5));
    rig.pass(100);
    expect(rig.take().filter(({ kind }) => kind === 'send-kill')).toEqual([
      { kind: 'send-kill', machineId: 'm-one', taskId: 't-low', graceMs: 3000 },
    ]);
    expect([...rig.state.tables.claims.values()]).toMatchObject([{ agentId: 'a-one', victims: ['t-low'] }]);
    rig.say('low', 'TASK_KILLED');
    expect(rig.row('tasks', 't-low').statuses.at(-1)).toMatchObject({
      state: 'TASK_KILLED',
      reason: 'REASON_CONTAINER_PREEMPTED',
      message: 'made room for task high (priority 5, role *)',
    });
    expect(rig.row('tasks', 't-high')).toMatchObject({ state: 'TASK_STAGING', priority: 5 });
    expect(rig.state.tables.claims.size).toBe(0);
    expect(rig.row('tasks', 't-low').roomTaker).toMatchObject({ taskId: 't-high' });
  });

  it('ends nobody of the same or a higher one, nor anybody when it would not fit all the same', () => {
    const rig = busy({ same: [2000, 5], low: [2000, 0] });
    allow(rig);
    rig.ask(run('high', 3000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual([]);
    rig.ask(run('huge', 5000, 9));
    rig.pass(100);
    expect(ended(rig)).toEqual([]);
  });

  it('uses what is free, and what is about to be, before it ends anybody', () => {
    const rig = busy({ low: [2000, 0], other: [2000, 0] }, ['one', 'two']);
    allow(rig);
    rig.ask(run('high', 2000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual([]);
    rig.ask(run('more', 4000, 1));
    rig.pass(100);
    const first = ended(rig);
    rig.ask(run('again', 100, 1));
    rig.pass(100);
    expect(ended(rig)).toEqual(first);
  });

  it('ends the least important, the fewest, the youngest, and no more than needed', () => {
    const rig = busy({ a: [1000, 1], b: [1000, 0], c: [1000, 0], d: [1000, 3] });
    allow(rig);
    rig.ask(run('high', 1000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual(['c']);
    rig.ask(run('second', 1000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual(['b', 'c']);
    rig.ask(run('third', 2000, 2));
    rig.pass(100);
    // d has more than it, so a alone is not enough.
    expect(ended(rig)).toEqual(['b', 'c']);
  });

  it('holds what becomes free for the one it is made for, also against a role with a lower share', () => {
    const rig = busy({ low: [4000, 0] });
    allow(rig);
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    rig.subscribe({ roles: ['poor'] });
    rig.pass(100);
    rig.say('low', 'TASK_KILLED');
    rig.pass(100);
    expect(rig.row('tasks', 't-high').state).toBe('TASK_STAGING');
  });

  it('takes back what is offered there, since nobody has answered yet', () => {
    const rig = busy({ low: [3000, 0] });
    rig.subscribe({ roles: ['poor'] });
    rig.pass(30);
    expect(rig.offers()).toHaveLength(1);
    allow(rig);
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual(['low']);
    expect(rig.told()).toContainEqual(expect.objectContaining({ kind: 'RESCIND' }));
  });

  it('that is taken back leaves the room to everybody', () => {
    const rig = busy({ low: [4000, 0] });
    allow(rig);
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    rig.ask({ kind: 'kill-task', taskId: taskId('high'), operationId: operationId('never-mind') });
    expect(rig.state.tables.claims.size).toBe(0);
    rig.ask(run('low-2', 4000, 0));
    rig.say('low', 'TASK_KILLED');
    rig.pass(100);
    expect(rig.has('tasks', 't-low-2')).toBe(true);
  });

  it('loses its claim with the machine, and looks for another one', () => {
    const rig = busy({ a: [4000, 0], b: [4000, 0] }, ['one', 'two']);
    allow(rig);
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    const [first] = ended(rig);
    const { machineId: there } = rig.row('tasks', `t-${first}`);
    rig.post({
      kind: 'link-down',
      machineId: there,
      refusal: { code: 'unreachable', reason: 'no-route', detail: '' },
    });
    rig.pass(200);
    expect(ended(rig)).toEqual(['a', 'b']);
    expect([...rig.state.tables.claims.values()]).toHaveLength(1);
  });
});

describe('a run that made room', () => {
  const service: Partial<TaskInfo> = { restart: { on: 'always', maxInRow: null } };

  function displaced(
    patch: Partial<TaskInfo>,
    meanwhile: (rig: FrameworkRig) => void = () => {},
  ): FrameworkRig {
    const rig = FrameworkRig.live(['one'], { facts: someFacts({ isolation: someIsolation }) });
    allow(rig);
    rig.ask({ ...run('low', 4000, 0, patch), machineId: machineId('one') } as Posted);
    rig.pass(30);
    rig.post({ kind: 'launch-answered', taskId: taskId('low'), refusal: null });
    rig.say('low', 'TASK_RUNNING');
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    meanwhile(rig);
    rig.say('low', 'TASK_KILLED');
    rig.pass(100);
    return rig;
  }

  it('waits again when it may be started again, under another id, where it was wanted, and runs when there is room', () => {
    const rig = displaced(service);
    expect(rig.row('runs', 't-low_2')).toMatchObject({
      place: { agentId: 'a-one' },
      askedAtMs: rig.row('tasks', 't-low').createdAtMs,
    });
    expect(rig.row('operations', 'o-low_2')).toMatchObject({ verb: 'run-task', stage: 'accepted' });
    rig.post({ kind: 'launch-answered', taskId: taskId('high'), refusal: null });
    rig.say('high', 'TASK_FINISHED');
    rig.pass(100);
    expect(rig.row('tasks', 't-low_2')).toMatchObject({ state: 'TASK_STAGING', machineId: 'm-one' });
  });

  it('is over when nobody said that it may run twice', () => {
    const rig = displaced({});
    expect(rig.state.tables.runs.size).toBe(0);
  });

  it('is over when its person wanted it to end, though it was ending already', () => {
    const rig = displaced(service, (before) => {
      const wish = { kind: 'kill-task', taskId: taskId('low'), operationId: operationId('kill') } as const;
      expect(before.ask(wish)).toBeNull();
    });
    expect(rig.row('tasks', 't-low')).toMatchObject({ state: 'TASK_KILLED' });
    expect(rig.row('tasks', 't-low').statuses.at(-1)?.reason).toBeNull();
    expect(rig.has('runs', 't-low_2')).toBe(false);
    expect(rig.row('tasks', 't-high')).toMatchObject({ state: 'TASK_STAGING' });
  });

  it('that ended by itself in its grace has finished', () => {
    const rig = busy({ low: [4000, 0] });
    allow(rig);
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    rig.say('low', 'TASK_FINISHED');
    expect(rig.row('tasks', 't-low').statuses.at(-1)?.reason).not.toBe('REASON_CONTAINER_PREEMPTED');
    rig.pass(100);
    expect(rig.row('tasks', 't-high').state).toBe('TASK_STAGING');
  });
});

describe('use above the fair share', () => {
  /** `rich` has four tasks of one CPU and `poor` asks for some. */
  function unequal(role = 'rich'): FrameworkRig {
    const rig = FrameworkRig.live();
    rig.subscribe({ roles: [role] }, frameworkId('rich'), 's1');
    const tasks = ['a', 'b', 'c', 'd'].map((name) => launch(name, { cpusMilli: 1000, memMib: 64 }));
    expect(rig.accept(rig.offer(), ...tasks)).toBeNull();
    for (const name of ['a', 'b', 'c', 'd']) {
      rig.post({ kind: 'launch-answered', taskId: taskId(name), refusal: null });
      rig.say(name, 'TASK_RUNNING');
    }
    rig.call({ kind: 'SUPPRESS', frameworkId: frameworkId('rich'), roles: [] });
    rig.subscribe({ roles: ['poor'] }, batch, 's2');
    return rig;
  }
  const ask = (rig: FrameworkRig, cpusMilli: number, count: number): void => {
    const resources = amounts({ cpusMilli, memMib: 64 });
    const requests = [{ role: 'poor', agentId: null, resources, count }];
    expect(rig.call({ kind: 'REQUEST', frameworkId: batch, requests })).toBeNull();
    rig.pass(100);
  };

  it('ends for who has less than its own, down to the fair share and no further', () => {
    const rig = unequal();
    ask(rig, 1000, 4);
    expect(ended(rig)).toEqual([]);
    allow(rig, byShare, 'rich');
    rig.pass(100);
    expect(ended(rig)).toHaveLength(2);
    for (const name of ended(rig)) rig.say(name, 'TASK_KILLED');
    rig.pass(100);
    expect(rig.offers().map((offer) => [offer.frameworkId, offer.resources[0]?.amounts.cpusMilli])).toEqual([
      ['f-batch', 1000],
      ['f-batch', 1000],
    ]);
    rig.pass(1000);
    expect(ended(rig)).toHaveLength(2);
  });

  it('spares a role that says never below one that allows it, until it takes that back', () => {
    const rig = unequal('rich/own');
    allow(rig, byShare, 'rich');
    allow(rig, { lowerPriority: false, aboveFairShare: false }, 'rich/own');
    ask(rig, 1000, 4);
    expect(ended(rig)).toEqual([]);
    allow(rig, null, 'rich/own');
    expect(rig.has('roles', 'rich/own')).toBe(false);
    rig.pass(100);
    expect(ended(rig)).toHaveLength(2);
  });

  it('ends nobody for a unit that would bring its role above its own share', () => {
    const rig = unequal();
    allow(rig, byShare, 'rich');
    ask(rig, 3000, 1);
    expect(ended(rig)).toEqual([]);
  });

  it('leaves a role its share in what it has, not in what it may get', () => {
    const rig = FrameworkRig.live();
    const rich = frameworkId('rich');
    const unit = { agentId: null, count: 1 };
    const more = amounts({ cpusMilli: 500, memMib: 4096 });
    const big = amounts({ cpusMilli: 1000, memMib: 64 });
    rig.subscribe({ roles: ['rich'] }, rich, 's1');
    expect(rig.accept(rig.offer(), launch('most', { cpusMilli: 3500, memMib: 4096 }))).toBeNull();
    rig.post({ kind: 'launch-answered', taskId: taskId('most'), refusal: null });
    rig.say('most', 'TASK_RUNNING');
    rig.subscribe({ roles: ['poor'] }, batch, 's2');
    allow(rig, { lowerPriority: true, aboveFairShare: true }, 'rich');
    const requests = [{ ...unit, role: 'rich', resources: more, priority: 9 }];
    rig.call({ kind: 'REQUEST', frameworkId: rich, requests });
    rig.call({ kind: 'REVIVE', frameworkId: rich, roles: [] });
    const wanted = [{ ...unit, role: 'poor', resources: big }];
    rig.call({ kind: 'REQUEST', frameworkId: batch, requests: wanted });
    rig.pass(100);
    expect(ended(rig)).toEqual([]);
    expect(rig.offers()).toMatchObject([{ frameworkId: rich, resources: [{ amounts: { memMib: 4096 } }] }]);
  });

  it('is not made room for beyond a limit that was set meanwhile', () => {
    const rig = unequal();
    allow(rig, byShare, 'rich');
    ask(rig, 1000, 1);
    expect(ended(rig)).toHaveLength(1);
    const guarantee = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
    const limit = { cpusMilli: 500, memMib: null, diskMib: null, gpus: null };
    const quota = { guarantee, limit };
    expect(rig.ask({ kind: 'set-quota', role: 'poor', quota, force: false })).toBeNull();
    for (const name of ended(rig)) rig.say(name, 'TASK_KILLED');
    rig.pass(100);
    expect(rig.offers()).toEqual([]);
    expect(rig.state.tables.claims.size).toBe(0);
  });

  it('never takes what is guaranteed', () => {
    const rig = unequal();
    const none = { cpusMilli: null, memMib: null, diskMib: null, gpus: null };
    const guarantee = { cpusMilli: 3000, memMib: 0, diskMib: 0, gpus: 0 };
    const quota = { guarantee, limit: none };
    expect(rig.ask({ kind: 'set-quota', role: 'rich', quota, force: false })).toBeNull();
    allow(rig, byShare, 'rich');
    ask(rig, 1000, 4);
    expect(ended(rig)).toHaveLength(1);
  });

  it('is no reason within a role, and none for a role that does not allow it', () => {
    const rig = busy({ low: [4000, 0] });
    allow(rig, byShare, '*');
    rig.ask(run('high', 1000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual([]);
    const other = unequal();
    allow(other, byShare, 'poor');
    ask(other, 1000, 4);
    expect(ended(other)).toEqual([]);
  });
});
