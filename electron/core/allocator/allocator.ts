// The allocator's door: every setter checks what it is given, then changes the index. See README.md.
import { ok, type Refusal, type Result } from '../../contract/errors.ts';
import { assert } from '../kernel/assert.ts';
import { refuseAgent, removeAgent, scalarsOfAgent, writeAgent } from './agents.ts';
import { compileAll, refuseClient, refuseDropClient, removeClient, writeClient } from './clients.ts';
import { runCycle } from './cycle.ts';
import { explain } from './explain.ts';
import { insertFilter, liveFilters, removeFilter, removeOfClient, removeOfPair } from './filters.ts';
import {
  findClient,
  partVectors,
  placeOf,
  refuseHold,
  refuseRelease,
  writeHold,
  writeRelease,
} from './holdings.ts';
import { refuseQuota, refuseWeight, setQuota, setWeight } from './policy.ts';
import { builtInScalars, customNames, refuseAmounts, type Scalars, scalarsOf, vectorOf } from './scalars.ts';
import type { Index } from './shapes.ts';
import { loadSnapshot, snapshotOf } from './snapshot.ts';
import { newIndex, rowOf, touchAll, useSettings } from './state.ts';
import { sumsOf } from './sums.ts';
import { markAllDirty } from './tree.ts';
import {
  type AgentInput,
  type AllocateRequest,
  type Allocation,
  type Allocator,
  type AllocatorSettings,
  type AllocatorSnapshot,
  type ClientInput,
  type ClientKey,
  defaultAllocatorSettings,
  type ExplainRequest,
  type Holding,
  type Parts,
  type Quota,
  type RefusedFilter,
  type SomeAmounts,
} from './types.ts';

const maxCustomScalars = 60;

const refused = (refusal: Refusal): { ok: false; refusal: Refusal } => ({ ok: false, refusal });
const done: Result<null> = ok(null);
const unknown = (reason: string, detail: string) => refused({ code: 'not-found', reason, detail });

function amountsOfParts({ unreserved, reserved }: Parts): readonly SomeAmounts[] {
  if (reserved.length === 0) return [unreserved];
  return [unreserved, ...reserved.map(({ amounts }) => amounts)];
}

function amountsOfClient({ demand, unit, minAllocatable }: ClientInput): readonly SomeAmounts[] {
  return [...(demand ?? []).map(({ amounts }) => amounts), unit ?? {}, ...(minAllocatable ?? [])];
}

class IndexAllocator implements Allocator {
  #index: Index;

  constructor(index: Index) {
    this.#index = index;
  }

