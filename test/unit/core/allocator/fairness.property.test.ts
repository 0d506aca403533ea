// Fairness, at the budgets of reliability.md section 5. Whole tasks on real machines cannot have all properties of DRF exactly
// (Parkes, Procaccia, Shah 2012), so each is asserted up to one task. Clusters come from a seed: they are made much faster
// than fast-check makes lists, and the sizes, which shrink, are its own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAllocator } from '../../../../electron/core/allocator/allocator.ts';
import type { Allocation, Allocator, Amounts } from '../../../../electron/core/allocator/types.ts';
import { createRandom } from '../../../../electron/core/kernel/random.ts';
import {
  accepted,
  agent,
  allocatorWith,
  amounts,
  client,
  demand,
  noAmounts,
  plus,
  run,
  totalOf,
} from '../../../support/allocator-rig.ts';

const endless = 1_000_000;
/** 20,000 clusters and 10,000 pools each time (half a minute of CPU); MESOLITE_PROPERTY_FACTOR=10 looks further. */
const factor = Number(process.env['MESOLITE_PROPERTY_FACTOR'] ?? 1);
const clusterRuns = 20_000 * factor;
const poolRuns = 10_000 * factor;
const limitMs = 120_000 + 600_000 * factor;

type Pool = { readonly capacity: Amounts; readonly wants: readonly Amounts[] };

function aPool(seed: number, users: number): Pool {
  const random = createRandom(seed);
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  return {
    capacity: amounts(40 + upTo(60), 40 + upTo(60)),
    wants: Array.from({ length: users }, () => amounts(upTo(8), upTo(8))),
  };
}

const settings = { minAllocatable: [], filterGpuAgents: true, excludedFromShare: [] };

/** What each user of one pooled machine gets, in tasks of what it says it wants. */
function tasksOf({ capacity, wants }: Pool): readonly number[] {
  const allocator = createAllocator(settings);
  allocator.putAgent(agent('a', { amounts: capacity }));
  wants.forEach((want, n) =>
    allocator.putClient(client(`f${n}`, 'role', { demand: [demand(want, endless)] })),
  );
  const counts = wants.map(() => 0);
  for (const { frameworkId, units } of run(allocator, { apply: false })) {
    counts[Number(frameworkId.slice(1))] = units.reduce((sum, { count }) => sum + count, 0);
  }
  return counts;
}

/** How many tasks of `want` go into so much. */
const fitting = (all: Amounts, want: Amounts): number =>
  Math.floor(Math.min(all.cpusMilli / want.cpusMilli, all.memMib / want.memMib));
/** `all` in tasks of `want`, by the scalar of which it is the most. */
const mostTasks = (all: Amounts, want: Amounts): number =>
  Math.max(all.cpusMilli / want.cpusMilli, all.memMib / want.memMib);
/** The dominant share of `some`. */
const shareOf = (some: Amounts, { capacity }: Pool): number => mostTasks(some, capacity);
const times = (some: Amounts, count: number): Amounts => amounts(some.cpusMilli * count, some.memMib * count);

