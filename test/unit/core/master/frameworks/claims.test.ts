// What was promised before a restart of the master is kept for whom it was promised, as long as they may come back.
import { describe, expect, it } from 'vitest';
import { durableTables } from '../../../../../electron/contract/tables.ts';
import type { DurableRows } from '../../../../../electron/core/kernel/ports.ts';
import { aHello, aStatus, operationId, taskId } from '../../../../support/builders.ts';
import { amounts, batch, FrameworkRig } from '../../../../support/framework-rig.ts';
import { allow, busy, ended, run } from '../../../../support/room-rig.ts';

describe('room that is being made when the master restarts', () => {
  const wanted = { agentId: null, resources: amounts({ cpusMilli: 4000, memMib: 64 }), count: 1 };
  const cpusOffered = (rig: FrameworkRig) =>
    rig.offers().flatMap(({ resources }) => resources.map(({ amounts: { cpusMilli } }) => cpusMilli));
  const claims = (rig: FrameworkRig) => [...rig.state.tables.claims.values()];

  /** The tables of the one, in a process that starts over; nobody has come back yet. */
  function restarted(rig: FrameworkRig): FrameworkRig {
    const tables = durableTables.map((table) => [table, [...rig.state.tables[table].values()]]);
    const again = new FrameworkRig(Object.fromEntries(tables) as DurableRows, { start: false });
    const { diff } = again.post({ kind: 'master-started', seed: 2 });
    for (const table of durableTables) expect(diff[table]).toBeUndefined();
    return again;
  }
  /** The machine, with `low` as it is there. */
  const comesBack = (rig: FrameworkRig, state: 'TASK_RUNNING' | 'TASK_KILLED' = 'TASK_RUNNING'): void => {
    const { info } = rig.row('tasks', 't-low');
    const status = aStatus('low', state, { uuid: `low-${state}` });
    rig.post(aHello('one', { tasks: [{ info, status, startedAtMs: null, endedAtMs: null }] }));
  };

  /** `high` waits for the room of `low`, or a scheduler behind a transport does. */
  function making(): FrameworkRig {
    const rig = busy({ low: [4000, 0] });
    allow(rig);
    rig.ask(run('high', 4000, 5));
    rig.pass(100);
    expect(ended(rig)).toEqual(['low']);
    return rig;
  }
  function makingForRemote(): FrameworkRig {
    const rig = busy({ low: [4000, 0] });
    allow(rig);
    rig.subscribe({ roles: ['*'] });
    rig.call({ kind: 'REQUEST', frameworkId: batch, requests: [{ ...wanted, role: '*', priority: 5 }] });
    rig.pass(100);
    expect(ended(rig)).toEqual(['low']);
    return rig;
  }

  it('is for whom it was promised, also against a role with a lower share', () => {
    const rig = restarted(making());
    rig.subscribe({ roles: ['poor'] });
    rig.pass(100);
    comesBack(rig);
    rig.say('low', 'TASK_KILLED');
    rig.pass(100);
    expect(rig.row('tasks', 't-high').state).toBe('TASK_STAGING');
    expect(cpusOffered(rig)).toEqual([0]);
    expect(claims(rig)).toEqual([]);
  });

  it('is held too when the last of them ended before its machine came back', () => {
    const rig = restarted(making());
    rig.subscribe({ roles: ['poor'] });
    rig.pass(5000);
    expect(claims(rig)).toHaveLength(1);
    comesBack(rig, 'TASK_KILLED');
    rig.pass(100);
    expect(rig.row('tasks', 't-low').state).toBe('TASK_KILLED');
    expect(rig.row('tasks', 't-high').state).toBe('TASK_STAGING');
  });

  it('is held for a scheduler that comes back within its time and asks for the same', () => {
    const rig = restarted(makingForRemote());
    comesBack(rig);
    rig.keepLive(30_000, 'one');
    rig.say('low', 'TASK_KILLED');
    rig.keepLive(5000, 'one');
    rig.subscribe({ roles: ['*'] });
    rig.keepLive(1000, 'one');
    expect(claims(rig)).toHaveLength(1);
    expect(cpusOffered(rig)).toEqual([0]);
    rig.call({ kind: 'REQUEST', frameworkId: batch, requests: [{ ...wanted, role: '*', priority: 5 }] });
    expect(cpusOffered(rig)).toEqual([0, 4000]);
  });

  it('is given up when that asks for something else, or does not come back in time', () => {
    const asks = restarted(makingForRemote());
    comesBack(asks);
    asks.subscribe({ roles: ['*'] });
    asks.call({ kind: 'REQUEST', frameworkId: batch, requests: [{ ...wanted, role: '*' }] });
    expect(claims(asks)).toEqual([]);
    const away = restarted(makingForRemote());
    comesBack(away);
    away.keepLive(59_000, 'one');
    expect(claims(away)).toHaveLength(1);
    away.keepLive(2000, 'one');
    expect(claims(away)).toEqual([]);
  });

  it('is given up with a machine that does not come back, and when nobody waits any more', () => {
    const lost = restarted(making());
    lost.pass(59_000);
    expect(claims(lost)).toEqual([]);
    const cancelled = restarted(making());
    cancelled.ask({ kind: 'kill-task', taskId: taskId('high'), operationId: operationId('never-mind') });
    expect(claims(cancelled)).toEqual([]);
  });

  it('waits as long again when this computer slept', () => {
    const rig = restarted(makingForRemote());
    comesBack(rig);
    rig.keepLive(1000, 'one');
    rig.monoMs += 600_000;
    rig.post({ kind: 'woke-up', asleepMs: 600_000 });
    rig.pass(100);
    expect(claims(rig)).toHaveLength(1);
  });
});
