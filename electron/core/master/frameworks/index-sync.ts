// From the tables to the allocator's index, by what differs. What is given back comes first, then who is there, then what is
// held, so that no moment in between shows more held than there is.
import type { ClaimRecord } from '../../../contract/claim.ts';
import type { Demand, FrameworkRecord } from '../../../contract/framework.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import { noResources, type Resources } from '../../../contract/resources.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import type { Rows, TableName, Tables } from '../../../contract/tables.ts';
import type { TaskRecord } from '../../../contract/task.ts';
import { createAllocator } from '../../allocator/allocator.ts';
import {
  type Allocator,
  type ClientKey,
  defaultAllocatorSettings,
  type Holding,
  type Parts,
  type Demand as UnitDemand,
} from '../../allocator/types.ts';
import { assert } from '../../kernel/assert.ts';
import { RowMap } from '../../kernel/rows.ts';
import { byId, emptyTables } from '../../kernel/tables.ts';
import { type ScalarName, scalarNames } from '../resources.ts';
import { holdsResources } from '../task-states.ts';
import { attributesOf, modeOf, unavailabilityOf } from './agent-words.ts';
import type { AllocatorCell, Seen } from './index-cell.ts';
import { holds, kindOf, plus, sumOf, usesOf } from './parts.ts';
import { frameworkOf, roleOf } from './words.ts';

const nothingSeen: Seen = { tables: emptyTables, filters: RowMap.empty() };

/** Calls `use` with an index that is that of `seen`. */
export function withIndex<T>(cell: AllocatorCell, seen: Seen, use: (allocator: Allocator) => T): T {
  const held = cell.take();
  const allocator = held?.allocator ?? createAllocator(defaultAllocatorSettings);
  new Sync(allocator, held?.seen ?? nothingSeen, seen).run();
  const result = use(allocator);
  cell.put(allocator, seen);
  return result;
}

type Change<T extends TableName> = readonly [string, Rows[T] | undefined, Rows[T] | undefined];

class Sync {
  readonly #allocator: Allocator;
  readonly #then: Seen;
  readonly #now: Seen;

  constructor(allocator: Allocator, then: Seen, now: Seen) {
    this.#allocator = allocator;
    this.#then = then;
    this.#now = now;
  }

  run(): void {
    // Most changes of a task are of its state: what it holds stays, and nothing is given back to be taken again.
    const tasks = this.#changes('tasks').filter(([, then, now]) => !this.#holdsTheSame(then, now));
    const offers = this.#changes('offers');
    const claims = this.#changes('claims');
    for (const [, then] of tasks) this.#release(then && holdingOfTask(then));
    for (const [, then] of offers) this.#release(then && holdingOfOffer(then));
    for (const [, then] of claims) this.#release(then && holdingOfClaim(then));
    this.#agents();
    this.#clients();
    for (const [, , now] of tasks) this.#hold(now && holdingOfTask(now));
    for (const [, , now] of offers) this.#hold(now && holdingOfOffer(now));
    for (const [, , now] of claims) this.#hold(now && holdingOfClaim(now));
    this.#roles();
    this.#filters();
  }

  #changes<T extends TableName>(table: T): Change<T>[] {
    return changesOf(this.#then.tables, this.#now.tables, table);
  }

  #holdsTheSame(then: TaskRecord | undefined, now: TaskRecord | undefined): boolean {
    if (!then || !now || then.info !== now.info || then.uses !== now.uses) return false;
    return (
      holdsResources(then) === holdsResources(now) &&
      frameworkOf(then) === frameworkOf(now) &&
      roleOf(then) === roleOf(now) &&
      then.agentId === now.agentId &&
      isCounted(this.#then.tables, now.agentId) === isCounted(this.#now.tables, now.agentId)
    );
  }

