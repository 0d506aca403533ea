// Random clusters and random changes of them, for the properties of the allocator.
import fc from 'fast-check';
import type {
  AgentInput,
  Allocator,
  Amounts,
  ClientInput,
  Demand,
  Holding,
} from '../../../../electron/core/allocator/types.ts';
import { agent, client, demand, noAmounts } from '../../../support/allocator-rig.ts';

const agentIds = ['a', 'b', 'c', 'd', 'e', 'f'];
const frameworkIds = ['u', 'v', 'w', 'x', 'y', 'z'];
const roles = ['*', 'eng', 'eng/dev', 'eng/dev/web', 'ops', 'sales'];
const topRoles = ['eng', 'ops', 'sales'];

const someAmounts = (most: number): fc.Arbitrary<Amounts> =>
  fc.record({
    cpusMilli: fc.integer({ min: 0, max: most }),
    memMib: fc.integer({ min: 0, max: most }),
    diskMib: fc.integer({ min: 0, max: 3 }),
    gpus: fc.constantFrom(0, 0, 0, 1),
  });

const plus = (a: Amounts, b: Amounts): Amounts => ({
  cpusMilli: a.cpusMilli + b.cpusMilli,
  memMib: a.memMib + b.memMib,
  diskMib: a.diskMib + b.diskMib,
  gpus: a.gpus + b.gpus,
});

const anAgent: fc.Arbitrary<AgentInput> = fc
  .record({
    agentId: fc.constantFrom(...agentIds),
    unreserved: someAmounts(12),
    mode: fc.constantFrom('active', 'active', 'active', 'draining'),
    rack: fc.constantFrom('r1', 'r2'),
    reservations: fc.array(
      fc.record({
        role: fc.constantFrom('eng', 'eng/dev', 'ops'),
        amounts: someAmounts(5),
        volume: fc.constantFrom(false, false, true),
      }),
      { maxLength: 2 },
    ),
    ports: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ agentId, unreserved, mode, rack, reservations, ports }) =>
    agent(agentId, {
      amounts: reservations.reduce((sum, one) => plus(sum, one.amounts), unreserved),
      mode,
      attributes: [{ name: 'rack', text: rack }],
      ports: ports === 0 ? [] : [{ begin: 100, end: 99 + ports }],
      reservations: reservations.map((one, n) => ({ id: `${one.role}-${n}`, kind: 'dynamic', ...one })),
    }),
  );

const aDemand: fc.Arbitrary<Demand> = fc
  .record({
    amounts: someAmounts(4),
    count: fc.integer({ min: 0, max: 6 }),
    agentId: fc.constantFrom(null, null, null, 'a', 'b'),
    anyPorts: fc.constantFrom(0, 0, 1),
    rack: fc.constantFrom(null, null, 'r1'),
  })
  .map(({ amounts, count, agentId, anyPorts, rack }) =>
    demand(amounts, count, {
      anyPorts,
      ...(agentId === null ? {} : { agentId }),
      ...(rack === null ? {} : { constraints: onRack(rack) }),
    }),
  );

const onRack = (value: string) => ({
  groups: [
    [
      {
        selector: { kind: 'attribute', name: 'rack' } as const,
        predicate: { kind: 'text-equals', value } as const,
      },
    ],
  ],
});

const aClient: fc.Arbitrary<ClientInput> = fc
  .record({
    frameworkId: fc.constantFrom(...frameworkIds),
    role: fc.constantFrom(...roles),
    active: fc.constantFrom(true, true, true, false),
    suppressed: fc.constantFrom(false, false, false, true),
    gpuCapable: fc.boolean(),
    demand: fc.option(fc.array(aDemand, { maxLength: 3 })),
    constraints: fc.constantFrom(null, null, onRack('r2')),
    unit: fc.option(someAmounts(3), { nil: undefined }),
  })
  .map(({ frameworkId, role, unit, ...rest }) =>
    client(frameworkId, role, { ...rest, ...(unit === undefined ? {} : { unit }) }),
  );

