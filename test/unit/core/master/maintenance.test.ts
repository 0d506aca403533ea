// Planned maintenance: it is in offers, asks for room, drains while it lasts, and gives back only what it took.
import { describe, expect, it } from 'vitest';
import type { Maintenance } from '../../../../electron/contract/machine.ts';
import { durableTables } from '../../../../electron/contract/tables.ts';
import type { DurableRows } from '../../../../electron/core/kernel/ports.ts';
import { availabilityOf } from '../../../../electron/core/master/availability.ts';
import { nextDeadline } from '../../../../electron/core/master/step.ts';
import {
  agentId,
  aHello,
  anAgentTask,
  frameworkId,
  operationId,
  someFacts,
  someIsolation,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';
import { batch, FrameworkRig, launch } from '../../../support/framework-rig.ts';
import { liveRig, lostOne, one, runOnOne, updateFromOne } from '../../../support/task-rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function plan(rig: CoreRig, window: Partial<Maintenance> | null) {
  const whole = { startMs: rig.atMs + hourMs, durationMs: 2 * hourMs, note: 'new disk', ...window };
  return rig.ask({ kind: 'plan-maintenance', machineId: one, window: window && whole });
}
const kindOf = (rig: CoreRig) => availabilityOf(rig.row('agents', 'a-one'));

/** So long that a heard link each half second would be too many steps: the link is heard once, at the end. */
function passQuietly(rig: CoreRig, ms: number): void {
  rig.ask({ kind: 'change-settings', settings: { unreachableAfterMs: 3_600_000 } });
  const end = rig.monoMs + ms;
  while (rig.monoMs < end) {
    rig.pass(Math.min(50 * minuteMs, end - rig.monoMs));
    rig.post({ kind: 'link-heard', machineId: one, roundTripMs: 1 });
  }
}

function restarted(rig: CoreRig): CoreRig {
  const rows = Object.fromEntries(
    durableTables.map((table) => [table, [...rig.state.tables[table].values()]]),
  ) as unknown as DurableRows;
  const again = new CoreRig(rows, { start: false });
  again.atMs = rig.atMs;
  again.post({ kind: 'master-started', seed: 2 });
  return again;
}

