// @vitest-environment node
// What is typed for roles and slices, and what it says.
import { describe, expect, it } from 'vitest';
import {
  amountsOf,
  boundsOf,
  draftsOf,
  moveTo,
  wishOf,
} from '../../../../../../renderer/pages/dialogs/roles/partition-form.ts';
import { formOf, readForm } from '../../../../../../renderer/pages/dialogs/roles/role-form.ts';
import { noScalars, readAmount, typedAmount } from '../../../../../../renderer/parts/scalar-words.ts';
import type { MachineSlices } from '../../../../../../renderer/parts/slices.ts';

it.each([
  ['cpusMilli', '0.5', 500],
  ['cpusMilli', '1,25', 1250],
  ['cpusMilli', '1.2345', undefined],
  ['cpusMilli', '-1', undefined],
  ['cpusMilli', ' ', null],
  ['memMib', '512', 512],
  ['memMib', '1.5 GiB', 1536],
  ['memMib', '2g', 2048],
  ['diskMib', '1 TiB', 1_048_576],
  ['memMib', 'much', undefined],
  ['gpus', '2', 2],
  ['gpus', '0.5', undefined],
] as const)('%s %j is %j', (name, text, amount) => {
  expect(readAmount(name, text)).toBe(amount);
});

it.each([
  ['cpusMilli', 250],
  ['memMib', 8192],
  ['memMib', 100],
  ['gpus', 3],
] as const)('%s of %d is read back as it was written', (name, amount) => {
  expect(readAmount(name, typedAmount(name, amount))).toBe(amount);
});

describe('the form of a role', () => {
  it('is the same role again when nothing was typed', () => {
    const quota = {
      guarantee: { ...noScalars, cpusMilli: 1500 },
      limit: { cpusMilli: null, memMib: 4096, diskMib: null, gpus: 0 },
    };
    const role = {
      role: 'eng',
      weightMilli: 2500,
      quota,
      preemption: { lowerPriority: false, aboveFairShare: true },
    };
    expect(readForm(formOf(role)).wish).toEqual(role);
  });

  it.each([
    ['eng/dev', null, 'inherit'],
    ['eng/dev', { lowerPriority: false, aboveFairShare: false }, 'never'],
    ['eng/dev', { lowerPriority: true, aboveFairShare: false }, 'some'],
    ['eng', null, 'inherit'],
    ['eng', { lowerPriority: true, aboveFairShare: true }, 'some'],
  ] as const)('of %s reads %j as %s, and back', (role, preemption, room) => {
    const form = formOf({ role, weightMilli: 1000, quota: null, preemption });
    expect(form.room).toBe(room);
    expect(readForm(form).wish?.preemption).toEqual(preemption);
  });

  it('that lets none of both end means never, and at the top of the tree no word is needed for that', () => {
    const form = formOf({ role: 'eng/dev', weightMilli: 1000, quota: null, preemption: null });
    const never = { lowerPriority: false, aboveFairShare: false };
    expect(readForm({ ...form, room: 'some' }).wish?.preemption).toEqual(never);
    expect(readForm({ ...form, room: 'some', name: 'eng' }).wish?.preemption).toBeNull();
    expect(readForm({ ...form, room: 'never', name: 'eng' }).wish?.preemption).toBeNull();
  });

  it('has no quota when none is typed, and below the top of the tree never', () => {
    const typed = { ...formOf({ role: 'eng', weightMilli: 1000, quota: null, preemption: null }) };
    expect(readForm(typed).wish?.quota).toBeNull();
    const limited = { ...typed, limit: { ...typed.limit, cpusMilli: '4' } };
    expect(readForm(limited).wish?.quota?.limit.cpusMilli).toBe(4000);
    expect(readForm({ ...limited, name: 'eng/dev' }).wish?.quota).toBeNull();
  });

  it.each(['', '0', '-1', 'x', '0.0001', '1e3'])('has no weight of %j', (weight) => {
    const { wish, faults } = readForm({
      ...formOf({ role: 'eng', weightMilli: 1000, quota: null, preemption: null }),
      weight,
    });
    expect(wish).toBeNull();
    expect([...faults]).toEqual(['weight']);
  });
});

describe('slices that are moved', () => {
  const slice = (role: string, cpusMilli: number, used = 0) => ({
    role,
    amounts: { ...noScalars, cpusMilli, memMib: cpusMilli },
    used: { ...noScalars, cpusMilli: used },
    tasks: [],
  });
  const base: MachineSlices = {
    total: { cpusMilli: 8000, memMib: 16_384, diskMib: 0, gpus: 0 },
    slices: [slice('a', 2000, 500), slice('b', 1000)],
    fixed: [slice('c', 1000)],
    loose: { ...noScalars, cpusMilli: 1000 },
  };
  const drafts = draftsOf(base);

  it('stay between what is used of them and what nobody else has', () => {
    expect(boundsOf(base, drafts, 0, 'cpusMilli')).toEqual({ least: 500, most: 5000 });
    const odd = { ...base, total: { ...base.total, cpusMilli: 8020 } };
    const [most] = moveTo(odd, drafts, { at: 0, name: 'cpusMilli', amount: 9000, isTogether: false });
    expect(most && amountsOf(most).cpusMilli).toBe(5020);
    const move = (amount: number) =>
      moveTo(base, drafts, { at: 0, name: 'cpusMilli', amount, isTogether: false })[0];
    expect([-1, 3123, 99_000].map((amount) => amountsOf(move(amount) ?? drafts[0]!).cpusMilli)).toEqual([
      500, 3100, 5000,
    ]);
  });

  it('take the same part of memory along, when they are moved together', () => {
    const [moved, other] = moveTo(base, drafts, { at: 0, name: 'cpusMilli', amount: 4000, isTogether: true });
    expect(moved && amountsOf(moved)).toMatchObject({ cpusMilli: 4000, memMib: 8192 });
    expect(other).toBe(drafts[1]);
  });

  it('that are empty are left out of what is asked', () => {
    const none = moveTo(base, drafts, { at: 1, name: 'cpusMilli', amount: 0, isTogether: true });
    expect(wishOf(none).map(({ role }) => role)).toEqual(['a']);
  });
});
