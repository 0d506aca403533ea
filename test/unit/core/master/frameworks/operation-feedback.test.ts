import { describe, expect, it } from 'vitest';
import { callSchema, type SchedulerEvent } from '../../../../../electron/contract/framework.ts';
import type { OfferId } from '../../../../../electron/contract/ids.ts';
import type { Operation } from '../../../../../electron/contract/offer.ts';
import type { OperationStatus } from '../../../../../electron/contract/operation-status.ts';
import type { ResourcePart } from '../../../../../electron/contract/role.ts';
import { agentId, aHello, frameworkId, machineId, noRoute } from '../../../../support/builders.ts';
import { batch, FrameworkRig, launch, reserved } from '../../../../support/framework-rig.ts';

const disk = reserved(['eng'], { diskMib: 500 });
const volume: ResourcePart = { ...disk, volume: { persistenceId: 'v1', containerPath: 'data' } };
const back: ResourcePart = { ...disk, reservation: [] };

const reserve = (id: string): Operation => ({ kind: 'RESERVE', id, resources: [disk] });
const tooMuch = (id: string): Operation => ({
  kind: 'RESERVE',
  id,
  resources: [reserved(['eng'], { diskMib: 99_999_999 })],
});

function engineers(): FrameworkRig {
  const rig = FrameworkRig.live();
  rig.subscribe({ roles: ['eng'] });
  return rig;
}

const statusesOf = (events: readonly SchedulerEvent[]): OperationStatus[] =>
  events.flatMap((event) => (event.kind === 'UPDATE_OPERATION_STATUS' ? [event.status] : []));

/** What each operation was told as, by its name. */
const statesOf = (rig: FrameworkRig): Record<string, string> =>
  Object.fromEntries(statusesOf(rig.told()).map(({ operationId, state }) => [operationId, state]));

const acknowledge = (
  rig: FrameworkRig,
  { operationId, uuid }: OperationStatus,
  agent: string | null = 'one',
) =>
  rig.call({
    kind: 'ACKNOWLEDGE_OPERATION_STATUS',
    frameworkId: batch,
    agentId: agent === null ? null : agentId(agent),
    operationId,
    uuid: uuid ?? '',
  });

const reconcile = (rig: FrameworkRig, ...asked: readonly (readonly [string, string | null])[]) => {
  rig.take();
  const refusal = rig.call({
    kind: 'RECONCILE_OPERATIONS',
    frameworkId: batch,
    operations: asked.map(([operationId, agent]) => ({
      operationId,
      agentId: agent === null ? null : agentId(agent),
    })),
  });
  expect(refusal).toBeNull();
  return statusesOf(rig.told());
};

function told(rig: FrameworkRig): OperationStatus {
  const [status, ...others] = statusesOf(rig.told());
  if (!status || others.length > 0) throw new Error(`${others.length} others`);
  return status;
}

