// Frameworks come, go away, come back in time or not, and end.
//
//   (unknown) --> subscribed <--> disconnected --> completed    for good: the id is never taken again
//                     `------------- teardown ---------^

import type { Refusal } from '../../../contract/errors.ts';
import type {
  Call,
  FrameworkInfo,
  FrameworkRecord,
  SubscriptionRecord,
} from '../../../contract/framework.ts';
import type { FrameworkId } from '../../../contract/ids.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import { isDue } from '../../kernel/deadlines.ts';
import { byId, isSame } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { noteDone } from '../operations.ts';
import { isTerminal } from '../task-states.ts';
import { refuseDemands, refuseInfo, refuseRoles } from './info-rules.ts';
import { askForAllocation, clearFilters, endOffer, rescindAll } from './offers.ts';
import { resendOperations, withoutOwed } from './operation-feedback.ts';
import { closeStream, heartbeatIntervalMs, tell } from './tell.ts';
import { killTask, resendAll } from './updates.ts';
import { frameworkOf, refuseCall } from './words.ts';

/** Mesos keeps 50 too. */
const keptCompleted = 50;
/** After a start of the master every scheduler has at least that long to come back. */
export const leastReturnMs = 60_000;

export function onSubscribe(draft: Draft, call: Extract<Call, { kind: 'SUBSCRIBE' }>): Refusal | null {
  const { frameworkId, streamId } = call;
  const known = draft.get('frameworks', frameworkId);
  const refusal = refuseReturn(known) ?? refuseInfo(call);
  if (refusal) return refusal;
  const before = draft.get('subscriptions', frameworkId);
  if (before?.streamId && before.streamId !== streamId) {
    closeStream(draft, frameworkId, before.streamId, 'Framework failed over');
  }
  dropOffersOf(draft, frameworkId);
  draft.reconciling.delete(frameworkId);
  putFramework(draft, {
    id: frameworkId,
    kind: known?.kind ?? 'remote',
    info: { ...call.info, user: known?.info.user ?? call.info.user },
    suppressedRoles: call.suppressedRoles,
    ...(call.offerConstraints ? { offerConstraints: call.offerConstraints } : {}),
    registeredAtMs: known?.registeredAtMs ?? draft.atMs,
    completedAtMs: null,
    ...(known?.owedOperations ? { owedOperations: known.owedOperations } : {}),
  });
  putSubscribed(draft, frameworkId, streamId);
  tell(draft, frameworkId, { kind: 'SUBSCRIBED', frameworkId, heartbeatIntervalMs });
  resendAll(draft, frameworkId);
  resendOperations(draft, frameworkId);
  askForAllocation(draft, 'all');
  return null;
}

function putFramework(draft: Draft, record: FrameworkRecord): void {
  const known = draft.get('frameworks', record.id);
  if (!known || !isSame(known, record)) draft.put('frameworks', record);
}

function putSubscribed(draft: Draft, id: FrameworkId, streamId: string): void {
  draft.put('subscriptions', {
    id,
    phase: 'subscribed',
    sinceMs: draft.atMs,
    streamId,
    failoverAtMonoMs: null,
    demand: [],
  });
}

/** The built-in scheduler is part of the master: it never has to connect. */
export function subscribeBuiltIn(draft: Draft, id: FrameworkId, info: FrameworkInfo): void {
  if (!draft.get('frameworks', id)) {
    draft.put('frameworks', {
      id,
      kind: 'built-in',
      info,
      suppressedRoles: [],
      registeredAtMs: draft.atMs,
      completedAtMs: null,
    });
  }
  if (!draft.get('subscriptions', id)) putSubscribed(draft, id, 'built-in');
}

function refuseReturn(known: FrameworkRecord | undefined): Refusal | null {
  if (known?.kind === 'built-in') return refuseCall('unauthorized', 'framework-built-in', known.id);
  if (known && known.completedAtMs !== null)
    return refuseCall('conflict', 'framework-completed', 'Framework has been removed');
  return null;
}

