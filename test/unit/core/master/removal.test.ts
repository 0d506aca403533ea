import { describe, expect, it } from 'vitest';
import { removalSteps } from '../../../../electron/contract/enrolment.ts';
import type { Posted, StepOutcome } from '../../../../electron/core/kernel/events.ts';
import {
  agentId,
  aHello,
  aMachine,
  anAgentTask,
  machineId,
  noRoute,
  operationId,
  taskId,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';

const one = machineId('one');
const remove = (patch: object = {}): Posted => ({
  kind: 'remove-machine',
  machineId: one,
  operationId: operationId('remove'),
  tasks: 'stop',
  force: false,
  ...patch,
});

function live(): CoreRig {
  const rig = new CoreRig({ machines: [aMachine('one')] });
  rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
  rig.take();
  return rig;
}

function answer(
  rig: CoreRig,
  step: (typeof removalSteps)[number],
  outcome: StepOutcome = { kind: 'done', learned: {} },
): void {
  const attempt = rig.state.session.lanes.get(one)?.attempt ?? 0;
  rig.post({
    kind: 'lane-step-finished',
    machineId: one,
    attempt,
    step,
    ran: 'r',
    answered: 'a',
    tookMs: 3,
    outcome,
  });
}

const broken: StepOutcome = {
  kind: 'failed',
  refusal: { code: 'internal', reason: 'not-removed', detail: 'busy' },
};

describe('removing a machine', () => {
  it('runs every step and drops the records only after verify', () => {
    const rig = live();
    expect(rig.ask(remove())).toBeNull();
    expect(rig.row('machines', one).removal).toEqual({ askedAtMs: rig.atMs, tasks: 'stop' });
    for (const step of removalSteps) {
      expect(rig.has('machines', one)).toBe(true);
      expect(rig.take().at(-1)).toMatchObject({ kind: 'run-removal-step', step, tasks: 'stop' });
      answer(rig, step);
    }
    for (const table of ['machines', 'links', 'samples'] as const) expect(rig.has(table, one)).toBe(false);
    expect(rig.has('agents', agentId('one'))).toBe(false);
    expect(rig.has('tasks', taskId('job'))).toBe(false);
    expect(rig.row('lanes', one)).toMatchObject({ kind: 'remove', state: 'done' });
    expect(rig.row('operations', 'o-remove').stage).toBe('seen');
    expect(rig.kinds()).toEqual(['drop-secrets', 'disconnect']);
  });

  it('closes the link before the agent is stopped, and does not take that for a loss', () => {
    const rig = live();
    rig.ask(remove());
    answer(rig, 'connect');
    rig.take();
    answer(rig, 'tasks');
    expect(rig.kinds()).toEqual(['disconnect', 'run-removal-step']);
    expect(rig.row('links', one).phase).toBe('stopped');
    rig.pass(5000);
    expect(rig.take()).toEqual([]);
  });

  it('that fails keeps the machine, which can be reached again and removed again', () => {
    const rig = live();
    rig.ask(remove());
    for (const step of ['connect', 'tasks', 'stop-agent'] as const) answer(rig, step);
    rig.take();
    answer(rig, 'files', broken);
    expect(rig.row('lanes', one)).toMatchObject({ state: 'failed' });
    expect(rig.row('machines', one).removal).toBeNull();
    expect(rig.kinds()).toEqual(['drop-secrets', 'connect']);
    expect(rig.row('operations', 'o-remove').refusal).toMatchObject({ reason: 'not-removed' });
    rig.post(aHello('one'));
    expect(rig.ask(remove({ operationId: operationId('again') }))).toBeNull();
  });

  it('goes on after a restart of the master', () => {
    const rig = live();
    rig.ask(remove({ tasks: 'keep' }));
    const rows = (['machines', 'agents', 'tasks', 'settings'] as const).map((t) => [
      t,
      [...rig.state.tables[t].values()],
    ]);
    const again = new CoreRig(Object.fromEntries(rows));
    expect(again.take()).toMatchObject([{ kind: 'run-removal-step', step: 'connect', tasks: 'keep' }]);
    for (const step of removalSteps) answer(again, step);
    expect(again.has('machines', one)).toBe(false);
  });

  it('is refused when it cannot be reached, unless it is forced: then the lane says what stays there', () => {
    const rig = live();
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.take();
    expect(rig.ask(remove())).toMatchObject({ code: 'unreachable', detail: 'no route to host' });
    expect(rig.ask(remove({ force: true, operationId: operationId('force') }))).toBeNull();
    expect(rig.has('machines', one)).toBe(false);
    expect(rig.has('tasks', taskId('job'))).toBe(false);
    const lane = rig.row('lanes', one);
    expect(lane.state).toBe('done');
    expect(lane.steps.map((step) => step.answered).filter(Boolean)).toEqual([
      '/home/ada/.mesolite',
      '~/.ssh/authorized_keys',
    ]);
    expect(rig.kinds()).toEqual(['drop-secrets', 'disconnect']);
  });

  it('can be forced while an ordinary removal hangs', () => {
    const rig = live();
    rig.ask(remove());
    expect(rig.ask(remove({ operationId: operationId('twice') }))).toMatchObject({
      reason: 'machine-being-removed',
    });
    expect(rig.ask(remove({ force: true, operationId: operationId('force') }))).toBeNull();
    expect(rig.has('machines', one)).toBe(false);
    answer(rig, 'tasks');
    expect(rig.has('machines', one)).toBe(false);
  });

  it('stops new tasks and reconnects while it lasts', () => {
    const rig = live();
    rig.ask(remove());
    expect(rig.ask({ kind: 'reconnect', machineId: one })).toMatchObject({ reason: 'machine-being-removed' });
  });

  it('is refused for this computer and for nobody', () => {
    const rig = new CoreRig();
    rig.post({ kind: 'local-machine-found', machineId: one, name: 'here' });
    expect(rig.ask(remove())).toMatchObject({ code: 'unsupported', reason: 'local-machine-stays' });
    expect(rig.ask(remove({ machineId: machineId('nobody') }))).toMatchObject({ code: 'not-found' });
  });
});

describe('machine records', () => {
  it('this computer is made once, at the very first start', () => {
    const rig = new CoreRig();
    rig.post({ kind: 'local-machine-found', machineId: one, name: 'here' });
    rig.post({ kind: 'local-machine-found', machineId: machineId('later'), name: 'here' });
    expect([...rig.state.tables.machines.keys()]).toEqual([one]);
    expect(rig.kinds()).toEqual(['connect']);
  });

  it('take a new name and note', () => {
    const rig = live();
    expect(rig.ask({ kind: 'edit-machine', machineId: one, name: 'Rack 1', note: 'top' })).toBeNull();
    expect(rig.row('machines', one)).toMatchObject({ name: 'Rack 1', note: 'top' });
    expect(rig.ask({ kind: 'edit-machine', machineId: machineId('x'), name: 'x', note: '' })?.code).toBe(
      'not-found',
    );
  });
});

describe('settings and faults', () => {
  it('settings exist from the first start and are merged', () => {
    const rig = new CoreRig();
    rig.post({ kind: 'local-machine-found', machineId: one, name: 'here' });
    expect(rig.row('settings', 'settings').theme).toBe('system');
    rig.ask({ kind: 'change-settings', settings: { theme: 'dark' } });
    expect(rig.row('settings', 'settings')).toMatchObject({ theme: 'dark', onQuit: 'ask' });
  });

  it('a fault is one row a kind since it was first seen, until it is dismissed', () => {
    const rig = new CoreRig();
    const first = rig.atMs;
    const raise = (detail: string): Posted => ({
      kind: 'fault-raised',
      fault: { id: 'local-agent', kind: 'local-agent', detail },
    });
    rig.post(raise('one'));
    rig.pass(1000);
    rig.post(raise('two'));
    expect(rig.row('faults', 'local-agent')).toMatchObject({ detail: 'two', sinceMs: first });
    expect(rig.ask({ kind: 'dismiss-fault', id: 'local-agent' })).toBeNull();
    expect(rig.has('faults', 'local-agent')).toBe(false);
    expect(rig.ask({ kind: 'dismiss-fault', id: 'local-agent' })).toBeNull();
  });
});

describe('operations', () => {
  it('keep the newest 200 and drop what has ended first', () => {
    const rig = live();
    for (let n = 0; n < 260; n += 1) {
      rig.ask({
        kind: 'kill-task',
        taskId: n === 3 ? taskId('job') : taskId('none'),
        operationId: operationId(`k${n}`),
      });
      rig.atMs += 1;
    }
    expect(rig.state.tables.operations.size).toBe(200);
    expect(rig.has('operations', 'o-k3')).toBe(true);
    expect(rig.has('operations', 'o-k0')).toBe(false);
    expect(rig.has('operations', 'o-k259')).toBe(true);
  });
});
