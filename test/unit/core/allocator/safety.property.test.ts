// What must hold after whatever happens (reliability.md, I7, and its row on the allocator).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocatorFrom, createAllocator } from '../../../../electron/core/allocator/allocator.ts';
import {
  type AllocateRequest,
  type AllocatorSnapshot,
  type Amounts,
  type ClusterSums,
} from '../../../../electron/core/allocator/types.ts';
import { noAmounts, plus, totalOf } from '../../../support/allocator-rig.ts';
import { aChange, type Change, change, type Walk } from './random-cluster.ts';

const scalars = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;
/** Amounts are a few thousandths here, so that they collide; offers of one thousandth are made. */
const settings = {
  minAllocatable: [{ cpusMilli: 1 }, { memMib: 1 }],
  filterGpuAgents: true,
  excludedFromShare: [],
};

// Comparisons without a message for each: there are millions of them.
function atMost(value: number, most: number): void {
  if (value > most) throw new Error(`${value} is more than ${most}`);
}
function equal<T>(value: T, other: T): void {
  if (value !== other) throw new Error(`${String(value)} is not ${String(other)}`);
}

const walkOf = (): Walk => ({ allocator: createAllocator(settings), nowMonoMs: 0 });

/** No agent gives more than it has, no reservation and no port is given twice, unless the agent shrank below what is held. */
function expectNotOverAllocated(before: AllocatorSnapshot, after: AllocatorSnapshot): void {
  for (const { agentId, resources, reservations } of after.agents) {
    const held = after.holdings.filter((one) => one.agentId === agentId);
    const heldBefore = before.holdings.filter((one) => one.agentId === agentId);
    const unreserved = reservations.reduce(
      (left, { amounts }) => plus(left, negated(amounts)),
      plus(resources, noAmounts),
    );
    const sum = held.reduce((all, { parts }) => plus(all, parts.unreserved), noAmounts);
    const sumBefore = heldBefore.reduce((all, { parts }) => plus(all, parts.unreserved), noAmounts);
    for (const name of scalars) {
      atMost(sum[name], Math.max(unreserved[name], sumBefore[name]));
    }
    for (const { id, amounts } of reservations) {
      const of = (list: typeof held): Amounts =>
        list
          .flatMap(({ parts }) => parts.reserved.filter(({ reservationId }) => reservationId === id))
          .reduce((all, part) => plus(all, part.amounts), noAmounts);
      for (const name of scalars) {
        atMost(of(held)[name], Math.max(amounts[name], of(heldBefore)[name]));
      }
    }
    const ports = held.flatMap(({ parts }) => parts.ports.flatMap(({ begin, end }) => [begin, end]));
    const whole = held.flatMap(({ parts }) =>
      parts.ports.flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, n) => begin + n)),
    );
    equal(new Set(whole).size, whole.length);
    equal(
      ports.every((port) => port >= 100 && port < 104),
      true,
    );
  }
}

const negated = (amounts: Amounts): Amounts => ({
  cpusMilli: -amounts.cpusMilli,
  memMib: -amounts.memMib,
  diskMib: -amounts.diskMib,
  gpus: -amounts.gpus,
});

/** What the index sums is the sum of what it was told. */
function expectSums(sums: ClusterSums, { agents, holdings }: AllocatorSnapshot): void {
  const total = agents.reduce((all, { resources }) => plus(all, resources), noAmounts);
  const allocated = holdings.reduce((all, one) => plus(all, totalOf(one)), noAmounts);
  const ofClients = sums.clients.reduce((all, one) => plus(all, one.allocated), noAmounts);
  for (const name of scalars) {
    equal(sums.total[name], total[name]);
    equal(sums.allocated[name], allocated[name]);
    equal(ofClients[name], allocated[name]);
  }
}

/** By role, what counts against its quota, from the snapshot alone. */
function consumedOf(role: string, { agents, holdings }: AllocatorSnapshot): number {
  const isBelow = (other: string): boolean => other === role || other.startsWith(`${role}/`);
  const reserved = agents
    .flatMap(({ reservations }) => reservations.filter((one) => isBelow(one.role)))
    .reduce((sum, { amounts }) => sum + amounts.cpusMilli, 0);
  const held = holdings.filter((one) => isBelow(one.role));
  return reserved + held.reduce((sum, { parts }) => sum + parts.unreserved.cpusMilli, 0);
}

function expectQuota(before: AllocatorSnapshot, after: AllocatorSnapshot): void {
  for (const [role, { limit }] of Object.entries(after.quotas)) {
    if (limit.cpusMilli === undefined) continue;
    const most = Math.max(limit.cpusMilli, consumedOf(role, before));
    atMost(consumedOf(role, after), most);
  }
}