export function onUpdateFramework(
  draft: Draft,
  call: Extract<Call, { kind: 'UPDATE_FRAMEWORK' }>,
): Refusal | null {
  const known = draft.get('frameworks', call.frameworkId);
  const refusal = refuseInfo(call);
  if (refusal || !known) return refusal;
  const { offerConstraints, ...rest } = known;
  putFramework(draft, {
    ...rest,
    info: { ...call.info, user: known.info.user },
    suppressedRoles: call.suppressedRoles,
    ...(call.offerConstraints ? { offerConstraints: call.offerConstraints } : {}),
  });
  // What lies in offers was chosen by the old words: of other constraints all of it, else what is not its role any more.
  const isOther = !isSame(offerConstraints ?? {}, call.offerConstraints ?? {});
  const isLost = ({ role }: OfferRecord): boolean => isOther || !call.info.roles.includes(role);
  rescindAll(draft, (offer) => offer.frameworkId === known.id && isLost(offer));
  clearFilters(
    draft,
    known.id,
    known.info.roles.filter((role) => !call.info.roles.includes(role)),
  );
  askForAllocation(draft, 'all');
  return null;
}

export function onRevive(
  draft: Draft,
  call: Extract<Call, { kind: 'REVIVE' }>,
  framework: FrameworkRecord,
): Refusal | null {
  const refusal = refuseRoles(framework.info, call.roles);
  if (refusal) return refusal;
  const roles = call.roles.length > 0 ? call.roles : framework.info.roles;
  clearFilters(draft, framework.id, roles);
  putFramework(draft, {
    ...framework,
    suppressedRoles: framework.suppressedRoles.filter((role) => !roles.includes(role)),
  });
  askForAllocation(draft, 'all');
  return null;
}

export function onSuppress(
  draft: Draft,
  call: Extract<Call, { kind: 'SUPPRESS' }>,
  framework: FrameworkRecord,
): Refusal | null {
  const refusal = refuseRoles(framework.info, call.roles);
  if (refusal) return refusal;
  const roles = call.roles.length > 0 ? call.roles : framework.info.roles;
  putFramework(draft, {
    ...framework,
    suppressedRoles: [...new Set([...framework.suppressedRoles, ...roles])].sort(),
  });
  return null;
}

export function onRequest(
  draft: Draft,
  call: Extract<Call, { kind: 'REQUEST' }>,
  framework: FrameworkRecord,
): Refusal | null {
  const refusal = refuseDemands(framework.info, call.requests);
  const subscription = draft.get('subscriptions', framework.id);
  if (refusal || !subscription) return refusal;
  const next = { ...subscription, demand: call.requests };
  // Asked for and served within one step: nothing has changed for anybody who looks at it.
  const start = draft.changed('subscriptions').find(({ id }) => id === framework.id)?.before;
  draft.put('subscriptions', start && isSame(start, next) ? start : next);
  if (call.requests.length > 0) askForAllocation(draft, 'all');
  return null;
}

/** The transport lost the connection. An older one than the present is of no interest. */
export function onSchedulerDisconnected(
  draft: Draft,
  event: { readonly frameworkId: FrameworkId; readonly streamId: string },
): void {
  const { frameworkId, streamId } = event;
  const subscription = draft.get('subscriptions', frameworkId);
  const framework = draft.get('frameworks', frameworkId);
  if (framework?.kind !== 'remote' || subscription?.streamId !== streamId) {
    draft.note('ignore-scheduler-gone', { frameworkId, streamId });
    return;
  }
  if (framework.info.failoverTimeoutMs === 0) {
    complete(draft, framework, 'framework-lost');
    return;
  }
  disconnect(draft, subscription, draft.monoMs + framework.info.failoverTimeoutMs);
}

function disconnect(draft: Draft, subscription: SubscriptionRecord, failoverAtMonoMs: number): void {
  dropOffersOf(draft, subscription.id);
  draft.reconciling.delete(subscription.id);
  draft.put('subscriptions', {
    ...subscription,
    phase: 'disconnected',
    sinceMs: draft.atMs,
    streamId: null,
    failoverAtMonoMs,
    demand: [],
  });
  noteFailover(draft, failoverAtMonoMs);
}

function noteFailover(draft: Draft, atMonoMs: number): void {
  const next = draft.plan.failoverAtMonoMs;
  draft.plan.failoverAtMonoMs = next === null ? atMonoMs : Math.min(next, atMonoMs);
}

