// Everything that an ACCEPT may ask for, and everything that is wrong with one: each a refusal of its own, nothing changed.
import { describe, expect, it } from 'vitest';
import type { OfferId } from '../../../../../electron/contract/ids.ts';
import type { OfferRecord, Operation } from '../../../../../electron/contract/offer.ts';
import type { Resources } from '../../../../../electron/contract/resources.ts';
import { diffOf, isEmpty } from '../../../../../electron/core/kernel/tables.ts';
import {
  aStatus,
  aTask,
  frameworkId,
  machineId,
  someResources,
  taskId,
} from '../../../../support/builders.ts';
import { amounts, batch, FrameworkRig, launch, reserved } from '../../../../support/framework-rig.ts';

function offered(roles: string[] = ['*']): { rig: FrameworkRig; offer: OfferRecord } {
  const rig = FrameworkRig.live();
  rig.subscribe({ roles });
  const offer = rig.offer();
  rig.take();
  return { rig, offer };
}

describe('bad input', () => {
  const most = someResources();
  it.each<[string, string, Operation]>([
    ['more CPU than offered', 'more-than-offered', launch('job', { cpusMilli: 4001 })],
    ['more memory', 'more-than-offered', launch('job', { memMib: 8193 })],
    ['ports that are not there', 'more-than-offered', launch('job', { ports: [{ begin: 80, end: 80 }] })],
    ['a negative amount', 'amount-negative', launch('job', { cpusMilli: -1 })],
    ['no number', 'amount-not-a-number', launch('job', { memMib: Number.NaN })],
    ['an endless amount', 'amount-not-a-number', launch('job', { memMib: Number.POSITIVE_INFINITY })],
    ['a fraction of a thousandth', 'amount-fractional', launch('job', { cpusMilli: 0.5 })],
    ['ranges where a scalar belongs', 'resource-type-mixed', launch('job', { cpusMilli: [] as never })],
    ['a scalar where ranges belong', 'resource-type-mixed', launch('job', { ports: 3 as never })],
    ['a name that no resource has', 'resource-unknown', launch('job', { magic: 1 } as Partial<Resources>)],
    ['nothing at all', 'task-without-resources', launch('job', amounts())],
    ['the same id twice', 'task-exists', { kind: 'LAUNCH', tasks: [...tasks('job'), ...tasks('job')] }],
    ['parts that are not the task', 'more-than-offered', launch('job', {}, [reserved([], { cpusMilli: 1 })])],
    [
      'a reservation that is not offered',
      'more-than-offered',
      { kind: 'UNRESERVE', resources: [reserved(['eng'], { cpusMilli: 1 })] },
    ],
    [
      'a reservation for another role',
      'reservation-wrong',
      { kind: 'RESERVE', resources: [reserved(['ops'], { cpusMilli: 1 })] },
    ],
    [
      'a reservation for everybody',
      'reservation-wrong',
      { kind: 'RESERVE', resources: [reserved(['*'], { cpusMilli: 1 })] },
    ],
    [
      'a reservation for a bad name',
      'reservation-wrong',
      { kind: 'RESERVE', resources: [reserved(['a//b'], { cpusMilli: 1 })] },
    ],
    [
      'a reservation of too much',
      'more-than-offered',
      { kind: 'RESERVE', resources: [reserved(['eng'], { cpusMilli: most.cpusMilli + 1 })] },
    ],
    [
      'a reservation of ports',
      'ports-not-reservable',
      { kind: 'RESERVE', resources: [reserved(['eng'], { ports: [{ begin: 31_000, end: 31_000 }] })] },
    ],
    ['a volume of nothing reserved', 'more-than-offered', { kind: 'CREATE', volumes: [volume('v1', 10)] }],
    ['a volume that nobody made', 'volume-unknown', { kind: 'DESTROY', volumes: [volume('v1', 10)] }],
  ])('%s is refused as %s and changes nothing', (_, reason, operation) => {
    const { rig, offer } = offered(['eng']);
    const before = rig.state.tables;
    expect(rig.accept(offer, operation)).toMatchObject({ reason });
    expect(isEmpty(diffOf(before, rig.state.tables))).toBe(true);
    expect(rig.offers()).toEqual([offer]);
  });

  it('tells the task that is wrong as TASK_ERROR and the others as TASK_DROPPED, and launches none', () => {
    const { rig, offer } = offered();
    expect(rig.accept(offer, launch('good'), launch('bad', { cpusMilli: -5 }))).toMatchObject({
      reason: 'amount-negative',
    });
    expect(rig.told()).toMatchObject([
      {
        kind: 'UPDATE',
        status: { taskId: 't-good', state: 'TASK_DROPPED', reason: 'REASON_INVALID_OFFERS', uuid: null },
      },
      {
        kind: 'UPDATE',
        status: { taskId: 't-bad', state: 'TASK_ERROR', reason: 'REASON_TASK_INVALID', uuid: null },
      },
    ]);
    expect(rig.has('tasks', 't-good')).toBe(false);
  });

  it.each([
    ['that never was', 'offer-unknown', (offer: OfferRecord) => ['offer-elsewhere-1' as OfferId, offer.id]],
    ['that is named twice', 'offer-twice', (offer: OfferRecord) => [offer.id, offer.id]],
  ])('an offer %s is refused as %s', (_, reason, idsOf) => {
    const { rig, offer } = offered();
    const call = { kind: 'ACCEPT', frameworkId: batch, operations: [launch('job')], filters: null } as const;
    expect(rig.call({ ...call, operations: [launch('job')], offerIds: idsOf(offer) })).toMatchObject({
      reason,
    });
    expect(rig.told()).toMatchObject([
      { status: { state: 'TASK_DROPPED', reason: 'REASON_INVALID_OFFERS' } },
    ]);
    expect(rig.offers()).toEqual([offer]);
  });

  it('an offer that was answered, and one of somebody else', () => {
    const { rig, offer } = offered();
    rig.subscribe({}, frameworkId('other'), 's2');
    const foreign = { ...offer, frameworkId: frameworkId('other') };
    expect(rig.accept(foreign, launch('job'))).toMatchObject({
      code: 'unauthorized',
      reason: 'offer-foreign',
    });
    rig.accept(offer, launch('job'));
    expect(rig.accept(offer, launch('again'))).toMatchObject({ code: 'conflict', reason: 'offer-expired' });
  });

  it('offers of two agents, or of two roles', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    rig.subscribe();
    rig.pass(20);
    const offerIds = rig.offers().map(({ id }) => id);
    expect(offerIds).toHaveLength(2);
    const call = { kind: 'ACCEPT', frameworkId: batch, offerIds, filters: null } as const;
    expect(rig.call({ ...call, operations: [launch('job')] })).toMatchObject({
      reason: 'offers-of-two-agents',
    });
  });

  it('who calls without being there', () => {
    const { rig, offer } = offered();
    expect(rig.accept({ ...offer, frameworkId: frameworkId('nobody') }, launch('job'))).toMatchObject({
      reason: 'framework-unknown',
    });
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    expect(rig.accept(offer, launch('job'))).toMatchObject({ reason: 'framework-disconnected' });
  });
});

