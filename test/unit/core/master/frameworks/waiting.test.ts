// Why something waits, machine by machine; and where a task would go, asked before it is run.
import { describe, expect, it } from 'vitest';
import type { MachineRecord } from '../../../../../electron/contract/machine.ts';
import type { TaskInfo } from '../../../../../electron/contract/task.ts';
import type { Why } from '../../../../../electron/contract/waiting.ts';
import type { Posted } from '../../../../../electron/core/kernel/events.ts';
import { whyWaiting } from '../../../../../electron/core/master/frameworks/waiting.ts';
import { aHello, aMachine, aTask, machineId, noRoute, operationId } from '../../../../support/builders.ts';
import { amounts, FrameworkRig, reserved } from '../../../../support/framework-rig.ts';

type Size = Partial<TaskInfo['resources']>;
type Place = { readonly on?: string; readonly where?: string; readonly info?: Partial<TaskInfo> };

function infoOf(name: string, resources: Size, more: Partial<TaskInfo> = {}): TaskInfo {
  return { ...aTask(name), resources: { ...aTask(name).resources, ...resources }, ...more };
}

function run(name: string, resources: Size, { on, where, info }: Place = {}): Posted {
  return {
    kind: 'run-task',
    machineId: on === undefined ? null : machineId(on),
    ...(where === undefined ? {} : { where }),
    operationId: operationId(`run-${name}`),
    info: infoOf(name, resources, info),
  };
}

function preview(rig: FrameworkRig, resources: Size, { on, where, info }: Place = {}): Why {
  const machine = on === undefined ? null : rig.row('machines', `m-${on}`);
  const asked = {
    info: infoOf('preview', resources, info),
    machineId: machine?.id ?? null,
    place: machine?.agentId ? { machineId: machine.id, agentId: machine.agentId } : null,
    ...(where === undefined ? {} : { where }),
  };
  const [why] = whyWaiting(rig.state, [asked], { nowMonoMs: rig.monoMs, isEach: true });
  if (!why) throw new Error('no answer');
  return why;
}

const codes = (why: Why) => Object.fromEntries(why.machines.map(({ machineId: id, code }) => [id, code]));

describe('why a run waits', () => {
  it('tells what will never fit from what is busy now, with the numbers', () => {
    const rig = FrameworkRig.live(['big', 'small']);
    rig.post(aHello('big', { resources: amounts({ cpusMilli: 4000, memMib: 16_384, diskMib: 1000 }) }));
    rig.post(aHello('small', { resources: amounts({ cpusMilli: 4000, memMib: 4096, diskMib: 1000 }) }));
    rig.ask(run('holds', { memMib: 13_312 }, { on: 'big' }));
    const why = preview(rig, { memMib: 8192 });
    expect(why.machines).toEqual([
      {
        machineId: 'm-big',
        code: 'busy',
        shortage: { resource: 'memMib', wanted: 8192, free: 3072, total: 16_384 },
        refusal: null,
      },
      {
        machineId: 'm-small',
        code: 'too-small',
        shortage: { resource: 'memMib', wanted: 8192, free: 4096, total: 4096 },
        refusal: null,
      },
    ]);
  });

  it('groups many machines by what stops them, with the one that comes nearest', () => {
    const names = ['a', 'b', 'c', 'd'];
    const rig = FrameworkRig.live(names);
    rig.post(aHello('c', { resources: amounts({ cpusMilli: 2000, memMib: 6000, diskMib: 1000 }) }));
    rig.post(aHello('d', { resources: amounts({ cpusMilli: 4000, memMib: 64_000, diskMib: 1000 }) }));
    rig.ask(run('holds', { memMib: 60_000 }, { on: 'd' }));
    const why = preview(rig, { memMib: 9000 });
    expect(why.machineCount).toBe(4);
    expect(why.groups.map(({ code, resource, count }) => [code, resource, count])).toEqual([
      ['busy', 'memMib', 1],
      ['too-small', 'memMib', 3],
    ]);
    expect(['m-a', 'm-b']).toContain(why.groups[1]?.best.machineId);
  });

  it('says the same of the waiting run as the allocator does with it', () => {
    const rig = FrameworkRig.live();
    rig.ask(run('huge', { cpusMilli: 4000 }));
    rig.pass(20);
    rig.ask(run('next', { cpusMilli: 1000 }));
    rig.pass(20);
    const [why] = whyWaiting(rig.state, [rig.row('runs', 't-next')], { nowMonoMs: rig.monoMs, isEach: true });
    expect(codes(why ?? preview(rig, {}))).toEqual({ 'm-one': 'busy' });
    rig.post({ kind: 'status-update-received', machineId: machineId('one'), status: ended('huge') });
    rig.pass(20);
    expect(rig.has('tasks', 't-next')).toBe(true);
  });

  it('names machines that take no work: unreachable, silent, leaving', () => {
    const rig = FrameworkRig.live(['up', 'cut', 'gone']);
    rig.post({ kind: 'link-down', machineId: machineId('cut'), refusal: noRoute });
    const leaving: MachineRecord = {
      ...aMachine('gone'),
      removal: { askedAtMs: 0, tasks: 'keep' },
    };
    const state = rig.state;
    const machines = new Map([...state.tables.machines.values()].map((row) => [row.id as string, row]));
    machines.set('m-gone', { ...leaving, agentId: machines.get('m-gone')?.agentId ?? null });
    const tables = { ...state.tables, machines };
    const [why] = whyWaiting(
      { ...state, tables },
      [{ info: infoOf('x', {}), machineId: null, place: null }],
      { nowMonoMs: rig.monoMs, isEach: true },
    );
    expect(why && codes(why)).toEqual({ 'm-up': 'fits', 'm-cut': 'unreachable', 'm-gone': 'removing' });
  });

  it('does not wait for a machine to come back that would be too small', () => {
    const rig = FrameworkRig.live(['up', 'cut']);
    rig.post({ kind: 'link-down', machineId: machineId('cut'), refusal: noRoute });
    const why = preview(rig, { cpusMilli: 5000 });
    expect(codes(why)).toEqual({ 'm-up': 'too-small', 'm-cut': 'too-small' });
    expect(why.groups).toHaveLength(1);
  });

  it('names what a machine cannot do for the task, before what is busy there', () => {
    const rig = FrameworkRig.live();
    rig.ask(run('holds', { cpusMilli: 4000 }, { on: 'one' }));
    const asBob = { command: { ...aTask().command, user: 'bob' } };
    const why = preview(rig, { cpusMilli: 1000 }, { info: asBob });
    expect(why.machines).toMatchObject([{ code: 'unable', refusal: { reason: 'user-needs-root' } }]);
  });

  it('says nothing of what is wrong wherever it runs', () => {
    const rig = FrameworkRig.live();
    const empty = { command: { ...aTask().command, value: '' } };
    expect(codes(preview(rig, {}, { info: empty }))).toEqual({ 'm-one': 'fits' });
  });

  it('knows what is set aside for others, and what is just in an offer to them', () => {
    const rig = FrameworkRig.live();
    rig.subscribe({ roles: ['lab'] });
    const offer = rig.offer();
    expect(preview(rig, { cpusMilli: 1000 }).machines).toMatchObject([
      { code: 'busy', shortage: { resource: 'cpusMilli', free: 0, total: 4000 } },
    ]);
    const parts = [reserved(['lab'], { cpusMilli: 3000 })];
    expect(rig.accept(offer, { kind: 'RESERVE', resources: parts })).toBeNull();
    expect(preview(rig, { cpusMilli: 2000 }).machines).toMatchObject([{ code: 'reserved' }]);
  });

  it('answers equal runs once and each in its place', () => {
    const rig = FrameworkRig.live();
    const asked = [100, 9000, 100].map((cpusMilli, index) => ({
      info: infoOf(`n${index}`, { cpusMilli }),
      machineId: null,
      place: null,
    }));
    const answers = whyWaiting(rig.state, asked, { nowMonoMs: rig.monoMs, isEach: false });
    expect(answers.map(({ groups }) => groups[0]?.code)).toEqual(['fits', 'too-small', 'fits']);
    expect(answers[0]).toBe(answers[2]);
    expect(answers[0]?.machines).toEqual([]);
  });

  it('answers before anything was ever run, and with no machine at all', () => {
    expect(codes(preview(FrameworkRig.live(), {}))).toEqual({ 'm-one': 'fits' });
    expect(preview(FrameworkRig.live([]), {})).toEqual({ groups: [], machines: [], machineCount: 0 });
  });

  it('changes nothing: the next allocation is the one that would have been', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    const before = rig.state.tables;
    preview(rig, { cpusMilli: 9000 });
    expect(rig.state.tables).toBe(before);
    rig.ask(run('any', { cpusMilli: 4000 }));
    preview(rig, { cpusMilli: 100 }, { on: 'one' });
    rig.pass(20);
    expect(rig.has('tasks', 't-any')).toBe(true);
  });
});