describe('a maintenance', () => {
  it('drains the machine at its start, and gives it back at its end', () => {
    const rig = liveRig();
    expect(plan(rig, {})).toBeNull();
    expect(rig.row('machines', one).maintenance).toMatchObject({ hasBegun: false, note: 'new disk' });
    passQuietly(rig, hourMs - 1);
    expect(kindOf(rig)).toBe('active');
    passQuietly(rig, 1);
    expect(rig.row('machines', one).maintenance?.hasBegun).toBe(true);
    expect(rig.row('agents', 'a-one').availability).toMatchObject({ kind: 'drained', cause: 'maintenance' });
    passQuietly(rig, 2 * hourMs);
    expect(rig.row('machines', one).maintenance).toBeUndefined();
    expect(kindOf(rig)).toBe('active');
  });

  it('ends what runs at its start with the grace of each task', () => {
    const rig = liveRig();
    rig.post(runOnOne('job', { killPolicy: { graceMs: 7000 } }));
    rig.post(updateFromOne('job', 'TASK_RUNNING'));
    plan(rig, { startMs: rig.atMs + 1000 });
    rig.take();
    rig.pass(1000);
    expect(rig.take()).toContainEqual({ kind: 'send-kill', machineId: one, taskId: 't-job', graceMs: 7000 });
    expect(kindOf(rig)).toBe('draining');
    rig.post(updateFromOne('job', 'TASK_KILLED'));
    expect(kindOf(rig)).toBe('drained');
  });

  it('without an end lasts until a person says so', () => {
    const rig = liveRig();
    plan(rig, { startMs: rig.atMs, durationMs: null });
    rig.pass(0);
    expect(kindOf(rig)).toBe('drained');
    passQuietly(rig, 48 * hourMs);
    expect(kindOf(rig)).toBe('drained');
    expect(plan(rig, null)).toBeNull();
    expect(kindOf(rig)).toBe('active');
  });

  it.each([
    ['paused', 'deactivate-agent', 'drained'],
    ['drained', 'drain-agent', 'drained'],
  ] as const)('leaves a machine that a person had %s to the person', (_, kind, at) => {
    const rig = liveRig();
    const drain = {
      kind: 'drain-agent',
      machineId: one,
      operationId: operationId('d'),
      graceMs: null,
      markGone: false,
    } as const;
    rig.post(kind === 'drain-agent' ? drain : { kind, machineId: one });
    plan(rig, { startMs: rig.atMs, durationMs: minuteMs });
    rig.pass(0);
    expect(kindOf(rig)).toBe(at);
    passQuietly(rig, minuteMs);
    expect(rig.row('machines', one).maintenance).toBeUndefined();
    expect(kindOf(rig)).toBe(at);
  });

  it('that a person resumes in its middle stays resumed', () => {
    const rig = liveRig();
    plan(rig, { startMs: rig.atMs, durationMs: minuteMs });
    rig.pass(0);
    rig.post({ kind: 'reactivate-agent', machineId: one });
    rig.pass(1000);
    expect(kindOf(rig)).toBe('active');
  });

  it('is kept over a restart, in each of its phases', () => {
    const rig = liveRig();
    plan(rig, { startMs: rig.atMs + minuteMs, durationMs: minuteMs });
    const planned = restarted(rig);
    planned.post(aHello('one'));
    expect(nextDeadline(planned.state)).not.toBeNull();
    planned.ask({ kind: 'change-settings', settings: { unreachableAfterMs: 3_600_000 } });
    planned.pass(minuteMs);
    expect(kindOf(planned)).toBe('drained');
    const begun = restarted(planned);
    begun.post(aHello('one'));
    expect(kindOf(begun)).toBe('drained');
    begun.ask({ kind: 'change-settings', settings: { unreachableAfterMs: 3_600_000 } });
    begun.pass(minuteMs);
    expect(kindOf(begun)).toBe('active');
  });

  it('that was over before anybody looked takes nothing away', () => {
    const rig = liveRig();
    plan(rig, { startMs: rig.atMs + minuteMs, durationMs: minuteMs });
    rig.atMs += hourMs;
    const late = restarted(rig);
    late.post(aHello('one'));
    late.pass(1);
    expect(late.row('machines', one).maintenance).toBeUndefined();
    expect(kindOf(late)).toBe('active');
    expect(late.notes.map(({ verb }) => verb)).toContain('maintenance-missed');
  });

  it('goes by the clock on the wall, however that is set', () => {
    const rig = liveRig();
    plan(rig, { startMs: rig.atMs + hourMs });
    rig.atMs += hourMs;
    rig.post({ kind: 'link-heard', machineId: one, roundTripMs: 1 });
    rig.pass(0);
    expect(kindOf(rig)).toBe('drained');
    const other = liveRig();
    plan(other, { startMs: other.atMs + 5000 });
    other.atMs -= hourMs;
    other.post({ kind: 'link-heard', machineId: one, roundTripMs: 1 });
    other.pass(6000);
    expect(kindOf(other)).toBe('active');
  });

  it('of a machine that is away drains it when it is back', () => {
    const rig = liveRig();
    rig.post(runOnOne());
    rig.post(updateFromOne('job', 'TASK_RUNNING'));
    rig.post(lostOne);
    plan(rig, { startMs: rig.atMs + 20_000 });
    rig.pass(20_000);
    expect(kindOf(rig)).toBe('draining');
    rig.take();
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
    expect(rig.kinds()).toContain('send-kill');
  });

  it('is refused in precise words, and calling off none is no mistake', () => {
    const rig = liveRig();
    expect(plan(rig, { startMs: rig.atMs - 2 * minuteMs, durationMs: minuteMs })).toMatchObject({
      code: 'invalid',
      reason: 'maintenance-over',
    });
    expect(plan(rig, null)).toBeNull();
    const nobody = { kind: 'plan-maintenance', machineId: 'm-nobody' as never, window: null } as const;
    expect(rig.ask(nobody)).toMatchObject({ code: 'not-found', reason: 'no-such-machine' });
    rig.post({
      kind: 'remove-machine',
      machineId: one,
      operationId: operationId('rm'),
      tasks: 'keep',
      force: false,
    });
    expect(plan(rig, {})).toMatchObject({ code: 'conflict', reason: 'machine-being-removed' });
  });
});

describe('offers of a machine whose maintenance is planned', () => {
  it('are made anew with the time at which it will go, and again when that changes', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const before = rig.offer();
    expect(before.unavailability).toBeNull();
    rig.take();
    const startMs = rig.atMs + hourMs;
    plan(rig, { startMs });
    expect(rig.told()).toContainEqual({ kind: 'RESCIND', offerId: before.id });
    const planned = rig.offer();
    expect(planned.unavailability).toEqual({ startMs, durationMs: 2 * hourMs });
    plan(rig, null);
    expect(rig.offer().unavailability).toBeNull();
  });
});

