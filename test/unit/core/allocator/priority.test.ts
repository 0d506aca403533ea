import { describe, expect, it } from 'vitest';
import {
  agent,
  allocatorWith,
  amounts,
  answerOf,
  client,
  demand,
  given,
  run,
} from '../../../support/allocator-rig.ts';

const one = amounts(1000, 1024);
const two = amounts(2000, 2048);

describe('a priority', () => {
  it('puts a demand before those that were said earlier', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: two })],
      clients: [
        client('A', 'role', {
          demand: [demand(one, 5), demand(one, 5, { priority: -1 }), demand(one, 1, { priority: 7 })],
        }),
      ],
    });
    expect(run(allocator).flatMap(({ units }) => units)).toEqual([
      { demand: 2, count: 1 },
      { demand: 0, count: 1 },
    ]);
  });

  it('counts before the machine that is wanted', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(3000, 3072) })],
      clients: [
        client('A', 'role', {
          demand: [
            demand(one, 1, { agentId: 'a', priority: 9 }),
            demand(one, 1, { agentId: 'a' }),
            demand(one, 2, { priority: 5 }),
          ],
        }),
      ],
    });
    expect(run(allocator).flatMap(({ units }) => units)).toEqual([
      { demand: 0, count: 1 },
      { demand: 2, count: 2 },
    ]);
  });

  it('goes before shares among the frameworks of a role, for no more than the units that have it', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: amounts(6000, 6144) })],
      clients: [
        client('A', 'role', { demand: [demand(one, 10)] }),
        client('B', 'role', { demand: [demand(one, 10), demand(one, 4, { priority: 1 })] }),
      ],
    });
    // Four of B before anything of A; then the lower share, which is A's.
    expect(given(run(allocator))).toEqual({ A: '2000/2048', B: '4000/4096' });
  });

  it('says nothing to other roles', () => {
    const clients = (priority: number) => [
      client('A', 'a', { demand: [demand(one, 10)] }),
      client('B', 'b', { demand: [demand(one, 10, { priority })] }),
    ];
    const agents = [agent('a', { amounts: amounts(4000, 4096) })];
    expect(given(run(allocatorWith({ agents, clients: clients(1000) })))).toEqual({
      A: '2000/2048',
      B: '2000/2048',
    });
  });

  it('is forgotten with the demand that had it, and a run that is not applied changes nothing', () => {
    const allocator = allocatorWith({
      agents: [agent('a', { amounts: two })],
      clients: [
        client('A', 'role', { demand: [demand(one, 2)] }),
        client('B', 'role', { demand: [demand(one, 1, { priority: 3 })] }),
      ],
    });
    const first = run(allocator, { apply: false });
    expect(given(first)).toEqual({ A: '1000/1024', B: '1000/1024' });
    expect(run(allocator, { apply: false })).toEqual(first);
    allocator.putClient(client('B', 'role', { demand: [demand(one, 2)] }));
    expect(given(run(allocator))).toEqual({ A: '1000/1024', B: '1000/1024' });
  });

  it('must be a whole number', () => {
    const allocator = allocatorWith({ agents: [], clients: [] });
    const wrong = client('A', 'role', { demand: [demand(one, 1, { priority: 0.5 })] });
    expect(answerOf(allocator.putClient(wrong))).toBe('demand-priority');
  });
});