function insist(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

const seeds = fc.nat(2 ** 31 - 1);

describe('one pool, whole tasks', () => {
  it(
    'everyone has an equal part up to one task of each, nobody envies more than one task of another and one of its own',
    () => {
      fc.assert(
        fc.property(seeds, fc.integer({ min: 1, max: 6 }), (seed, users) => {
          const pool = aPool(seed, users);
          const tasks = tasksOf(pool);
          const { capacity, wants } = pool;
          const held = wants.map((want, n) => times(want, tasks[n]!));
          const left = held.reduce((rest, one) => plus(rest, times(one, -1)), capacity);
          const oneOfEach = wants.reduce((sum, want) => sum + shareOf(want, pool), 0);
          wants.forEach((want, n) => {
            // Pareto: what is left is of no use to anybody.
            insist(fitting(left, want) === 0, () => `user ${n} could still start a task`);
            // When the user was first stopped, nobody was above it by more than one own task, and too little was left of one
            // scalar for its next: so all shares and one task of each make up the machine.
            const share = shareOf(want, pool) * tasks[n]!;
            insist(share >= (1 - oneOfEach) / users - 1e-9, () => `user ${n} would have more alone`);
            wants.forEach((other, m) => {
              if (tasks[m] === 0) return;
              const spared = times(other, tasks[m]! - 1);
              insist(fitting(spared, want) <= tasks[n]! + 1, () => `user ${n} envies user ${m}`);
            });
          });
        }),
        { numRuns: poolRuns },
      );
    },
    limitMs,
  );

  // Why this much, for the scalar r that stopped the first user b of the honest run, with m the least share then: every user
  // is at most one own task above m, and one more task of b does not fit, so 1 < sum over all of (m + s_i) w_ir / s_i.
  // If the least share of the others at the first stop of the lying run is m or more, they keep at least m w_jr / s_j, and
  // what is left for the liar is its honest part and one task of each. If it is less, the liar is at most one lie above it,
  // and what it takes after that is less than one task of whoever was stopped.
  it(
    'nobody gains by a lie more than one task of each, or one as lied and one of another',
    () => {
      const grid = [0.5, 1, 2];
      fc.assert(
        fc.property(seeds, fc.integer({ min: 2, max: 5 }), (seed, users) => {
          const pool = aPool(seed, users);
          const [want, ...others] = pool.wants;
          const honest = tasksOf(pool)[0]!;
          for (const cpus of grid) {
            for (const mem of grid) {
              const lie = amounts(Math.ceil(want!.cpusMilli * cpus), Math.ceil(want!.memMib * mem));
              const got = tasksOf({ ...pool, wants: [lie, ...others] })[0]!;
              const gain = fitting(times(lie, got), want!) - honest;
              const oneOfEach = mostTasks(pool.wants.reduce(plus), want!);
              const oneOfAnother = Math.max(...others.map((other) => mostTasks(other, want!)));
              const oneAsLied = shareOf(lie, pool) / shareOf(want!, pool);
              insist(
                gain <= Math.max(oneOfEach, oneAsLied + oneOfAnother) + 1e-9,
                () => `${JSON.stringify(lie)} gains ${gain} over ${honest}`,
              );
            }
          }
        }),
        { numRuns: poolRuns / 5 },
      );
    },
    limitMs,
  );

  // Why this much, with m the least share and m' the one without the user k who leaves, each at the first stop. Before it
  // everyone is at most one own task above m; after it j takes only what b, who was stopped at the scalar q, could not use:
  // less than w_bq. So j had at most m + s_j and w_bq / w_jq tasks, and it keeps at least m'. All of them held at least m of
  // the scalar r that stops the run without k, so (m - m') sum w_ir / s_i < sum w_ir, over all but k: m - m' is less than the
  // largest s_i.
  it(
    'who leaves costs nobody more than one task of the largest, one of its own and one of another',
    () => {
      fc.assert(
        fc.property(seeds, fc.integer({ min: 2, max: 6 }), fc.nat(), (seed, users, nth) => {
          const pool = aPool(seed, users);
          const leaver = nth % users;
          const stay = pool.wants.filter((_, n) => n !== leaver);
          const before = tasksOf(pool).filter((_, n) => n !== leaver);
          const after = tasksOf({ ...pool, wants: stay });
          const largest = Math.max(...stay.map((want) => shareOf(want, pool)));
          stay.forEach((want, n) => {
            const oneOfAnother = Math.max(...pool.wants.map((other) => mostTasks(other, want)));
            const most = largest / shareOf(want, pool) + 1 + oneOfAnother;
            insist(before[n]! - after[n]! <= most, () => `user ${n}: ${before[n]}, then ${after[n]}`);
          });
          const left = stay.reduce((rest, want, n) => plus(rest, times(want, -after[n]!)), pool.capacity);
          insist(
            stay.every((want) => fitting(left, want) === 0),
            () => 'what the other left is of no use to those who stay',
          );
        }),
        { numRuns: poolRuns },
      );
    },
    limitMs,
  );

  it(
    'of thousands of tasks a lie gains less than a hundredth of the pool',
    () => {
      fc.assert(
        fc.property(seeds, fc.integer({ min: 2, max: 5 }), (seed, users) => {
          const small = aPool(seed, users);
          const pool = { ...small, capacity: times(small.capacity, 100) };
          const [want, ...others] = pool.wants;
          const honest = tasksOf(pool)[0]!;
          for (const lie of [
            amounts(want!.cpusMilli * 2, want!.memMib),
            amounts(want!.cpusMilli, want!.memMib * 2),
          ]) {
            const got = tasksOf({ ...pool, wants: [lie, ...others] })[0]!;
            const gain = times(want!, fitting(times(lie, got), want!) - honest);
            insist(shareOf(gain, pool) < 0.01, () => `${JSON.stringify(lie)} gains ${JSON.stringify(gain)}`);
          }
        }),
        { numRuns: poolRuns / 100 },
      );
    },
    limitMs,
  );
});

type Job = { readonly role: string; readonly want: Amounts; readonly count: number };

/** Thirty machines and sixty tasks, and a quota. */
function aCluster(
  seed: number,
  machines: number,
): { readonly allocator: Allocator; readonly jobs: readonly Job[] } {
  const random = createRandom(seed);
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const allocator = createAllocator(settings);
  for (let n = 0; n < machines; n += 1) {
    allocator.putAgent(agent(`a${n}`, { amounts: amounts(upTo(16), upTo(16)) }));
  }
  const roles = ['eng/dev', 'eng/test', 'ops'];
  const jobs = Array.from(
    { length: 6 },
    (_, n): Job => ({
      role: roles[n % roles.length]!,
      want: amounts(upTo(6), upTo(6)),
      count: Math.ceil(machines / 3),
    }),
  );
  jobs.forEach(({ role, want, count }, n) =>
    allocator.putClient(client(`f${n}`, role, { demand: [demand(want, count)] })),
  );
  const guarantee = { cpusMilli: upTo(40), memMib: upTo(40) };
  allocator.setQuota('ops', { guarantee, limit: { cpusMilli: guarantee.cpusMilli + upTo(40) } });
  return { allocator, jobs };
}

function sumsByAgent(offers: readonly Allocation[]): ReadonlyMap<string, Amounts> {
  const sums = new Map<string, Amounts>();
  for (const one of offers) sums.set(one.agentId, plus(sums.get(one.agentId) ?? noAmounts, totalOf(one)));
  return sums;
}

describe('machines and tasks', () => {
  it(
    'nothing is given twice, no machine that fits a waiting task idles, and quotas hold',
    () => {
      fc.assert(
        fc.property(seeds, fc.integer({ min: 1, max: 30 }), (seed, machines) => {
          const { allocator, jobs } = aCluster(seed, machines);
          const before = allocator.sums();
          const offers = run(allocator, { seed });
          const after = allocator.sums();
          insist(
            before.total.cpusMilli === after.free.cpusMilli + after.allocated.cpusMilli &&
              before.total.memMib === after.free.memMib + after.allocated.memMib,
            () => 'sums are not conserved',
          );
          const given = sumsByAgent(offers);
          const { agents } = allocator.snapshot();
          const left = agents.map(({ agentId, resources }) =>
            plus(resources, times(given.get(agentId) ?? noAmounts, -1)),
          );
          for (const one of left) insist(one.cpusMilli >= 0 && one.memMib >= 0, () => 'more than there is');
          const ops = after.roles.find(({ role }) => role === 'ops')!;
          insist(ops.consumed.cpusMilli <= ops.limit.cpusMilli!, () => 'the limit is passed');
          const spare = {
            cpus: after.free.cpusMilli - ops.unmet.cpusMilli,
            mem: after.free.memMib - ops.unmet.memMib,
          };
          insist(
            spare.cpus >= 0 || before.free.cpusMilli < before.headroom.cpusMilli + 1,
            () => 'headroom is taken',
          );
          jobs.forEach(({ role, want, count }, n) => {
            const started = offers
              .filter(({ frameworkId }) => frameworkId === `f${n}`)
              .reduce((sum, { units }) => sum + units.reduce((all, unit) => all + unit.count, 0), 0);
            if (started === count) return;
            const isOps = role === 'ops';
            const room = isOps ? ops.limit.cpusMilli! - ops.consumed.cpusMilli : spare.cpus;
            if (room < want.cpusMilli || (!isOps && spare.mem < want.memMib)) return;
            insist(
              left.every((one) => fitting(one, want) === 0),
              () => `f${n} waits beside a machine it fits on`,
            );
          });
        }),
        { numRuns: clusterRuns },
      );
    },
    limitMs,
  );

  it(
    'renaming everything renames the answer and no more',
    () => {
      fc.assert(
        fc.property(seeds, fc.integer({ min: 1, max: 12 }), (seed, machines) => {
          const { allocator } = aCluster(seed, machines);
          const { agents, clients } = allocator.snapshot();
          const renamed = allocatorWith({
            agents: agents.map((one) => ({ ...one, agentId: `z${one.agentId}` })),
            clients: clients.map((one) => ({
              ...one,
              frameworkId: `z${one.frameworkId}`,
            })),
            settings,
          });
          accepted(renamed.setQuota('ops', allocator.snapshot().quotas['ops']!));
          const answer = run(allocator, { seed });
          const expected = answer.map((one) => ({
            ...one,
            agentId: `z${one.agentId}`,
            frameworkId: `z${one.frameworkId}`,
          }));
          expect(run(renamed, { seed })).toEqual(expected);
        }),
        { numRuns: 500 },
      );
    },
    limitMs,
  );
});

describe('few machines, no demand said', () => {
  /** Rounds of offers to frameworks that start as many tasks as fit, give back the rest and do not want it for five rounds. */
  function settle(allocator: Allocator, task: (frameworkId: string) => Amounts, rounds: number): void {
    for (let now = 0; now < rounds; now += 1) {
      allocator.expireFilters(now);
      for (const offer of run(allocator, { nowMonoMs: now, seed: now })) {
        const want = task(offer.frameworkId);
        const { unreserved } = offer.parts;
        const used = times(want, fitting(unreserved, want));
        const rest = plus(unreserved, times(used, -1));
        accepted(allocator.release({ ...offer, parts: { ...offer.parts, unreserved: rest } }));
        accepted(
          allocator.addFilter({
            ...offer,
            refused: { unreserved: rest, reserved: noAmounts },
            untilMonoMs: now + 5,
          }),
        );
        const known = allocator.snapshot().clients.find((one) => one.frameworkId === offer.frameworkId)!;
        if (used.cpusMilli > 0) accepted(allocator.putClient({ ...known, unit: want }));
      }
    }
  }

  it.each([
    [3, 4, 1000],
    [3, 4, 2000],
    [3, 5, 500],
    [2, 7, 1000],
    [1, 4, 1000],
    [5, 3, 2000],
    [1, 20, 1000],
  ])(
    '%d machines of 8 CPUs, %d frameworks, tasks of %d: each has its fair share within one task',
    (machines, frameworks, size) => {
      const allocator = allocatorWith({
        agents: Array.from({ length: machines }, (_, n) => agent(`a${n}`, { amounts: amounts(8000, 8000) })),
        clients: Array.from({ length: frameworks }, (_, n) => client(`f${n}`)),
      });
      settle(allocator, () => amounts(size, size), 4);
      const fair = (machines * 8000) / frameworks;
      for (const { allocated } of allocator.sums().clients) {
        expect(allocated.cpusMilli).toBeGreaterThanOrEqual(fair - size);
      }
    },
  );
});
