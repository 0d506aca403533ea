// Whatever a scheduler may get wrong: each a refusal of its own that says what, and the state is afterwards what it was, the
// whole of it, to the last deadline. Only the log and answers to the caller say that anything was asked.
import { describe, expect, it } from 'vitest';
import type { Call, Demand, FrameworkInfo } from '../../../../../electron/contract/framework.ts';
import type { OfferId } from '../../../../../electron/contract/ids.ts';
import type { OfferRecord, Operation } from '../../../../../electron/contract/offer.ts';
import { aTask, frameworkId, taskId } from '../../../../support/builders.ts';
import { amounts, batch, FrameworkRig, launch, reserved } from '../../../../support/framework-rig.ts';
import { aFramework } from '../../../../support/some-calls.ts';

/** Everything but the allocator's index, which is a cache, as text: what is not told apart here is the same. */
function contentOf({ state }: FrameworkRig): string {
  const { cell: _, ...session } = state.session;
  const asText = (_key: string, value: unknown): unknown => {
    const isMap = typeof value === 'object' && value !== null && Symbol.iterator in value;
    return isMap && !Array.isArray(value) ? [...(value as Iterable<unknown>)].sort() : value;
  };
  return JSON.stringify({ tables: state.tables, session }, asText, 1);
}

type Scene = { readonly rig: FrameworkRig; readonly offer: OfferRecord };

/** Two machines, one framework in `eng` and `ops` with a task, an offer of each, and a foreign one. */
function scene(): Scene {
  const rig = FrameworkRig.live(['one', 'two']);
  rig.subscribe({ roles: ['eng', 'ops'] });
  rig.pass(20);
  const [first] = rig.offers();
  if (!first) throw new Error('no offer');
  rig.accept(first, launch('there'));
  rig.call({ kind: 'REVIVE', frameworkId: batch, roles: [] });
  rig.subscribe({ roles: ['eng'] }, frameworkId('other'), 's2');
  rig.pass(40);
  const offer = rig.offers().find((each) => each.frameworkId === batch);
  if (!offer) throw new Error('no offer');
  rig.take();
  return { rig, offer };
}

const accept = (offer: OfferRecord, ...operations: Operation[]): Call => ({
  kind: 'ACCEPT',
  frameworkId: offer.frameworkId,
  offerIds: [offer.id],
  operations,
  filters: null,
});
const job = (resources: Record<string, unknown>) => launch('job', resources);
const reserve = (...roles: string[]): Operation => ({
  kind: 'RESERVE',
  resources: [reserved(roles, { cpusMilli: 1 })],
});
const volume = (persistenceId: string, diskMib: number) => ({
  ...reserved(['eng'], { diskMib }),
  volume: { persistenceId, containerPath: 'data' },
});
const request = (patch: Partial<Demand>): Call => ({
  kind: 'REQUEST',
  frameworkId: batch,
  requests: [{ role: 'eng', agentId: null, resources: amounts({ cpusMilli: 1 }), count: 1, ...patch }],
});
const update = (patch: Partial<FrameworkInfo>): Call => ({
  kind: 'UPDATE_FRAMEWORK',
  frameworkId: batch,
  info: aFramework({ roles: ['eng', 'ops'], ...patch }),
  suppressedRoles: [],
});
const least = (set: Record<string, number>) => ({ offerFilters: { eng: { minAllocatable: [set] } } });
const constrained = (regex: string) => ({
  groups: [
    [{ selector: { kind: 'hostname' as const }, predicate: { kind: 'text-matches' as const, regex } }],
  ],
});

