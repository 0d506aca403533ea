// Roles as people change them: what is kept, what is refused and why, and that a dry run says what the change then does.
import { describe, expect, it } from 'vitest';
import type { Quota } from '../../../../../electron/contract/role.ts';
import type { RoleShare, ShareChange } from '../../../../../electron/contract/shares.ts';
import { previewOf, sharesOf } from '../../../../../electron/core/master/frameworks/shares.ts';
import { frameworkId } from '../../../../support/builders.ts';
import { FrameworkRig, launch } from '../../../../support/framework-rig.ts';

const none = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
const noLimit = { cpusMilli: null, memMib: null, diskMib: null, gpus: null };
const guaranteed = (cpusMilli: number): Quota => ({ guarantee: { ...none, cpusMilli }, limit: noLimit });
const limited = (cpusMilli: number): Quota => ({ guarantee: none, limit: { ...noLimit, cpusMilli } });
const wish = (role: string, weightMilli = 1000, quota: Quota | null = null) => ({
  kind: 'change-role' as const,
  role,
  weightMilli,
  quota,
  force: false,
});

function stamp(rig: FrameworkRig) {
  return { seq: 0, atMs: rig.atMs, monoMs: rig.monoMs };
}

function roleOf(rig: FrameworkRig, role: string): RoleShare | undefined {
  return sharesOf(rig.state, stamp(rig)).roles.find((each) => each.role === role);
}

const preview = (rig: FrameworkRig, change: ShareChange) => previewOf(rig.state, stamp(rig), change);

describe('a role that a person makes', () => {
  it('is there though nobody is in it and nothing is set, with those above it, until it is removed', () => {
    const rig = FrameworkRig.live();
    expect(rig.ask(wish('eng/dev'))).toBeNull();
    expect(sharesOf(rig.state, stamp(rig)).roles.map(({ role }) => role)).toEqual(['*', 'eng', 'eng/dev']);
    expect(rig.ask({ kind: 'set-weight', role: 'eng/dev', weightMilli: 1000 })).toBeNull();
    expect(rig.has('roles', 'eng/dev')).toBe(true);
    expect(rig.ask({ kind: 'remove-role', role: 'eng/dev' })).toBeNull();
    expect(rig.has('roles', 'eng/dev')).toBe(false);
    expect(rig.ask({ kind: 'remove-role', role: 'eng/dev' })).toMatchObject({ reason: 'role-unknown' });
  });

  it.each(['', 'a b', '-a', 'a//b', '/a', 'a/', '.', 'a/..', 'a/*'])('is not called %j', (role) => {
    const rig = FrameworkRig.live();
    expect(rig.ask(wish(role))).toMatchObject({ code: 'invalid', reason: 'role-name' });
    expect(rig.state.tables.roles.size).toBe(0);
  });

  it.each([0, -1, 0.5, Number.NaN, 2e9])('has no weight of %d', (weightMilli) => {
    expect(FrameworkRig.live().ask(wish('eng', weightMilli))).toMatchObject({ reason: 'weight-wrong' });
  });

  it('keeps what may end early until it is said again; that nothing may is a word too', () => {
    const rig = FrameworkRig.live();
    const preemption = { lowerPriority: true, aboveFairShare: false };
    const said = () => rig.state.tables.roles.get('eng')?.preemption;
    expect(rig.ask({ ...wish('eng'), preemption })).toBeNull();
    expect(said()).toEqual(preemption);
    expect(rig.ask(wish('eng', 3000))).toBeNull();
    expect(said()).toEqual(preemption);
    expect(rig.ask({ ...wish('eng', 0), preemption: null })).toMatchObject({ reason: 'weight-wrong' });
    expect(said()).toEqual(preemption);
    const nothing = { lowerPriority: false, aboveFairShare: false };
    expect(rig.ask({ ...wish('eng'), preemption: nothing })).toBeNull();
    expect(said()).toEqual(nothing);
    expect(rig.ask({ ...wish('eng'), preemption: null })).toBeNull();
    expect(said()).toBeUndefined();
  });

  it('changes whole or not at all', () => {
    const rig = FrameworkRig.live();
    expect(rig.ask(wish('eng/dev', 2000, guaranteed(1)))).toMatchObject({ reason: 'quota-on-nested-role' });
    expect(rig.has('roles', 'eng/dev')).toBe(false);
  });
});