describe('an operation with a name', () => {
  it('is told as done with what it has made, in the order of the call, and one without a name is not', () => {
    const rig = engineers();
    const operations: Operation[] = [
      reserve('op-a'),
      { kind: 'CREATE', id: 'op-b', volumes: [volume] },
      { kind: 'DESTROY', id: 'op-c', volumes: [volume] },
      { kind: 'UNRESERVE', resources: [disk] },
      { kind: 'RESERVE', resources: [disk] },
      { kind: 'UNRESERVE', id: 'op-d', resources: [disk] },
    ];
    expect(rig.accept(rig.offer(), ...operations)).toBeNull();
    const statuses = statusesOf(rig.told());
    expect(
      statuses.map(({ operationId, convertedResources }) => [operationId, ...convertedResources]),
    ).toEqual([
      ['op-a', disk],
      ['op-b', volume],
      ['op-c', disk],
      ['op-d', back],
    ]);
    for (const status of statuses) {
      expect(status).toMatchObject({ state: 'OPERATION_FINISHED', agentId: agentId('one') });
      expect(status.uuid).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(new Set(statuses.map(({ uuid }) => uuid)).size).toBe(4);
  });

  it('is told again and again, later and later, until that is acknowledged', () => {
    const rig = engineers();
    rig.accept(rig.offer(), reserve('op-a'));
    const status = told(rig);
    rig.keepLive(10_500, 'one');
    expect(statusesOf(rig.told())).toEqual([status]);
    rig.keepLive(15_000, 'one');
    expect(statusesOf(rig.told())).toEqual([]);
    rig.keepLive(6000, 'one');
    expect(statusesOf(rig.told())).toEqual([status]);
    expect(acknowledge(rig, { ...status, uuid: 'other' })).toMatchObject({ reason: 'update-unknown' });
    expect(acknowledge(rig, status, 'two')).toMatchObject({ reason: 'update-unknown' });
    expect(acknowledge(rig, status)).toBeNull();
    expect(acknowledge(rig, status)).toMatchObject({ reason: 'update-unknown' });
    expect(rig.row('frameworks', batch).owedOperations).toBeUndefined();
    rig.keepLive(60_000, 'one');
    expect(statusesOf(rig.told())).toEqual([]);
  });

  it('is told to the scheduler that comes back, also after a restart of the master', () => {
    const rig = engineers();
    rig.accept(rig.offer(), reserve('op-a'));
    const status = told(rig);
    rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
    rig.keepLive(12_000, 'one');
    expect(statusesOf(rig.told())).toEqual([]);
    rig.subscribe({ roles: ['eng'] }, batch, 's2');
    expect(told(rig)).toEqual(status);
    const { machines, agents, frameworks, reservations } = rig.state.tables;
    const again = new FrameworkRig({
      machines: [...machines.values()],
      agents: [...agents.values()],
      frameworks: [...frameworks.values()],
      reservations: [...reservations.values()],
    });
    again.subscribe({ roles: ['eng'] }, batch, 's3');
    expect(told(again)).toEqual(status);
    expect(acknowledge(again, status, null)).toBeNull();
  });

  it('is an ERROR when it was wrong, the others of its call are DROPPED, and nothing is owed', () => {
    const rig = engineers();
    const refusal = rig.accept(rig.offer(), reserve('op-a'), tooMuch('op-b'), launch('job'), reserve('op-c'));
    expect(refusal).toMatchObject({ reason: 'more-than-offered' });
    const events = rig.told();
    expect(statusesOf(events)).toMatchObject([
      { operationId: 'op-a', state: 'OPERATION_DROPPED', uuid: null, agentId: agentId('one') },
      { operationId: 'op-b', state: 'OPERATION_ERROR', uuid: null, convertedResources: [] },
      { operationId: 'op-c', state: 'OPERATION_DROPPED', uuid: null },
    ]);
    expect(statusesOf(events)[1]?.message).toMatch(/^more-than-offered: diskMib/);
    expect(rig.row('frameworks', batch).owedOperations).toBeUndefined();
    expect(rig.state.tables.reservations.size).toBe(0);
  });

  it('is DROPPED with an offer that is not there any more, or when a task of its call is wrong', () => {
    const rig = engineers();
    const offer = rig.offer();
    rig.take();
    rig.accept({ ...offer, id: 'offer-9-9' as OfferId }, reserve('op-a'));
    expect(statesOf(rig)).toEqual({ 'op-a': 'OPERATION_DROPPED' });
    rig.accept(offer, reserve('op-b'), launch('job', { cpusMilli: -1 }));
    expect(statesOf(rig)).toEqual({ 'op-b': 'OPERATION_DROPPED' });
  });

  it('has a name of its own until it is acknowledged', () => {
    const rig = engineers();
    rig.accept(rig.offer(), reserve('op-a'));
    const status = told(rig);
    rig.keepLive(6000, 'one');
    rig.take();
    expect(rig.accept(rig.offer(), reserve('op-a'), reserve('op-b'))).toEqual({
      code: 'conflict',
      reason: 'operation-exists',
      detail: 'op-a',
    });
    // Of the name that was used before nothing is said: it would be taken for the first.
    expect(statesOf(rig)).toEqual({ 'op-b': 'OPERATION_DROPPED' });
    expect(rig.accept(rig.offer(), reserve('op-c'), reserve('op-c'))).toMatchObject({
      reason: 'operation-exists',
    });
    acknowledge(rig, status);
    expect(rig.accept(rig.offer(), reserve('op-a'))).toBeNull();
  });

  it('is refused to who never acknowledges', () => {
    const rig = engineers();
    const small = (id: string): Operation => ({
      kind: 'RESERVE',
      id,
      resources: [reserved(['eng'], { diskMib: 1 })],
    });
    const names = Array.from({ length: 256 }, (_, n) => `op-${n}`);
    expect(rig.accept(rig.offer(), ...names.map(small))).toBeNull();
    rig.take();
    rig.keepLive(6000, 'one');
    expect(rig.accept(rig.offer(), small('one-more'))).toMatchObject({
      code: 'exhausted',
      reason: 'operations-unacknowledged',
    });
    expect(rig.accept(rig.offer(), { kind: 'RESERVE', resources: [disk] })).toBeNull();
  });

  it('is owed to nobody when the framework has ended', () => {
    const rig = engineers();
    rig.accept(rig.offer(), reserve('op-a'));
    rig.call({ kind: 'TEARDOWN', frameworkId: batch });
    expect(rig.row('frameworks', batch).owedOperations).toBeUndefined();
    expect(rig.state.session.owingOperations.size).toBe(0);
  });

  it.each(['', '.', '..', 'a/b', 'a b', 'a\\b', 'a\nb', 'x'.repeat(256)])('is not called %j', (id) => {
    const call = {
      kind: 'ACCEPT',
      frameworkId: batch,
      offerIds: ['offer-1-1'],
      operations: [reserve(id)],
      filters: null,
    };
    expect(callSchema.safeParse(call).success).toBe(false);
    expect(callSchema.safeParse({ ...call, operations: [reserve('op.1-a')] }).success).toBe(true);
  });
});

describe('RECONCILE_OPERATIONS', () => {
  it('tells what came of those that are not acknowledged, named or all, and that needs no acknowledgement', () => {
    const rig = engineers();
    rig.accept(rig.offer(), reserve('op-a'));
    const expected = { ...told(rig), uuid: null };
    expect(reconcile(rig)).toEqual([expected]);
    expect(reconcile(rig, ['op-a', null])).toEqual([expected]);
  });

  it('says what can be said of others', () => {
    const rig = engineers();
    expect(reconcile(rig)).toEqual([]);
    expect(reconcile(rig, ['x', null], ['x', 'one'], ['x', 'nobody'])).toMatchObject([
      { operationId: 'x', state: 'OPERATION_UNKNOWN', uuid: null, agentId: null },
      { state: 'OPERATION_UNKNOWN', agentId: 'a-one' },
      { state: 'OPERATION_UNKNOWN', agentId: 'a-nobody' },
    ]);
    rig.post({ kind: 'link-down', machineId: machineId('one'), refusal: noRoute });
    rig.pass(10_000);
    expect(reconcile(rig, ['x', 'one'])).toMatchObject([{ state: 'OPERATION_UNREACHABLE' }]);
    rig.post(aHello('one', { agentId: agentId('other') }));
    expect(reconcile(rig, ['x', 'one'])).toMatchObject([{ state: 'OPERATION_GONE_BY_OPERATOR' }]);
  });

  it('answers in pages as RECONCILE does', () => {
    const rig = engineers();
    const asked = Array.from({ length: 1500 }, (_, n) => [`x${n}`, null] as const);
    expect(reconcile(rig, ...asked)).toHaveLength(1000);
    rig.pass(100);
    expect(statusesOf(rig.told()).at(-1)?.operationId).toBe('x1499');
  });

  it('knows nothing of what another framework has done', () => {
    const rig = engineers();
    rig.accept(rig.offer(), reserve('op-a'));
    rig.subscribe({ roles: ['eng'] }, frameworkId('other'), 's9');
    rig.take();
    const operations = [{ operationId: 'op-a', agentId: null }];
    rig.call({ kind: 'RECONCILE_OPERATIONS', frameworkId: frameworkId('other'), operations });
    expect(statusesOf(rig.told())).toMatchObject([{ state: 'OPERATION_UNKNOWN' }]);
  });
});
