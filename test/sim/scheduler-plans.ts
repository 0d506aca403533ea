// What a scheduler is like, drawn by the dice, and what it makes of an offer: tasks, groups, reservations, volumes.
import type { Demand, FrameworkInfo } from '../../electron/contract/framework.ts';
import type { TaskId } from '../../electron/contract/ids.ts';
import type { InverseOffer, Launch, OfferRecord, Operation } from '../../electron/contract/offer.ts';
import { noResources, type Resources } from '../../electron/contract/resources.ts';
import type { ResourcePart } from '../../electron/contract/role.ts';
import { aTask } from '../support/builders.ts';
import { aFramework } from '../support/some-calls.ts';
import type { Said } from './scheduler-words.ts';
import type { World } from './world.ts';

/** How a scheduler behaves under fire; once healed, every one of them is a good one. */
export type Manners = {
  /** Between an offer and its answer; null: it never answers. */
  readonly answerMs: readonly [number, number] | null;
  /** How likely it refuses an offer, and acknowledges an update at its first coming. */
  readonly declines: number;
  readonly acknowledges: number;
  readonly reserves: boolean;
  /** It takes as much as fits at once; else one task an offer. */
  readonly isGreedy: boolean;
  readonly mostTasks: number;
};

export function drawManners(world: World): Manners {
  const answerMs = world.pick([[1, 50], [1, 300], [200, 8000], [4000, 25_000], null] as const) ?? null;
  return {
    answerMs,
    declines: world.pick([0, 0.2, 0.6]) ?? 0,
    acknowledges: world.pick([1, 1, 0.6]) ?? 1,
    reserves: world.chance(0.35),
    isGreedy: world.chance(0.4),
    mostTasks: world.pick([2, 3, 6]) ?? 3,
  };
}

const roleSets = [['*'], ['eng'], ['eng/dev'], ['eng', 'ops'], ['ops']] as const;

export function drawInfo(world: World, name: string): FrameworkInfo {
  const roles = [...(world.pick(roleSets) ?? ['*'])];
  const [role = '*'] = roles;
  return aFramework({
    name,
    roles,
    failoverTimeoutMs: world.pick([0, 3000, 20_000, 600_000]) ?? 20_000,
    capabilities: [
      ...(world.chance(0.8) ? (['PARTITION_AWARE', 'RESERVATION_REFINEMENT'] as const) : []),
      ...(world.chance(0.5) ? (['TASK_KILLING_STATE'] as const) : []),
      'MULTI_ROLE',
    ],
    offerFilters: world.chance(0.1) ? { [role]: { minAllocatable: [{ cpusMilli: 500, memMib: 128 }] } } : {},
  });
}

const small: Resources = { ...noResources, cpusMilli: 100, memMib: 64, diskMib: 100 };

export function drawSize(world: World): Resources {
  return {
    ...small,
    cpusMilli: world.pick([100, 500, 1000]) ?? 100,
    memMib: world.pick([64, 256, 1024]) ?? 64,
  };
}

/** What it says by REQUEST that it waits for. */
export function drawUnit(world: World, role: string): Demand {
  const count = 1 + Math.floor(world.random() * 3);
  const priority = world.chance(0.3) ? { priority: 10 } : {};
  return { role, agentId: null, resources: drawSize(world), count, ...priority };
}

/** Before a maintenance: some agree, some never answer. */
export function answerInverse(world: World, inverseOffers: readonly InverseOffer[]): Said[] {
  const kind = world.pick(['ACCEPT_INVERSE_OFFERS', 'DECLINE_INVERSE_OFFERS', null] as const);
  if (!kind) return [];
  const filters = { refuseMs: world.pick([0, 1000, 5000]) ?? 0 };
  return [{ kind, inverseOfferIds: inverseOffers.map(({ id }) => id), filters }];
}

export function launchOf(taskId: TaskId, resources: Resources, uses: ResourcePart[] | null = null): Launch {
  return { info: Object.freeze({ ...aTask('x', { resources }), taskId }), uses };
}

/** The last task of a scheduler, by which it shows that it is still served. */
export function probeOf(taskId: TaskId, offers: readonly OfferRecord[]): Operation | null {
  // What is reserved for it is taken first, then the rest.
  const all = sumOf(offers, ({ volume }) => volume === null);
  return takeFrom(all, small) ? { kind: 'LAUNCH', tasks: [launchOf(taskId, small)] } : null;
}

type Left = { cpusMilli: number; memMib: number; diskMib: number };