describe('a condition on machines', () => {
  it('keeps the run from the others, and places it where it holds', () => {
    const rig = FrameworkRig.live(['one', 'two', 'three']);
    expect(rig.ask(run('picky', {}, { where: 'machine=two, os=linux' }))).toBeNull();
    rig.pass(20);
    expect(rig.row('tasks', 't-picky').machineId).toBe('m-two');
  });

  it('holds also for a run that is offered what another one asked for', () => {
    const rig = FrameworkRig.live(['one']);
    rig.ask(run('picky', { cpusMilli: 1000 }, { where: 'machine=nowhere' }));
    rig.ask(run('any', { cpusMilli: 1000 }));
    rig.pass(20);
    expect(rig.row('tasks', 't-any').machineId).toBe('m-one');
    expect(rig.row('runs', 't-picky')).toMatchObject({ where: 'machine=nowhere' });
    const [why] = whyWaiting(rig.state, [rig.row('runs', 't-picky')], {
      nowMonoMs: rig.monoMs,
      isEach: true,
    });
    expect(why && codes(why)).toEqual({ 'm-one': 'condition' });
  });

  it('waits until a machine is renamed to what it wants', () => {
    const rig = FrameworkRig.live(['one']);
    rig.ask(run('picky', {}, { where: 'machine~gpu-[0-9]' }));
    rig.pass(20);
    rig.ask({ kind: 'edit-machine', machineId: machineId('one'), name: 'gpu-1', note: '' });
    rig.pass(20);
    expect(rig.row('tasks', 't-picky').machineId).toBe('m-one');
  });

  it.each([
    ['machine', 'operator: machine'],
    ['machine~(', 'pattern: '],
  ])('that cannot be read (%s) is refused and nothing waits', (where, detail) => {
    const rig = FrameworkRig.live();
    const refusal = rig.ask(run('bad', {}, { where }));
    expect(refusal).toMatchObject({ code: 'invalid', reason: 'condition-wrong' });
    expect(refusal?.detail.startsWith(detail)).toBe(true);
    expect(rig.has('runs', 't-bad')).toBe(false);
  });
});

function ended(name: string) {
  const { taskId } = aTask(name);
  return {
    taskId,
    state: 'TASK_FINISHED' as const,
    source: 'SOURCE_EXECUTOR' as const,
    reason: null,
    message: '',
    timestampMs: 0,
    uuid: 'u1',
    exitCode: 0,
    signal: null,
  };
}
