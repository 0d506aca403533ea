import { describe, expect, it } from 'vitest';
import type { OfferId } from '../../../../../electron/contract/ids.ts';
import {
  aHello,
  frameworkId,
  machineId,
  noRoute,
  operationId,
  someResources,
  taskId,
} from '../../../../support/builders.ts';
import { batch, FrameworkRig, launch } from '../../../../support/framework-rig.ts';

describe('an offer', () => {
  it('is made to whoever subscribes, of all that is free, and counts as used until it is answered', () => {
    const rig = FrameworkRig.live();
    expect(rig.subscribe()).toBeNull();
    const offer = rig.offer();
    expect(offer).toMatchObject({ frameworkId: batch, agentId: 'a-one', role: '*', hostname: 'one' });
    expect(offer.resources).toEqual([{ reservation: [], volume: null, amounts: someResources() }]);
    expect(rig.told()).toMatchObject([
      { kind: 'SUBSCRIBED' },
      { kind: 'OFFERS', offers: [{ id: offer.id }] },
    ]);
    expect(rig.subscribe({}, frameworkId('other'), 's9')).toBeNull();
    rig.pass(100);
    expect(rig.offers()).toHaveLength(1);
  });

  it('becomes a task, and what is left is refused for a while, then offered again', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    rig.take();
    expect(rig.accept(offer, launch('job', { cpusMilli: 1000 }))).toBeNull();
    expect(rig.row('tasks', 't-job')).toMatchObject({
      state: 'TASK_STAGING',
      frameworkId: batch,
      agentId: 'a-one',
    });
    expect(rig.kinds()).toEqual(['send-launch']);
    rig.keepLive(4500, 'one');
    expect(rig.offers()).toEqual([]);
    rig.keepLive(1000, 'one');
    expect(rig.offer().resources[0]?.amounts).toMatchObject({ cpusMilli: 3000, memMib: 8192 - 256 });
  });

  it('that nobody answers is rescinded after its time, and offered to others first', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    rig.subscribe({}, frameworkId('zzz'), 's9');
    rig.take();
    rig.keepLive(14_500, 'one');
    expect(rig.offers().map(({ id }) => id)).toEqual([offer.id]);
    rig.keepLive(1000, 'one');
    expect(rig.told()).toContainEqual({ kind: 'RESCIND', offerId: offer.id });
    expect(rig.offer().frameworkId).toBe('f-zzz');
  });

  it.each([
    ['goes down', { kind: 'link-down', machineId: machineId('one'), refusal: noRoute }],
    ['has changed', aHello('one', { resources: someResources({ cpusMilli: 2000 }) })],
    ['has another agent', aHello('one', { agentId: 'a-reborn' as never })],
  ] as const)('is taken back when its machine %s', (_, event) => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    rig.take();
    rig.post(event);
    expect(rig.told()).toContainEqual({ kind: 'RESCIND', offerId: offer.id });
    expect(rig.accept(offer, launch('job'))).toMatchObject({ reason: 'offer-expired' });
  });

  it('is taken back when its machine falls silent', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    rig.pass(3500);
    expect(rig.told()).toContainEqual({ kind: 'RESCIND', offerId: offer.id });
    expect(rig.offers()).toEqual([]);
  });
});

describe('DECLINE', () => {
  const decline = (rig: FrameworkRig, refuseMs: number | null) => {
    const offer = rig.offer();
    const filters = refuseMs === null ? null : { refuseMs };
    expect(rig.call({ kind: 'DECLINE', frameworkId: batch, offerIds: [offer.id], filters })).toBeNull();
  };

  it.each([
    ['nothing', null, 5000],
    ['20 s', 20_000, 20_000],
    ['a negative time', -1, 5000],
    ['no number', Number.NaN, 5000],
    ['0, which is as short as it gets', 0, 1000],
  ] as const)('with %s keeps the same from coming again for its time', (_, refuseMs, heldMs) => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    decline(rig, refuseMs);
    rig.keepLive(heldMs - 500, 'one');
    expect(rig.offers()).toEqual([]);
    rig.keepLive(1000, 'one');
    expect(rig.offers()).toHaveLength(1);
  });

  it('is broken through by more than was refused', () => {
    const rig = FrameworkRig.live();
    rig.ask({ kind: 'run-task', machineId: machineId('one'), operationId: operationId('x'), info: runInfo });
    rig.subscribe();
    decline(rig, 60_000);
    rig.post({
      kind: 'launch-answered',
      taskId: taskId('big'),
      refusal: { code: 'exhausted', reason: 'x', detail: '' },
    });
    expect(rig.offer().resources[0]?.amounts.cpusMilli).toBe(4000);
  });

  it('ends with REVIVE', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    decline(rig, 60_000);
    rig.pass(100);
    expect(rig.call({ kind: 'REVIVE', frameworkId: batch, roles: [] })).toBeNull();
    expect(rig.offer().frameworkId).toBe(batch);
  });

  it('of an offer that is gone, or of somebody else, is passed over', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const offer = rig.offer();
    rig.subscribe({}, frameworkId('other'), 's9');
    const ids = [offer.id, 'offer-zz-1' as OfferId];
    expect(
      rig.call({ kind: 'DECLINE', frameworkId: frameworkId('other'), offerIds: ids, filters: null }),
    ).toBeNull();
    expect(rig.offers()).toHaveLength(1);
  });
});

describe('SUPPRESS', () => {
  it('stops offers until REVIVE, and a role that is not its own is refused', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    expect(rig.call({ kind: 'SUPPRESS', frameworkId: batch, roles: ['eng'] })).toMatchObject({
      reason: 'role-not-subscribed',
    });
    rig.call({ kind: 'SUPPRESS', frameworkId: batch, roles: [] });
    rig.pass(1000);
    expect(rig.offers()).toEqual([]);
    rig.call({ kind: 'REVIVE', frameworkId: batch, roles: ['*'] });
    expect(rig.offer().frameworkId).toBe(batch);
  });
});

describe('REQUEST', () => {
  it('cuts offers to what is asked for, so that two wait for one machine and both get theirs', () => {
    const rig = FrameworkRig.live();
    const want = {
      role: '*',
      agentId: null,
      count: 2,
      resources: someResources({ cpusMilli: 1000, memMib: 512, diskMib: 0, ports: [] }),
    };
    for (const [name, stream] of [
      ['x', 's1'],
      ['y', 's2'],
    ] as const) {
      rig.subscribe({}, frameworkId(name), stream);
      expect(rig.call({ kind: 'REQUEST', frameworkId: frameworkId(name), requests: [want] })).toBeNull();
    }
    rig.pass(20);
    const offered = rig.offers().map((offer) => [offer.frameworkId, offer.resources[0]?.amounts.cpusMilli]);
    expect(offered.sort()).toEqual([
      ['f-x', 2000],
      ['f-y', 2000],
    ]);
  });
});

const runInfo = {
  taskId: taskId('big'),
  name: 'big',
  resources: { cpusMilli: 3000, memMib: 1024, diskMib: 0, gpus: 0, ports: [] },
  command: { shell: true, value: 'x', arguments: [], environment: [], workingFolder: null, user: null },
  killPolicy: { graceMs: 0 },
  labels: [],
};
