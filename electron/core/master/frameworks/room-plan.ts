// Which room is made, tried out on the allocator's index by its own rules: what is said not to fit, and to fit without some
// tasks, is said by what decides when it is offered. Everything is put back before it ends.
import type { Demand } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId, TaskId } from '../../../contract/ids.ts';
import type { Preemption, ResourcePart } from '../../../contract/role.ts';
import type { Scalars } from '../../../contract/shares.ts';
import type { TaskRecord } from '../../../contract/task.ts';
import type { AgentVerdict, Allocator, Holding, WaitReason } from '../../allocator/types.ts';
import { assert } from '../../kernel/assert.ts';
import { openTasksOf } from '../agents.ts';
import type { Draft } from '../draft.ts';
import { scalarNames } from '../resources.ts';
import { Fairness, topOf, whereTheyPart } from './fairness.ts';
import { holdingOf, holdingOfOffer, holdingOfTask, unitDemand } from './index-sync.ts';
import { chooseParts } from './operations.ts';
import { bagOf, partsOf, sumOf, take, usesOf } from './parts.ts';
import { chooseVictims, isBetter, type Victim } from './victims.ts';
import { isWithinRole } from './words.ts';

/** One of what a framework waits for; its `count` is 1. */
export type Unit = { readonly frameworkId: FrameworkId; readonly demand: Demand };

/** A task that may end early, or all of a group. */
export type Bundle = {
  readonly id: TaskId | string;
  readonly tasks: readonly TaskRecord[];
  readonly agentId: AgentId;
  readonly role: string;
  readonly priority: number;
  readonly sinceMs: number;
  readonly policy: Preemption;
};

export type Room = {
  readonly unit: Unit;
  readonly agentId: AgentId;
  readonly resources: readonly ResourcePart[];
  readonly victims: readonly Bundle[];
};

type Asked = {
  readonly draft: Draft;
  readonly allocator: Allocator;
  readonly bundles: readonly Bundle[];
  readonly units: readonly Unit[];
};

type Share = { readonly role: string; readonly parts: readonly ResourcePart[] };

type Candidate = Victim & { readonly bundle: Bundle };

/** Those that come to an end when tasks do. */
const curable: ReadonlySet<WaitReason> = new Set(['resources-in-use', 'quota-limit', 'quota-headroom']);

/** Above every priority: tasks of other roles end only when those of the own role are not enough. */
const ofOtherRoles = 2000;

export function planRoom(asked: Asked): readonly Room[] {
  return new RoomPlan(asked).run();
}

class RoomPlan {
  readonly #asked: Asked;
  readonly #undo: (() => void)[] = [];
  /** Tasks that hold nothing any more: they end anyway, or by this plan. */
  readonly #ended = new Set<string>();
  readonly #given: { readonly agentId: AgentId; readonly parts: readonly ResourcePart[] }[] = [];
  /** What fits as it is: another may get it, or its own not take it, so nobody ends because of it. */
  readonly #hoped: Share[] = [];
  #fairness: Fairness | null = null;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  run(): readonly Room[] {
    const { draft, units } = this.#asked;
    // An offer is answered or runs out; a task that was asked to end will: that is room already.
    for (const offer of draft.rows('offers')) this.#release(holdingOfOffer(offer));
    for (const task of draft.rows('tasks')) if (task.killAskedAtMs !== null) this.#end(task);
    const rooms = units.flatMap((unit) => this.#placeUnit(unit) ?? []);
    this.#putBack(0);
    return rooms;
  }

  /** null: it fits without anybody's end, or cannot be made to fit. */
  #placeUnit(unit: Unit): Room | null {
    const verdicts = this.#explain(unit, null);
    const free = verdicts.find(({ reason }) => reason === 'fits');
    if (free) {
      const parts = this.#give(unit, free.agentId as AgentId);
      this.#hoped.push({ role: unit.demand.role, parts });
      return null;
    }
    let best: { readonly agentId: AgentId; readonly victims: readonly Candidate[] } | null = null;
    for (const { reason, agentId: id } of verdicts) {
      if (!curable.has(reason)) continue;
      const agentId = id as AgentId;
      const victims = this.#victimsOn(unit, agentId);
      if (victims && (best === null || isBetter(victims, best.victims))) best = { agentId, victims };
    }
    if (!best) return null;
    const { agentId } = best;
    const victims = best.victims.map(({ bundle }) => bundle);
    for (const { tasks } of victims) for (const task of tasks) this.#end(task);
    return { unit, agentId, victims, resources: this.#give(unit, agentId) };
  }

  #victimsOn(unit: Unit, agentId: AgentId): readonly Candidate[] | null {
    const pool = this.#asked.bundles
      .filter((bundle) => bundle.agentId === agentId && !this.#ended.has(bundle.tasks[0]?.id ?? ''))
      .flatMap((bundle) => candidateFor(unit, bundle) ?? []);
    if (pool.length === 0) return null;
    return chooseVictims(pool, {
      fitsWithout: (victims) => this.#fitsWithout(unit, agentId, victims),
      mayEnd: (victims) => this.#isAllowed(unit, victims),
      missing: this.#missingOn(unit, agentId),
      gives: ({ bundle }) => amountsOf(bundle),
    });
  }

  /** At least: what is set aside there for others may be missing too. */
  #missingOn({ demand }: Unit, agentId: AgentId): readonly number[] {
    const { draft } = this.#asked;
    const total = draft.get('agents', agentId)?.resources;
    const tasks = openTasksOf(draft, { id: agentId }).filter((task) => !this.#ended.has(task.id));
    const used = sumOf(tasks.flatMap(usesOf));
    return scalarNames.map((name) => demand.resources[name] - ((total?.[name] ?? 0) - used[name]));
  }

