// The run framework: what a person asks for with the run dialog, placed by offers like everybody's work. It asks for slices of
// just the size that waits, takes what is more important and then the oldest first, and keeps what no offer has fitted.
import { readCondition } from '../../../contract/condition.ts';
import type { Refusal } from '../../../contract/errors.ts';
import type { Call, Demand, FrameworkInfo, SchedulerEvent } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId, TaskId } from '../../../contract/ids.ts';
import type { InverseOffer, Launch, OfferRecord } from '../../../contract/offer.ts';
import type { Resources } from '../../../contract/resources.ts';
import { defaultRole } from '../../../contract/role.ts';
import type { RunRecord } from '../../../contract/run.ts';
import { preemptedReason, type TaskRecord } from '../../../contract/task.ts';

/** The driver, and what this scheduler has to remember: rows of its own, durable with the step. */
export interface RunDriver {
  call(call: Call): Refusal | null;
  /** Highest priority first, of the same the oldest. */
  waiting(): readonly RunRecord[];
  /** Whether the condition of the run holds of what is offered. */
  mayRunOn(run: RunRecord, offer: OfferRecord): boolean;
  /** It is placed there, and waits no more. */
  onPlaced(run: RunRecord, offer: OfferRecord): void;
  /** What it has there that has not ended. */
  openTasksOn(agentId: AgentId): readonly TaskRecord[];
  /** It was ended for something more important. */
  onPreempted(taskId: TaskId): void;
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
  } else if (event.kind === 'INVERSE_OFFERS') {
    for (const inverse of event.inverseOffers) answerInverse(driver, inverse);
  } else if (event.kind === 'UPDATE' && event.status.reason === preemptedReason) {
    driver.onPreempted(event.status.taskId);
  }
  // Else updates need no answer: the table of tasks shows them, and one that ended by itself is not run again.
}

/** How long a refusal of maintenance holds; what runs may have ended by then. */
const askAgainMs = 60_000;

/**
 * It cannot move a task: a person asked for just that run. So it agrees when nothing there would be cut off, because each task
 * ends before by the time limit it was given, and refuses otherwise. What refuses is shown to whoever planned the maintenance.
 */
function answerInverse(driver: RunDriver, inverse: InverseOffer): void {
  const { id, frameworkId, agentId, unavailability } = inverse;
  const isFree = driver.openTasksOn(agentId).every((task) => endsBefore(task, unavailability.startMs));
  driver.call({
    kind: isFree ? 'ACCEPT_INVERSE_OFFERS' : 'DECLINE_INVERSE_OFFERS',
    frameworkId,
    inverseOfferIds: [id],
    filters: { refuseMs: askAgainMs },
  });
}

function endsBefore({ info, startedAtMs }: TaskRecord, atMs: number): boolean {
  const { maxCompletionMs, killPolicy } = info;
  if (maxCompletionMs === undefined || startedAtMs === null) return false;
  return startedAtMs + maxCompletionMs + killPolicy.graceMs <= atMs;
}

function answer(driver: RunDriver, offer: OfferRecord): void {
  const { frameworkId } = offer;
  const fitting = chooseRuns(driver, offer);
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
    operations: [{ kind: 'LAUNCH', tasks: runs.map(launchOf) }],
    filters: null,
  });
  if (refusal) return false;
  for (const run of runs) driver.onPlaced(run, offer);
  return true;
}

function launchOf({ info, priority }: RunRecord): Launch {
  return { info, uses: null, ...(priority === undefined ? {} : { priority }) };
}

const scalars = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;

/** In their order, as long as they fit. Ports are left to the allocator, which gave those that were asked for. */
function chooseRuns(driver: RunDriver, offer: OfferRecord): RunRecord[] {
  const plain = offer.resources.find((part) => part.reservation.length === 0)?.amounts;
  if (!plain) return [];
  const left = { ...plain };
  const chosen: RunRecord[] = [];
  for (const run of driver.waiting()) {
    if (run.place && run.place.agentId !== offer.agentId) continue;
    const { resources } = run.info;
    if (scalars.some((name) => resources[name] > left[name]) || !hasPorts(left.ports, resources)) continue;
    if (!driver.mayRunOn(run, offer)) continue;
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

type Wanted = Pick<RunRecord, 'info' | 'place' | 'where' | 'priority'>;

/** What one run asks the allocator for. */
export function unitOf({ info, place, where, priority }: Wanted): Demand {
  const read = readCondition(where ?? '');
  const constraints = read.ok ? read.constraints : null;
  return {
    role: defaultRole,
    agentId: place?.agentId ?? null,
    resources: info.resources,
    count: 1,
    ...(constraints === null ? {} : { constraints }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** Equal units in one line, in the order of the oldest of each. */
function demandOf(waiting: readonly RunRecord[]): Demand[] {
  const demands = new Map<string, Demand>();
  for (const run of waiting) {
    const { info, place, where, priority = 0 } = run;
    const agentId: AgentId | null = place?.agentId ?? null;
    const { cpusMilli, memMib, diskMib, gpus, ports } = info.resources;
    const key = JSON.stringify([agentId, cpusMilli, memMib, diskMib, gpus, ports, where, priority]);
    const known = demands.get(key);
    if (!known && demands.size >= maxDemands) continue;
    demands.set(key, known ? { ...known, count: known.count + 1 } : unitOf(run));
  }
  return [...demands.values()];
}
