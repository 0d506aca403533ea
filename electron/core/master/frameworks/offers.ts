// Offers: made of what the allocator gives, ended by an answer, by time or because the master takes them back.
//
//   outstanding --> accepted | declined | rescinded (time, agent away or changed, framework away)
//
// They are session rows: after a restart of the master none is outstanding, as in Mesos.
import type { Filters } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId, OfferId } from '../../../contract/ids.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import { noResources, type Resources } from '../../../contract/resources.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import { isDue } from '../../kernel/deadlines.ts';
import { byId } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { isNothing, plus } from './parts.ts';
import { tell } from './tell.ts';

const defaultRefuseMs = 5000;
const maxRefuseMs = 365 * 86_400_000;
/** Mesos: in effect its allocation interval. A scheduler that refuses with 0 would be offered the same for ever. */
const minRefuseMs = 1000;

export function nextOfferId(draft: Draft): OfferId {
  draft.plan.offerSerial += 1;
  return `offer-${draft.plan.life}-${draft.plan.offerSerial}` as OfferId;
}

/** It was made in this life of the master and is no more; anything else was never offered. */
export function wasOffered(draft: Draft, id: string): boolean {
  const [, life, serial] = /^offer-([0-9a-z]+)-(\d+)$/.exec(id) ?? [];
  return life === draft.plan.life && Number(serial) <= draft.plan.offerSerial;
}

export function putOffer(draft: Draft, offer: OfferRecord): void {
  draft.put('offers', offer);
  const { expiresAtMonoMs } = offer;
  if (expiresAtMonoMs === null) return;
  const next = draft.plan.offersEndAtMonoMs;
  draft.plan.offersEndAtMonoMs = next === null ? expiresAtMonoMs : Math.min(next, expiresAtMonoMs);
}

/** The unused part, or all of a declined offer: not offered again to that role of that framework for a while. */
export function refuseParts(
  draft: Draft,
  offer: Pick<OfferRecord, 'frameworkId' | 'role' | 'agentId'>,
  parts: readonly ResourcePart[],
  filters: Filters | null,
): void {
  const sum: { unreserved: Resources; reserved: Resources } = {
    unreserved: noResources,
    reserved: noResources,
  };
  for (const part of parts) {
    const side = part.reservation.length > 0 ? 'reserved' : 'unreserved';
    sum[side] = plus(sum[side], part.amounts);
  }
  if (isNothing(sum.unreserved) && isNothing(sum.reserved)) return;
  const untilMonoMs = draft.monoMs + refuseMsOf(filters);
  const key = `${offer.frameworkId}|${offer.role}|${offer.agentId}`;
  const { frameworkId, role, agentId } = offer;
  draft.filters.set(key, { frameworkId, role, agentId, refused: sum, untilMonoMs });
  const next = draft.plan.filtersEndAtMonoMs;
  draft.plan.filtersEndAtMonoMs = next === null ? untilMonoMs : Math.min(next, untilMonoMs);
}

/** Mesos: negative or not a number means the default; at most 365 days. */
export function refuseMsOf(filters: Filters | null): number {
  const asked = filters?.refuseMs ?? defaultRefuseMs;
  if (Number.isNaN(asked) || asked < 0) return defaultRefuseMs;
  return Math.min(maxRefuseMs, Math.max(minRefuseMs, Math.round(asked)));
}

export function clearFilters(draft: Draft, frameworkId: FrameworkId, roles: readonly string[]): void {
  for (const [key, filter] of draft.filters.entries()) {
    if (filter.frameworkId === frameworkId && roles.includes(filter.role)) draft.filters.delete(key);
  }
}

export function endOffer(draft: Draft, offer: OfferRecord): void {
  draft.drop('offers', offer.id);
  askForAllocation(draft, offer.agentId);
}

function rescind(draft: Draft, offer: OfferRecord): void {
  endOffer(draft, offer);
  tell(draft, offer.frameworkId, { kind: 'RESCIND', offerId: offer.id });
}

export function rescindAll(draft: Draft, isOf: (offer: OfferRecord) => boolean): void {
  for (const offer of byId(draft.rows('offers'))) if (isOf(offer)) rescind(draft, offer);
}

/** Several changes in one turn are one run: it is due when the inbox is empty, by the deadline of the state. */
export function askForAllocation(draft: Draft, agent: AgentId | 'all'): void {
  const { plan } = draft;
  if (plan.allocateAgents === 'all') return;
  if (agent === 'all') plan.allocateAgents = 'all';
  else if (plan.allocateAgents?.id !== agent) plan.allocateAgents = { id: agent, rest: plan.allocateAgents };
}

/** A scheduler that does not answer loses the offer, and others get their chance first. */
export function onOfferDeadlines(draft: Draft): void {
  if (isDue(draft.plan.offersEndAtMonoMs, draft.monoMs)) endOldOffers(draft);
  if (isDue(draft.plan.filtersEndAtMonoMs, draft.monoMs)) endOldFilters(draft);
}

function endOldOffers(draft: Draft): void {
  draft.plan.offersEndAtMonoMs = null;
  for (const offer of byId(draft.rows('offers'))) {
    if (!isDue(offer.expiresAtMonoMs, draft.monoMs)) {
      putOffer(draft, offer);
      continue;
    }
    rescind(draft, offer);
    refuseParts(draft, offer, offer.resources, null);
    draft.note('offer-expired', { offerId: offer.id, frameworkId: offer.frameworkId });
  }
}

function endOldFilters(draft: Draft): void {
  draft.plan.filtersEndAtMonoMs = null;
  let next: number | null = null;
  for (const [key, filter] of draft.filters.entries()) {
    if (isDue(filter.untilMonoMs, draft.monoMs)) {
      draft.filters.delete(key);
      askForAllocation(draft, filter.agentId);
    } else next = next === null ? filter.untilMonoMs : Math.min(next, filter.untilMonoMs);
  }
  draft.plan.filtersEndAtMonoMs = next;
}