  #fitsWithout(unit: Unit, agentId: AgentId, victims: readonly Candidate[]): boolean {
    const mark = this.#undo.length;
    for (const { bundle } of victims) for (const task of bundle.tasks) this.#release(holdingOfTask(task));
    const [verdict] = this.#explain(unit, agentId);
    this.#putBack(mark);
    return verdict?.reason === 'fits';
  }

  /** Guarantees and fair shares of the roles whose tasks would end for another role. */
  #isAllowed(unit: Unit, victims: readonly Candidate[]): boolean {
    const foreign = victims.filter(({ bundle }) => bundle.role !== unit.demand.role);
    if (foreign.length === 0) return true;
    this.#fairness ??= new Fairness(this.#asked.allocator.sums());
    const fairness = this.#fairness;
    const lost = foreign.map(({ bundle }) => ({ role: bundle.role, parts: bundle.tasks.flatMap(usesOf) }));
    return foreign.every(({ bundle }) => {
      const apart = whereTheyPart(bundle.role, unit.demand.role);
      if (!apart) return false;
      const [loser, winner] = apart;
      const top = topOf(loser);
      const isGuaranteed =
        top === topOf(unit.demand.role) ||
        fairness.keepsGuarantee(top, plainOf(lost, top), plainOf(this.#hoped, top));
      return (
        isGuaranteed &&
        fairness.mayGrow(winner, unit.demand.resources) &&
        fairness.mayShrink(loser, sumOf(partsWithin([...lost, ...this.#hoped], loser)))
      );
    });
  }

  #explain({ frameworkId, demand }: Unit, agentId: string | null): readonly AgentVerdict[] {
    const { allocator, draft } = this.#asked;
    const { role } = demand;
    const wanted = unitDemand(demand);
    return allocator.explain({ frameworkId, role, wanted, agentId, nowMonoMs: draft.monoMs }).verdicts;
  }

  #end(task: TaskRecord): void {
    if (this.#ended.has(task.id)) return;
    this.#ended.add(task.id);
    this.#release(holdingOfTask(task));
  }

  /** What is reserved for its role first, as when it is launched. */
  #give({ frameworkId, demand }: Unit, agentId: AgentId): readonly ResourcePart[] {
    const parts = chooseParts(this.#reservedFor(demand.role, agentId), demand.resources);
    this.#given.push({ agentId, parts });
    this.#hold(holdingOf({ frameworkId, role: demand.role, agentId, resources: parts }));
    return parts;
  }

  #reservedFor(role: string, agentId: AgentId): ReturnType<typeof bagOf> {
    const { draft } = this.#asked;
    const rows = [...draft.rows('reservations')].filter(
      ({ agentId: id, part }) =>
        id === agentId && part.volume === null && isWithinRole(role, part.reservation.at(-1) ?? ''),
    );
    const bag = bagOf(rows.map(({ part }) => part));
    const tasks = [...draft.rows('tasks')].filter(
      (task) => task.agentId === agentId && holdingOfTask(task) !== null && !this.#ended.has(task.id),
    );
    const claims = [...draft.rows('claims')].filter((claim) => claim.agentId === agentId);
    const given = this.#given.filter((each) => each.agentId === agentId);
    for (const part of [
      ...tasks.flatMap(usesOf),
      ...claims.flatMap(({ resources }) => resources),
      ...given.flatMap(({ parts }) => parts),
    ]) {
      if (part.reservation.length > 0) take(bag, part);
    }
    return bagOf(partsOf(bag));
  }

  #release(holding: Holding | null): void {
    if (!holding || !this.#asked.allocator.release(holding).ok) return;
    this.#fairness = null;
    this.#undo.push(() => {
      assert(this.#asked.allocator.hold(holding, true).ok, 'what was taken out of the index goes in again');
    });
  }

  #hold(holding: Holding): void {
    assert(this.#asked.allocator.hold(holding, true).ok, 'a unit of a framework that is known');
    this.#fairness = null;
    this.#undo.push(() => {
      assert(this.#asked.allocator.release(holding).ok, 'what was put into the index comes out again');
    });
  }

  #putBack(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
    this.#fairness = null;
  }
}

const known = new WeakMap<Bundle, readonly number[]>();

/** What it would give back, of each scalar. Bundles are made for one plan. */
function amountsOf(bundle: Bundle): readonly number[] {
  const amounts = known.get(bundle) ?? scalarsOf(sumOf(bundle.tasks.flatMap(usesOf)));
  known.set(bundle, amounts);
  return amounts;
}

function scalarsOf(sum: Scalars): readonly number[] {
  return scalarNames.map((name) => sum[name]);
}

function candidateFor({ demand }: Unit, bundle: Bundle): Candidate | null {
  const { id, sinceMs, role, priority, policy } = bundle;
  if (role === demand.role) {
    const isLower = policy.lowerPriority && priority < (demand.priority ?? 0);
    return isLower ? { id, sinceMs, level: priority, bundle } : null;
  }
  return policy.aboveFairShare ? { id, sinceMs, level: ofOtherRoles, bundle } : null;
}

/** Of the role and those below. */
function partsWithin(shares: readonly Share[], role: string): ResourcePart[] {
  return shares.filter((share) => isWithinRole(share.role, role)).flatMap(({ parts }) => parts);
}

/** Only what is not reserved counts for a guarantee. */
function plainOf(shares: readonly Share[], role: string): Scalars {
  return sumOf(partsWithin(shares, role).filter(({ reservation }) => reservation.length === 0));
}
