import { describe, expect, it } from 'vitest';
import {
  accepted,
  agent,
  allocatorWith,
  amounts,
  client,
  demand,
  given,
  holding,
  lines,
  noAmounts,
  run,
} from '../../../support/allocator-rig.ts';

const many = 1000;

describe('dominant resource fairness', () => {
  it('fills the example of the DRF paper: 3 tasks of <1 CPU, 4 GB> and 2 of <3 CPUs, 1 GB> on 9 CPUs and 18 GB', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(9000, 18_432) })],
      clients: [
        client('A', 'a', { demand: [demand(amounts(1000, 4096), many)] }),
        client('B', 'b', { demand: [demand(amounts(3000, 1024), many)] }),
      ],
    });
    expect(given(run(allocator))).toEqual({ A: '3000/12288', B: '6000/2048' });
    const shares = allocator.sums().roles.map(({ role, share, dominant }) => [role, share, dominant]);
    expect(shares).toEqual([
      ['a', 2 / 3, 'memMib'],
      ['b', 2 / 3, 'cpusMilli'],
    ]);
  });

  it('fills the same over three machines', () => {
    const allocator = allocatorWith({
      agents: ['a', 'b', 'c'].map((id) => agent(id, { amounts: amounts(3000, 6144) })),
      clients: [
        client('A', 'a', { demand: [demand(amounts(1000, 4096), many)] }),
        client('B', 'b', { demand: [demand(amounts(3000, 1024), many)] }),
      ],
    });
    // Whole tasks on real machines: A's task and B's do not fit on one machine together.
    expect(lines(run(allocator))).toHaveLength(3);
  });

  it('divides by weight', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(9000, 9000) })],
      clients: ['a', 'b'].map((role) => client(role, role, { demand: [demand(amounts(1000, 1000), many)] })),
    });
    accepted(allocator.setWeight('b', 2));
    expect(given(run(allocator))).toEqual({ a: '3000/3000', b: '6000/6000' });
  });

  it('shares level by level in the tree of roles', () => {
    // Mesos' docs/roles.md: eng and sales are equal, then eng/dev and eng/test share what eng has.
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(12_000, 12_000) })],
      clients: ['eng/dev', 'eng/test', 'sales'].map((role) =>
        client(role, role, { demand: [demand(amounts(1000, 1000), many)] }),
      ),
    });
    expect(given(run(allocator))).toEqual({
      'eng/dev': '3000/3000',
      'eng/test': '3000/3000',
      sales: '6000/6000',
    });
  });

  it('lets a role that is also a parent compete with its children as one of them', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(12_000, 12_000) })],
      clients: ['eng', 'eng/dev', 'eng/test', 'sales'].map((role) =>
        client(role, role, { demand: [demand(amounts(1000, 1000), many)] }),
      ),
    });
    accepted(allocator.setWeight('eng', 1));
    expect(given(run(allocator))).toEqual({
      eng: '2000/2000',
      'eng/dev': '2000/2000',
      'eng/test': '2000/2000',
      sales: '6000/6000',
    });
  });

  it('breaks ties by the number of allocations, then by name', () => {
    const allocator = allocatorWith({
      agents: [agent('a'), agent('b')],
      clients: [client('x'), client('y'), client('z')],
    });
    accepted(allocator.putAgent(agent('b', { mode: 'deactivated' })));
    const first = (): string => {
      const [one] = run(allocator, { agents: ['a'] });
      accepted(allocator.release(one!));
      return one!.frameworkId;
    };
    const all = { x: 0, y: 0, z: 0 };
    expect(Object.keys(all)).toContain(first());
    const counts = allocator.sums().clients.map(({ allocations }) => allocations);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });

  it('does not count what the settings leave out of shares', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(8000, 8000, { gpus: 1 }) })],
      clients: ['x', 'y'].map((id) => client(id, id, { gpuCapable: true })),
      settings: { minAllocatable: [{ cpusMilli: 10 }], filterGpuAgents: true, excludedFromShare: ['gpus'] },
    });
    accepted(allocator.hold(holding('x', 'x', 'a', { ...noAmounts, gpus: 1 })));
    expect(allocator.sums().clients[0]).toMatchObject({ share: 0, dominant: null });
  });
});

describe('without demand', () => {
  it('cuts a piece from two places that holds what it takes at least, though each is rounded down', () => {
    const reserved = { id: 'r', role: 'ops', amounts: amounts(300, 128), kind: 'static' } as const;
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(4000, 8192), reservations: [reserved] })],
      clients: [
        client('x', 'ops', { minAllocatable: [{ cpusMilli: 500, memMib: 128 }] }),
        // It waits too, and nothing is large enough for it.
        client('y', 'big', { demand: [demand(amounts(9000, 64), 1)] }),
      ],
    });
    accepted(allocator.setWeight('big', 8));
    const parts = run(allocator).flatMap(({ parts: { unreserved, reserved } }) => [
      unreserved,
      ...reserved.map((each) => each.amounts),
    ]);
    expect(parts.reduce((sum, { cpusMilli }) => sum + cpusMilli, 0)).toBeGreaterThanOrEqual(500);
  });

  it('gives a framework that waits alone everything', () => {
    const allocator = allocatorWith({ agents: [agent('a'), agent('b')], clients: [client('x')] });
    expect(lines(run(allocator))).toEqual(['x a 8000/8192', 'x b 8000/8192']);
  });

  it('gives four frameworks on three machines three quarters of a machine each', () => {
    const allocator = allocatorWith({
      agents: [agent('a'), agent('b'), agent('c')],
      clients: ['w', 'x', 'y', 'z'].map((id) => client(id)),
    });
    expect(given(run(allocator))).toEqual({
      w: '6000/6144',
      x: '6000/6144',
      y: '6000/6144',
      z: '6000/6144',
    });
  });

  it('gives whole agents when they come out even', () => {
    const allocator = allocatorWith({
      agents: Array.from({ length: 20 }, (_, n) => agent(`a${n}`)),
      clients: ['x', 'y'].map((id) => client(id)),
    });
    const allocations = run(allocator);
    expect(allocations).toHaveLength(20);
    expect(given(allocations)).toEqual({ x: '80000/81920', y: '80000/81920' });
  });

  it('gives the rest to the one that has least', () => {
    const allocator = allocatorWith({
      agents: [agent('a'), agent('b')],
      clients: ['x', 'y'].map((id) => client(id)),
    });
    accepted(allocator.hold(holding('x', 'role', 'a', amounts(8000, 8192))));
    expect(given(run(allocator))).toEqual({ y: '8000/8192' });
  });
});
