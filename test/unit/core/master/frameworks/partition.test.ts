// Slices: what a person sets aside on a machine for roles, and why it is refused.
import { describe, expect, it } from 'vitest';
import type { Scalars } from '../../../../../electron/contract/shares.ts';
import { sharesOf } from '../../../../../electron/core/master/frameworks/shares.ts';
import { frameworkId, machineId } from '../../../../support/builders.ts';
import { batch, FrameworkRig, launch, reserved } from '../../../../support/framework-rig.ts';

const none = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
const slice = (role: string, amounts: Partial<Scalars>) => ({ role, amounts: { ...none, ...amounts } });

function partition(rig: FrameworkRig, ...slices: readonly ReturnType<typeof slice>[]) {
  return rig.ask({ kind: 'partition-machine', machineId: machineId('one'), slices });
}

const setAside = (rig: FrameworkRig) =>
  [...rig.state.tables.reservations.values()].map(({ part }) => [
    part.reservation.join('>'),
    part.amounts.cpusMilli,
    part.amounts.memMib,
  ]);

describe('a machine that is partitioned', () => {
  it('offers each slice to frameworks of its role only', () => {
    const rig = FrameworkRig.live();
    expect(partition(rig, slice('eng', { cpusMilli: 3000, memMib: 1024 }))).toBeNull();
    rig.subscribe({ roles: ['ops'] });
    expect(rig.offer().resources.map(({ amounts }) => amounts.cpusMilli)).toEqual([1000]);
    rig.subscribe({ roles: ['eng'], capabilities: ['RESERVATION_REFINEMENT'] }, frameworkId('eng'), 's2');
    rig.pass(20);
    const [offer] = rig.offers().filter((each) => each.role === 'eng');
    expect(offer?.resources).toMatchObject([{ reservation: ['eng'], amounts: { cpusMilli: 3000 } }]);
  });

  it('has the slices that were named last, grown and shrunk at once', () => {
    const rig = FrameworkRig.live();
    partition(rig, slice('eng', { cpusMilli: 3000, memMib: 1000 }), slice('ops', { cpusMilli: 1000 }));
    expect(
      partition(rig, slice('eng', { cpusMilli: 500, memMib: 2000 }), slice('web', { cpusMilli: 3500 })),
    ).toBeNull();
    expect(setAside(rig)).toEqual([
      ['eng', 500, 2000],
      ['web', 3500, 0],
    ]);
    expect(partition(rig)).toBeNull();
    expect(setAside(rig)).toEqual([]);
  });

  it('takes back what is offered of it, and only of it', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    rig.subscribe();
    rig.pass(20);
    rig.take();
    expect(partition(rig, slice('eng', { cpusMilli: 1000 }))).toBeNull();
    expect(rig.told()).toMatchObject([{ kind: 'RESCIND' }]);
    expect(rig.offers().map(({ agentId }) => agentId)).toEqual(['a-two']);
    rig.take();
    expect(partition(rig, slice('eng', { cpusMilli: 1000 }))).toBeNull();
    expect(rig.told()).toEqual([]);
  });

  it('takes back what is offered elsewhere to a role with a limit, which it may leave no room for', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    const limit = { cpusMilli: 6000, memMib: null, diskMib: null, gpus: null };
    rig.ask({ kind: 'set-quota', role: 'eng', quota: { guarantee: none, limit }, force: false });
    rig.subscribe({ roles: ['eng'] });
    rig.pass(20);
    expect(rig.offers().map(({ agentId }) => agentId)).toContain('a-two');
    expect(partition(rig, slice('eng', { cpusMilli: 2000 }))).toBeNull();
    expect(rig.offers()).toEqual([]);
  });

  it('counts against the quota of the role', () => {
    const rig = FrameworkRig.live();
    const limit = { cpusMilli: 2000, memMib: null, diskMib: null, gpus: null };
    rig.ask({ kind: 'set-quota', role: 'eng', quota: { guarantee: none, limit }, force: false });
    expect(partition(rig, slice('eng/dev', { cpusMilli: 2500 }))).toMatchObject({
      reason: 'slice-above-limit',
      detail: 'eng: cpusMilli 2500, limit 2000',
    });
    expect(partition(rig, slice('eng/dev', { cpusMilli: 2000 }))).toBeNull();
    const { roles } = sharesOf(rig.state, { atMs: rig.atMs, monoMs: rig.monoMs });
    expect(roles.find(({ role }) => role === 'eng')).toMatchObject({ consumed: { cpusMilli: 2000 } });
  });
});