function sumOf(offers: readonly OfferRecord[], counts: (part: ResourcePart) => boolean): Left {
  const left = { cpusMilli: 0, memMib: 0, diskMib: 0 };
  for (const part of offers.flatMap(({ resources }) => resources)) {
    if (!counts(part)) continue;
    const { amounts } = part;
    left.cpusMilli += amounts.cpusMilli;
    left.memMib += amounts.memMib;
    left.diskMib += amounts.diskMib;
  }
  return left;
}

/** Whether it was there; then it is taken. */
function takeFrom(left: Left, wanted: Resources): boolean {
  const names = ['cpusMilli', 'memMib', 'diskMib'] as const;
  if (names.some((name) => wanted[name] > left[name])) return false;
  for (const name of names) left[name] -= wanted[name];
  return true;
}

/** Who plans: its dice, its manners, and where the ids of new tasks and volumes come from. */
export type Planner = {
  readonly world: World;
  readonly manners: Manners;
  readonly nextTask: () => TaskId;
  /** How many more it wants to have. */
  readonly wanted: number;
};

/** Offers of one agent and one role. Empty: it has no use for them. */
export function planOffers(planner: Planner, offers: readonly OfferRecord[]): Operation[] {
  const { world, manners } = planner;
  const left = sumOf(offers, ({ reservation }) => reservation.length === 0);
  const operations: Operation[] = [];
  if (manners.reserves && world.chance(0.6)) {
    const reserving = planReserved(planner, offers) ?? planReserve(offers, left);
    if (reserving) operations.push(named(reserving, planner));
  }
  const launches: Launch[] = [];
  const most = manners.isGreedy ? planner.wanted : Math.min(1, planner.wanted);
  for (let size = drawSize(world); launches.length < most && takeFrom(left, size); size = drawSize(world))
    launches.push(launchOf(planner.nextTask(), size));
  const isGroup = launches.length > 1 && world.chance(0.5);
  if (launches.length > 0) operations.push({ kind: isGroup ? 'LAUNCH_GROUP' : 'LAUNCH', tasks: launches });
  return operations;
}

/** Half of what is no launch wants to be told what came of it. */
function named(operation: Operation, { world, nextTask }: Planner): Operation {
  const isLaunch = operation.kind === 'LAUNCH' || operation.kind === 'LAUNCH_GROUP';
  return isLaunch || world.chance(0.5) ? operation : { ...operation, id: `op-${nextTask()}` };
}

function planReserve(offers: readonly OfferRecord[], left: Left): Operation | null {
  const role = offers[0]?.role ?? '*';
  const amounts = { ...noResources, cpusMilli: 200, memMib: 128, diskMib: 500 };
  if (role === '*' || !takeFrom(left, amounts)) return null;
  return { kind: 'RESERVE', resources: [{ reservation: [role], volume: null, amounts }] };
}

/** What is reserved is used, turned into a volume, or given back; a volume is used or destroyed. */
function planReserved(planner: Planner, offers: readonly OfferRecord[]): Operation | null {
  const { world, nextTask, wanted } = planner;
  const reserved = offers.flatMap(({ resources }) => resources).filter((part) => part.reservation.length > 0);
  const part = world.pick(reserved);
  if (!part) return null;
  const { amounts, reservation, volume } = part;
  if (volume) {
    const disk = world.pick(reserved.filter((each) => each.volume === null && each.amounts.cpusMilli >= 100));
    if (!disk || wanted === 0 || world.chance(0.5)) return { kind: 'DESTROY', volumes: [part] };
    const some = { ...noResources, cpusMilli: 100, memMib: Math.min(64, disk.amounts.memMib) };
    const uses = [{ ...disk, amounts: some }, part];
    return { kind: 'LAUNCH', tasks: [launchOf(nextTask(), some, uses)] };
  }
  if (world.chance(0.3)) return { kind: 'UNRESERVE', resources: [part] };
  if (amounts.diskMib < 100) return null;
  const persistenceId = `v-${nextTask()}`;
  const disk = { ...noResources, diskMib: 100 };
  return {
    kind: 'CREATE',
    volumes: [{ reservation, volume: { persistenceId, containerPath: 'data' }, amounts: disk }],
  };
}

/** Of one agent and one role together, as they may be answered. */
export function byPlace(offers: readonly OfferRecord[]): OfferRecord[][] {
  const places = new Map<string, OfferRecord[]>();
  for (const offer of offers) {
    const key = `${offer.agentId}|${offer.role}`;
    places.set(key, [...(places.get(key) ?? []), offer]);
  }
  return [...places.values()];
}
