// One run: from a seed to its violations. Under fire, then healed and settled. Time jumps from one event to the next.
import type { Tables } from '../../electron/contract/tables.ts';
import { createRandom } from '../../electron/core/kernel/random.ts';
import { emptyDisk } from '../support/fake-store.ts';
import { type Camp, campCount, campOf, moveIn, putMachines } from './camps.ts';
import { type Chosen, chooseFaults, type FaultKind, inflict } from './faults.ts';
import { Master, masterId } from './master.ts';
import { checkSettled, isQuiet } from './oracles.ts';
import { Person } from './person.ts';
import { type Dice, drawPlan, type Plan } from './plan.ts';
import { Schedulers } from './schedulers.ts';
import { World } from './world.ts';

export type RunOptions = {
  readonly seed: number;
  readonly disabled?: ReadonlySet<FaultKind>;
  /** How long it is under fire, in virtual time; else the seed says. */
  readonly fireMs?: number;
  readonly isTraced?: boolean;
};
export type RunResult = {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly faults: readonly FaultKind[];
  readonly trace: readonly string[];
  readonly plan: Plan;
  /** Steps of the core. */
  readonly events: number;
  readonly tasks: number;
  readonly lives: number;
};

/** Longest back-off, unreachable limit, step caps and the longest sleep, with room. */
const settleMs = 240_000;
const lookEveryMs = 250;
const askAgainEveryMs = 2000;
/** Far beyond what any run needs: something feeds itself. */
const mostEvents = 20_000;
/** Of so many seeds one is deep: everything is checked at every step. */
const deepEvery = 128;

class Run {
  readonly #options: RunOptions;
  readonly #plan: Plan;
  readonly #world: World;
  readonly #disk = emptyDisk();
  readonly #person: Person;
  readonly #faults: Chosen;
  readonly #schedulers: Schedulers;
  readonly #tasksBefore: number;
  readonly #livesBefore: number;
  #master: Master;
  #lives: number;
  #events = 0;

