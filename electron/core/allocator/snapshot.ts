// The index as plain data and back. A rebuilt index is what an incremental one is checked against.
import { assert } from '../kernel/assert.ts';
import { writeAgent } from './agents.ts';
import { compileAll, writeClient } from './clients.ts';
import { insertFilter, liveFilters } from './filters.ts';
import { findClient, partVectors, writeHold } from './holdings.ts';
import { writeQuota } from './quota.ts';
import { amountsAt, vectorOf } from './scalars.ts';
import type { AgentRow, Held, Index } from './shapes.ts';
import { noSets, rowOf } from './state.ts';
import { clientKey, roleNode } from './tree.ts';
import type { AllocatorSnapshot, ClientKey, Holding, Quota, RefusedFilter } from './types.ts';

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const keyText = ({ role, frameworkId }: ClientKey): string => clientKey(role, frameworkId);

function agentRows(index: Index): readonly AgentRow[] {
  return [...index.agents.numbers.values()].map((number) => index.agents.rows[number]!);
}

function holdingOf(index: Index, row: AgentRow, node: number, held: Held): Holding {
  const { frameworkId, role } = index.tree.clients[node]!.input;
  const reserved = [...held.reserved].map(([reservationId, amounts]) => ({
    reservationId,
    amounts: amountsAt(index.scalars, amounts),
  }));
  return {
    frameworkId,
    role,
    agentId: row.input.agentId,
    parts: {
      unreserved: amountsAt(index.scalars, held.unreserved),
      reserved: reserved.sort((a, b) => byText(a.reservationId, b.reservationId)),
      ports: held.ports,
      ...(held.sets === noSets || Object.keys(held.sets).length === 0 ? {} : { sets: held.sets }),
    },
  };
}

function filtersOf(index: Index): readonly RefusedFilter[] {
  const { filters, agents, tree, scalars, width } = index;
  const arrival = new Map([...agents.numbers.keys()].map((agentId, at) => [agentId, at]));
  const list = liveFilters(filters).map((filter): RefusedFilter => {
    const { frameworkId, role } = tree.clients[filters.client[filter]!]!.input;
    return {
      frameworkId,
      role,
      agentId: agents.rows[filters.agent[filter]!]!.input.agentId,
      refused: {
        unreserved: amountsAt(scalars, filters.refused, filter * 2 * width),
        reserved: amountsAt(scalars, filters.refused, (filter * 2 + 1) * width),
      },
      untilMonoMs: filters.until[filter]!,
    };
  });
  return list.sort(
    (a, b) =>
      arrival.get(a.agentId)! - arrival.get(b.agentId)! ||
      byText(keyText(a), keyText(b)) ||
      a.untilMonoMs - b.untilMonoMs ||
      byText(JSON.stringify(a.refused), JSON.stringify(b.refused)),
  );
}

export function snapshotOf(index: Index): AllocatorSnapshot {
  const { tree, quotas } = index;
  const rows = agentRows(index);
  const clients = [...tree.clientNodes.values()].map((node) => ({
    ...tree.clients[node]!.input,
    allocations: tree.count[node]!,
  }));
  const quotaList = [...quotas.inputs].map(([node, quota]): readonly [string, Quota] => [
    tree.paths[node]!,
    quota,
  ]);
  return {
    settings: index.settings,
    agents: rows.map(({ input }) => input),
    clients: clients.sort((a, b) => byText(keyText(a), keyText(b))),
    holdings: rows.flatMap((row) =>
      [...row.held]
        .map(([node, held]) => holdingOf(index, row, node, held))
        .sort((a, b) => byText(keyText(a), keyText(b))),
    ),
    filters: filtersOf(index),
    weights: Object.fromEntries([...tree.weights].sort(([a], [b]) => byText(a, b))),
    quotas: Object.fromEntries(quotaList.sort(([a], [b]) => byText(a, b))),
    touched: rows
      .filter(({ number }) => index.agents.isTouched[number] === 1)
      .map((row) => row.input.agentId),
  };
}

/** Into an empty index that knows all the scalars. The data is trusted: it was checked when it came. */
export function loadSnapshot(index: Index, snapshot: AllocatorSnapshot): void {
  const { tree } = index;
  for (const [role, weight] of Object.entries(snapshot.weights)) tree.weights.set(role, weight);
  for (const agent of snapshot.agents) writeAgent(index, agent);
  for (const [role, quota] of Object.entries(snapshot.quotas)) {
    writeQuota(index, roleNode(tree, role), quota);
  }
  for (const { allocations: _, ...client } of snapshot.clients) {
    const compiled = compileAll(client);
    assert(compiled instanceof Map, 'constraints that were compiled before');
    writeClient(index, client, compiled);
  }
  for (const holding of snapshot.holdings) {
    const row = rowOf(index, holding.agentId);
    const client = findClient(index, holding);
    assert(row !== undefined && client !== undefined, 'a holding of a known agent and client');
    writeHold(index, { row, client }, partVectors(index, holding.parts));
  }
  for (const filter of snapshot.filters) {
    insertFilter(index.filters, {
      agent: rowOf(index, filter.agentId)!.number,
      client: findClient(index, filter)!.node,
      unreserved: vectorOf(index.scalars, filter.refused.unreserved),
      reserved: vectorOf(index.scalars, filter.refused.reserved),
      untilMonoMs: filter.untilMonoMs,
    });
  }
  tree.count.fill(0);
  for (const client of snapshot.clients) {
    for (const node of findClient(index, client)!.chain) {
      tree.count[node] = tree.count[node]! + client.allocations;
    }
  }
  index.agents.isTouched.fill(0);
  for (const agentId of snapshot.touched) index.agents.isTouched[rowOf(index, agentId)!.number] = 1;
}
