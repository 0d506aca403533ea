import { describe, expect, it } from 'vitest';
import type { Constraint, Demand, WaitReason } from '../../../../electron/core/allocator/types.ts';
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

const one = amounts(1000, 1024);

function reasonFor(allocator: ReturnType<typeof allocatorWith>, wanted: Demand, role = 'role'): WaitReason {
  const { verdicts } = allocator.explain({
    frameworkId: 'x',
    role,
    wanted,
    agentId: 'a',
    nowMonoMs: 0,
  });
  return verdicts[0]!.reason;
}

describe('agents that are not offered', () => {
  it.each(['draining', 'deactivated', 'unreachable'] as const)('a %s one', (mode) => {
    const allocator = allocatorWith({ agents: [agent('a', { mode })], clients: [client('x')] });
    expect(run(allocator)).toEqual([]);
    expect(reasonFor(allocator, demand(one, 1))).toBe('agent-not-active');
  });

  it('one with GPUs, to a framework that cannot use them, unless the settings say so', () => {
    const settings = { minAllocatable: [], filterGpuAgents: true, excludedFromShare: [] };
    const withGpus = agent('a', { amounts: amounts(8000, 8192, { gpus: 2 }) });
    const allocator = allocatorWith({ agents: [withGpus], clients: [client('x')], settings });
    expect(run(allocator)).toEqual([]);
    expect(reasonFor(allocator, demand(one, 1))).toBe('gpu-agent');
    accepted(allocator.setSettings({ ...settings, filterGpuAgents: false }));
    expect(given(run(allocator))).toEqual({ x: '8000/8192' });
  });

  it('none to a client that is inactive, suppressed, or waits for nothing', () => {
    for (const rest of [{ active: false }, { suppressed: true }, { demand: [] }]) {
      expect(run(allocatorWith({ agents: [agent('a')], clients: [client('x', 'role', rest)] }))).toEqual([]);
    }
  });

  it('carries planned maintenance and does not stop for it', () => {
    const unavailability = { startMs: 5, durationMs: null };
    const allocator = allocatorWith({ agents: [agent('a', { unavailability })], clients: [client('x')] });
    expect(run(allocator)[0]?.unavailability).toEqual(unavailability);
  });

  it('looks only at those that changed when asked to', () => {
    const allocator = allocatorWith({ agents: [agent('a'), agent('b')], clients: [client('x')] });
    const [first, second] = run(allocator);
    expect(run(allocator, { agents: 'touched' })).toEqual([]);
    accepted(allocator.release(first!));
    expect(allocator.touchedAgents()).toEqual([first!.agentId]);
    expect(run(allocator, { agents: 'touched' }).map(({ agentId }) => agentId)).toEqual([first!.agentId]);
    accepted(allocator.release(second!));
    expect(run(allocator, { agents: [first!.agentId] })).toEqual([]);
  });
});

