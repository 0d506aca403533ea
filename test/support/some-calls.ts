// Calls of two frameworks over few names, sensible and not: a random walk meets every combination.
import type { Call, FrameworkInfo } from '../../electron/contract/framework.ts';
import type { InverseOfferId, OfferId } from '../../electron/contract/ids.ts';
import type { Operation } from '../../electron/contract/offer.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import type { ResourcePart } from '../../electron/contract/role.ts';
import { agentId, aTask, frameworkId, taskId } from './builders.ts';

type Pick = <T>(values: readonly T[]) => T;

const small: Resources = { cpusMilli: 500, memMib: 256, diskMib: 100, gpus: 0, ports: [] };

export function aFramework(patch: Partial<FrameworkInfo> = {}): FrameworkInfo {
  return {
    name: 'batch',
    user: 'ada',
    roles: ['*'],
    capabilities: ['PARTITION_AWARE', 'MULTI_ROLE', 'RESERVATION_REFINEMENT'],
    failoverTimeoutMs: 60_000,
    offerFilters: {},
    ...patch,
  };
}

export function someCall(pick: Pick): Call {
  const id = frameworkId(pick(['x', 'y']));
  const offerIds = [pick([1, 2, 3, 4, 5, 6, 7, 8, 20, 40]), pick([1, 2, 3])]
    .slice(0, pick([1, 1, 2]))
    .map((n) => `offer-1-${n}` as OfferId);
  const filters = pick([
    null,
    { refuseMs: 0 },
    { refuseMs: 60_000 },
    { refuseMs: -1 },
    { refuseMs: Number.NaN },
  ]);
  const info = aFramework({
    roles: pick([['*'], ['eng'], ['eng/dev', 'ops'], ['a//b'], []]),
    failoverTimeoutMs: pick([0, 60_000]),
    capabilities: pick([['PARTITION_AWARE', 'MULTI_ROLE', 'RESERVATION_REFINEMENT'], []] as const).slice(),
  });
  const roles = pick([[], [], ['*'], ['nobody']]);
  const accept = (): Call => ({
    kind: 'ACCEPT',
    frameworkId: id,
    offerIds,
    operations: [someOperation(pick), someOperation(pick)].slice(0, pick([0, 1, 1, 2])),
    filters,
  });
  return pick<() => Call>([
    () => ({ kind: 'SUBSCRIBE', frameworkId: id, info, suppressedRoles: [], streamId: pick(['s1', 's2']) }),
    () => ({ kind: 'TEARDOWN', frameworkId: id }),
    accept,
    accept,
    accept,
    () => ({ kind: 'DECLINE', frameworkId: id, offerIds, filters }),
    () => ({ kind: 'REVIVE', frameworkId: id, roles }),
    () => ({ kind: 'SUPPRESS', frameworkId: id, roles }),
    () => ({
      kind: 'REQUEST',
      frameworkId: id,
      requests: pick([[], [{ role: '*', agentId: null, resources: small, count: 2 }]]),
    }),
    () => ({
      kind: 'KILL',
      frameworkId: id,
      taskId: taskId(pick(['a', 'b', 'fx1'])),
      agentId: null,
      graceMs: pick([null, 100]),
    }),
    () => ({
      kind: 'ACKNOWLEDGE',
      frameworkId: id,
      agentId: agentId('one'),
      taskId: taskId(pick(['a', 'fx1', 'fx2'])),
      uuid: pick(['same', 'u1']),
    }),
    () => ({
      kind: 'RECONCILE',
      frameworkId: id,
      tasks: pick([[], [{ taskId: taskId('fx1'), agentId: agentId(pick(['one', 'nobody'])) }]]),
    }),
    () => ({
      kind: 'ACKNOWLEDGE_OPERATION_STATUS',
      frameworkId: id,
      agentId: pick([null, agentId('one')]),
      operationId: pick(['op1', 'op2']),
      uuid: 'u1',
    }),
    () => ({
      kind: 'RECONCILE_OPERATIONS',
      frameworkId: id,
      operations: pick([[], [{ operationId: 'op1', agentId: agentId(pick(['one', 'nobody'])) }]]),
    }),
    () => ({
      kind: pick(['ACCEPT_INVERSE_OFFERS', 'DECLINE_INVERSE_OFFERS']),
      frameworkId: id,
      inverseOfferIds: [pick([1, 2, 3, 5, 8, 13, 20, 40])].map((n) => `inverse-1-${n}` as InverseOfferId),
      filters,
    }),
    () => ({ kind: 'MESSAGE', frameworkId: id, agentId: agentId('one'), executorId: 'e', data: '' }),
    () => ({ kind: 'UPDATE_FRAMEWORK', frameworkId: id, info, suppressedRoles: [] }),
  ])();
}

function someOperation(pick: Pick): Operation {
  const role = pick(['eng', 'eng/dev', 'ops', '*']);
  const amounts = pick([
    small,
    { ...small, cpusMilli: 9999 },
    { ...small, cpusMilli: -1 },
    { ...small, memMib: 0.5 },
  ]);
  const part: ResourcePart = { reservation: pick([[role], ['eng', 'eng/dev']]), volume: null, amounts };
  const disk = { cpusMilli: 0, memMib: 0, diskMib: 50, gpus: 0, ports: [] };
  const volume: ResourcePart = {
    ...part,
    amounts: disk,
    volume: { persistenceId: pick(['v1', 'v2']), containerPath: 'data' },
  };
  const launch = (n: string) => ({ info: { ...aTask(n), resources: amounts }, uses: null });
  const named = pick([{}, { id: pick(['op1', 'op2', 'op3']) }]);
  return pick<() => Operation>([
    () => ({ kind: 'LAUNCH', tasks: [launch(pick(['fx1', 'fx2', 'fx3']))] }),
    () => ({ kind: 'LAUNCH_GROUP', tasks: [launch('g1'), launch('g2')] }),
    () => ({ kind: 'RESERVE', ...named, resources: [part] }),
    () => ({ kind: 'UNRESERVE', ...named, resources: [part] }),
    () => ({ kind: 'CREATE', ...named, volumes: [volume] }),
    () => ({ kind: 'DESTROY', ...named, volumes: [volume] }),
  ])();
}
