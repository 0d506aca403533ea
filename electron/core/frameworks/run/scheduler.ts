// The run framework: what a person asks for with the run dialog, placed by offers like everybody's work. It asks for slices of
// just the size that waits, takes the oldest first, and keeps what no offer has fitted.
import type { Refusal } from '../../../contract/errors.ts';
import type { Call, Demand, FrameworkInfo, SchedulerEvent } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId } from '../../../contract/ids.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import type { Resources } from '../../../contract/resources.ts';
import { defaultRole } from '../../../contract/role.ts';
import type { RunRecord } from '../../../contract/run.ts';

/** The driver, and what this scheduler has to remember: rows of its own, durable with the step. */
export interface RunDriver {
  call(call: Call): Refusal | null;
  /** Oldest first. */
  waiting(): readonly RunRecord[];
  /** It is placed there, and waits no more. */
  onPlaced(run: RunRecord, offer: OfferRecord): void;
  /** It can never be placed any more. */
  onImpossible(run: RunRecord, why: Refusal): void;
}

export const runFramework: FrameworkInfo = {
  name: 'run',
  user: '',
  roles: [defaultRole],
  capabilities: ['GPU_RESOURCES', 'PARTITION_AWARE', 'TASK_KILLING_STATE'],
  failoverTimeoutMs: 0,
  offerFilters: {},
};

/** Kinds of unit that one REQUEST names; later ones wait until these are placed. */
const maxDemands = 1000;

/** Called when something waits that did not, or waits no more. */
export function askForOffers(driver: RunDriver, frameworkId: FrameworkId): void {
  driver.call({ kind: 'REQUEST', frameworkId, requests: demandOf(driver.waiting()) });
}

export function onEvent(driver: RunDriver, frameworkId: FrameworkId, event: SchedulerEvent): void {
  if (event.kind === 'OFFERS') {
    for (const offer of event.offers) answer(driver, offer);
    askForOffers(driver, frameworkId);
  } else if (event.kind === 'FAILURE') {
    for (const run of driver.waiting()) {
      if (run.place?.agentId !== event.agentId) continue;
      driver.onImpossible(run, { code: 'conflict', reason: 'agent-gone', detail: event.agentId });
    }
    askForOffers(driver, frameworkId);
  }
  // Updates need no answer: the table of tasks shows them, and one that ended is not run again.
}

function answer(driver: RunDriver, offer: OfferRecord): void {
  const { frameworkId } = offer;
  const fitting = chooseRuns(driver.waiting(), offer);
  if (fitting.length > 0 && accept(driver, offer, fitting)) return;
  // One that the master will not have there must not keep the others from their turn.
  const alone = fitting.length > 1 && fitting.some((run) => accept(driver, offer, [run]));
  if (!alone) driver.call({ kind: 'DECLINE', frameworkId, offerIds: [offer.id], filters: null });
}

function accept(driver: RunDriver, offer: OfferRecord, runs: readonly RunRecord[]): boolean {
  const refusal = driver.call({
    kind: 'ACCEPT',
    frameworkId: offer.frameworkId,
    offerIds: [offer.id],
    operations: [{ kind: 'LAUNCH', tasks: runs.map(({ info }) => ({ info, uses: null })) }],
    filters: null,
  });
  if (refusal) return false;
  for (const run of runs) driver.onPlaced(run, offer);
  return true;
}

const scalars = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;

/** Oldest first, as long as they fit. Ports are left to the allocator, which gave those that were asked for. */
function chooseRuns(waiting: readonly RunRecord[], offer: OfferRecord): RunRecord[] {
  const plain = offer.resources.find((part) => part.reservation.length === 0)?.amounts;
  if (!plain) return [];
  const left = { ...plain };
  const chosen: RunRecord[] = [];
  for (const run of waiting) {
    if (run.place && run.place.agentId !== offer.agentId) continue;
    const { resources } = run.info;
    if (scalars.some((name) => resources[name] > left[name]) || !hasPorts(left.ports, resources)) continue;
    for (const name of scalars) left[name] -= resources[name];
    left.ports = left.ports.flatMap((range) => without(range, resources.ports));
    chosen.push(run);
  }
  return chosen;
}

function hasPorts(ranges: Resources['ports'], { ports }: Resources): boolean {
  return ports.every((port) => ranges.some((range) => range.begin <= port.begin && port.end <= range.end));
}

function without(range: Resources['ports'][number], taken: Resources['ports']): Resources['ports'] {
  let left = [range];
  for (const cut of taken) {
    left = left.flatMap((one) => {
      if (cut.end < one.begin || cut.begin > one.end) return [one];
      const parts = [
        { begin: one.begin, end: cut.begin - 1 },
        { begin: cut.end + 1, end: one.end },
      ];
      return parts.filter(({ begin, end }) => begin <= end);
    });
  }
  return left;
}

/** Equal units in one line, in the order of the oldest of each. */
function demandOf(waiting: readonly RunRecord[]): Demand[] {
  const demands = new Map<string, Demand>();
  for (const { info, place } of waiting) {
    const agentId: AgentId | null = place?.agentId ?? null;
    const { cpusMilli, memMib, diskMib, gpus, ports } = info.resources;
    const key = JSON.stringify([agentId, cpusMilli, memMib, diskMib, gpus, ports]);
    const known = demands.get(key);
    if (!known && demands.size >= maxDemands) continue;
    demands.set(
      key,
      known
        ? { ...known, count: known.count + 1 }
        : { role: defaultRole, agentId, resources: info.resources, count: 1 },
    );
  }
  return [...demands.values()];
}