describe('constraints', () => {
  const attributes = [
    { name: 'rack', text: 'r12' },
    { name: 'cores', text: null },
  ];
  const attribute = (name: string, predicate: Constraint['predicate']): Constraint => ({
    selector: { kind: 'attribute', name },
    predicate,
  });
  const table: readonly (readonly [string, boolean, Constraint])[] = [
    ['exists', true, attribute('rack', { kind: 'exists' })],
    ['exists without it', false, attribute('zone', { kind: 'exists' })],
    ['not-exists', false, attribute('rack', { kind: 'not-exists' })],
    ['not-exists of what is no text', false, attribute('cores', { kind: 'not-exists' })],
    ['text-equals', true, attribute('rack', { kind: 'text-equals', value: 'r12' })],
    ['text-equals another', false, attribute('rack', { kind: 'text-equals', value: 'r1' })],
    ['text-equals of what is no text', true, attribute('cores', { kind: 'text-equals', value: 'q' })],
    ['text-equals without it', false, attribute('zone', { kind: 'text-equals', value: 'q' })],
    ['text-not-equals', false, attribute('rack', { kind: 'text-not-equals', value: 'r12' })],
    ['text-not-equals without it', true, attribute('zone', { kind: 'text-not-equals', value: 'q' })],
    ['text-matches the whole', true, attribute('rack', { kind: 'text-matches', regex: 'r[0-9]+' })],
    ['text-matches a part', false, attribute('rack', { kind: 'text-matches', regex: 'r1' })],
    ['text-not-matches', true, attribute('rack', { kind: 'text-not-matches', regex: 'x.*' })],
    [
      'hostname',
      true,
      { selector: { kind: 'hostname' }, predicate: { kind: 'text-equals', value: 'a.test' } },
    ],
    ['region', false, { selector: { kind: 'region' }, predicate: { kind: 'exists' } }],
    ['zone', true, { selector: { kind: 'zone' }, predicate: { kind: 'text-equals', value: 'z1' } }],
  ];

  it.each(table)('%s', (_name, holds, constraint) => {
    const allocator = allocatorWith({
      agents: [agent('a', { attributes, zone: 'z1' })],
      clients: [client('x', 'role', { constraints: { groups: [[constraint]] } })],
    });
    expect(run(allocator)).toHaveLength(holds ? 1 : 0);
    accepted(allocator.putClient(client('x')));
    expect(reasonFor(allocator, demand(noAmounts, 1, { constraints: { groups: [[constraint]] } }))).not.toBe(
      holds ? 'constraints' : 'fits',
    );
  });

  it('asks for all of one group, and for any group', () => {
    const yes = attribute('rack', { kind: 'exists' });
    const no = attribute('rack', { kind: 'not-exists' });
    const offered = (groups: readonly (readonly Constraint[])[]): number =>
      run(
        allocatorWith({
          agents: [agent('a', { attributes })],
          clients: [client('x', 'role', { constraints: { groups } })],
        }),
      ).length;
    expect(offered([[yes, no]])).toBe(0);
    expect(offered([[yes, no], [yes]])).toBe(1);
    expect(offered([])).toBe(0);
  });

  it('asks anew when the attributes of the agent change', () => {
    const constraints = { groups: [[attribute('rack', { kind: 'text-equals', value: 'r13' })]] };
    const allocator = allocatorWith({
      agents: [agent('a', { attributes })],
      clients: [client('x', 'role', { constraints })],
    });
    expect(run(allocator)).toEqual([]);
    accepted(allocator.putAgent(agent('a', { attributes: [{ name: 'rack', text: 'r13' }] })));
    expect(run(allocator)).toHaveLength(1);
  });
});

describe('filters of refused offers', () => {
  const refused = { unreserved: amounts(8000, 8192), reserved: noAmounts };
  const filter = { frameworkId: 'x', role: 'role', agentId: 'a', refused, untilMonoMs: 5000 };

  it('hold back what was refused until they end', () => {
    const allocator = allocatorWith({ agents: [agent('a')], clients: [client('x')] });
    accepted(allocator.addFilter(filter));
    expect(allocator.nextExpiryMonoMs()).toBe(5000);
    expect(run(allocator, { nowMonoMs: 4999, apply: false })).toEqual([]);
    expect(run(allocator, { nowMonoMs: 5000, apply: false })).toHaveLength(1);
    expect(allocator.expireFilters(5000)).toBe(1);
    expect(allocator.nextExpiryMonoMs()).toBeNull();
  });

  it('do not hold for others, on other agents, or when there is more', () => {
    const allocator = allocatorWith({
      agents: [agent('a'), agent('b')],
      clients: [client('x'), client('y', 'role', { suppressed: true })],
    });
    accepted(allocator.addFilter(filter));
    expect(lines(run(allocator, { apply: false }))).toEqual(['x b 8000/8192']);
    accepted(allocator.putAgent(agent('a', { amounts: amounts(8001, 8192) })));
    expect(lines(run(allocator, { apply: false }))).toEqual(['x a 8001/8192', 'x b 8000/8192']);
    accepted(allocator.putAgent(agent('a')));
    accepted(allocator.putClient(client('y')));
    expect(lines(run(allocator, { agents: ['a'], apply: false }))).toEqual(['y a 8000/8192']);
  });

  it('end with REVIVE, with changed attributes and with the agent', () => {
    const endings: readonly ((allocator: ReturnType<typeof allocatorWith>) => unknown)[] = [
      (allocator) => allocator.clearFilters({ frameworkId: 'x', role: 'role' }),
      (allocator) => allocator.putAgent(agent('a', { attributes: [{ name: 'n', text: 't' }] })),
      (allocator) => [allocator.dropAgent('a'), allocator.putAgent(agent('a'))],
    ];
    for (const end of endings) {
      const allocator = allocatorWith({ agents: [agent('a')], clients: [client('x')] });
      accepted(allocator.addFilter(filter));
      expect(run(allocator)).toEqual([]);
      end(allocator);
      expect(allocator.snapshot().filters).toEqual([]);
      expect(run(allocator)).toHaveLength(1);
    }
  });

  it('are kept once when one covers the other', () => {
    const allocator = allocatorWith({ agents: [agent('a')], clients: [client('x')] });
    accepted(allocator.addFilter({ ...filter, refused: { ...refused, unreserved: one }, untilMonoMs: 10 }));
    accepted(allocator.addFilter(filter));
    accepted(allocator.addFilter({ ...filter, untilMonoMs: 4000 }));
    expect(allocator.snapshot().filters).toEqual([filter]);
  });

  it('let a refused piece grow when several wait, instead of giving the whole agent at once', () => {
    const allocator = allocatorWith({ agents: [agent('a')], clients: [client('x'), client('y')] });
    const pieces = [4000, 8000];
    const seen: string[] = [];
    for (let n = 0; n < pieces.length; n += 1) {
      for (const offer of run(allocator)) {
        if (offer.frameworkId === 'x') seen.push(String(offer.parts.unreserved.cpusMilli));
        accepted(allocator.release(offer));
        const { unreserved } = offer.parts;
        accepted(
          allocator.addFilter({ ...offer, refused: { unreserved, reserved: noAmounts }, untilMonoMs: 1e6 }),
        );
      }
    }
    expect(seen).toEqual(['4000', '8000']);
  });
});

