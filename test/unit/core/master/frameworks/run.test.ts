// What people ask for, placed by offers: on this machine now, or on any as soon as one fits.
import { describe, expect, it } from 'vitest';
import type { TaskInfo } from '../../../../../electron/contract/task.ts';
import type { Posted } from '../../../../../electron/core/kernel/events.ts';
import {
  agentId,
  aHello,
  anAgentTask,
  aStatus,
  aTask,
  machineId,
  noRoute,
  operationId,
  someResources,
  taskId,
} from '../../../../support/builders.ts';
import { FrameworkRig } from '../../../../support/framework-rig.ts';

function run(name: string, machine: string | null, resources: Partial<TaskInfo['resources']> = {}): Posted {
  const info = { ...aTask(name), resources: { ...aTask(name).resources, ...resources } };
  return {
    kind: 'run-task',
    machineId: machine === null ? null : machineId(machine),
    operationId: operationId(`run-${name}`),
    info,
  };
}

const ended = (name: string): Posted => ({
  kind: 'status-update-received',
  machineId: machineId('one'),
  status: aStatus(name, 'TASK_FINISHED'),
});

describe('a task for any machine', () => {
  it('goes where it fits', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    rig.ask(run('big', 'one', { cpusMilli: 4000 }));
    expect(rig.ask(run('any', null))).toBeNull();
    rig.pass(20);
    expect(rig.row('tasks', 't-any')).toMatchObject({
      machineId: 'm-two',
      state: 'TASK_STAGING',
      wanted: { isHere: false },
    });
    expect(rig.row('tasks', 't-big').wanted).toEqual({ isHere: true });
    expect(rig.row('operations', 'o-run-any').machineId).toBe('m-two');
    expect(rig.has('runs', 't-any')).toBe(false);
  });

  it('waits when nothing is free, and goes when something is', () => {
    const rig = FrameworkRig.live();
    rig.ask(run('big', 'one', { cpusMilli: 4000 }));
    rig.ask(run('any', null));
    rig.pass(20);
    expect(rig.row('runs', 't-any')).toMatchObject({ place: null });
    expect(rig.row('operations', 'o-run-any').stage).toBe('accepted');
    rig.post(ended('big'));
    rig.pass(20);
    expect(rig.row('tasks', 't-any').machineId).toBe('m-one');
  });

  it('waits for a machine to come, over a restart of the master', () => {
    const rig = FrameworkRig.live([]);
    expect(rig.ask(run('any', null))).toBeNull();
    const rows = {
      runs: [...rig.state.tables.runs.values()],
      frameworks: [...rig.state.tables.frameworks.values()],
    };
    const again = new FrameworkRig({
      ...rows,
      machines: [...FrameworkRig.live(['one']).state.tables.machines.values()].map((each) => ({
        ...each,
        agentId: null,
      })),
    });
    again.post(aHello('one'));
    again.pass(20);
    expect(again.row('tasks', 't-any').machineId).toBe('m-one');
  });

  it('does not stand in the way of smaller ones behind it', () => {
    const rig = FrameworkRig.live();
    rig.ask(run('huge', null, { cpusMilli: 100_000 }));
    rig.ask(run('small', null));
    rig.pass(20);
    expect(rig.has('runs', 't-huge')).toBe(true);
    expect(rig.has('tasks', 't-small')).toBe(true);
  });

  it('that no machine will have keeps waiting without holding an offer', () => {
    const rig = FrameworkRig.live();
    const asBob = { ...aTask('bob'), command: { ...aTask().command, user: 'bob' } };
    expect(
      rig.ask({ kind: 'run-task', machineId: null, operationId: operationId('bob'), info: asBob }),
    ).toBeNull();
    rig.pass(100);
    expect(rig.has('runs', 't-bob')).toBe(true);
    expect(rig.offers()).toEqual([]);
  });

  it('is taken back by a kill, and refused when its id is taken', () => {
    const rig = FrameworkRig.live();
    rig.ask(run('huge', null, { cpusMilli: 100_000 }));
    expect(rig.ask(run('huge', null))).toMatchObject({ reason: 'task-exists' });
    expect(
      rig.ask({ kind: 'kill-task', taskId: taskId('huge'), operationId: operationId('kill') }),
    ).toBeNull();
    expect(rig.has('runs', 't-huge')).toBe(false);
    expect(rig.row('operations', 'o-kill').stage).toBe('seen');
    expect(rig.row('operations', 'o-run-huge').refusal).toMatchObject({ reason: 'task-never-ran' });
  });

  it('that is wrong wherever it would run is refused at once', () => {
    const rig = FrameworkRig.live();
    const empty = { ...aTask('x'), command: { ...aTask().command, value: ' ' } };
    expect(
      rig.ask({ kind: 'run-task', machineId: null, operationId: operationId('x'), info: empty }),
    ).toMatchObject({
      reason: 'command-empty',
    });
  });
});