  /** Names that come for the first time get a place: the index is built anew with one more column. */
  #learn(amounts: readonly SomeAmounts[]): Refusal | null {
    if (amounts.every(({ custom }) => custom === undefined)) return null;
    const { places, names } = this.#index.scalars;
    const fresh = new Set<string>();
    for (const one of amounts) {
      for (const name of customNames(one)) if (!places.has(name)) fresh.add(name);
    }
    if (fresh.size === 0) return null;
    const custom = [...names.slice(builtInScalars.length), ...fresh];
    if (custom.length > maxCustomScalars) {
      return { code: 'exhausted', reason: 'too-many-scalars', detail: `${custom.length} custom scalars` };
    }
    this.#index = indexFrom(snapshotOf(this.#index), scalarsOf(custom));
    return null;
  }

  putAgent(agent: AgentInput): Result<null> {
    const amounts = [scalarsOfAgent(agent), ...agent.reservations.map((one) => one.amounts)];
    const refusal = refuseEach(amounts) ?? this.#learn(amounts) ?? refuseAgent(this.#index, agent);
    if (refusal !== null) return refused(refusal);
    writeAgent(this.#index, agent);
    return done;
  }

  dropAgent(agentId: string): Result<null> {
    const row = rowOf(this.#index, agentId);
    if (row === undefined) return unknown('agent-unknown', agentId);
    removeAgent(this.#index, row);
    return done;
  }

  putClient(client: ClientInput): Result<null> {
    const refusal = refuseClient(client);
    if (refusal !== null) return refused(refusal);
    const compiled = compileAll(client);
    if (!(compiled instanceof Map)) return refused(compiled);
    const tooMany = this.#learn(amountsOfClient(client));
    if (tooMany !== null) return refused(tooMany);
    writeClient(this.#index, client, compiled);
    return done;
  }

  dropClient(key: ClientKey): Result<null> {
    const client = findClient(this.#index, key);
    if (client === undefined) return unknown('client-unknown', `${key.frameworkId} ${key.role}`);
    const refusal = refuseDropClient(this.#index, client);
    if (refusal !== null) return refused(refusal);
    removeClient(this.#index, client);
    return done;
  }

  hold(holding: Holding, force = false): Result<null> {
    const amounts = amountsOfParts(holding.parts);
    const refusal = refuseEach(amounts) ?? this.#learn(amounts);
    if (refusal !== null) return refused(refusal);
    const place = placeOf(this.#index, holding);
    if ('code' in place) return refused(place);
    const parts = partVectors(this.#index, holding.parts);
    const tooMuch = refuseHold(this.#index, place, parts, force);
    if (tooMuch !== null) return refused(tooMuch);
    writeHold(this.#index, place, parts);
    return done;
  }

  release(holding: Holding): Result<null> {
    const amounts = amountsOfParts(holding.parts);
    const refusal = refuseEach(amounts) ?? this.#learn(amounts);
    if (refusal !== null) return refused(refusal);
    const place = placeOf(this.#index, holding);
    if ('code' in place) return refused(place);
    const parts = partVectors(this.#index, holding.parts);
    const tooMuch = refuseRelease(place, parts);
    if (tooMuch !== null) return refused(tooMuch);
    writeRelease(this.#index, place, parts);
    return done;
  }

  addFilter(filter: RefusedFilter): Result<null> {
    const amounts = [filter.refused.unreserved, filter.refused.reserved];
    if (!Number.isFinite(filter.untilMonoMs)) {
      return refused({ code: 'invalid', reason: 'filter-time', detail: String(filter.untilMonoMs) });
    }
    const refusal = refuseEach(amounts) ?? this.#learn(amounts);
    if (refusal !== null) return refused(refusal);
    const row = rowOf(this.#index, filter.agentId);
    if (row === undefined) return unknown('agent-unknown', filter.agentId);
    const client = findClient(this.#index, filter);
    if (client === undefined) return unknown('client-unknown', `${filter.frameworkId} ${filter.role}`);
    insertFilter(this.#index.filters, {
      agent: row.number,
      client: client.node,
      unreserved: vectorOf(this.#index.scalars, filter.refused.unreserved),
      reserved: vectorOf(this.#index.scalars, filter.refused.reserved),
      untilMonoMs: filter.untilMonoMs,
    });
    return done;
  }

  clearFilter(key: ClientKey & { readonly agentId: string }): void {
    const row = rowOf(this.#index, key.agentId);
    const client = findClient(this.#index, key);
    if (row === undefined || client === undefined) return;
    if (removeOfPair(this.#index.filters, row.number, client.node))
      this.#index.agents.isTouched[row.number] = 1;
  }

  clearFilters(key: ClientKey): Result<null> {
    const client = findClient(this.#index, key);
    if (client === undefined) return unknown('client-unknown', `${key.frameworkId} ${key.role}`);
    for (const agent of removeOfClient(this.#index.filters, client.node)) {
      this.#index.agents.isTouched[agent] = 1;
    }
    return done;
  }

  expireFilters(nowMonoMs: number): number {
    const { filters, agents } = this.#index;
    let ended = 0;
    for (const filter of liveFilters(filters)) {
      if (filters.until[filter]! > nowMonoMs) continue;
      agents.isTouched[filters.agent[filter]!] = 1;
      removeFilter(filters, filter);
      ended += 1;
    }
    return ended;
  }

  nextExpiryMonoMs(): number | null {
    const { filters } = this.#index;
    let next = Infinity;
    for (const filter of liveFilters(filters)) next = Math.min(next, filters.until[filter]!);
    return next === Infinity ? null : next;
  }

  setWeight(role: string, weight: number): Result<null> {
    const refusal = refuseWeight(role, weight);
    if (refusal !== null) return refused(refusal);
    setWeight(this.#index, role, weight);
    return done;
  }

  setQuota(role: string, quota: Quota | null, force = false): Result<null> {
    const amounts = quota === null ? [] : [quota.guarantee, quota.limit];
    const refusal =
      refuseEach(amounts) ?? this.#learn(amounts) ?? refuseQuota(this.#index, role, quota, force);
    if (refusal !== null) return refused(refusal);
    setQuota(this.#index, role, quota);
    return done;
  }

  setSettings(settings: AllocatorSettings): Result<null> {
    const refusal = refuseEach(settings.minAllocatable) ?? this.#learn(settings.minAllocatable);
    if (refusal !== null) return refused(refusal);
    useSettings(this.#index, settings);
    markAllDirty(this.#index.tree);
    touchAll(this.#index);
    return done;
  }

  touch(agentId: string): void {
    const row = rowOf(this.#index, agentId);
    if (row !== undefined) this.#index.agents.isTouched[row.number] = 1;
  }

  touchedAgents(): readonly string[] {
    const { numbers, isTouched } = this.#index.agents;
    return [...numbers].filter(([, number]) => isTouched[number] === 1).map(([agentId]) => agentId);
  }

  allocate(request: AllocateRequest): Result<readonly Allocation[]> {
    const { seed, nowMonoMs } = request;
    if (!Number.isFinite(nowMonoMs) || !Number.isInteger(seed)) {
      return refused({ code: 'invalid', reason: 'allocate-request', detail: `${nowMonoMs} ${seed}` });
    }
    return ok(runCycle(this.#index, request));
  }

  explain(request: ExplainRequest) {
    assert(this.#learn([request.wanted.amounts]) === null, 'a demand that was checked');
    return explain(this.#index, request);
  }

  sums() {
    return sumsOf(this.#index);
  }

  snapshot(): AllocatorSnapshot {
    return snapshotOf(this.#index);
  }
}

function refuseEach(amounts: readonly SomeAmounts[]): Refusal | null {
  for (const one of amounts) {
    const refusal = refuseAmounts(one);
    if (refusal !== null) return refusal;
  }
  return null;
}

function scalarsIn(snapshot: AllocatorSnapshot): Scalars {
  const amounts: SomeAmounts[] = [
    ...snapshot.settings.minAllocatable,
    ...snapshot.agents.flatMap((agent) => [
      scalarsOfAgent(agent),
      ...agent.reservations.map((one) => one.amounts),
    ]),
    ...snapshot.clients.flatMap(amountsOfClient),
    ...snapshot.holdings.flatMap(({ parts }) => amountsOfParts(parts)),
    ...snapshot.filters.flatMap(({ refused: { unreserved, reserved } }) => [unreserved, reserved]),
    ...Object.values(snapshot.quotas).flatMap(({ guarantee, limit }) => [guarantee, limit]),
  ];
  return scalarsOf(amounts.flatMap(customNames));
}

function indexFrom(snapshot: AllocatorSnapshot, scalars: Scalars): Index {
  const index = newIndex(scalars, snapshot.settings);
  loadSnapshot(index, snapshot);
  return index;
}

export function createAllocator(settings: AllocatorSettings = defaultAllocatorSettings): Allocator {
  return new IndexAllocator(newIndex(scalarsOf(settings.minAllocatable.flatMap(customNames)), settings));
}

/** A second allocator that behaves as the first: for a preview of other weights, or to check the first. */
export function allocatorFrom(snapshot: AllocatorSnapshot): Allocator {
  return new IndexAllocator(indexFrom(snapshot, scalarsIn(snapshot)));
}