describe('a slice is refused', () => {
  it('where a task uses what it would lose, and the task is named', () => {
    const rig = FrameworkRig.live();
    partition(rig, slice('eng', { cpusMilli: 4000, memMib: 8192 }));
    rig.subscribe({ roles: ['eng'] });
    const some = { cpusMilli: 1500, memMib: 64, diskMib: 0 };
    expect(rig.accept(rig.offer(), launch('job', some, [reserved(['eng'], some)]))).toBeNull();
    expect(partition(rig, slice('eng', { cpusMilli: 1000, memMib: 8192 }))).toMatchObject({
      code: 'conflict',
      reason: 'slice-in-use',
      detail: 'eng: cpusMilli 1000 wanted, 1500 used by task job',
    });
    expect(partition(rig)).toMatchObject({ reason: 'slice-in-use' });
    expect(partition(rig, slice('eng', { cpusMilli: 1500, memMib: 64 }))).toBeNull();
  });

  it('where tasks without a slice use the room', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.accept(rig.offer(), launch('job', { cpusMilli: 1500, memMib: 64 }));
    expect(partition(rig, slice('eng', { cpusMilli: 3000 }))).toMatchObject({ reason: 'slice-space-in-use' });
    expect(partition(rig, slice('eng', { cpusMilli: 2500 }))).toBeNull();
  });

  it.each([
    ['larger than the machine', [slice('eng', { cpusMilli: 4001 })], 'slice-too-large'],
    [
      'larger than the machine together',
      [slice('a', { memMib: 8000 }), slice('b', { memMib: 193 })],
      'slice-too-large',
    ],
    ['for everybody', [slice('*', { cpusMilli: 1 })], 'slice-for-everybody'],
    ['twice', [slice('a', { cpusMilli: 1 }), slice('a', { cpusMilli: 1 })], 'slice-twice'],
    ['for no role', [slice('a b', { cpusMilli: 1 })], 'role-name'],
    ['negative', [slice('a', { cpusMilli: -1 })], 'quota-wrong'],
    ['fractional', [slice('a', { cpusMilli: 0.5 })], 'quota-wrong'],
  ])('when it is %s, and nothing has changed', (_, slices, reason) => {
    const rig = FrameworkRig.live();
    const before = rig.state.tables;
    expect(partition(rig, ...slices)).toMatchObject({ reason });
    expect(rig.state.tables.reservations).toBe(before.reservations);
  });

  it('of a machine that nobody knows', () => {
    const rig = FrameworkRig.live();
    const ask = { kind: 'partition-machine', machineId: machineId('nobody'), slices: [] } as const;
    expect(rig.ask(ask)).toMatchObject({ code: 'not-found', reason: 'no-such-machine' });
  });
});

describe('what frameworks made of a slice', () => {
  it('stays theirs: a refined part is neither shown nor taken by the slices', () => {
    const rig = FrameworkRig.live();
    partition(rig, slice('eng', { cpusMilli: 2000 }));
    rig.subscribe({ roles: ['eng/dev'], capabilities: ['RESERVATION_REFINEMENT'] });
    rig.accept(rig.offer(), {
      kind: 'RESERVE',
      resources: [reserved(['eng', 'eng/dev'], { cpusMilli: 500 })],
    });
    expect(partition(rig, slice('eng', { cpusMilli: 100 }))).toBeNull();
    expect(setAside(rig).map(([role, milli]) => [role, milli])).toEqual([
      ['eng', 100],
      ['eng>eng/dev', 500],
    ]);
  });
});

describe('a person who ends a framework', () => {
  it('ends its tasks whether its scheduler is there or not', () => {
    const rig = FrameworkRig.live();
    rig.subscribe({ failoverTimeoutMs: 60_000 });
    rig.accept(rig.offer(), launch('job'));
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    rig.take();
    expect(rig.ask({ kind: 'teardown-framework', frameworkId: batch })).toBeNull();
    expect(rig.kinds()).toEqual(['send-kill']);
    expect(rig.row('frameworks', batch).completedAtMs).toBe(rig.atMs);
    expect(rig.ask({ kind: 'teardown-framework', frameworkId: batch })).toMatchObject({
      reason: 'framework-ended',
    });
  });

  it('cannot end what is a part of Mesolite, nor what nobody knows', () => {
    const rig = FrameworkRig.live();
    rig.ask({
      kind: 'run-task',
      machineId: machineId('one'),
      operationId: 'o-1' as never,
      info: (launch('job') as Extract<ReturnType<typeof launch>, { kind: 'LAUNCH' }>).tasks[0]?.info as never,
    });
    expect(rig.ask({ kind: 'teardown-framework', frameworkId: frameworkId('run') })).toMatchObject({
      reason: 'framework-stays',
    });
    expect(rig.ask({ kind: 'teardown-framework', frameworkId: frameworkId('x') })).toMatchObject({
      reason: 'no-such-framework',
    });
  });
});