/** What may happen to an allocator. `pick` chooses among what is held. */
export type Change =
  | { readonly kind: 'agent'; readonly agent: AgentInput }
  | { readonly kind: 'drop-agent'; readonly agentId: string }
  | { readonly kind: 'client'; readonly client: ClientInput }
  | { readonly kind: 'drop-client' | 'revive'; readonly frameworkId: string; readonly role: string }
  | { readonly kind: 'allocate'; readonly seed: number; readonly touched: boolean; readonly apply: boolean }
  | { readonly kind: 'decline' | 'give-back'; readonly pick: number }
  | { readonly kind: 'weight'; readonly role: string; readonly weight: number }
  | {
      readonly kind: 'quota';
      readonly role: string;
      readonly guarantee: number;
      readonly extra: number | null;
    }
  | { readonly kind: 'no-quota'; readonly role: string }
  | { readonly kind: 'time'; readonly byMs: number };

export const aChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('agent' as const), agent: anAgent }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('client' as const), client: aClient }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('allocate' as const),
      seed: fc.nat(1000),
      touched: fc.boolean(),
      apply: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('decline', 'give-back'), pick: fc.nat(100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('drop-agent' as const), agentId: fc.constantFrom(...agentIds) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('drop-client', 'revive'),
      frameworkId: fc.constantFrom(...frameworkIds),
      role: fc.constantFrom(...roles),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('weight' as const),
      role: fc.constantFrom(...roles),
      weight: fc.constantFrom(0.5, 1, 2, 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('quota' as const),
      role: fc.constantFrom(...topRoles),
      guarantee: fc.nat(12),
      extra: fc.option(fc.nat(12)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('no-quota' as const), role: fc.constantFrom(...topRoles) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), byMs: fc.nat(40) }) },
);

/** A walk: the allocator, and what time it is. */
export type Walk = { readonly allocator: Allocator; nowMonoMs: number };

const heldAt = ({ allocator }: Walk, pick: number): Holding | undefined => {
  const { holdings } = allocator.snapshot();
  return holdings[pick % Math.max(1, holdings.length)];
};

/** Does it; what is refused changes nothing, which the caller checks. */
export function change(walk: Walk, one: Change): void {
  const { allocator } = walk;
  switch (one.kind) {
    case 'agent':
      allocator.putAgent(one.agent);
      return;
    case 'drop-agent':
      allocator.dropAgent(one.agentId);
      return;
    case 'client':
      allocator.putClient(one.client);
      return;
    case 'drop-client':
      allocator.dropClient(one);
      return;
    case 'revive':
      allocator.clearFilters(one);
      return;
    case 'allocate':
      allocator.allocate({
        agents: one.touched ? 'touched' : 'all',
        nowMonoMs: walk.nowMonoMs,
        seed: one.seed,
        apply: one.apply,
      });
      return;
    case 'decline':
    case 'give-back': {
      const held = heldAt(walk, one.pick);
      if (held === undefined) return;
      allocator.release(held);
      if (one.kind === 'give-back') return;
      const reserved = held.parts.reserved.reduce((sum, { amounts }) => plus(sum, amounts), noAmounts);
      const refused = { unreserved: held.parts.unreserved, reserved };
      allocator.addFilter({ ...held, refused, untilMonoMs: walk.nowMonoMs + 30 });
      return;
    }
    case 'weight':
      allocator.setWeight(one.role, one.weight);
      return;
    case 'quota': {
      const guarantee = { cpusMilli: one.guarantee };
      const limit = one.extra === null ? {} : { cpusMilli: one.guarantee + one.extra };
      allocator.setQuota(one.role, { guarantee, limit });
      return;
    }
    case 'no-quota':
      allocator.setQuota(one.role, null);
      return;
    case 'time':
      walk.nowMonoMs += one.byMs;
      allocator.expireFilters(walk.nowMonoMs);
  }
}