describe('removing a role', () => {
  it('is refused while a framework is in it or below it', () => {
    const rig = FrameworkRig.live();
    rig.ask(wish('eng'));
    rig.subscribe({ name: 'spark', roles: ['eng/dev'] });
    expect(rig.ask({ kind: 'remove-role', role: 'eng' })).toMatchObject({
      reason: 'role-has-frameworks',
      detail: 'spark',
    });
  });

  it('is refused while its tasks hold something, after their framework has ended', () => {
    const rig = FrameworkRig.live();
    rig.ask(wish('eng'));
    rig.subscribe({ roles: ['eng'] });
    rig.accept(rig.offer(), launch('job'));
    expect(rig.ask({ kind: 'teardown-framework', frameworkId: frameworkId('batch') })).toBeNull();
    expect(rig.ask({ kind: 'remove-role', role: 'eng' })).toMatchObject({
      reason: 'role-has-tasks',
      detail: 'task job',
    });
  });

  it('is refused while a machine has a slice for it, or a named role is below it', () => {
    const rig = FrameworkRig.live();
    rig.ask(wish('eng'));
    rig.ask(wish('eng/dev'));
    expect(rig.ask({ kind: 'remove-role', role: 'eng' })).toMatchObject({ reason: 'role-has-roles' });
    const slices = [{ role: 'eng', amounts: { ...none, cpusMilli: 500 } }];
    expect(rig.ask({ kind: 'partition-machine', machineId: 'm-one' as never, slices })).toBeNull();
    expect(rig.ask({ kind: 'remove-role', role: 'eng' })).toMatchObject({ reason: 'role-has-slices' });
  });
});

describe('a quota', () => {
  it('that the machines together cannot hold is refused for caution, and set when it is forced', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    expect(rig.ask(wish('eng', 1000, guaranteed(6000)))).toBeNull();
    const more = wish('ops', 1000, guaranteed(3000));
    expect(rig.ask(more)).toMatchObject({
      reason: 'quota-above-cluster',
      detail: 'cpusMilli: 9000 guaranteed, 8000 there',
    });
    expect(rig.has('roles', 'ops')).toBe(false);
    expect(rig.ask({ ...more, force: true })).toBeNull();
    expect(rig.row('roles', 'ops').quota).toEqual(guaranteed(3000));
  });

  it('below what is used is refused for caution, and set when it is forced', () => {
    const rig = FrameworkRig.live();
    rig.subscribe({ roles: ['eng'] });
    rig.accept(rig.offer(), launch('job', { cpusMilli: 2000 }));
    expect(rig.ask(wish('eng', 1000, limited(1000)))).toMatchObject({ reason: 'quota-below-use' });
    expect(rig.ask({ ...wish('eng', 1000, limited(1000)), force: true })).toBeNull();
    expect(roleOf(rig, 'eng')).toMatchObject({ limit: { cpusMilli: 1000 }, consumed: { cpusMilli: 2000 } });
  });

  it('takes back offers, a weight alone does not', () => {
    const rig = FrameworkRig.live();
    rig.subscribe({ roles: ['eng'] });
    const offer = rig.offer();
    rig.ask(wish('eng', 2000));
    expect(rig.offers()).toEqual([offer]);
    rig.ask(wish('eng', 2000, limited(1000)));
    expect(rig.offers()).toEqual([]);
    expect(rig.offer().resources[0]?.amounts.cpusMilli).toBe(1000);
  });
});

describe('a dry run', () => {
  function twoRoles(): FrameworkRig {
    const rig = FrameworkRig.live(['one', 'two']);
    rig.subscribe({ roles: ['eng'] });
    rig.subscribe({ roles: ['ops'] }, frameworkId('other'), 's2');
    rig.pass(20);
    return rig;
  }

  it('says what each role has and will have by weight, as it then comes', () => {
    const rig = twoRoles();
    const before = rig.state;
    const { roles, refusal } = preview(rig, wish('eng', 3000));
    expect(refusal).toBeNull();
    expect(rig.state).toBe(before);
    const eng = roles.find(({ role }) => role === 'eng');
    expect([eng?.before?.fairShare, eng?.after?.fairShare]).toEqual([0.5, 0.75]);
    expect(rig.ask(wish('eng', 3000))).toBeNull();
    expect(roleOf(rig, 'eng')).toEqual(eng?.after);
    expect(roleOf(rig, 'ops')?.fairShare).toBe(0.25);
  });

  it('says what will be owed, that nobody is there to take it, and how many offers are taken back', () => {
    const rig = twoRoles();
    const { roles, warnings, offersTakenBack, refusal } = preview(rig, wish('web', 1000, guaranteed(6000)));
    expect(refusal).toBeNull();
    expect(roles.find(({ role }) => role === 'web')).toMatchObject({
      before: null,
      after: { owed: { cpusMilli: 6000 }, guarantee: { cpusMilli: 6000 } },
    });
    expect(warnings).toEqual([{ kind: 'nobody-in-role', resource: null, wanted: 0, there: 0 }]);
    expect(offersTakenBack).toBe(2);
    expect(rig.offers()).toHaveLength(2);
  });

  it('of what is refused for caution says what it would be when it is forced', () => {
    const rig = twoRoles();
    const { refusal, canForce, warnings } = preview(rig, wish('eng', 1000, guaranteed(9000)));
    expect(refusal).toMatchObject({ reason: 'quota-above-cluster' });
    expect(canForce).toBe(true);
    expect(warnings).toEqual([
      { kind: 'guarantees-above-cluster', resource: 'cpusMilli', wanted: 9000, there: 8000 },
    ]);
  });

  it('of what is refused for good leaves every figure as it is', () => {
    const { refusal, canForce, roles } = preview(twoRoles(), wish('a b'));
    expect([refusal?.reason, canForce]).toEqual(['role-name', false]);
    expect(roles.every(({ before, after }) => before === after)).toBe(true);
  });
});
