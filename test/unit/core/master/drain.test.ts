// Availability of agents: every state meets every event, drains end what runs and nothing else, and a restart goes on with it.
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import { durableTables } from '../../../../electron/contract/tables.ts';
import type { Posted } from '../../../../electron/core/kernel/events.ts';
import type { DurableRows } from '../../../../electron/core/kernel/ports.ts';
import { type AvailabilityKind, availabilityOf } from '../../../../electron/core/master/availability.ts';
import {
  agentId,
  aHello,
  aMachine,
  anAgentTask,
  aStatus,
  aTask,
  machineId,
  operationId,
  taskId,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';
import { FrameworkRig, launch } from '../../../support/framework-rig.ts';
import { liveRig, lostOne, one, runOnOne, updateFromOne } from '../../../support/task-rig.ts';

let asked = 0;
function drain(patch: Partial<Extract<Posted, { kind: 'drain-agent' }>> = {}): Posted {
  asked += 1;
  const operation = operationId(`drain${asked}`);
  return {
    kind: 'drain-agent',
    machineId: one,
    operationId: operation,
    graceMs: null,
    markGone: false,
    ...patch,
  };
}
const deactivate: Posted = { kind: 'deactivate-agent', machineId: one };
const reactivate: Posted = { kind: 'reactivate-agent', machineId: one };

const kindOf = (rig: CoreRig): AvailabilityKind => availabilityOf(rig.row('agents', 'a-one'));

/** `one` with a task that runs there. */
function running(name = 'job'): CoreRig {
  const rig = liveRig();
  expect(rig.ask(runOnOne(name))).toBeNull();
  rig.post(updateFromOne(name, 'TASK_RUNNING'));
  rig.take();
  return rig;
}

function restarted(rig: CoreRig): CoreRig {
  const rows = Object.fromEntries(
    durableTables.map((table) => [table, [...rig.state.tables[table].values()]]),
  ) as unknown as DurableRows;
  return new CoreRig(rows);
}

describe('every state of availability meets every command', () => {
  const reach: Readonly<Record<AvailabilityKind, (rig: CoreRig) => void>> = {
    active: () => {},
    deactivated: (rig) => rig.post(deactivate),
    draining: (rig) => rig.post(drain()),
    drained: (rig) => {
      rig.post(drain());
      rig.post(updateFromOne('job', 'TASK_KILLED'));
    },
  };
  const table: readonly [AvailabilityKind, Posted, AvailabilityKind, string | null][] = [
    ['active', deactivate, 'deactivated', null],
    ['active', reactivate, 'active', null],
    ['active', drain(), 'draining', null],
    ['deactivated', deactivate, 'deactivated', null],
    ['deactivated', reactivate, 'active', null],
    ['deactivated', drain(), 'draining', null],
    ['draining', deactivate, 'draining', 'agent-draining'],
    ['draining', reactivate, 'active', null],
    ['draining', drain(), 'draining', 'agent-draining'],
    ['drained', deactivate, 'drained', 'agent-drained'],
    ['drained', reactivate, 'active', null],
    ['drained', drain(), 'drained', 'agent-drained'],
  ];
  it.each(table)('%s, %o: then %s', (from, command, to, reason) => {
    const rig = running();
    reach[from](rig);
    expect(kindOf(rig)).toBe(from);
    expect(rig.ask(command)?.reason ?? null).toBe(reason);
    expect(kindOf(rig)).toBe(to);
  });

  it.each(['deactivated', 'draining', 'drained'] as const)(
    '%s: no work may be sent there by name',
    (kind) => {
      const rig = running();
      reach[kind](rig);
      expect(rig.ask(runOnOne('other'))).toMatchObject({ code: 'conflict', reason: `agent-${kind}` });
    },
  );

  it.each(['active', 'deactivated', 'draining', 'drained'] as const)('%s survives a restart', (kind) => {
    const rig = running();
    reach[kind](rig);
    const again = restarted(rig);
    expect(again.row('agents', 'a-one')).toEqual(rig.row('agents', 'a-one'));
    const held =
      kind === 'drained' ? [] : [anAgentTask('job', kind === 'draining' ? 'TASK_KILLING' : 'TASK_RUNNING')];
    again.post(aHello('one', { tasks: held }));
    expect(kindOf(again)).toBe(kind);
  });

  const strangers: readonly [string, (rig: CoreRig) => void, string][] = [
    [
      'a machine that is not there',
      (rig) =>
        rig.post({
          kind: 'remove-machine',
          machineId: one,
          operationId: operationId('rm'),
          tasks: 'keep',
          force: true,
        }),
      'no-such-machine',
    ],
    [
      'a machine that is being removed',
      (rig) =>
        rig.post({
          kind: 'remove-machine',
          machineId: one,
          operationId: operationId('rm'),
          tasks: 'keep',
          force: false,
        }),
      'machine-being-removed',
    ],
  ];
  it.each(strangers)('%s: a precise refusal', (_, prepare, reason) => {
    const rig = liveRig();
    if (reason === 'no-such-machine') rig.post(lostOne);
    prepare(rig);
    for (const command of [deactivate, reactivate, drain()]) expect(rig.ask(command)?.reason).toBe(reason);
  });

  it('a machine that was never connected: a precise refusal', () => {
    const rig = new CoreRig({ machines: [aMachine('one')] });
    for (const command of [deactivate, reactivate, drain()]) {
      expect(rig.ask(command)).toMatchObject({ code: 'conflict', reason: 'agent-unknown' });
    }
  });
});

describe('a drain', () => {
  it('tells each task to end, waits for the last, and says what it has come to', () => {
    const rig = running('a');
    rig.ask(runOnOne('b', { killPolicy: { graceMs: 60_000 } }));
    rig.post(updateFromOne('b', 'TASK_RUNNING'));
    rig.take();
    const command = drain({ graceMs: 5000 });
    expect(rig.ask(command)).toBeNull();
    expect(rig.take()).toEqual([
      { kind: 'send-kill', machineId: one, taskId: 't-a', graceMs: 3000 },
      { kind: 'send-kill', machineId: one, taskId: 't-b', graceMs: 5000 },
    ]);
    expect(rig.row('agents', 'a-one').availability).toMatchObject({
      kind: 'draining',
      tasks: 2,
      graceMs: 5000,
    });
    expect(rig.row('tasks', 't-b')).toMatchObject({ killReason: 'REASON_AGENT_DRAINING', killGraceMs: 5000 });
    const id = (command as { operationId: string }).operationId;
    expect(rig.row('operations', id).stage).toBe('doing');
    rig.post(updateFromOne('a', 'TASK_KILLED'));
    expect(kindOf(rig)).toBe('draining');
    rig.post(updateFromOne('b', 'TASK_FINISHED'));
    expect(kindOf(rig)).toBe('drained');
    expect(rig.row('operations', id).stage).toBe('seen');
    expect(rig.row('tasks', 't-b').state).toBe('TASK_FINISHED');
  });

  it('of an empty machine is over at once', () => {
    const rig = liveRig();
    expect(rig.ask(drain())).toBeNull();
    expect(kindOf(rig)).toBe('drained');
  });

  it('gives less time to a task that was asked to end before, never more', () => {
    const rig = running();
    rig.post({ kind: 'kill-task', taskId: taskId('job'), operationId: operationId('kill') });
    rig.take();
    rig.post(drain({ graceMs: 1000 }));
    expect(rig.take()).toEqual([{ kind: 'send-kill', machineId: one, taskId: 't-job', graceMs: 1000 }]);
    expect(rig.row('tasks', 't-job').killReason).toBeUndefined();
  });

  it('of a machine that is away waits, and ends its tasks when it is back', () => {
    const rig = running();
    rig.post(lostOne);
    rig.pass(20_000);
    rig.take();
    expect(rig.ask(drain())).toBeNull();
    expect(kindOf(rig)).toBe('draining');
    expect(rig.kinds()).not.toContain('send-kill');
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
    expect(rig.kinds()).toContain('send-kill');
    rig.post(updateFromOne('job', 'TASK_KILLED'));
    expect(kindOf(rig)).toBe('drained');
  });

  it('says nothing of an agent that has not spoken since the start', () => {
    const first = liveRig();
    first.post(deactivate);
    const rig = restarted(first);
    expect(rig.ask(drain())).toBeNull();
    expect(kindOf(rig)).toBe('draining');
    rig.post(aHello('one', { tasks: [anAgentTask('stray', 'TASK_RUNNING')] }));
    expect(kindOf(rig)).toBe('draining');
    expect(rig.row('tasks', 't-stray').killAskedAtMs).not.toBeNull();
    rig.post(updateFromOne('stray', 'TASK_KILLED'));
    expect(kindOf(rig)).toBe('drained');
  });

  it('begins anew when a task comes to light that nobody knew', () => {
    const rig = liveRig();
    rig.post(drain());
    rig.post(aHello('one', { tasks: [anAgentTask('stray', 'TASK_RUNNING')] }));
    expect(kindOf(rig)).toBe('draining');
    expect(rig.row('tasks', 't-stray').killReason).toBe('REASON_AGENT_DRAINING');
  });

  it('that is stopped takes nothing back of what was told to end, and says so', () => {
    const rig = running();
    const command = drain();
    rig.post(command);
    expect(rig.ask(reactivate)).toBeNull();
    expect(rig.row('tasks', 't-job').killAskedAtMs).not.toBeNull();
    const { refusal } = rig.row('operations', (command as { operationId: string }).operationId);
    expect(refusal?.reason).toBe('drain-stopped');
    rig.post(updateFromOne('job', 'TASK_KILLED'));
    expect(kindOf(rig)).toBe('active');
    expect(rig.ask(runOnOne('next'))).toBeNull();
  });

  it('goes on with a new agent of the same machine: it was the machine that was meant', () => {
    const rig = liveRig();
    rig.post(deactivate);
    rig.post(aHello('one', { agentId: agentId('reborn') }));
    expect(rig.row('agents', 'a-reborn').availability).toMatchObject({ kind: 'deactivated' });
  });

  it('takes back what was offered of the machine, and offers nothing of it until it is resumed', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    rig.take();
    expect(rig.ask(drain())).toBeNull();
    expect(rig.told()).toContainEqual({ kind: 'RESCIND', offerId: offer.id });
    rig.keepLive(10_000, 'one');
    expect(rig.offers()).toEqual([]);
    expect(rig.ask(reactivate)).toBeNull();
    rig.keepLive(1000, 'one');
    expect(rig.offers()).toHaveLength(1);
  });

  it('tells a scheduler why its task was killed', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.accept(rig.offer(), launch('job'));
    rig.post(updateFromOne('job', 'TASK_RUNNING'));
    rig.post(drain());
    rig.take();
    rig.post(updateFromOne('job', 'TASK_KILLED', { uuid: 'u-end' }));
    rig.call({
      kind: 'ACKNOWLEDGE',
      frameworkId: 'f-batch' as never,
      agentId: agentId('one'),
      taskId: taskId('job'),
      uuid: firstOwed(rig),
    });
    const ends = rig.told().flatMap((event) => (event.kind === 'UPDATE' ? [event.status] : []));
    expect(ends).toContainEqual(
      expect.objectContaining({ state: 'TASK_KILLED', reason: 'REASON_AGENT_DRAINING' }),
    );
  });
});

