// Room that is being made is held for the unit it is made for, until it is free; then it is an offer like any other.
//
//   held --> offered            all victims have ended
//     `---> dropped             nobody waits for it any more, or its agent cannot be offered
//
// After a restart of the master it stays held for who has not come back yet, its agent or its scheduler, as long as they are
// expected: what was promised is neither lost nor given to somebody else because this process was away.
import type { ClaimRecord } from '../../../contract/claim.ts';
import type { Demand } from '../../../contract/framework.ts';
import type { AgentId, TaskId } from '../../../contract/ids.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import { must } from '../../kernel/assert.ts';
import { isDue } from '../../kernel/deadlines.ts';
import { byId, isSame } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { scalarNames } from '../resources.ts';
import { holdsResources } from '../task-states.ts';
import { modeOf } from './agent-words.ts';
import { newOffer } from './allocation.ts';
import { topOf } from './fairness.ts';
import { askForAllocation, putOffer } from './offers.ts';
import { bagOf, holds, kindOf, minus, partsOf, sumOf, usesOf } from './parts.ts';
import { usedBy } from './roles.ts';
import { leastReturnMs } from './subscriptions.ts';
import { tell } from './tell.ts';

/** Of its agent and of its scheduler. */
type Standing = 'met' | 'awaited' | 'lost';

/** Asked for in the same words but for how many. */
export function isSameUnit(a: Demand, b: Demand): boolean {
  return isSame({ ...a, count: 1, priority: a.priority ?? 0 }, { ...b, count: 1, priority: b.priority ?? 0 });
}

export function putClaim(
  draft: Draft,
  made: {
    readonly unit: Pick<ClaimRecord, 'frameworkId' | 'demand'>;
    readonly agentId: AgentId;
    readonly resources: readonly ResourcePart[];
    readonly victims: readonly TaskId[];
  },
): string {
  draft.plan.offerSerial += 1;
  const id = `claim-${draft.plan.life}-${draft.plan.offerSerial}`;
  const { machineId } = must(draft.get('agents', made.agentId), `agent ${made.agentId}`);
  const { unit, agentId } = made;
  const [resources, victims] = [[...made.resources], [...made.victims]];
  draft.put('claims', { id, ...unit, agentId, machineId, resources, victims, sinceMs: draft.atMs });
  return id;
}

/** True: something was offered. */
export function meetClaims(draft: Draft): boolean {
  if (!draft.hasRows('claims')) return false;
  let hasNews = false;
  const seen: ClaimRecord[] = [];
  for (const claim of byId(draft.rows('claims'))) {
    const earlier = seen.filter((each) => isOfSameKind(each, claim)).length;
    const standing = standingOf(draft, claim, earlier);
    if (standing === 'lost') {
      dropClaim(draft, claim);
      continue;
    }
    seen.push(claim);
    if (standing === 'awaited' || claim.victims.some((id) => isHolding(draft, id))) continue;
    hasNews = settle(draft, claim) || hasNews;
  }
  return hasNews;
}

function isOfSameKind(a: ClaimRecord, b: ClaimRecord): boolean {
  return a.frameworkId === b.frameworkId && isSameUnit(a.demand, b.demand);
}

function isHolding(draft: Draft, id: TaskId): boolean {
  const task = draft.get('tasks', id);
  return task !== undefined && holdsResources(task);
}

function standingOf(draft: Draft, claim: ClaimRecord, earlier: number): Standing {
  const both = [agentStanding(draft, claim), schedulerStanding(draft, claim, earlier)];
  if (both.includes('lost')) return 'lost';
  return both.includes('awaited') ? 'awaited' : 'met';
}

function agentStanding(draft: Draft, claim: ClaimRecord): Standing {
  const agent = draft.get('agents', claim.agentId);
  const machine = draft.get('machines', claim.machineId);
  const link = draft.get('links', claim.machineId);
  if (agent && modeOf({ agent, machine, link }) === 'active') return 'met';
  if (machine?.removal !== null || !isOfEarlierLife(draft, claim)) return 'lost';
  // One whose record could not be read comes back with its next hello.
  const isExpected = !agent || (agent.state.kind === 'active' && !agent.availability);
  const isOnItsWay = link?.phase !== 'live' && link?.phase !== 'stopped';
  return isExpected && isOnItsWay ? 'awaited' : 'lost';
}