describe('inverse offers', () => {
  /** A framework with a task on the one machine, and its maintenance planned. */
  function asked(): FrameworkRig {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.accept(rig.offer(), launch('job', { cpusMilli: 1000 }));
    rig.post(updateFromOne('job', 'TASK_RUNNING'));
    rig.take();
    plan(rig, {});
    return rig;
  }
  const rows = (rig: CoreRig) => [...rig.state.tables.inverseOffers.values()];
  const answer = (
    rig: FrameworkRig,
    kind: 'ACCEPT_INVERSE_OFFERS' | 'DECLINE_INVERSE_OFFERS',
    id = rows(rig)[0]?.id,
  ) => rig.call({ kind, frameworkId: batch, inverseOfferIds: id ? [id] : [], filters: { refuseMs: 20_000 } });

  it('go to whoever has tasks there, with the time', () => {
    const rig = asked();
    const [row] = rows(rig);
    expect(row).toMatchObject({ frameworkId: batch, agentId: agentId('one'), state: 'asked' });
    const [told] = rig.told().filter(({ kind }) => kind === 'INVERSE_OFFERS');
    expect(told).toEqual({
      kind: 'INVERSE_OFFERS',
      inverseOffers: [
        { id: row?.id, frameworkId: batch, agentId: agentId('one'), unavailability: row?.unavailability },
      ],
    });
  });

  it('are not made to who has nothing there', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.offer();
    plan(rig, {});
    expect(rows(rig)).toEqual([]);
  });

  it('accepted are kept as that and not made again', () => {
    const rig = asked();
    expect(answer(rig, 'ACCEPT_INVERSE_OFFERS')).toBeNull();
    rig.take();
    rig.keepLive(60_000, 'one');
    expect(rows(rig)).toMatchObject([{ state: 'accepted' }]);
    expect(rig.told().filter(({ kind }) => kind === 'INVERSE_OFFERS')).toEqual([]);
  });

  it('declined are made again after the time of the filter', () => {
    const rig = asked();
    const first = rows(rig)[0]?.id;
    expect(answer(rig, 'DECLINE_INVERSE_OFFERS')).toBeNull();
    rig.take();
    rig.keepLive(19_500, 'one');
    expect(rows(rig)).toMatchObject([{ id: first, state: 'declined' }]);
    rig.keepLive(1000, 'one');
    expect(rows(rig)).toMatchObject([{ state: 'asked' }]);
    expect(rows(rig)[0]?.id).not.toBe(first);
  });

  it('declined until the very moment at which it begins are taken back then, and not made again', () => {
    const rig = asked();
    plan(rig, { startMs: rig.atMs + 20_000 });
    const id = rows(rig)[0]?.id;
    expect(answer(rig, 'DECLINE_INVERSE_OFFERS')).toBeNull();
    rig.keepLive(19_500, 'one');
    rig.take();
    rig.keepLive(500, 'one');
    expect(rig.row('machines', one).maintenance?.hasBegun).toBe(true);
    const told = rig.told().filter(({ kind }) => kind.includes('INVERSE'));
    expect(told).toEqual([{ kind: 'RESCIND_INVERSE_OFFER', inverseOfferId: id }]);
    expect(rows(rig)).toEqual([]);
  });

  it.each([
    ['the task has ended', (rig: FrameworkRig) => rig.post(updateFromOne('job', 'TASK_FINISHED'))],
    ['it is called off', (rig: FrameworkRig) => plan(rig, null)],
    [
      'the machine is away',
      (rig: FrameworkRig) => {
        rig.post(lostOne);
        rig.pass(20_000);
      },
    ],
    [
      'it begins',
      (rig: FrameworkRig) => {
        plan(rig, { startMs: rig.atMs });
        rig.pass(0);
      },
    ],
  ] as const)('are taken back when %s', (_, change) => {
    const rig = asked();
    rig.take();
    change(rig);
    expect(rig.told().map(({ kind }) => kind)).toContain('RESCIND_INVERSE_OFFER');
    expect(rows(rig)).toEqual([]);
  });

  it('of another framework, or gone, cannot be answered, and that changes nothing', () => {
    const rig = asked();
    rig.subscribe({}, frameworkId('other'), 's9');
    const id = rows(rig)[0]?.id as never;
    const foreign = {
      kind: 'ACCEPT_INVERSE_OFFERS',
      frameworkId: frameworkId('other'),
      inverseOfferIds: [id, 'inverse-x-1'],
      filters: null,
    } as never;
    expect(rig.call(foreign)).toBeNull();
    expect(rows(rig)).toMatchObject([{ state: 'asked' }]);
    expect(
      rig.notes.filter(({ verb }) => verb === 'ignore-inverse-offer').map(({ fields }) => fields['why']),
    ).toEqual(['foreign', 'gone']);
  });

  it('are made anew to a scheduler on another connection', () => {
    const rig = asked();
    const first = rows(rig)[0]?.id;
    rig.take();
    rig.subscribe({}, batch, 's2');
    expect(rig.told().map(({ kind }) => kind)).toContain('INVERSE_OFFERS');
    expect(rows(rig)).toHaveLength(1);
    expect(rows(rig)[0]?.id).not.toBe(first);
  });

  it('are declined by the run framework while something of it would be cut off, else accepted', () => {
    const rig = liveRig();
    rig.post(runOnOne('long'));
    rig.post(updateFromOne('long', 'TASK_RUNNING', { timestampMs: rig.atMs }));
    plan(rig, {});
    expect(rows(rig)).toMatchObject([{ state: 'declined' }]);
    const short = liveRig({ facts: someFacts({ isolation: someIsolation }) });
    short.post(runOnOne('short', { maxCompletionMs: minuteMs }));
    short.post(updateFromOne('short', 'TASK_RUNNING', { timestampMs: short.atMs }));
    plan(short, {});
    expect(rows(short)).toMatchObject([{ state: 'accepted' }]);
  });
});