describe('a group', () => {
  it('is launched as a whole or not at all', () => {
    const { rig, offer } = offered();
    const big = { ...aTask('big'), resources: amounts({ cpusMilli: 9000 }) };
    const group: Operation = { kind: 'LAUNCH_GROUP', tasks: [...tasks('a'), { info: big, uses: null }] };
    expect(rig.accept(offer, group)).toMatchObject({ reason: 'more-than-offered' });
    expect(rig.accept(offer, { kind: 'LAUNCH_GROUP', tasks: [...tasks('a'), ...tasks('b')] })).toBeNull();
    expect(rig.row('tasks', 't-b')).toMatchObject({ groupId: 't-a', state: 'TASK_STAGING' });
  });

  it('is told as wrong with all its tasks when one is, and what else was asked for as dropped', () => {
    const { rig, offer } = offered();
    const bad = { ...aTask('bad'), resources: amounts({ cpusMilli: -5 }) };
    const group: Operation = {
      kind: 'LAUNCH_GROUP',
      tasks: [...tasks('a'), { info: bad, uses: null }, ...tasks('b')],
    };
    expect(rig.accept(offer, launch('good'), group)).toMatchObject({ reason: 'amount-negative' });
    const told = rig.told().flatMap((event) => (event.kind === 'UPDATE' ? [event.status] : []));
    expect(told.map(({ taskId: id, state, reason }) => [id, state, reason])).toEqual([
      ['t-good', 'TASK_DROPPED', 'REASON_INVALID_OFFERS'],
      ['t-a', 'TASK_ERROR', 'REASON_TASK_GROUP_INVALID'],
      ['t-bad', 'TASK_ERROR', 'REASON_TASK_GROUP_INVALID'],
      ['t-b', 'TASK_ERROR', 'REASON_TASK_GROUP_INVALID'],
    ]);
    expect(told[1]?.message).toMatch(/^amount-negative: /);
  });

  it('goes with the first that is killed', () => {
    const { rig, offer } = offered();
    rig.accept(offer, { kind: 'LAUNCH_GROUP', tasks: [...tasks('a'), ...tasks('b')] });
    rig.take();
    rig.call({ kind: 'KILL', frameworkId: batch, taskId: taskId('b'), agentId: null, graceMs: 50 });
    expect(rig.take()).toMatchObject([
      { kind: 'send-kill', taskId: 't-a', graceMs: 50 },
      { kind: 'send-kill', taskId: 't-b', graceMs: 50 },
    ]);
  });

  /** `a`, `b` and `c`, running. */
  function running(): FrameworkRig {
    const { rig, offer } = offered();
    rig.accept(offer, { kind: 'LAUNCH_GROUP', tasks: [...tasks('a'), ...tasks('b'), ...tasks('c')] });
    for (const name of ['a', 'b', 'c']) {
      rig.post({ kind: 'launch-answered', taskId: taskId(name), refusal: null });
      rig.say(name, 'TASK_RUNNING');
    }
    return rig;
  }
  const ended = (rig: FrameworkRig, name: string): unknown => {
    const status = rig.row('tasks', taskId(name)).statuses.at(-1);
    return [status?.state, status?.message];
  };

  it('that goes with a member says with which, and how that ended', () => {
    const rig = running();
    const died = aStatus('b', 'TASK_FAILED', { uuid: 'b-end', message: 'exited with code 3' });
    rig.post({ kind: 'status-update-received', machineId: machineId('one'), status: died });
    for (const name of ['a', 'c']) rig.say(name, 'TASK_KILLED');
    expect(ended(rig, 'a')).toEqual([
      'TASK_KILLED',
      'ended with its group because of task b: exited with code 3',
    ]);
    expect(ended(rig, 'c')).toEqual([
      'TASK_KILLED',
      'ended with its group because of task b: exited with code 3',
    ]);
    expect(ended(rig, 'b')).toEqual(['TASK_FAILED', 'exited with code 3']);
  });

  it('says so too when one of it was killed, but not of that one nor of one that ended by itself', () => {
    const rig = running();
    rig.call({ kind: 'KILL', frameworkId: batch, taskId: taskId('b'), agentId: null, graceMs: null });
    rig.say('a', 'TASK_KILLED');
    rig.say('b', 'TASK_KILLED');
    rig.say('c', 'TASK_FINISHED');
    expect(ended(rig, 'a')).toEqual([
      'TASK_KILLED',
      'ended with its group because of task b: killed on request',
    ]);
    expect(rig.row('tasks', 't-b').endedWith).toBeUndefined();
    expect(ended(rig, 'c')).not.toContain('ended with its group because of task b: killed on request');
  });
});

