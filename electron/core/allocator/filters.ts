// Refused-offer filters: each is in two linked lists, that of its agent (walked when the agent is offered) and that of its
// client (walked on REVIVE). A pair may have several; one that another covers in amounts and in time is not kept.
import { doubles, ints, longer } from './arrays.ts';
import type { Filters } from './shapes.ts';

const none = -1;

const nextOfAgent = 0;
const nextOfClient = 2;

export function newFilters(width: number): Filters {
  return {
    width,
    size: 0,
    count: 0,
    unused: [],
    agent: new Int32Array(0),
    client: new Int32Array(0),
    until: new Float64Array(0),
    refused: new Float64Array(0),
    links: new Int32Array(0),
    byAgent: new Int32Array(0),
    byClient: new Int32Array(0),
  };
}

function withRoom(heads: Int32Array, number: number): Int32Array {
  if (number < heads.length) return heads;
  const wider = new Int32Array(Math.max(64, 2 * number + 1)).fill(none);
  wider.set(heads);
  return wider;
}

export function firstOfAgent(filters: Filters, agent: number): number {
  return agent < filters.byAgent.length ? filters.byAgent[agent]! : none;
}

export function nextAtAgent(filters: Filters, filter: number): number {
  return filters.links[filter * 4 + nextOfAgent]!;
}

function push(
  filters: Filters,
  heads: Int32Array,
  at: { owner: number; side: number; filter: number },
): void {
  const head = heads[at.owner]!;
  filters.links[at.filter * 4 + at.side] = head;
  filters.links[at.filter * 4 + at.side + 1] = none;
  if (head !== none) filters.links[head * 4 + at.side + 1] = at.filter;
  heads[at.owner] = at.filter;
}

function unlink(
  filters: Filters,
  heads: Int32Array,
  at: { owner: number; side: number; filter: number },
): void {
  const next = filters.links[at.filter * 4 + at.side]!;
  const previous = filters.links[at.filter * 4 + at.side + 1]!;
  if (previous === none) heads[at.owner] = next;
  else filters.links[previous * 4 + at.side] = next;
  if (next !== none) filters.links[next * 4 + at.side + 1] = previous;
}

function allocateFilter(filters: Filters): number {
  const reused = filters.unused.pop();
  if (reused !== undefined) return reused;
  if (filters.size >= filters.agent.length) {
    const room = Math.max(256, 2 * filters.size);
    filters.agent = longer(filters.agent, ints, room);
    filters.client = longer(filters.client, ints, room);
    filters.until = longer(filters.until, doubles, room);
    filters.refused = longer(filters.refused, doubles, room * 2 * filters.width);
    filters.links = longer(filters.links, ints, room * 4);
  }
  filters.size += 1;
  return filters.size - 1;
}

/** All that filter `a` refuses is in what `b` refuses, and `b` lasts at least as long. */
function isCovered(filters: Filters, a: number, b: number): boolean {
  if (filters.until[a]! > filters.until[b]!) return false;
  const span = 2 * filters.width;
  for (let at = 0; at < span; at += 1) {
    if (filters.refused[a * span + at]! > filters.refused[b * span + at]!) return false;
  }
  return true;
}

export type NewFilter = {
  readonly agent: number;
  readonly client: number;
  readonly unreserved: Float64Array;
  readonly reserved: Float64Array;
  readonly untilMonoMs: number;
};

export function insertFilter(filters: Filters, { agent, client, ...rest }: NewFilter): void {
  filters.byAgent = withRoom(filters.byAgent, agent);
  filters.byClient = withRoom(filters.byClient, client);
  const filter = allocateFilter(filters);
  filters.agent[filter] = agent;
  filters.client[filter] = client;
  filters.until[filter] = rest.untilMonoMs;
  filters.refused.set(rest.unreserved, filter * 2 * filters.width);
  filters.refused.set(rest.reserved, (filter * 2 + 1) * filters.width);
  for (let at = filters.byAgent[agent]!; at !== none; ) {
    const next = nextAtAgent(filters, at);
    if (filters.client[at] === client) {
      if (isCovered(filters, filter, at)) {
        filters.agent[filter] = none;
        filters.unused.push(filter);
        return;
      }
      if (isCovered(filters, at, filter)) removeFilter(filters, at);
    }
    at = next;
  }
  push(filters, filters.byAgent, { owner: agent, side: nextOfAgent, filter });
  push(filters, filters.byClient, { owner: client, side: nextOfClient, filter });
  filters.count += 1;
}

export function removeFilter(filters: Filters, filter: number): void {
  unlink(filters, filters.byAgent, { owner: filters.agent[filter]!, side: nextOfAgent, filter });
  unlink(filters, filters.byClient, { owner: filters.client[filter]!, side: nextOfClient, filter });
  filters.agent[filter] = none;
  filters.unused.push(filter);
  filters.count -= 1;
}

/** Ends all filters of an agent. */
export function removeOfAgent(filters: Filters, agent: number): void {
  if (agent >= filters.byAgent.length) return;
  while (filters.byAgent[agent] !== none) removeFilter(filters, filters.byAgent[agent]!);
}

/** Ends the filters of one client on one agent. False: there were none. */
export function removeOfPair(filters: Filters, agent: number, client: number): boolean {
  let isAny = false;
  for (let at = firstOfAgent(filters, agent); at !== none; ) {
    const next = nextAtAgent(filters, at);
    if (filters.client[at] === client) {
      removeFilter(filters, at);
      isAny = true;
    }
    at = next;
  }
  return isAny;
}

/** Ends all filters of a client and says on which agents they were. */
export function removeOfClient(filters: Filters, client: number): readonly number[] {
  const agents: number[] = [];
  while (client < filters.byClient.length && filters.byClient[client] !== none) {
    const filter = filters.byClient[client]!;
    agents.push(filters.agent[filter]!);
    removeFilter(filters, filter);
  }
  return agents;
}

/** In the order of their places; not a stable order between two indexes. */
export function liveFilters(filters: Filters): readonly number[] {
  const live: number[] = [];
  for (let filter = 0; filter < filters.size; filter += 1)
    if (filters.agent[filter] !== none) live.push(filter);
  return live;
}

/** The filter stops an offer of these amounts: all of them were refused. */
export function covers(
  filters: Filters,
  filter: number,
  unreserved: Float64Array,
  reserved: Float64Array,
): boolean {
  const { width, refused } = filters;
  const at = filter * 2 * width;
  for (let r = 0; r < width; r += 1) {
    if (unreserved[r]! > refused[at + r]! || reserved[r]! > refused[at + width + r]!) return false;
  }
  return true;
}
