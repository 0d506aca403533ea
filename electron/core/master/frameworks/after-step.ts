// What follows for frameworks from whatever a step has done, at one place for all its causes: offers of agents that left or
// changed are taken back, changes of tasks are told, what became free is allocated. Nothing here asks who did it.
import type { AgentId } from '../../../contract/ids.ts';
import { assert } from '../../kernel/assert.ts';
import { isSame } from '../../kernel/tables.ts';
import type { Draft } from '../draft.ts';
import { followDrains } from '../drain.ts';
import { holdsResources } from '../task-states.ts';
import { attributesOf, modeOf, unavailabilityOf } from './agent-words.ts';
import { planAllocation } from './allocation.ts';
import { hearBuiltIn } from './built-in.ts';
import { meetClaims } from './claims.ts';
import { followInverseOffers, forgetInverseOffers } from './inverse-offers.ts';
import { askForAllocation, rescindAll } from './offers.ts';
import { makeRoom } from './preemption.ts';
import { tell } from './tell.ts';
import { endGroup, tellChanges } from './updates.ts';

/** Each round answers the one before; a scheduler that goes on for ever is a bug of ours. */
const maxRounds = 1000;

export function afterStep(draft: Draft): void {
  followDrains(draft);
  meetAgents(draft);
  forgetInverseOffers(draft);
  let isRoomMade = false;
  for (let round = 0; ; round += 1) {
    assert(round < maxRounds, 'schedulers of this program never come to rest');
    const isQuiet = !meetTasks(draft) && !followInverseOffers(draft) && !hearBuiltIn(draft);
    if (!isQuiet || meetClaims(draft)) continue;
    // Last, when what could be placed is; once, since it is about what waits then.
    if (isRoomMade || !makeRoom(draft)) break;
    isRoomMade = true;
  }
  planAllocation(draft);
}

function meetAgents(draft: Draft): void {
  if (!draft.touches('agents') && !draft.touches('machines') && !hasOtherPhase(draft)) return;
  const ids = touchedAgents(draft);
  const away = new Set<AgentId>();
  for (const id of ids) {
    askForAllocation(draft, id);
    if (!isAsOffered(draft, id)) away.add(id);
    tellFailure(draft, id);
  }
  if (away.size > 0) rescindAll(draft, (offer) => away.has(offer.agentId));
}

/** A link changes with each word that is heard; only its phase says something of its agent. */
function hasOtherPhase(draft: Draft): boolean {
  return draft.changed('links').some(({ before, now }) => before?.phase !== now?.phase);
}

function touchedAgents(draft: Draft): ReadonlySet<AgentId> {
  const ids = new Set<AgentId>();
  for (const { before, now } of draft.changed('agents')) {
    if (before !== now) addAgent(ids, [before?.id, now?.id]);
  }
  for (const { before, now } of draft.changed('machines')) addAgent(ids, [before?.agentId, now?.agentId]);
  for (const { id, before, now } of draft.changed('links')) {
    if (before?.phase !== now?.phase) addAgent(ids, [draft.get('machines', id)?.agentId]);
  }
  return ids;
}

function addAgent(ids: Set<AgentId>, found: readonly (AgentId | null | undefined)[]): void {
  for (const id of found) if (id) ids.add(id);
}

/** It can be offered, and it is still what it was when it was; of no interest when nothing is offered. */
function isAsOffered(draft: Draft, id: AgentId): boolean {
  if (!draft.hasRows('offers')) return true;
  const agent = draft.get('agents', id);
  if (!agent) return false;
  const machine = draft.get('machines', agent.machineId);
  if (modeOf({ agent, machine, link: draft.get('links', agent.machineId) }) !== 'active') return false;
  for (const { id: changedId, before } of draft.changed('machines')) {
    if (changedId !== agent.machineId || !before) continue;
    // Mesos makes such offers anew as well: who takes one must know.
    if (!isSame(unavailabilityOf(before), unavailabilityOf(machine))) return false;
  }
  for (const { id: changedId, before } of draft.changed('agents')) {
    if (changedId !== id || !before) continue;
    if (!isSame(before.resources, agent.resources)) return false;
    if (!isSame(attributesOf(before, machine), attributesOf(agent, machine))) return false;
  }
  return true;
}

/** Mesos: FAILURE without an executor means that the agent is gone. */
function tellFailure(draft: Draft, id: AgentId): void {
  for (const { id: changedId, before, now } of draft.changed('agents')) {
    const isEnd =
      (now?.state.kind ?? 'gone') === 'gone' && before !== undefined && before.state.kind !== 'gone';
    if (changedId !== id || !isEnd) continue;
    for (const { id: frameworkId } of [...draft.rows('subscriptions')])
      tell(draft, frameworkId, { kind: 'FAILURE', agentId: id });
  }
}

/** True: there was something new. */
function meetTasks(draft: Draft): boolean {
  if (!draft.touches('tasks')) return false;
  let hasNews = false;
  for (const change of draft.changed('tasks')) {
    const { id, met: before, now } = change;
    if (before === now) continue;
    hasNews = true;
    const gone = before && holdsResources(before) && !(now && holdsResources(now)) ? before : null;
    if (gone) askForAllocation(draft, gone.agentId);
    if (now) {
      tellChanges(draft, before, now);
      if (before?.state !== now.state) endGroup(draft, now);
    }
    change.met = draft.get('tasks', id);
  }
  return hasNews;
}