  #release(holding: Holding | null | undefined): void {
    // With an agent that is dropped goes what is held of it: see `#hold`, which asks the same.
    if (holding && isKnown(this.#then.tables, holding)) must(this.#allocator.release(holding));
  }

  #hold(holding: Holding | null | undefined): void {
    if (!holding || !isKnown(this.#now.tables, holding)) return;
    this.#ensureClient(holding);
    must(this.#allocator.hold(holding, true));
  }

  #agents(): void {
    const ids = new Set<string>();
    for (const [id] of this.#changes('agents')) ids.add(id);
    for (const [, then, now] of this.#changes('reservations')) ids.add((now ?? then)?.agentId ?? '');
    // A link changes with each word that is heard; only its phase decides whether the agent is offered.
    const links = this.#changes('links').filter(([, then, now]) => then?.phase !== now?.phase);
    const machines = [...this.#changes('machines'), ...links].map(([id]) => id);
    for (const id of machines) {
      for (const { tables } of [this.#then, this.#now]) {
        const agentId = tables.machines.get(id)?.agentId;
        if (agentId) ids.add(agentId);
      }
    }
    for (const id of [...ids].sort()) this.#agent(id);
  }

  #agent(id: string): void {
    const { tables } = this.#now;
    const agent = isCounted(tables, id) ? tables.agents.get(id) : undefined;
    const wasThere = isCounted(this.#then.tables, id);
    if (!agent) {
      if (wasThere) must(this.#allocator.dropAgent(id));
      return;
    }
    const machine = tables.machines.get(agent.machineId);
    const reservations = byId(tables.reservations.values()).filter((row) => row.agentId === id);
    const resources = capped(agent.resources);
    const reserved = sumOf(reservations.map(({ part }) => part));
    // It came back smaller than what is set aside on it: it counts as that much, and nothing of it is offered.
    const isWhole = holds(resources, { ...reserved, ports: [] });
    const mode = modeOf({ agent, machine, link: tables.links.get(agent.machineId) });
    must(
      this.#allocator.putAgent({
        agentId: id,
        resources: isWhole ? resources : larger(resources, reserved),
        reservations: reservations.map(({ id: reservationId, part }) => ({
          id: reservationId,
          role: part.reservation.at(-1) ?? '',
          amounts: part.amounts,
          kind: 'dynamic',
          volume: part.volume !== null,
        })),
        mode: mode === 'active' && !isWhole ? 'deactivated' : mode,
        hostname: agent.facts.hostname,
        attributes: attributesOf(agent, machine),
        unavailability: unavailabilityOf(machine),
      }),
    );
  }

  #clients(): void {
    const ids = new Set<string>();
    for (const [id] of this.#changes('frameworks')) ids.add(id);
    for (const [id] of this.#changes('subscriptions')) ids.add(id);
    for (const id of [...ids].sort()) {
      const then = clientsOf(this.#then.tables.frameworks.get(id));
      const now = clientsOf(this.#now.tables.frameworks.get(id));
      for (const client of now) this.#putClient(client);
      // One that is no more may still hold what its tasks have; then it stays, and waits for nothing.
      for (const client of then)
        if (!now.some((each) => each.role === client.role)) this.#retireClient(client);
    }
  }

  #putClient({ frameworkId, role }: ClientKey): void {
    const framework = this.#now.tables.frameworks.get(frameworkId);
    const subscription = this.#now.tables.subscriptions.get(frameworkId);
    if (!framework) {
      this.#putIdle({ frameworkId, role });
      return;
    }
    must(
      this.#allocator.putClient({
        frameworkId,
        role,
        active: framework.completedAtMs === null && subscription?.phase === 'subscribed',
        suppressed: framework.suppressedRoles.includes(role),
        gpuCapable: framework.info.capabilities.includes('GPU_RESOURCES'),
        demand: demandOf(framework, subscription?.demand ?? [], role),
        minAllocatable: framework.info.offerFilters[role]?.minAllocatable.map(someAmounts) ?? null,
        constraints: framework.offerConstraints?.[role] ?? null,
      }),
    );
  }

  #retireClient(client: ClientKey): void {
    if (this.#allocator.dropClient(client).ok) return;
    this.#putIdle(client);
  }

  #putIdle(client: ClientKey): void {
    const idle = {
      active: false,
      suppressed: true,
      gpuCapable: false,
      demand: [],
      minAllocatable: null,
      constraints: null,
    };
    must(this.#allocator.putClient({ ...client, ...idle }));
  }

  /** Tasks of whom nobody knows any more, or not yet: found on an agent, or left by a framework that was forgotten. */
  #ensureClient({ frameworkId, role }: ClientKey): void {
    const framework = this.#now.tables.frameworks.get(frameworkId);
    if (!framework?.info.roles.includes(role)) this.#putIdle({ frameworkId, role });
  }

  #roles(): void {
    for (const [role, then, now] of this.#changes('roles')) {
      must(this.#allocator.setWeight(role, (now?.weightMilli ?? 1000) / 1000));
      const quota = now?.quota ?? null;
      if (quota === (then?.quota ?? null)) continue;
      const limits = quota && { guarantee: quota.guarantee, limit: someAmounts(quota.limit) };
      must(this.#allocator.setQuota(role, limits, true));
    }
  }

  #filters(): void {
    const { filters: then } = this.#then;
    const { filters: now } = this.#now;
    if (then === now) return;
    for (const [, before, filter] of now.changedSince(then)) {
      if (before && isCounted(this.#then.tables, before.agentId)) this.#allocator.clearFilter(before);
      if (filter && isCounted(this.#now.tables, filter.agentId)) must(this.#allocator.addFilter(filter));
    }
  }
}

/** null: it has not said what it waits for. A scheduler of this program always does. */
function demandOf(framework: FrameworkRecord, asked: readonly Demand[], role: string): UnitDemand[] | null {
  if (framework.kind === 'remote' && asked.length === 0) return null;
  return asked.filter((each) => each.role === role).map(unitDemand);
}

export function unitDemand({ resources, count, agentId, constraints, priority }: Demand): UnitDemand {
  return {
    amounts: capped(resources),
    count,
    ...(agentId === null ? {} : { agentId }),
    ...(resources.ports.length === 0 ? {} : { ports: resources.ports }),
    ...(constraints === undefined ? {} : { constraints }),
    ...(priority === undefined ? {} : { priority }),
  };
}

function must(
  result:
    | { readonly ok: true }
    | { readonly ok: false; readonly refusal: { readonly detail: string; readonly reason: string } },
): void {
  assert(
    result.ok,
    result.ok ? '' : `the allocator's index: ${result.refusal.reason} ${result.refusal.detail}`,
  );
}

function changesOf<T extends TableName>(then: Tables, now: Tables, table: T): Change<T>[] {
  const before = then[table];
  const after = now[table];
  if (before === after) return [];
  const rows = (map: ReadonlyMap<string, Rows[T]>): RowMap<Rows[T]> =>
    map instanceof RowMap ? map : RowMap.of(map.values());
  return rows(after)
    .changedSince(rows(before))
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function isCounted(tables: Tables, agentId: string): boolean {
  const agent = tables.agents.get(agentId);
  return agent !== undefined && agent.state.kind !== 'gone';
}

function isKnown(tables: Tables, holding: Holding): boolean {
  return isCounted(tables, holding.agentId);
}

function clientsOf(framework: FrameworkRecord | undefined): ClientKey[] {
  return (framework?.info.roles ?? []).map((role) => ({ frameworkId: framework?.id ?? '', role }));
}

export function holdingOfTask(task: TaskRecord): Holding | null {
  if (!holdsResources(task)) return null;
  return {
    frameworkId: frameworkOf(task),
    role: roleOf(task),
    agentId: task.agentId,
    parts: partsFor(task.agentId, usesOf(task)),
  };
}

export function holdingOfOffer(offer: OfferRecord): Holding {
  return holdingOf(offer);
}

function holdingOfClaim(claim: ClaimRecord): Holding {
  return holdingOf({ ...claim, role: claim.demand.role });
}

export function holdingOf({ frameworkId, role, agentId, resources }: Held): Holding {
  return { frameworkId, role, agentId, parts: partsFor(agentId, resources) };
}

type Held = ClientKey & { readonly agentId: string; readonly resources: readonly ResourcePart[] };

function partsFor(agentId: string, uses: readonly ResourcePart[]): Parts {
  const [only] = uses;
  // Nearly all: nothing reserved, so nothing to add up.
  if (uses.length === 1 && only?.reservation.length === 0) return plainWith(only.amounts, noReserved);
  const reserved = uses
    .filter((part) => part.reservation.length > 0)
    .map((part) => ({ reservationId: `${agentId}|${kindOf(part)}`, amounts: part.amounts }));
  return plainWith(sumOf(uses.filter((part) => part.reservation.length === 0)), reserved);
}

const noReserved: Parts['reserved'] = [];

function plainWith(plain: Resources, reserved: Parts['reserved']): Parts {
  const { cpusMilli, memMib, diskMib, gpus, ports } = capped(plain);
  return { unreserved: { cpusMilli, memMib, diskMib, gpus }, ports, reserved };
}

/** What an agent says of itself may be anything; the allocator counts up to 2^38 of each. */
const mostOfOne = 2 ** 38;

function capped(resources: Resources): Resources {
  const { cpusMilli, memMib, diskMib, gpus } = resources;
  const most = Math.max(cpusMilli, memMib, diskMib, gpus);
  if (most <= mostOfOne && resources.ports.length === 0) return resources;
  const ports = resources.ports.filter(({ begin, end }) => begin <= end);
  return scalarsBy({ ...resources, ports: plus(noResources, { ...noResources, ports }).ports }, (name) =>
    Math.min(mostOfOne, resources[name]),
  );
}

function larger(a: Resources, b: Resources): Resources {
  return scalarsBy(a, (name) => Math.max(a[name], b[name]));
}

function scalarsBy(resources: Resources, amountOf: (name: ScalarName) => number): Resources {
  const result = { ...resources };
  for (const name of scalarNames) result[name] = amountOf(name);
  return result;
}

function someAmounts<K extends string>(
  amounts: Readonly<Partial<Record<K, number | null | undefined>>>,
): Partial<Record<K, number>> {
  return Object.fromEntries(
    Object.entries(amounts).filter(([, amount]) => typeof amount === 'number'),
  ) as Partial<Record<K, number>>;
}