  constructor(options: RunOptions, plan: Plan, camp: Camp | null) {
    const { seed, isTraced = false, disabled = new Set() } = options;
    this.#options = options;
    this.#plan = plan;
    this.#livesBefore = camp ? 1 : 0;
    this.#lives = this.#livesBefore;
    this.#tasksBefore = camp?.disk.tables.tasks.size ?? 0;
    const { hosts, hasAlias } = plan;
    this.#world = new World(seed, { hosts, hasAlias, isTraced, wallMs: camp?.world.time.nowMs() });
    this.#world.ending = plan.ending;
    this.#person = new Person(this.#world, this.#disk);
    this.#faults = chooseFaults(this.#world, disabled);
    if (camp) moveIn(this.#world, this.#disk, camp);
    else if (plan.start !== 'nothing') putMachines(this.#world, this.#disk);
    this.#master = this.#startMaster();
    this.#schedulers = new Schedulers(
      this.#world,
      this.#plan.schedulers,
      () => this.#master,
      camp?.schedulers.all,
    );
    this.#world.schedulers = this.#schedulers.all;
  }

  #startMaster(): Master {
    const world = this.#world;
    const { quirk: odds, sampleEveryMs } = this.#plan;
    this.#lives += 1;
    world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, world.time.monoMs());
    world.leaseTries.clear();
    const quirk = { network: 'quirky-network', lane: 'quirky-lane' } as const;
    return new Master({
      world,
      disk: this.#disk,
      epoch: this.#lives,
      seed: Math.floor(world.random() * 2 ** 31),
      sampleEveryMs,
      isDeep: this.#options.seed % deepEvery === 0,
      isQuirky: (what) => world.isUnderFire && this.#faults.all.has(quirk[what]) && world.chance(odds),
      onUnreachable: (machineId) => this.#judgeVerdict(machineId),
      onShown: (diff, before) => this.#person.see(this.#master, diff, before),
      onDeath: () => {
        world.time.timers.after(world.between(100, world.isUnderFire ? 20_000 : 1000), () => {
          this.#events += this.#master.steps;
          this.#master = this.#startMaster();
        });
      },
    });
  }

  /** I9, I13: sleep, clocks and a slow master must never make a machine look lost that was there all the time. */
  #judgeVerdict(machineId: string): void {
    const { machines, agents }: Tables = this.#master.loop.state.tables;
    const machine = machines.get(machineId);
    if (machine?.via.kind !== 'ssh' || machine.removal) return;
    const host = this.#world.host(machine.via.address);
    const isOurs = host.agent?.isUp && host.agent.lease?.masterId === masterId;
    // Added a second time while its agent was being taken away: what answers there now is the other one's.
    const holder = agents.get(host.agent?.id ?? '')?.machineId ?? machineId;
    const isHarmed = this.#world.time.monoMs() < host.harmedUntilMonoMs;
    const hasExcuse = !isOurs || holder !== machineId || isHarmed;
    if (!hasExcuse) this.#world.violate(`I9 ${machineId} was called unreachable for nothing`);
  }

  async go(): Promise<RunResult> {
    const world = this.#world;
    const startMonoMs = world.time.monoMs();
    this.#often(this.#plan.clickEveryMs, () => this.#person.act(this.#master));
    if (world.schedulers.length > 0) this.#often(this.#plan.actEveryMs, () => this.#schedulers.act());
    this.#often(this.#plan.faultEveryMs, () => {
      const fault = world.pick(this.#faults.sudden);
      if (fault) inflict(world, this.#master, fault);
    });
    await this.#passUntil(startMonoMs + this.#plan.fireMs);
    this.#heal();
    await this.#settle();
    return this.result();
  }

  result(): RunResult {
    const world = this.#world;
    let tasks = -this.#tasksBefore;
    for (const id of world.onDisk) if (id.startsWith('t-')) tasks += 1;
    return {
      seed: this.#options.seed,
      violations: world.violations,
      faults: [...this.#faults.all],
      trace: world.trace,
      plan: this.#plan,
      events: this.#eventsSoFar,
      tasks,
      lives: this.#lives - this.#livesBefore,
    };
  }

  /** What throws is a violation too: a run always has a result. */
  broken(error: unknown): RunResult {
    this.#world.violate(error instanceof Error ? error.message : String(error));
    return this.result();
  }

  get #eventsSoFar(): number {
    return this.#events + this.#master.steps;
  }

  /** By chance, on average every so often, as long as there is fire and somebody to feel it. */
  #often(everyMs: number, act: () => void): void {
    const world = this.#world;
    const next = (): void => {
      if (!world.isUnderFire) return;
      if (this.#master.isAlive) act();
      world.time.timers.after(world.untilNext(everyMs), next);
    };
    world.time.timers.after(world.untilNext(everyMs), next);
  }

  /** False: nothing has happened until then. */
  async #passUntil(endMonoMs: number): Promise<boolean> {
    const { time } = this.#world;
    const before = this.#eventsSoFar;
    let hasRun = false;
    while (time.runNext(endMonoMs)) {
      hasRun = true;
      // Lets the answers of commands reach the person.
      if (this.#master.waiting > 0) await Promise.resolve();
      if (this.#eventsSoFar > mostEvents) throw new Error(`I10 more than ${mostEvents} events`);
    }
    return hasRun || this.#eventsSoFar > before;
  }

  /** What is quiet now stays quiet, so it ends as soon as nothing is left to wait for. */
  async #settle(): Promise<void> {
    const world = this.#world;
    const endMonoMs = world.time.monoMs() + settleMs;
    for (let ms = 0; world.time.monoMs() < endMonoMs; ms += lookEveryMs) {
      if (ms % askAgainEveryMs === 0 && this.#master.isAlive) {
        this.#person.confirmAll(this.#master);
        if (world.ending === 'killed') this.#person.killAll(this.#master);
        this.#schedulers.finish();
      }
      const hasNews = await this.#passUntil(world.time.monoMs() + lookEveryMs);
      // What was not settled a moment ago is not now either.
      if (!hasNews && ms > 0) continue;
      const isSettled =
        isQuiet(world, this.#master) && world.probe(() => checkSettled(world, this.#master)) === 0;
      if (isSettled) break;
    }
    if (this.#master.isAlive) checkSettled(world, this.#master);
    else world.violate('I8 the master is not back');
    this.#master.checkWhole();
    this.#master.checkReplay();
  }

  #heal(): void {
    const world = this.#world;
    world.isUnderFire = false;
    const { store } = this.#master;
    store.failure = null;
    store.failAfterWrite = false;
    store.isUnreadable = false;
    this.#master.slowDown(0);
    const now = world.time.monoMs();
    // Now and then a machine that is away comes back when it would have: what only a long absence does is seen in a short run too.
    for (const host of world.chance(0.3) ? [] : world.hosts) {
      host.cutUntilMonoMs = Math.min(host.cutUntilMonoMs, now);
      host.frozenUntilMonoMs = Math.min(host.frozenUntilMonoMs, now);
    }
    this.#master.network.letThrough();
    world.say('healed');
  }
}

function diceOf(seed: number): Dice {
  const random = createRandom(seed ^ 0x5eed);
  return {
    chance: (probability) => random() < probability,
    between: (low, high) => low + random() * (high - low),
    pick: (values) => values[Math.floor(random() * values.length)],
  };
}

export async function runOnce(options: RunOptions): Promise<RunResult> {
  const plan = drawPlan(diceOf(options.seed), options.fireMs);
  const camp = plan.start === 'camp' ? await campOf(options.seed % campCount) : null;
  const run = new Run(options, plan, camp);
  try {
    return await run.go();
  } catch (error) {
    return run.broken(error);
  }
}