/** Nobody is left to be told. */
function dropOffersOf(draft: Draft, frameworkId: FrameworkId): void {
  for (const offer of byId(draft.rows('offers')))
    if (offer.frameworkId === frameworkId) endOffer(draft, offer);
}

export function onTeardown(draft: Draft, framework: FrameworkRecord): Refusal | null {
  if (framework.kind === 'built-in') return refuseCall('unauthorized', 'framework-built-in', framework.id);
  complete(draft, framework, 'framework-left');
  return null;
}

/** By the operator: whether its scheduler is there or not. */
export function onTeardownByPerson(
  draft: Draft,
  { frameworkId }: { readonly frameworkId: FrameworkId },
): Refusal | null {
  const framework = draft.get('frameworks', frameworkId);
  if (!framework) return { code: 'not-found', reason: 'no-such-framework', detail: frameworkId };
  if (framework.completedAtMs !== null)
    return { code: 'conflict', reason: 'framework-ended', detail: frameworkId };
  if (framework.kind === 'built-in')
    return { code: 'unsupported', reason: 'framework-stays', detail: frameworkId };
  complete(draft, framework, 'teardown-framework');
  return null;
}

type End = 'teardown-framework' | 'framework-left' | 'framework-lost';

/** Its tasks are killed, and it may not come back. What is reserved belongs to its roles and stays. */
function complete(draft: Draft, framework: FrameworkRecord, verb: End): void {
  const streamId = draft.get('subscriptions', framework.id)?.streamId ?? null;
  if (streamId !== null) closeStream(draft, framework.id, streamId, null);
  dropOffersOf(draft, framework.id);
  draft.reconciling.delete(framework.id);
  clearFilters(draft, framework.id, framework.info.roles);
  draft.drop('subscriptions', framework.id);
  draft.put('frameworks', { ...withoutOwed(draft, framework), completedAtMs: draft.atMs });
  let isNews = verb === 'teardown-framework';
  for (const task of byId(draft.rows('tasks'))) {
    if (frameworkOf(task) !== framework.id) continue;
    draft.owing.delete(task.id);
    isNews ||= !isTerminal(task);
    if (!isTerminal(task)) killTask(draft, task);
  }
  // Schedulers come and go; people hear of it when that ends tasks.
  if (isNews) noteDone(draft, verb, { subject: framework.info.name });
  forgetOldest(draft);
}

function forgetOldest(draft: Draft): void {
  const completed = byId([...draft.rows('frameworks')].filter((each) => each.completedAtMs !== null));
  completed.sort((a, b) => (a.completedAtMs ?? 0) - (b.completedAtMs ?? 0));
  for (const old of completed.slice(0, Math.max(0, completed.length - keptCompleted)))
    draft.drop('frameworks', old.id);
}

export function onFrameworkDeadlines(draft: Draft): void {
  if (!isDue(draft.plan.failoverAtMonoMs, draft.monoMs)) return;
  draft.plan.failoverAtMonoMs = null;
  for (const { id, failoverAtMonoMs } of byId(draft.rows('subscriptions'))) {
    if (failoverAtMonoMs === null) continue;
    const framework = draft.get('frameworks', id);
    if (isDue(failoverAtMonoMs, draft.monoMs) && framework) complete(draft, framework, 'framework-lost');
    else noteFailover(draft, failoverAtMonoMs);
  }
}

/** A fresh master: whoever is behind a transport must come back first. Writes nothing durable. */
export function reopenFrameworks(draft: Draft): void {
  for (const framework of byId(draft.rows('frameworks'))) {
    if (framework.completedAtMs !== null) continue;
    putSubscribed(draft, framework.id, 'built-in');
    const subscription = draft.get('subscriptions', framework.id);
    if (framework.kind === 'built-in' || !subscription) continue;
    disconnect(draft, subscription, draft.monoMs + Math.max(leastReturnMs, framework.info.failoverTimeoutMs));
  }
}

/** Nobody could come back while this computer slept: that time does not count. */
export function onFrameworksWokeUp(draft: Draft, asleepMs: number): void {
  for (const subscription of byId(draft.rows('subscriptions'))) {
    const { failoverAtMonoMs } = subscription;
    if (failoverAtMonoMs === null) continue;
    draft.put('subscriptions', { ...subscription, failoverAtMonoMs: failoverAtMonoMs + asleepMs });
  }
}
