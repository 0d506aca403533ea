import { describe, expect, it } from 'vitest';
import type { AgentReservation } from '../../../../electron/core/allocator/types.ts';
import {
  accepted,
  agent,
  allocatorWith,
  amounts,
  answerOf,
  client,
  demand,
  given,
  holding,
  lines,
  noAmounts,
  run,
} from '../../../support/allocator-rig.ts';

const one = amounts(1000, 1000);
const twelve = { amounts: amounts(12_000, 12_000) };
const endless = (role: string) => client(role, role, { demand: [demand(one, 1000)] });

function reservation(id: string, role: string, rest: Partial<AgentReservation> = {}): AgentReservation {
  return { id, role, amounts: amounts(4000, 4000), kind: 'dynamic', ...rest };
}

describe('limits', () => {
  it('are never passed, by the role and those below together', () => {
    const allocator = allocatorWith({
      agents: [agent('a', twelve)],
      clients: [endless('eng/dev'), endless('eng/test'), endless('sales')],
    });
    accepted(allocator.setQuota('eng', { guarantee: {}, limit: { cpusMilli: 3000 } }));
    expect(given(run(allocator))).toEqual({
      'eng/dev': '2000/2000',
      'eng/test': '1000/1000',
      sales: '9000/9000',
    });
    const { verdicts } = allocator.explain({
      frameworkId: 'eng/dev',
      role: 'eng/dev',
      wanted: demand(one, 1),
      agentId: 'a',
      nowMonoMs: 0,
    });
    expect(verdicts[0]).toMatchObject({
      reason: 'quota-limit',
      shortage: { resource: 'cpusMilli', wanted: 1000, there: 0 },
    });
  });

  it('cut what is offered without demand', () => {
    const allocator = allocatorWith({ agents: [agent('a', twelve)], clients: [client('x')] });
    accepted(allocator.setQuota('role', { guarantee: {}, limit: { cpusMilli: 5000 } }));
    expect(given(run(allocator))).toEqual({ x: '5000/12000' });
  });

  it('count all that is reserved for the role, held or not', () => {
    const reservations = [reservation('r', 'eng/dev')];
    const allocator = allocatorWith({
      agents: [agent('a', { ...twelve, reservations })],
      clients: [endless('eng/dev')],
    });
    accepted(allocator.setQuota('eng', { guarantee: {}, limit: { cpusMilli: 5000 } }));
    expect(given(run(allocator))).toEqual({ 'eng/dev': '5000/5000' });
    expect(allocator.sums().roles[0]).toMatchObject({
      role: 'eng',
      consumed: amounts(5000, 5000),
      reserved: amounts(4000, 4000),
      limit: { cpusMilli: 5000 },
    });
  });

  it('below what is consumed are refused unless forced', () => {
    const allocator = allocatorWith({ agents: [agent('a', twelve)], clients: [endless('eng')] });
    run(allocator);
    const quota = { guarantee: {}, limit: { cpusMilli: 5000 } };
    expect(answerOf(allocator.setQuota('eng', quota))).toBe('limit-below-consumed');
    expect(answerOf(allocator.setQuota('eng', quota, true))).toBe('accepted');
    expect(run(allocator)).toEqual([]);
  });
});