const cases: [string, string, (scene: Scene) => Call][] = [
  // Offers
  [
    'an offer that never was',
    'offer-unknown',
    ({ offer }) => accept({ ...offer, id: 'offer-zz-1' as OfferId }),
  ],
  [
    'an offer of the future',
    'offer-unknown',
    ({ offer }) => accept({ ...offer, id: offer.id.replace(/\d+$/, '999999') as OfferId }),
  ],
  [
    'an offer that was answered',
    'offer-expired',
    ({ rig, offer }) => {
      rig.accept(offer, launch('second'));
      rig.take();
      return accept(offer, launch('job'));
    },
  ],
  [
    'an offer that ran out',
    'offer-expired',
    ({ rig, offer }) => {
      rig.keepLive(16_000, 'one', 'two');
      rig.take();
      return accept(offer, launch('job'));
    },
  ],
  [
    'an offer of an agent that went away',
    'offer-expired',
    ({ rig, offer }) => {
      rig.post({
        kind: 'link-down',
        machineId: offer.machineId,
        refusal: { code: 'unreachable', reason: 'x', detail: '' },
      });
      rig.take();
      return accept(offer, launch('job'));
    },
  ],
  [
    'an offer of somebody else',
    'offer-foreign',
    ({ offer }) => accept({ ...offer, frameworkId: frameworkId('other') }, launch('job')),
  ],
  [
    'the same offer twice',
    'offer-twice',
    ({ offer }) => ({ ...accept(offer, launch('job')), offerIds: [offer.id, offer.id] }) as Call,
  ],
  // Amounts
  ['more CPU than offered', 'more-than-offered', ({ offer }) => accept(offer, job({ cpusMilli: 4001 }))],
  ['more memory than offered', 'more-than-offered', ({ offer }) => accept(offer, job({ memMib: 8193 }))],
  ['more disk than offered', 'more-than-offered', ({ offer }) => accept(offer, job({ diskMib: 100_001 }))],
  ['a GPU where none is', 'more-than-offered', ({ offer }) => accept(offer, job({ gpus: 1 }))],
  [
    'ports that are not offered',
    'more-than-offered',
    ({ offer }) => accept(offer, job({ ports: [{ begin: 80, end: 80 }] })),
  ],
  [
    'the same port twice',
    'more-than-offered',
    ({ offer }) =>
      accept(
        offer,
        job({
          ports: [
            { begin: 31_000, end: 31_001 },
            { begin: 31_001, end: 31_001 },
          ],
        }),
      ),
  ],
  [
    'two tasks that do not fit together',
    'more-than-offered',
    ({ offer }) => accept(offer, launch('a', { cpusMilli: 2500 }), launch('b', { cpusMilli: 2500 })),
  ],
  ['a negative amount', 'amount-negative', ({ offer }) => accept(offer, job({ cpusMilli: -1 }))],
  [
    'a range that goes down',
    'amount-negative',
    ({ offer }) => accept(offer, job({ ports: [{ begin: 9, end: 8 }] })),
  ],
  ['NaN', 'amount-not-a-number', ({ offer }) => accept(offer, job({ memMib: Number.NaN }))],
  [
    'Infinity',
    'amount-not-a-number',
    ({ offer }) => accept(offer, job({ diskMib: Number.POSITIVE_INFINITY })),
  ],
  ['a text', 'amount-not-a-number', ({ offer }) => accept(offer, job({ memMib: '256' }))],
  [
    'nothing where a number belongs',
    'amount-not-a-number',
    ({ offer }) => accept(offer, job({ memMib: undefined })),
  ],
  [
    'a port that is no number',
    'amount-not-a-number',
    ({ offer }) => accept(offer, job({ ports: [{ begin: Number.NaN, end: 1 }] })),
  ],
  ['a part of 0.001 CPU', 'amount-fractional', ({ offer }) => accept(offer, job({ cpusMilli: 0.5 }))],
  ['a part of a MiB', 'amount-fractional', ({ offer }) => accept(offer, job({ memMib: 256.001 }))],
  ['more than can be counted', 'amount-fractional', ({ offer }) => accept(offer, job({ memMib: 2 ** 60 }))],
  [
    'ranges for a scalar',
    'resource-type-mixed',
    ({ offer }) => accept(offer, job({ cpusMilli: [{ begin: 1, end: 2 }] })),
  ],
  ['a scalar for ranges', 'resource-type-mixed', ({ offer }) => accept(offer, job({ ports: 3 }))],
  [
    'a set for a scalar',
    'resource-type-mixed',
    ({ offer }) => accept(offer, job({ memMib: { item: ['a'] } })),
  ],
  ['a resource that is none', 'resource-unknown', ({ offer }) => accept(offer, job({ licences: 1 }))],
  ['a task of nothing', 'task-without-resources', ({ offer }) => accept(offer, launch('job', amounts()))],
  [
    'parts that are not what the task asks for',
    'more-than-offered',
    ({ offer }) => accept(offer, launch('job', {}, [reserved([], { cpusMilli: 1 })])),
  ],
  // Ids
  ['the id of a task that runs', 'task-exists', ({ offer }) => accept(offer, launch('there'))],
  ['one id for two tasks', 'task-exists', ({ offer }) => accept(offer, launch('job'), launch('job'))],
  [
    'one id twice in a group',
    'task-exists',
    ({ offer }) => {
      const tasks = [aTask('job'), aTask('job')].map((info) => ({ info, uses: null }));
      return accept(offer, { kind: 'LAUNCH_GROUP', tasks });
    },
  ],
  // Roles
  ...['', '.', '..', '-eng', 'a b', 'a\tb', '/eng', 'eng/', 'a//b', 'a/*', 'a/.', 'a/../b', 'a/-b'].map(
    (role): [string, string, (scene: Scene) => Call] => [
      `a role that is called ${JSON.stringify(role)}`,
      'role-name',
      () => update({ roles: [role] }),
    ],
  ),
  ['no role', 'role-missing', () => update({ roles: [] })],
  ['a role twice', 'role-twice', () => update({ roles: ['eng', 'eng'] })],
  ['two roles without MULTI_ROLE', 'multi-role-needed', () => update({ capabilities: [] })],
  [
    'SUPPRESS of a role it is not in',
    'role-not-subscribed',
    () => ({ kind: 'SUPPRESS', frameworkId: batch, roles: ['hr'] }),
  ],
  [
    'REVIVE of a role it is not in',
    'role-not-subscribed',
    () => ({ kind: 'REVIVE', frameworkId: batch, roles: ['eng', 'hr'] }),
  ],
  ['REQUEST for a role it is not in', 'role-not-subscribed', () => request({ role: 'hr' })],
  ['REQUEST for what is no role', 'role-name', () => request({ role: 'a//b' })],
  [
    'a least amount for a role it is not in',
    'role-not-subscribed',
    () => update({ offerFilters: { hr: { minAllocatable: [] } } }),
  ],
  [
    'constraints for a role it is not in',
    'role-not-subscribed',
    () => ({ ...update({}), offerConstraints: { hr: constrained('.*') } }) as Call,
  ],
  [
    'a reservation for a role that is not its own',
    'reservation-wrong',
    ({ offer }) => accept(offer, reserve('hr')),
  ],
  ['a reservation for everybody', 'reservation-wrong', ({ offer }) => accept(offer, reserve('*'))],
  ['a reservation for what is no role', 'reservation-wrong', ({ offer }) => accept(offer, reserve('a//b'))],
  ['a reservation for nobody', 'reservation-wrong', ({ offer }) => accept(offer, reserve())],
  [
    'a refinement that leads elsewhere',
    'reservation-wrong',
    ({ offer }) => accept(offer, reserve('ops', 'eng')),
  ],
  // Reservations and volumes
  [
    'a reservation of ports',
    'ports-not-reservable',
    ({ offer }) =>
      accept(offer, {
        kind: 'RESERVE',
        resources: [reserved(['eng'], { ports: [{ begin: 31_000, end: 31_000 }] })],
      }),
  ],
  [
    'a reservation of a part of 0.001 CPU',
    'amount-fractional',
    ({ offer }) => accept(offer, { kind: 'RESERVE', resources: [reserved(['eng'], { cpusMilli: 0.25 })] }),
  ],
  [
    'giving back what is not reserved',
    'more-than-offered',
    ({ offer }) => accept(offer, { kind: 'UNRESERVE', resources: [reserved(['eng'], { cpusMilli: 1 })] }),
  ],
  [
    'a volume of nothing reserved',
    'more-than-offered',
    ({ offer }) => accept(offer, { kind: 'CREATE', volumes: [volume('v', 9)] }),
  ],
  [
    'a volume that nobody made',
    'volume-unknown',
    ({ offer }) => accept(offer, { kind: 'DESTROY', volumes: [volume('v', 9)] }),
  ],
  // What is wanted
  ['REQUEST for less than nothing', 'amount-negative', () => request({ resources: amounts({ memMib: -1 }) })],
  [
    'REQUEST for no number',
    'amount-not-a-number',
    () => request({ resources: amounts({ memMib: Number.NaN }) }),
  ],
  ['REQUEST for a part of a unit', 'amount-not-a-number', () => request({ count: 1.5 })],
  ['REQUEST with half a priority', 'priority-wrong', () => request({ priority: 0.5 })],
  [
    'REQUEST with a pattern that cannot be read',
    'constraints-wrong',
    () => request({ constraints: constrained('(') }),
  ],
  ['a least amount below zero', 'amount-negative', () => update(least({ cpusMilli: -1 }))],
  ['a least amount that is no number', 'amount-not-a-number', () => update(least({ memMib: Number.NaN }))],
  ['a least amount of nothing', 'amount-not-a-number', () => update(least({}))],
  [
    'a pattern that looks back',
    'constraints-wrong',
    () => ({ ...update({}), offerConstraints: { eng: constrained('(a)\\1') } }) as Call,
  ],
  // Who and what
  [
    'a framework that is not known',
    'framework-unknown',
    () => ({ kind: 'TEARDOWN', frameworkId: frameworkId('nobody') }),
  ],
  [
    'an update that is not owed',
    'update-unknown',
    ({ offer }) => ({
      kind: 'ACKNOWLEDGE',
      frameworkId: batch,
      agentId: offer.agentId,
      taskId: taskId('there'),
      uuid: 'nothing',
    }),
  ],
  [
    'a message to an executor that is not there',
    'executor-unknown',
    ({ offer }) => ({
      kind: 'MESSAGE',
      frameworkId: batch,
      agentId: offer.agentId,
      executorId: 'e',
      data: '',
    }),
  ],
  [
    'the end of an executor that is not there',
    'executor-unknown',
    ({ offer }) => ({ kind: 'SHUTDOWN', frameworkId: batch, agentId: offer.agentId, executorId: 'e' }),
  ],
];

