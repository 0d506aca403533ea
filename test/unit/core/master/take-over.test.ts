// Two masters and one machine: taken only by an explicit act, once, and never fought for. And what agents are told to keep.
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import { aHello, aMachine, noRoute, someFacts } from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';
import { liveRig, one } from '../../../support/task-rig.ts';

const held: Refusal = { code: 'conflict', reason: 'lease-held', detail: 'master-other' };
const lost: Refusal = { code: 'conflict', reason: 'lease-lost', detail: 'now held by master-other' };
const down = (refusal: Refusal) => ({ kind: 'link-down', machineId: one, refusal }) as const;
const takeOver = { kind: 'take-over', machineId: one } as const;

describe('taking over a machine', () => {
  it('is asked for by one hello, and only by the act of a person', () => {
    const rig = new CoreRig({ machines: [aMachine('one')] });
    expect(rig.take()).toMatchObject([{ kind: 'connect' }]);
    rig.post(down(held));
    expect(rig.row('links', one)).toMatchObject({ phase: 'stopped', problem: { detail: 'master-other' } });
    rig.pass(600_000);
    expect(rig.take()).toEqual([]);
    expect(rig.ask(takeOver)).toBeNull();
    expect(rig.take()).toMatchObject([{ kind: 'connect', takeOver: true }]);
    rig.post(aHello('one'));
    expect(rig.row('links', one)).toMatchObject({ phase: 'live', problem: null });
  });

  it('is not tried again by itself when that hello failed', () => {
    const rig = new CoreRig({ machines: [aMachine('one')] });
    rig.post(down(held));
    rig.ask(takeOver);
    rig.take();
    rig.post(down(noRoute));
    rig.pass(1000);
    const [effect] = rig.take();
    expect(effect).toMatchObject({ kind: 'connect' });
    expect(effect).not.toHaveProperty('takeOver');
  });

  it('is the end for the one who lost it: shown with the new holder, no fight', () => {
    const rig = liveRig();
    rig.post(down(lost));
    expect(rig.row('links', one)).toMatchObject({ phase: 'stopped', nextTryAtMs: null, problem: lost });
    rig.pass(3_600_000);
    rig.post({ kind: 'woke-up', asleepMs: 60_000 });
    expect(rig.kinds()).toEqual([]);
  });

  it('can be taken back by the one who lost it', () => {
    const rig = liveRig();
    rig.post(down(lost));
    rig.take();
    expect(rig.ask(takeOver)).toBeNull();
    expect(rig.take()).toMatchObject([{ kind: 'connect', takeOver: true }]);
  });

  it('is refused where nobody else holds it', () => {
    const rig = liveRig();
    expect(rig.ask(takeOver)).toMatchObject({ reason: 'nothing-to-take-over' });
    rig.post(down(noRoute));
    expect(rig.ask(takeOver)).toMatchObject({ reason: 'nothing-to-take-over' });
    expect(rig.ask({ kind: 'take-over', machineId: 'm-none' as typeof one })).toMatchObject({
      reason: 'no-such-machine',
    });
  });
});

describe('what agents keep', () => {
  const isolation = {
    cpu: 'quota',
    memory: 'cgroup',
    pids: 'cgroup',
    disk: 'watched',
    gpu: 'none',
    kill: 'cgroup',
    users: true,
  } as const;
  const hello = { facts: someFacts({ isolation }) };
  const keeping = { logMibPerTask: 8, logMibTotal: 64, keepDays: 1, cacheMib: 100 };

  it('is told at each hello and when it changes', () => {
    const rig = liveRig();
    rig.post(down(noRoute));
    rig.post(aHello('one', hello));
    expect(rig.take()).toMatchObject([{ kind: 'send-configure', machineId: one, keeping: { keepDays: 14 } }]);
    rig.ask({ kind: 'change-settings', settings: { keeping } });
    expect(rig.take()).toEqual([{ kind: 'send-configure', machineId: one, keeping }]);
    rig.ask({ kind: 'change-settings', settings: { theme: 'dark' } });
    expect(rig.take()).toEqual([]);
  });

  it('waits for the next hello of one that is away, and is not told to one that does not know it', () => {
    const away = liveRig(hello);
    away.post(down(noRoute));
    away.take();
    away.ask({ kind: 'change-settings', settings: { keeping } });
    expect(away.take()).toEqual([]);
    away.post(aHello('one', hello));
    expect(away.take()).toMatchObject([{ kind: 'send-configure', keeping }]);
    const old = liveRig();
    old.ask({ kind: 'change-settings', settings: { keeping } });
    expect(old.take()).toEqual([]);
  });
});