describe('a task for one machine', () => {
  it('waits for its turn when a scheduler has been offered the room', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    expect(rig.ask(run('mine', 'one'))).toBeNull();
    expect(rig.has('runs', 't-mine')).toBe(true);
    rig.call({ kind: 'DECLINE', frameworkId: offer.frameworkId, offerIds: [offer.id], filters: null });
    rig.pass(40);
    expect(rig.row('tasks', 't-mine')).toMatchObject({ machineId: 'm-one' });
  });

  it('waits for room there although another machine has some, over a restart of the master', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    rig.ask(run('whole', 'one', { cpusMilli: 4000 }));
    expect(rig.ask(run('mine', 'one'))).toBeNull();
    rig.pass(100);
    expect(rig.row('runs', 't-mine').machineId).toBe('m-one');
    const { machines, agents, tasks, runs, frameworks } = rig.state.tables;
    const again = new FrameworkRig({
      machines: [...machines.values()],
      agents: [...agents.values()],
      tasks: [...tasks.values()],
      runs: [...runs.values()],
      frameworks: [...frameworks.values()],
    });
    for (const name of ['one', 'two'])
      again.post(aHello(name, { tasks: name === 'one' ? [anAgentTask('whole', 'TASK_RUNNING')] : [] }));
    again.pass(100);
    expect(again.has('runs', 't-mine')).toBe(true);
    again.post(ended('whole'));
    again.pass(100);
    expect(again.row('tasks', 't-mine')).toMatchObject({ machineId: 'm-one', state: 'TASK_STAGING' });
  });

  it('waits behind what is set aside for a role', () => {
    const rig = FrameworkRig.live();
    const { cpusMilli, memMib, diskMib, gpus } = someResources();
    const slice = { role: 'lab', amounts: { cpusMilli, memMib, diskMib, gpus } };
    const partition = (slices: readonly (typeof slice)[]): Posted => ({
      kind: 'partition-machine',
      machineId: machineId('one'),
      slices,
    });
    expect(rig.ask(partition([slice]))).toBeNull();
    expect(rig.ask(run('mine', 'one'))).toBeNull();
    rig.pass(100);
    expect(rig.has('runs', 't-mine')).toBe(true);
    rig.ask(partition([]));
    rig.pass(100);
    expect(rig.row('tasks', 't-mine')).toMatchObject({ machineId: 'm-one' });
  });

  it('ends with its machine or its agent', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.offer();
    rig.ask(run('mine', 'one'));
    rig.post({ kind: 'link-down', machineId: machineId('one'), refusal: noRoute });
    expect(rig.has('runs', 't-mine')).toBe(true);
    rig.post(aHello('one', { agentId: agentId('reborn') }));
    expect(rig.has('runs', 't-mine')).toBe(false);
    expect(rig.row('operations', 'o-run-mine').refusal).toMatchObject({ reason: 'agent-gone' });
  });
});