function firstOwed(rig: CoreRig): string {
  const [uuid] = rig.row('tasks', 't-job').owed ?? [];
  if (uuid === undefined) throw new Error('nothing is owed');
  return uuid;
}

describe('paused', () => {
  it('offers nothing, kills nothing', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.accept(rig.offer(), launch('job', { cpusMilli: 1000 }));
    rig.post(updateFromOne('job', 'TASK_RUNNING'));
    rig.keepLive(6000, 'one');
    expect(rig.offers()).toHaveLength(1);
    rig.take();
    expect(rig.ask(deactivate)).toBeNull();
    expect(rig.kinds()).toEqual(['send-scheduler-event']);
    rig.keepLive(10_000, 'one');
    expect(rig.offers()).toEqual([]);
    expect(rig.row('tasks', 't-job').state).toBe('TASK_RUNNING');
  });
});

describe('gone by a person', () => {
  it('comes when the last task has ended, and then for ever', () => {
    const rig = running();
    expect(rig.ask(drain({ markGone: true }))).toBeNull();
    expect(rig.row('agents', 'a-one').state.kind).toBe('active');
    rig.take();
    rig.post(updateFromOne('job', 'TASK_KILLED', { uuid: null }));
    expect(rig.row('agents', 'a-one')).toMatchObject({ state: { kind: 'gone' } });
    expect(rig.row('agents', 'a-one').availability).toBeUndefined();
    expect(rig.kinds()).toEqual(['disconnect']);
    expect(rig.row('links', one)).toMatchObject({ phase: 'stopped', problem: { reason: 'agent-gone' } });
    rig.ask({ kind: 'reconnect', machineId: one });
    rig.post(aHello('one'));
    expect(rig.row('links', one)).toMatchObject({ phase: 'stopped', problem: { reason: 'agent-gone' } });
    for (const command of [deactivate, reactivate, drain()]) {
      expect(rig.ask(command)).toMatchObject({ code: 'conflict', reason: 'agent-gone' });
    }
  });

  it('is at once when the machine cannot be reached: its tasks are given up, and can be forgotten', () => {
    const rig = running();
    const kill = operationId('kill');
    rig.post(lostOne);
    rig.pass(20_000);
    rig.post({ kind: 'kill-task', taskId: taskId('job'), operationId: kill });
    expect(rig.ask(drain({ markGone: true }))).toBeNull();
    expect(rig.row('tasks', 't-job')).toMatchObject({ state: 'TASK_GONE_BY_OPERATOR', endedAtMs: null });
    expect(rig.row('tasks', 't-job').statuses.at(-1)).toMatchObject({
      source: 'SOURCE_MASTER',
      reason: 'REASON_AGENT_REMOVED_BY_OPERATOR',
    });
    expect(rig.row('operations', kill).refusal?.reason).toBe('agent-gone');
    expect(rig.ask({ kind: 'forget-task', taskId: taskId('job') })).toBeNull();
    expect(rig.has('tasks', 't-job')).toBe(false);
  });

  it('may follow a drain that is done, but not one that is under way', () => {
    const rig = running();
    rig.post(drain());
    expect(rig.ask(drain({ markGone: true }))?.reason).toBe('agent-draining');
    rig.post(updateFromOne('job', 'TASK_KILLED'));
    expect(rig.ask(drain({ markGone: true }))).toBeNull();
    expect(rig.row('agents', 'a-one').state.kind).toBe('gone');
  });

  it('is not for this computer', () => {
    const rig = new CoreRig();
    rig.post({ kind: 'local-machine-found', machineId: machineId('here'), name: 'here' });
    rig.post(aHello('here'));
    const here = { machineId: machineId('here') };
    expect(rig.ask(drain({ ...here, markGone: true }))).toMatchObject({
      code: 'unsupported',
      reason: 'local-machine-not-gone',
    } satisfies Partial<Refusal>);
    expect(rig.ask(drain(here))).toBeNull();
  });

  it('tells schedulers, and a machine that is gone can be removed although there is no link', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.take();
    rig.post(drain({ markGone: true }));
    expect(rig.told()).toContainEqual({ kind: 'FAILURE', agentId: 'a-one' });
    const operation = operationId('rm');
    expect(
      rig.ask({
        kind: 'remove-machine',
        machineId: one,
        operationId: operation,
        tasks: 'stop',
        force: false,
      }),
    ).toBeNull();
    expect(rig.row('lanes', one)).toMatchObject({ kind: 'remove', state: 'running' });
  });
});

it('a status of the tasks that a drain waits for may come in any order and twice', () => {
  const rig = running();
  rig.post(drain());
  const end = { ...aStatus('job', 'TASK_KILLED'), uuid: 'twice' };
  rig.post({ kind: 'status-update-received', machineId: one, status: end });
  rig.post({ kind: 'status-update-received', machineId: one, status: end });
  expect(kindOf(rig)).toBe('drained');
  expect(rig.row('tasks', 't-job').info).toEqual(aTask('job'));
});