describe('least amounts', () => {
  it('no offer below them', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(9, 31, { diskMib: 5000 }) })],
      clients: [client('x')],
    });
    expect(run(allocator)).toEqual([]);
    expect(reasonFor(allocator, demand(noAmounts, 1))).toBe('below-min-allocatable');
  });

  it('are those of the client when it has its own', () => {
    const own = client('x', 'role', { minAllocatable: [{ cpusMilli: 4000, memMib: 100 }] });
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(4000, 99) }), agent('b', { amounts: amounts(4000, 100) })],
      clients: [own],
    });
    expect(lines(run(allocator))).toEqual(['x b 4000/100']);
  });

  it('are how much a client gets at least where what is free is shared', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(4000, 8000) })],
      clients: [
        client('x', 'role', { minAllocatable: [{ cpusMilli: 500, memMib: 128 }] }),
        client('y', 'role', { demand: [demand(amounts(2000, 256), 1)] }),
        client('z', 'other', { suppressed: true }),
      ],
    });
    accepted(allocator.hold(holding('z', 'other', 'a', amounts(3500, 5000))));
    expect(lines(run(allocator))).toEqual(['x a 500/3000']);
  });

  it('do not hold back a unit that was asked for', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(9, 31) })],
      clients: [client('x', 'role', { demand: [demand(amounts(5, 5), 1)] })],
    });
    expect(lines(run(allocator))).toEqual(['x a 5/5']);
  });
});

describe('ports and sets', () => {
  const ports = [{ begin: 31_000, end: 31_007 }];

  it('go whole to the one that gets everything', () => {
    const sets = { licences: ['one', 'two'] };
    const allocator = allocatorWith({ agents: [agent('a', { ports, sets })], clients: [client('x')] });
    const [all] = run(allocator);
    expect(all?.parts).toMatchObject({ ports, sets });
    accepted(allocator.release(all!));
    expect(run(allocator)[0]?.parts).toMatchObject({ ports, sets });
  });

  it('are divided with the agent', () => {
    const allocator = allocatorWith({ agents: [agent('a', { ports })], clients: [client('x'), client('y')] });
    expect(run(allocator).map(({ parts }) => parts.ports)).toEqual([
      [{ begin: 31_000, end: 31_003 }],
      [{ begin: 31_004, end: 31_007 }],
    ]);
  });

  it('come with a unit as it asks: these very ones, and any', () => {
    const wanted = demand(one, 3, { ports: [{ begin: 31_002, end: 31_002 }], anyPorts: 2 });
    const allocator = allocatorWith({
      agents: [agent('a', { ports })],
      clients: [client('x', 'role', { demand: [wanted] })],
    });
    const [offer] = run(allocator);
    expect(offer?.units).toEqual([{ demand: 0, count: 1 }]);
    expect(offer?.parts.ports).toEqual([{ begin: 31_000, end: 31_002 }]);
    expect(reasonFor(allocator, wanted)).toBe('ports-in-use');
    expect(answerOf(allocator.hold(holding('x', 'role', 'a', noAmounts, { ports })))).toBe('more-than-free');
  });
});