function schedulerStanding(draft: Draft, claim: ClaimRecord, earlier: number): Standing {
  const { frameworkId, demand } = claim;
  const framework = draft.get('frameworks', frameworkId);
  const subscription = draft.get('subscriptions', frameworkId);
  if (!framework || !subscription) return 'lost';
  if (framework.suppressedRoles.includes(demand.role) || !framework.info.roles.includes(demand.role))
    return 'lost';
  if (subscription.demand.some((each) => isSameUnit(each, demand) && each.count > earlier)) return 'met';
  // It comes back first, and says what it waits for after that.
  const mayStillAsk = framework.kind === 'remote' && subscription.demand.length === 0;
  return mayStillAsk && isOfEarlierLife(draft, claim) ? 'awaited' : 'lost';
}

/** And of those that are still expected. */
function isOfEarlierLife({ plan }: Draft, { id }: ClaimRecord): boolean {
  return plan.claimsAwaitUntilMonoMs !== null && !id.startsWith(`claim-${plan.life}-`);
}

/** A fresh master. Writes nothing durable. */
export function reopenClaims(draft: Draft): void {
  if (draft.hasRows('claims')) draft.plan.claimsAwaitUntilMonoMs = draft.monoMs + leastReturnMs;
}

export function onClaimDeadline({ plan, monoMs }: Draft): void {
  if (isDue(plan.claimsAwaitUntilMonoMs, monoMs)) plan.claimsAwaitUntilMonoMs = null;
}

/** Nobody could come back while this computer slept: that time does not count. */
export function onClaimsWokeUp({ plan }: Draft, asleepMs: number): void {
  if (plan.claimsAwaitUntilMonoMs !== null) plan.claimsAwaitUntilMonoMs += asleepMs;
}

function dropClaim(draft: Draft, claim: ClaimRecord): void {
  draft.drop('claims', claim.id);
  askForAllocation(draft, claim.agentId);
  draft.note('drop-claim', { claimId: claim.id, agentId: claim.agentId });
}

function settle(draft: Draft, claim: ClaimRecord): boolean {
  const { frameworkId, agentId, resources, demand } = claim;
  if (!isWithinLimit(draft, claim)) {
    dropClaim(draft, claim);
    return false;
  }
  if (!fitsNow(draft, claim)) {
    // Something else is there now: an agent that came back smaller, a task that was found on it.
    const isOffered = [...draft.rows('offers')].some((offer) => offer.agentId === agentId);
    if (!isOffered) dropClaim(draft, claim);
    return false;
  }
  draft.drop('claims', claim.id);
  const offer = newOffer(draft, { frameworkId, agentId, role: demand.role, resources });
  putOffer(draft, offer);
  tell(draft, frameworkId, { kind: 'OFFERS', offers: [offer] });
  return true;
}

/** A limit that was set, or reached by others of the role, since the room was made (I7). */
function isWithinLimit(draft: Draft, { demand, resources }: ClaimRecord): boolean {
  const top = topOf(demand.role);
  const limit = draft.get('roles', top)?.quota?.limit;
  if (!limit) return true;
  const offers = [...draft.rows('offers')].filter(({ role }) => topOf(role) === top);
  const given = [...offers.flatMap((offer) => offer.resources), ...resources];
  const plain = sumOf(given.filter(({ reservation }) => reservation.length === 0));
  const used = usedBy(draft, top);
  return scalarNames.every((name) => {
    const most = limit[name];
    return most === null || plain[name] === 0 || used[name] + plain[name] <= most;
  });
}

/** Nothing is held twice (I7), whoever holds it. */
function fitsNow(draft: Draft, { agentId, resources }: ClaimRecord): boolean {
  const agent = draft.get('agents', agentId);
  if (!agent) return false;
  const tasks = [...draft.rows('tasks')].filter((task) => task.agentId === agentId && holdsResources(task));
  const offers = [...draft.rows('offers')].filter((offer) => offer.agentId === agentId);
  const held = bagOf([...tasks.flatMap(usesOf), ...offers.flatMap((offer) => offer.resources), ...resources]);
  const rows = [...draft.rows('reservations')].filter((row) => row.agentId === agentId);
  const isWithin = partsOf(held).every((part) => {
    if (part.reservation.length === 0) return true;
    const row = rows.find((each) => kindOf(each.part) === kindOf(part));
    return row !== undefined && holds(row.part.amounts, part.amounts);
  });
  const reserved = sumOf(rows.map(({ part }) => part));
  const plain = held.get('|')?.amounts;
  if (!isWithin || !plain) return isWithin;
  if (!holds(agent.resources, { ...reserved, ports: [] })) return false;
  const left = minus(agent.resources, { ...reserved, ports: [] });
  return scalarNames.every((name) => left[name] >= plain[name]);
}
