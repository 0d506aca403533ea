// The demo rack: six slices come and go together, and every one is a machine like any other in between.
import { describe, expect, it } from 'vitest';
import { demoRemovalSteps } from '../../../../electron/contract/enrolment.ts';
import { demoSliceOf, machineRecordSchema } from '../../../../electron/contract/machine.ts';
import type { DemoMachine, Posted } from '../../../../electron/core/kernel/events.ts';
import { checkState } from '../../../../electron/core/master/invariants.ts';
import {
  aDemoMachine,
  agentId,
  aHello,
  aMachine,
  anAgentTask,
  aSample,
  machineId,
  noAnswer,
  operationId,
  someResources,
  taskId,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';

const six = [1, 2, 3, 4, 5, 6].map((slot) => aDemoMachine(slot));
const start = (id = 'start', machines: readonly DemoMachine[] = six): Posted => ({
  kind: 'start-demo-rack',
  operationId: operationId(id),
  machines,
});
const remove = (id = 'remove'): Posted => ({ kind: 'remove-demo-rack', operationId: operationId(id) });
const demoNames = six.map(({ name }) => name);

function standing(): CoreRig {
  const rig = new CoreRig({ machines: [aMachine('one')] });
  expect(rig.ask(start())).toBeNull();
  for (const name of demoNames) {
    rig.post(aHello(name, { resources: someResources({ cpusMilli: 100, memMib: 64 }) }));
    rig.post({ kind: 'sample-received', machineId: machineId(name), sample: aSample() });
  }
  rig.take();
  return rig;
}

function finishSteps(rig: CoreRig, name: string): void {
  for (const step of demoRemovalSteps) answer(rig, name, step);
}

function answer(rig: CoreRig, name: string, step: (typeof demoRemovalSteps)[number], reason?: string): void {
  rig.post({
    kind: 'lane-step-finished',
    machineId: machineId(name),
    attempt: rig.state.session.lanes.get(machineId(name))?.attempt ?? 0,
    step,
    ran: 'r',
    answered: 'a',
    tookMs: 3,
    outcome:
      reason === undefined
        ? { kind: 'done', learned: {} }
        : { kind: 'failed', refusal: { code: 'internal', reason, detail: 'busy' } },
  });
}

describe('starting the demo rack', () => {
  it('makes six machines, each with its slice and a link of its own', () => {
    const rig = new CoreRig({ machines: [aMachine('one')] });
    rig.take();
    expect(rig.ask(start())).toBeNull();
    expect(rig.take()).toMatchObject(
      demoNames.map((name) => ({ kind: 'connect', machine: { id: `m-${name}` } })),
    );
    for (const { machineId: id, name, slice } of six) {
      const row = rig.row('machines', id);
      expect(row).toMatchObject({ name, agentId: null, removal: null });
      expect(demoSliceOf(row)).toEqual(slice);
      expect(machineRecordSchema.parse(row)).toEqual(row);
      expect(rig.row('links', id).phase).toBe('connecting');
    }
  });

  it('is doing with the first sample and seen with the last', () => {
    const rig = new CoreRig();
    rig.ask(start());
    const stages = demoNames.map((name) => {
      rig.post(aHello(name));
      rig.post({ kind: 'sample-received', machineId: machineId(name), sample: aSample() });
      return rig.row('operations', 'o-start').stage;
    });
    expect(stages).toEqual(['doing', 'doing', 'doing', 'doing', 'doing', 'seen']);
  });

  it('tells why an agent of it could not be started', () => {
    const rig = new CoreRig();
    rig.ask(start());
    rig.post({ kind: 'link-down', machineId: machineId('demo3'), refusal: noAnswer });
    expect(rig.row('operations', 'o-start').refusal).toEqual(noAnswer);
  });

  it('is refused when it is there, and leaves what is there alone', () => {
    const rig = standing();
    const before = rig.state.tables.machines;
    expect(rig.ask(start('again'))).toMatchObject({ code: 'conflict', reason: 'demo-rack-exists' });
    expect(rig.state.tables.machines).toEqual(before);
    expect(rig.row('operations', 'o-again').refusal?.reason).toBe('demo-rack-exists');
    expect(rig.take()).toEqual([]);
  });

  it('fills only the slots that are empty', () => {
    const rig = new CoreRig();
    rig.ask(start('some', six.slice(0, 4)));
    rig.take();
    const others = six.map((each) => ({ ...each, machineId: machineId(`new-${each.name}`) }));
    expect(rig.ask(start('rest', others))).toBeNull();
    expect(rig.take()).toMatchObject([
      { machine: { id: 'm-new-demo5' } },
      { machine: { id: 'm-new-demo6' } },
    ]);
    expect(rig.state.tables.machines.size).toBe(6);
  });

  it('is refused for an id that is in use', () => {
    const rig = new CoreRig({ machines: [aMachine('demo2')] });
    expect(rig.ask(start())).toMatchObject({ reason: 'machine-exists', detail: 'm-demo2' });
    expect(rig.state.tables.machines.size).toBe(1);
  });

  it('does not stand in for this computer', () => {
    const rig = new CoreRig();
    rig.ask(start());
    rig.post({ kind: 'local-machine-found', machineId: machineId('here'), name: 'here' });
    expect(rig.has('machines', 'm-here')).toBe(true);
  });
});

describe('a slice', () => {
  it('is shown with what its own tasks use, and with nothing of the whole computer', () => {
    const rig = standing();
    const use = (name: string, cpuBusyMilli: number) => ({
      taskId: taskId(name),
      cpuBusyMilli,
      memUsedMib: 10,
      pids: 1,
    });
    const sample = aSample({ temps: [{ name: 'cpu', milliC: 50_000 }], tasks: [use('a', 30), use('b', 12)] });
    rig.post({ kind: 'sample-received', machineId: machineId('demo2'), sample });
    expect(rig.row('samples', 'm-demo2').sample).toMatchObject({
      cpuBusyMilli: 42,
      memUsedMib: 20,
      memTotalMib: 128,
      perCpu: [],
      disks: [],
      temps: [],
      tasks: sample.tasks,
    });
    rig.post(aHello('one'));
    rig.post({ kind: 'sample-received', machineId: machineId('one'), sample });
    expect(rig.row('samples', 'm-one').sample).toEqual(sample);
  });

  it('never shares its slot: two machines on one are a broken state', () => {
    const rig = standing();
    const twin = { ...rig.row('machines', 'm-demo1'), id: machineId('twin'), agentId: null };
    const machines = new Map(rig.state.tables.machines).set(twin.id, twin);
    const broken = checkState({ ...rig.state, tables: { ...rig.state.tables, machines } });
    expect(broken).toContainEqual(expect.stringContaining('demo slots'));
  });

  it('can be removed alone, and comes back by the next start', () => {
    const rig = standing();
    const alone = {
      machineId: machineId('demo4'),
      operationId: operationId('alone'),
      tasks: 'stop',
      force: false,
    } as const;
    expect(rig.ask({ kind: 'remove-machine', ...alone })).toBeNull();
    finishSteps(rig, 'demo4');
    expect(rig.row('operations', 'o-alone').stage).toBe('seen');
    expect(rig.state.tables.machines.size).toBe(6);
    expect(rig.ask(start('back'))).toBeNull();
    expect(rig.has('machines', 'm-demo4')).toBe(true);
  });
});

describe('removing the demo rack', () => {
  it('takes every slice through its steps and leaves no row behind', () => {
    const rig = standing();
    rig.post(aHello('demo1', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
    expect(rig.ask(remove())).toBeNull();
    for (const name of demoNames) {
      expect(rig.row('machines', `m-${name}`).removal).toMatchObject({ tasks: 'stop' });
      expect(rig.row('lanes', `m-${name}`).steps.map((step) => step.name)).toEqual([...demoRemovalSteps]);
    }
    for (const name of demoNames) {
      expect(rig.row('operations', 'o-remove').stage).not.toBe('seen');
      finishSteps(rig, name);
    }
    for (const table of ['machines', 'agents', 'tasks', 'links', 'samples', 'lanes'] as const) {
      const left = [...rig.state.tables[table].keys()].filter((id) => id !== 'm-one');
      expect(left).toEqual([]);
    }
    expect(rig.row('operations', 'o-remove').stage).toBe('seen');
    expect(rig.has('machines', 'm-one')).toBe(true);
  });

  it('needs no link: a slice whose agent is dead is taken away all the same', () => {
    const rig = new CoreRig();
    rig.ask(start());
    rig.post({ kind: 'link-down', machineId: machineId('demo1'), refusal: noAnswer });
    rig.take();
    expect(rig.ask(remove())).toBeNull();
    const steps = rig.take().filter((effect) => effect.kind === 'run-removal-step');
    expect(steps).toHaveLength(6);
    expect(steps).toMatchObject(demoNames.map(() => ({ step: 'tasks', tasks: 'stop' })));
  });

  it('ends a start that is still on its way', () => {
    const rig = new CoreRig();
    rig.ask(start());
    rig.ask(remove());
    expect(rig.row('operations', 'o-start').refusal).toMatchObject({ reason: 'cancelled' });
  });

  it.each([
    ['nothing is there', () => new CoreRig(), 'demo-rack-missing'],
    [
      'it is under way',
      () => {
        const rig = standing();
        rig.ask(remove('first'));
        return rig;
      },
      'demo-rack-removing',
    ],
  ])('is refused when %s', (_, make, reason) => {
    const rig = make();
    expect(rig.ask(remove())).toMatchObject({ reason });
    expect(rig.row('operations', 'o-remove').refusal?.reason).toBe(reason);
  });

  it('holds back a new start until it is done', () => {
    const rig = standing();
    rig.ask(remove());
    expect(rig.ask(start('early'))).toMatchObject({ reason: 'demo-rack-removing' });
    for (const name of demoNames) finishSteps(rig, name);
    expect(rig.ask(start('late'))).toBeNull();
  });

  it('that fails at one slice says so, keeps that one, and can be asked for again', () => {
    const rig = standing();
    rig.ask(remove());
    answer(rig, 'demo1', 'tasks');
    answer(rig, 'demo1', 'stop-agent');
    answer(rig, 'demo1', 'files', 'files-left');
    for (const name of demoNames.slice(1)) finishSteps(rig, name);
    expect(rig.row('operations', 'o-remove').refusal).toMatchObject({ reason: 'files-left' });
    expect([...rig.state.tables.machines.keys()]).toEqual(['m-one', 'm-demo1']);
    expect(rig.row('lanes', 'm-demo1').state).toBe('failed');
    expect(rig.ask(remove('again'))).toBeNull();
    finishSteps(rig, 'demo1');
    expect(rig.has('machines', 'm-demo1')).toBe(false);
    expect(rig.has('lanes', 'm-demo1')).toBe(false);
    expect(rig.row('operations', 'o-again').stage).toBe('seen');
  });

  it('goes on after a restart of the master', () => {
    const rig = standing();
    rig.ask(remove());
    const rows = (['machines', 'agents', 'tasks', 'settings'] as const).map((table) => [
      table,
      [...rig.state.tables[table].values()],
    ]);
    const again = new CoreRig(Object.fromEntries(rows));
    expect(again.take().filter((effect) => effect.kind === 'run-removal-step')).toHaveLength(6);
    for (const name of demoNames) finishSteps(again, name);
    expect([...again.state.tables.machines.keys()]).toEqual(['m-one']);
    expect(again.has('agents', agentId('demo1'))).toBe(false);
  });
});
