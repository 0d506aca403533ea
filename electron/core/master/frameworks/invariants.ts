// I7: in every committed state what tasks hold, what is offered and what is set aside is within the agent; what is held of a
// reservation is within it; an offer is of somebody who is there, on an agent that can be offered.
import type { AgentRecord } from '../../../contract/machine.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import type { Tables } from '../../../contract/tables.ts';
import { type ScalarName, scalarNames } from '../resources.ts';
import { holdsResources } from '../task-states.ts';
import { modeOf } from './agent-words.ts';
import { bagOf, give, kindOf, usesOf } from './parts.ts';

export function overCommitted(tables: Tables): string[] {
  const held = new Map<string, ResourcePart[]>();
  const add = (agentId: string, parts: readonly ResourcePart[]): void => {
    held.set(agentId, [...(held.get(agentId) ?? []), ...parts]);
  };
  for (const task of tables.tasks.values()) if (holdsResources(task)) add(task.agentId, usesOf(task));
  for (const offer of tables.offers.values()) add(offer.agentId, offer.resources);
  return [...tables.agents.values()].flatMap((agent) => overOn(tables, agent, held.get(agent.id) ?? []));
}

function overOn(tables: Tables, agent: AgentRecord, held: readonly ResourcePart[]): string[] {
  const bag = bagOf(held);
  const rows = [...tables.reservations.values()].filter((row) => row.agentId === agent.id);
  const broken: string[] = [];
  for (const [kind, part] of bag) {
    if (part.reservation.length === 0) continue;
    const row = rows.find((each) => kindOf(each.part) === kind);
    const over = scalarNames.filter((name) => part.amounts[name] > (row?.part.amounts[name] ?? 0));
    broken.push(
      ...over.map((name) => `I7 ${agent.id}: ${name} ${part.amounts[name]} of reservation ${kind}`),
    );
  }
  const whole = bagOf(held.filter((part) => part.reservation.length === 0));
  for (const { part } of rows) give(whole, { ...part, reservation: [], volume: null });
  const sum = whole.get('|')?.amounts;
  const over = sum
    ? scalarNames.filter((name) => sum[name] > agent.resources[name] && isOurDoing(tables, agent, name))
    : [];
  return [
    ...broken,
    ...over.map((name) => `I7 ${agent.id}: ${name} ${sum?.[name]} of ${agent.resources[name]}`),
  ];
}

/** An agent that comes back smaller than its tasks is a fact. What we then still offer of it, or launch on it, is not. */
function isOurDoing(tables: Tables, agent: AgentRecord, name: ScalarName): boolean {
  const takes = (parts: readonly ResourcePart[]): boolean =>
    parts.some((part) => part.reservation.length === 0 && part.amounts[name] > 0);
  for (const offer of tables.offers.values())
    if (offer.agentId === agent.id && takes(offer.resources)) return true;
  for (const task of tables.tasks.values()) {
    const isNewer = task.createdAtMs > agent.lastHelloAtMs;
    if (task.agentId === agent.id && isNewer && holdsResources(task) && takes(usesOf(task))) return true;
  }
  return false;
}

export function offerGaps(tables: Tables): string[] {
  return [...tables.offers.values()].flatMap((offer) => gapsOf(tables, offer));
}

function gapsOf(tables: Tables, offer: OfferRecord): string[] {
  const broken: string[] = [];
  const agent = tables.agents.get(offer.agentId);
  const machine = tables.machines.get(offer.machineId);
  const mode = agent && modeOf({ agent, machine, link: tables.links.get(offer.machineId) });
  if (mode !== 'active') broken.push(`offer ${offer.id} of an agent that is ${mode ?? 'missing'}`);
  if (tables.subscriptions.get(offer.frameworkId)?.phase !== 'subscribed') {
    broken.push(`offer ${offer.id} to ${offer.frameworkId}, which is away`);
  }
  const framework = tables.frameworks.get(offer.frameworkId);
  if (!framework?.info.roles.includes(offer.role))
    broken.push(`offer ${offer.id} for a foreign role ${offer.role}`);
  return broken;
}
