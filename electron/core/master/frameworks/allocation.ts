// One run of the allocator becomes offers. What has changed since the last run only says which agents are looked at; several
// changes are one run, due when the inbox is empty (the deadline of the state), and runs keep a small distance.
import type { AgentId, FrameworkId } from '../../../contract/ids.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import { noResources } from '../../../contract/resources.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import type { Allocation } from '../../allocator/types.ts';
import { assert, must } from '../../kernel/assert.ts';
import { isDue } from '../../kernel/deadlines.ts';
import type { Draft } from '../draft.ts';
import type { AgentList } from '../state.ts';
import { attributesOf, modeOf, unavailabilityOf } from './agent-words.ts';
import type { Seen } from './index-cell.ts';
import { withIndex } from './index-sync.ts';
import { nextOfferId, putOffer } from './offers.ts';
import { tell } from './tell.ts';

/** Between two runs: a burst of ends is one run, and a person sees no pause. Mesos: 1 s. */
const distanceMs = 20;

/** After every step: a run is due when something has changed that somebody waits for. */
export function planAllocation(draft: Draft): void {
  const { plan } = draft;
  if (plan.allocateAgents === null) return;
  // Found at the step that planned it, and who waits has not changed since.
  if (plan.allocateAtMonoMs !== null && !draft.touches('subscriptions') && !draft.touches('frameworks'))
    return;
  if (!isSomebodyWaiting(draft)) {
    plan.allocateAgents = null;
    plan.allocateAtMonoMs = null;
    return;
  }
  plan.allocateAtMonoMs ??= Math.max(draft.monoMs, plan.allocatedAtMonoMs + distanceMs);
}

function isSomebodyWaiting(draft: Draft): boolean {
  for (const { id, phase, demand } of draft.rows('subscriptions')) {
    const framework = draft.get('frameworks', id);
    if (phase !== 'subscribed' || !framework) continue;
    const isOpen = framework.info.roles.some((role) => !framework.suppressedRoles.includes(role));
    if (isOpen && (framework.kind === 'remote' || demand.length > 0)) return true;
  }
  return false;
}

export function onAllocationDeadline(draft: Draft): void {
  const { plan } = draft;
  if (!isDue(plan.allocateAtMonoMs, draft.monoMs) || plan.allocateAgents === null) return;
  const agents = plan.allocateAgents;
  plan.allocateAgents = null;
  plan.allocateAtMonoMs = null;
  plan.allocatedAtMonoMs = draft.monoMs;
  allocateNow(draft, agents === 'all' ? 'all' : idsIn(agents));
}

function idsIn(list: AgentList): AgentId[] {
  const ids: AgentId[] = [];
  for (let at: AgentList | null = list; at !== null; at = at.rest) ids.push(at.id);
  return ids;
}

function seenOf(draft: Draft): Seen {
  return { tables: draft.tables(), filters: draft.filters.finish() };
}

export function allocateNow(draft: Draft, wanted: 'all' | readonly AgentId[]): void {
  const agents = wanted === 'all' ? [...draft.rows('agents')].map(({ id }) => id) : [...new Set(wanted)];
  // Often nothing of all these can be offered: a machine that is away, or was just taken out.
  if (!agents.some((id) => isOffering(draft, id))) return;
  agents.sort();
  const seed = Math.floor(draft.random() * 2 ** 32);
  const result = withIndex(draft.cell, seenOf(draft), (allocator) =>
    allocator.allocate({ agents, nowMonoMs: draft.monoMs, seed, apply: false }),
  );
  assert(result.ok, result.ok ? '' : `allocate: ${result.refusal.detail}`);
  offerAll(draft, result.value);
}

/** It is there, and nothing keeps it from being offered. */
export function isOffering(draft: Draft, id: AgentId): boolean {
  const agent = draft.get('agents', id);
  if (!agent) return false;
  const machine = draft.get('machines', agent.machineId);
  return modeOf({ agent, machine, link: draft.get('links', agent.machineId) }) === 'active';
}

/** One event for each framework, whatever it gets. */
function offerAll(draft: Draft, allocations: readonly Allocation[]): void {
  const byFramework = new Map<FrameworkId, OfferRecord[]>();
  for (const allocation of allocations) {
    const offer = offerOf(draft, allocation);
    putOffer(draft, offer);
    const offers = byFramework.get(offer.frameworkId);
    if (offers) offers.push(offer);
    else byFramework.set(offer.frameworkId, [offer]);
  }
  for (const [frameworkId, offers] of [...byFramework].sort(([a], [b]) => (a < b ? -1 : 1))) {
    tell(draft, frameworkId, { kind: 'OFFERS', offers });
  }
}

function offerOf(draft: Draft, allocation: Allocation): OfferRecord {
  const { agentId, frameworkId, role } = allocation;
  const resources = partsOfAllocation(draft, allocation);
  return newOffer(draft, { agentId, frameworkId: frameworkId as FrameworkId, role, resources });
}

export function newOffer(
  draft: Draft,
  {
    agentId,
    frameworkId,
    role,
    resources,
  }: Pick<OfferRecord, 'frameworkId' | 'role' | 'resources'> & { readonly agentId: string },
): OfferRecord {
  const agent = must(draft.get('agents', agentId), `agent ${agentId}`);
  const machine = draft.get('machines', agent.machineId);
  const { offerTimeoutMs } = draft.settings;
  return {
    id: nextOfferId(draft),
    frameworkId,
    agentId: agent.id,
    machineId: agent.machineId,
    hostname: agent.facts.hostname,
    role,
    resources,
    attributes: [...attributesOf(agent, machine)],
    unavailability: unavailabilityOf(machine),
    offeredAtMs: draft.atMs,
    expiresAtMonoMs: offerTimeoutMs === null ? null : draft.monoMs + offerTimeoutMs,
  };
}

function partsOfAllocation(draft: Draft, { parts }: Allocation): ResourcePart[] {
  const { cpusMilli, memMib, diskMib, gpus } = parts.unreserved;
  const plain = { cpusMilli, memMib, diskMib, gpus, ports: [...parts.ports] };
  const isPlain = cpusMilli + memMib + diskMib + gpus + plain.ports.length > 0;
  const reserved = parts.reserved.map(({ reservationId, amounts }): ResourcePart => {
    const { part } = must(draft.get('reservations', reservationId), `reservation ${reservationId}`);
    const { custom: _, ...scalars } = amounts;
    return { ...part, amounts: { ...noResources, ...scalars } };
  });
  return isPlain ? [{ reservation: [], volume: null, amounts: plain }, ...reserved] : reserved;
}