/** Unreserved and free on open agents covers what is owed, as far as it did before. */
function expectHeadroom(before: ClusterSums, after: ClusterSums): void {
  const owed = (sums: ClusterSums): number => sums.roles.reduce((sum, { unmet }) => sum + unmet.cpusMilli, 0);
  const lackBefore = Math.max(0, owed(before) - before.free.cpusMilli);
  atMost(owed(after) - after.free.cpusMilli, lackBefore);
}

const changes = fc.array(aChange, { minLength: 4, maxLength: 30 });
const everything: AllocateRequest = { agents: 'all', nowMonoMs: 0, seed: 7, apply: true };

function play(list: readonly Change[]): Walk {
  const walk = walkOf();
  for (const one of list) change(walk, one);
  return walk;
}

describe('after any changes', () => {
  it('a run gives nothing twice, passes no limit, and takes nothing that is owed', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const { allocator, nowMonoMs } = play(list);
        const before = allocator.snapshot();
        const sumsBefore = allocator.sums();
        const answer = allocator.allocate({ ...everything, nowMonoMs });
        expect(answer.ok).toBe(true);
        const after = allocator.snapshot();
        expectNotOverAllocated(before, after);
        expectSums(allocator.sums(), after);
        expectQuota(before, after);
        expectHeadroom(sumsBefore, allocator.sums());
      }),
      { numRuns: 1500 },
    );
  }, 120_000);

  it('a run that is not applied changes nothing, and says what an applied one does', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const { allocator, nowMonoMs } = play(list);
        const before = allocator.snapshot();
        const sums = allocator.sums();
        const dry = allocator.allocate({ ...everything, nowMonoMs, apply: false });
        expect(allocator.snapshot()).toEqual(before);
        expect(allocator.sums()).toEqual(sums);
        expect(allocator.allocate({ ...everything, nowMonoMs })).toEqual(dry);
        if (!dry.ok) return;
        const owner = allocatorFrom(before);
        for (const one of dry.value) expect(owner.hold(one).ok).toBe(true);
        const held = ({ holdings }: AllocatorSnapshot) => holdings;
        expect(held(owner.snapshot())).toEqual(held(allocator.snapshot()));
        expect(owner.sums().free).toEqual(allocator.sums().free);
      }),
      { numRuns: 500 },
    );
  }, 120_000);

  it('the index is the one that is built anew from what it says it knows', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const { allocator, nowMonoMs } = play(list);
        const rebuilt = allocatorFrom(allocator.snapshot());
        expect(rebuilt.snapshot()).toEqual(allocator.snapshot());
        expect(rebuilt.sums()).toEqual(allocator.sums());
        const request = { ...everything, nowMonoMs };
        expect(rebuilt.allocate(request)).toEqual(allocator.allocate(request));
        expect(rebuilt.snapshot()).toEqual(allocator.snapshot());
      }),
      { numRuns: 1000 },
    );
  }, 120_000);

  it('what is refused changes nothing', () => {
    fc.assert(
      fc.property(changes, aChange, (list, one) => {
        const walk = play(list);
        const before = walk.allocator.snapshot();
        const refusals: boolean[] = [];
        const watched = new Proxy(walk.allocator, {
          get: (target, name) => {
            const member = Reflect.get(target, name) as unknown;
            if (typeof member !== 'function') return member;
            return (...given: unknown[]) => {
              const answer = (member as (...all: unknown[]) => unknown).apply(target, given);
              if (typeof answer === 'object' && answer !== null && 'ok' in answer)
                refusals.push(answer.ok === false);
              return answer;
            };
          },
        });
        change({ ...walk, allocator: watched }, one);
        if (refusals.length > 0 && refusals.every(Boolean)) expect(walk.allocator.snapshot()).toEqual(before);
      }),
      { numRuns: 500 },
    );
  }, 120_000);

  it('a unit that fits is given when nobody else waits, and one that does not is not', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const { allocator, nowMonoMs } = play(list);
        const { clients } = allocator.snapshot();
        for (const { allocations: _, ...other } of clients) {
          allocator.putClient({ ...other, suppressed: true });
        }
        for (const { allocations: _, ...one } of clients) {
          const wanted = one.demand?.[0];
          if (wanted === undefined) continue;
          allocator.putClient({ ...one, suppressed: false, demand: [{ ...wanted, count: 1 }] });
          const { counts } = allocator.explain({ ...one, wanted, agentId: null, nowMonoMs });
          const given = allocator.allocate({ ...everything, nowMonoMs, apply: false });
          expect(given.ok && given.value.length).toBe(counts.fits === undefined ? 0 : 1);
          allocator.putClient({ ...one, suppressed: true });
        }
      }),
      { numRuns: 700 },
    );
  }, 120_000);
});