describe('guarantees', () => {
  it('are served before shares', () => {
    const allocator = allocatorWith({
      agents: [agent('a', twelve)],
      clients: [endless('eng'), endless('sales')],
    });
    accepted(allocator.setQuota('eng', { guarantee: { cpusMilli: 9000 }, limit: {} }));
    expect(given(run(allocator))).toEqual({ eng: '9000/9000', sales: '3000/3000' });
  });

  it('are held back for a role that has no framework yet', () => {
    const allocator = allocatorWith({ agents: [agent('a', twelve)], clients: [endless('sales')] });
    accepted(allocator.setQuota('eng', { guarantee: { cpusMilli: 9000 }, limit: {} }));
    expect(given(run(allocator))).toEqual({ sales: '3000/3000' });
    expect(allocator.sums().headroom).toEqual(amounts(9000, 0));
    const { verdicts } = allocator.explain({
      frameworkId: 'sales',
      role: 'sales',
      wanted: demand(one, 1),
      agentId: null,
      nowMonoMs: 0,
    });
    expect(verdicts.map(({ reason }) => reason)).toEqual(['quota-headroom']);
    accepted(allocator.putClient(endless('eng')));
    expect(given(run(allocator))).toEqual({ eng: '9000/9000' });
  });

  it('are held back also from pieces', () => {
    const allocator = allocatorWith({
      agents: [agent('a', twelve), agent('b', twelve)],
      clients: [client('x', 'sales'), client('y', 'sales')],
    });
    accepted(allocator.setQuota('eng', { guarantee: { cpusMilli: 9000, memMib: 9000 }, limit: {} }));
    run(allocator);
    expect(allocator.sums().roles.find(({ role }) => role === 'sales')?.allocated).toEqual(
      amounts(15_000, 15_000),
    );
  });

  it('give pieces up to the guarantee, and of the rest up to the headroom of others', () => {
    const allocator = allocatorWith({ agents: [agent('a', twelve)], clients: [client('x', 'eng')] });
    accepted(allocator.setQuota('eng', { guarantee: { cpusMilli: 4000 }, limit: { cpusMilli: 4000 } }));
    accepted(allocator.setQuota('ops', { guarantee: { memMib: 5000 }, limit: {} }));
    expect(given(run(allocator))).toEqual({ x: '4000/7000' });
  });

  it('count what is reserved, so no more is held back', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { ...twelve, reservations: [reservation('r', 'eng')] })],
      clients: [endless('sales')],
    });
    accepted(allocator.setQuota('eng', { guarantee: { cpusMilli: 4000 }, limit: {} }));
    expect(allocator.sums().headroom).toEqual(noAmounts);
    expect(given(run(allocator))).toEqual({ sales: '8000/8000' });
  });

  it('end with the quota, and a role that nothing is kept for goes with it', () => {
    const allocator = allocatorWith({ agents: [agent('a', twelve)], clients: [endless('sales')] });
    accepted(allocator.setQuota('eng', { guarantee: { cpusMilli: 9000 }, limit: {} }));
    accepted(allocator.setQuota('eng', null));
    expect(allocator.sums().roles.map(({ role }) => role)).toEqual(['sales']);
    expect(given(run(allocator))).toEqual({ sales: '12000/12000' });
  });

  it.each([
    ['eng/dev', { guarantee: {}, limit: {} }, 'quota-on-nested-role'],
    ['*', { guarantee: {}, limit: {} }, 'quota-on-default-role'],
    ['eng', { guarantee: { memMib: 2 }, limit: { memMib: 1 } }, 'guarantee-above-limit'],
    ['eng', { guarantee: { memMib: -2 }, limit: {} }, 'amount-negative'],
  ])('quota on %s of %j is refused: %s', (role, quota, reason) => {
    expect(answerOf(allocatorWith({}).setQuota(role, quota))).toBe(reason);
  });
});