describe('reservations and volumes', () => {
  it('are made, used, offered to their role only, and given back', () => {
    const { rig, offer } = offered(['eng']);
    const half = reserved(['eng'], { cpusMilli: 2000, memMib: 1024, diskMib: 500 });
    expect(
      rig.accept(
        offer,
        { kind: 'RESERVE', resources: [half] },
        { kind: 'CREATE', volumes: [volume('v1', 200)] },
        launch('job', { cpusMilli: 2500, memMib: 100, diskMib: 0 }),
      ),
    ).toBeNull();
    expect(rig.row('tasks', 't-job').uses).toEqual([
      reserved(['eng'], { cpusMilli: 2000, memMib: 100 }),
      reserved([], { cpusMilli: 500 }),
    ]);
    expect(rig.row('reservations', 'a-one|eng|').part.amounts).toMatchObject({
      cpusMilli: 2000,
      diskMib: 300,
    });
    expect(rig.row('reservations', 'a-one|eng|v1').part.amounts).toMatchObject({ diskMib: 200 });
    rig.call({ kind: 'SUPPRESS', frameworkId: batch, roles: [] });
    rig.subscribe({ roles: ['ops'] }, frameworkId('ops'), 's2');
    expect(rig.offer().resources).toEqual([
      {
        reservation: [],
        volume: null,
        amounts: someResources({ cpusMilli: 1500, memMib: 7168, diskMib: 99_500 }),
      },
    ]);
    rig.call({ kind: 'SUPPRESS', frameworkId: frameworkId('ops'), roles: [] });
    rig.call({ kind: 'REVIVE', frameworkId: batch, roles: [] });
    rig.pass(20);
    const mine = rig.offers().find((each) => each.frameworkId === batch);
    expect(mine?.resources.map((part) => part.volume?.persistenceId ?? part.reservation.join())).toEqual([
      'eng',
      'v1',
    ]);
    expect(
      rig.accept(
        mine as OfferRecord,
        { kind: 'DESTROY', volumes: [volume('v1', 200)] },
        { kind: 'UNRESERVE', resources: [reserved(['eng'], { memMib: 924, diskMib: 500 })] },
      ),
    ).toBeNull();
    expect(rig.has('reservations', 'a-one|eng|v1')).toBe(false);
    expect(rig.row('reservations', 'a-one|eng|').part.amounts).toEqual(
      amounts({ cpusMilli: 2000, memMib: 100 }),
    );
  });

  it('survive a restart of the master, tasks and offers apart', () => {
    const { rig, offer } = offered(['eng']);
    rig.accept(offer, { kind: 'RESERVE', resources: [reserved(['eng'], { cpusMilli: 2000 })] });
    const rows = Object.fromEntries(
      (
        ['machines', 'agents', 'tasks', 'settings', 'frameworks', 'roles', 'reservations', 'runs'] as const
      ).map((table) => [table, [...rig.state.tables[table].values()]]),
    );
    const again = new FrameworkRig(rows);
    expect(again.row('reservations', 'a-one|eng|').part.amounts.cpusMilli).toBe(2000);
    expect(again.row('subscriptions', batch).phase).toBe('disconnected');
    expect(again.offers()).toEqual([]);
  });
});

function tasks(name: string): { info: ReturnType<typeof aTask>; uses: null }[] {
  return [{ info: aTask(name), uses: null }];
}

function volume(persistenceId: string, diskMib: number) {
  return {
    reservation: ['eng'],
    volume: { persistenceId, containerPath: 'data' },
    amounts: amounts({ diskMib }),
  };
}
