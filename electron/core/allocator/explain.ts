// Why something waits: the first rule that stops one unit, for each agent. The rules are those of `allocate`.
import { assert } from '../kernel/assert.ts';
import { demandRow, refuseDemand } from './clients.ts';
import { compileConstraints } from './constraints.ts';
import { covers } from './filters.ts';
import { findClient } from './holdings.ts';
import {
  blockingFilter,
  filterOfUnit,
  limitLeft,
  lookAt,
  newScene,
  type Scene,
  spareFor,
  stopsBare,
  stopsClient,
  stopsSize,
  sumReserved,
} from './rules.ts';
import type { AgentRow, Client, DemandRow, Index } from './shapes.ts';
import { rowOf } from './state.ts';
import type { AgentVerdict, ExplainRequest, Explanation, WaitReason } from './types.ts';

type Stop = Pick<AgentVerdict, 'reason' | 'shortage' | 'untilMonoMs'>;

const plain = (reason: WaitReason): Stop => ({ reason, shortage: null, untilMonoMs: null });

/** When all filters that refuse this have ended. */
function lastEnd(scene: Scene, client: Client, unreserved: Float64Array, reserved: Float64Array): number {
  const { filters } = scene.index;
  const { filterHead, filterNext } = scene.room;
  let last = 0;
  for (let at = filterHead[client.node]!; at >= 0; at = filterNext[at]!) {
    if (covers(filters, at, unreserved, reserved)) last = Math.max(last, filters.until[at]!);
  }
  return last;
}

/** A client without demand is offered what there is, so size and filters are about that. */
function stopsWhole(scene: Scene, client: Client): Stop | null {
  const { index, row } = scene;
  sumReserved(scene, client);
  const { reservedFree } = scene.room;
  const usable = reservedFree.map((_, r) => {
    const free = index.agents.free[row.number * index.width + r]!;
    return Math.max(0, Math.min(free, limitLeft(index, client.top, r), spareFor(index, client.top, r)));
  });
  const all = usable.map((amount, r) => amount + reservedFree[r]!);
  const size = stopsSize(client.minSets ?? index.minSets, all, index.width);
  if (size !== null) return plain(size);
  if (blockingFilter(scene, client, usable, reservedFree) < 0) return null;
  return { ...plain('refused-before'), untilMonoMs: lastEnd(scene, client, usable, reservedFree) };
}

function stopOf(scene: Scene, client: Client, demand: DemandRow): Stop {
  const ofClient = stopsClient(client);
  if (ofClient !== null) return plain(ofClient);
  scene.shortage.place = -1;
  const bare = stopsBare(scene, client, demand);
  if (bare !== null) {
    const { place, wanted, there } = scene.shortage;
    const resource = place < 0 ? undefined : scene.index.scalars.names[place];
    const shortage = resource === undefined ? null : { resource, wanted, there };
    return { reason: bare, shortage, untilMonoMs: null };
  }
  if (client.demands === null) return stopsWhole(scene, client) ?? plain('fits');
  if (filterOfUnit(scene, client, demand) < 0) return plain('fits');
  return {
    ...plain('refused-before'),
    untilMonoMs: lastEnd(scene, client, scene.room.need, scene.room.reservedUse),
  };
}

export function explain(index: Index, request: ExplainRequest): Explanation {
  const { wanted, agentId, nowMonoMs } = request;
  const compiled = wanted.constraints === undefined ? null : compileConstraints(wanted.constraints);
  assert(
    refuseDemand({ ...wanted, count: 1 }) === null && compiled?.ok !== false,
    'a demand that was checked',
  );
  const client = findClient(index, request);
  const demand = demandRow(index, { ...wanted, count: 1 }, 0, compiled?.value ?? null);
  const scene = newScene(index, nowMonoMs);
  const only = agentId === null ? undefined : rowOf(index, agentId);
  const all = [...index.agents.numbers.values()].map((number) => index.agents.rows[number]!);
  const rows: readonly AgentRow[] = agentId === null ? all : only === undefined ? [] : [only];
  const counts: Partial<Record<WaitReason, number>> = {};
  const verdicts = rows.map((row): AgentVerdict => {
    lookAt(scene, row);
    const stop = client === undefined ? plain('client-unknown') : stopOf(scene, client, demand);
    counts[stop.reason] = (counts[stop.reason] ?? 0) + 1;
    const { reason, shortage, untilMonoMs } = stop;
    return { agentId: row.input.agentId, reason, shortage, untilMonoMs };
  });
  return { verdicts, counts };
}