describe('reservations', () => {
  it('are for the role and those below, for nobody else', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { ...twelve, reservations: [reservation('r', 'eng')] })],
      clients: [endless('eng/dev'), endless('sales')],
    });
    expect(given(run(allocator))).toEqual({ 'eng/dev': '6000/6000', sales: '6000/6000' });
  });

  it('say so to others: what they want is reserved', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { ...twelve, reservations: [reservation('r', 'eng')] })],
      clients: [client('x', 'sales', { demand: [] })],
    });
    const ask = (cpusMilli: number) =>
      allocator.explain({
        frameworkId: 'x',
        role: 'sales',
        wanted: demand(amounts(cpusMilli, 0), 1),
        agentId: null,
        nowMonoMs: 0,
      }).counts;
    expect(ask(8000)).toEqual({ fits: 1 });
    expect(ask(8001)).toEqual({ 'reserved-for-others': 1 });
    expect(ask(12_001)).toEqual({ 'agent-too-small': 1 });
    accepted(allocator.hold(holding('x', 'sales', 'a', one)));
    expect(ask(8000)).toEqual({ 'resources-in-use': 1 });
  });

  it('are used before the unreserved, the most refined first', () => {
    const allocator = allocatorWith({
      agents: [
        agent('a', { ...twelve, reservations: [reservation('wide', 'eng'), reservation('fine', 'eng/dev')] }),
      ],
      clients: [client('x', 'eng/dev', { demand: [demand(amounts(5000, 5000), 2)] })],
    });
    const [offer] = run(allocator);
    expect(offer?.parts).toEqual({
      unreserved: amounts(2000, 2000),
      reserved: [
        { reservationId: 'fine', amounts: amounts(4000, 4000) },
        { reservationId: 'wide', amounts: amounts(4000, 4000) },
      ],
      ports: [],
    });
    accepted(allocator.release(offer!));
    expect(allocator.sums().allocated).toEqual(noAmounts);
  });

  it('come with a piece, and a volume comes whole', () => {
    const volume = reservation('v', 'eng', {
      amounts: { ...noAmounts, diskMib: 500 },
      volume: true,
    });
    const allocator = allocatorWith({
      agents: [
        agent('a', {
          amounts: amounts(12_000, 12_000, { diskMib: 1000 }),
          reservations: [reservation('r', 'eng'), volume],
        }),
      ],
      clients: [client('x', 'eng'), client('y', 'eng')],
    });
    const offers = run(allocator);
    const withVolume = offers.filter(({ parts }) => parts.reserved.some((one) => one.reservationId === 'v'));
    expect(withVolume).toHaveLength(1);
    expect(given(offers)).toEqual({ x: '6000/6000', y: '6000/6000' });
  });

  it('a volume comes with the unit that names it, and is not used for others', () => {
    const volume = reservation('v', 'eng', { amounts: { ...noAmounts, diskMib: 500 }, volume: true });
    const some = { ...noAmounts, diskMib: 600 };
    const allocator = allocatorWith({
      agents: [
        agent('a', { amounts: amounts(12_000, 12_000, { diskMib: 1000 }), reservations: [volume] }),
        agent('b', twelve),
      ],
      clients: [client('x', 'eng', { demand: [demand(some, 1), demand(one, 1, { volumes: ['v'] })] })],
    });
    const offers = run(allocator);
    expect(offers.map(({ units, parts }) => [units, parts.reserved])).toEqual([
      [[{ demand: 1, count: 1 }], [{ reservationId: 'v', amounts: { ...noAmounts, diskMib: 500 } }]],
    ]);
    const { counts } = allocator.explain({
      frameworkId: 'x',
      role: 'eng',
      wanted: demand(one, 1, { volumes: ['v'] }),
      agentId: null,
      nowMonoMs: 0,
    });
    expect(counts).toEqual({ 'volume-missing': 2 });
  });

  it('that somebody holds keep their role', () => {
    const reserved = [{ reservationId: 'r', amounts: one }];
    const allocator = allocatorWith({
      agents: [agent('a', { ...twelve, reservations: [reservation('r', 'eng')] })],
      clients: [client('x', 'eng'), client('y', 'sales')],
    });
    accepted(allocator.hold(holding('x', 'eng', 'a', noAmounts, { reserved })));
    expect(answerOf(allocator.putAgent(agent('a', twelve)))).toBe('reservation-in-use');
    expect(answerOf(allocator.hold(holding('y', 'sales', 'a', noAmounts, { reserved })))).toBe(
      'reserved-for-others',
    );
    const wider = reservation('r', 'eng', { amounts: amounts(6000, 6000) });
    accepted(allocator.putAgent(agent('a', { ...twelve, reservations: [wider] })));
    expect(lines(run(allocator, { apply: false }))).toEqual(['x a 5000/5000', 'y a 6000/6000']);
  });

  it('are made out of what was offered: release, put the agent, hold', () => {
    const allocator = allocatorWith({ agents: [agent('a', twelve)], clients: [client('x', 'eng')] });
    const [offer] = run(allocator);
    accepted(allocator.release(offer!));
    accepted(allocator.putAgent(agent('a', { ...twelve, reservations: [reservation('r', 'eng')] })));
    const reserved = [{ reservationId: 'r', amounts: amounts(4000, 4000) }];
    accepted(allocator.hold(holding('x', 'eng', 'a', amounts(8000, 8000), { reserved })));
    expect(allocator.sums()).toMatchObject({ free: noAmounts, allocated: amounts(12_000, 12_000) });
  });
});