describe('what a scheduler gets wrong', () => {
  it.each(cases)('%s is refused as %s, and nothing has changed', (_, reason, callOf) => {
    const it = scene();
    const call = callOf(it);
    const before = contentOf(it.rig);
    const refusal = it.rig.call(
      call.kind === 'ACCEPT' && call.operations.length === 0
        ? { ...call, operations: [launch('job')] }
        : call,
    );
    expect(refusal).toMatchObject({ reason });
    expect(refusal?.detail).not.toBe('');
    expect(contentOf(it.rig)).toBe(before);
  });

  it('offers of two agents, and of two roles', () => {
    const rig = FrameworkRig.live(['one', 'two']);
    rig.subscribe({ roles: ['eng', 'ops'] });
    rig.pass(20);
    const before = contentOf(rig);
    const offerIds = rig.offers().map(({ id }) => id);
    expect(offerIds).toHaveLength(2);
    const call = { kind: 'ACCEPT', frameworkId: batch, offerIds, filters: null } as const;
    expect(rig.call({ ...call, operations: [launch('job')] })).toMatchObject({
      reason: 'offers-of-two-agents',
    });
    expect(contentOf(rig)).toBe(before);
  });

  it('the content that is compared tells one deadline from another', () => {
    const { rig, offer } = scene();
    const before = contentOf(rig);
    rig.call({ kind: 'DECLINE', frameworkId: batch, offerIds: [offer.id], filters: { refuseMs: 20_000 } });
    expect(contentOf(rig)).not.toBe(before);
  });
});
