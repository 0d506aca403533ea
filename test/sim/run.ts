// One run: from a seed to its violations. Under fire, then healed and settled.
import type { MachineRecord } from '../../electron/contract/machine.ts';
import { applyDiff } from '../../electron/core/kernel/tables.ts';
import { aHostKey, aMachine } from '../support/builders.ts';
import { emptyDisk } from '../support/fake-store.ts';
import { chooseFaults, type FaultKind, faultKinds, inflict } from './faults.ts';
import { Master } from './master.ts';
import { checkAgents, checkSettled } from './oracles.ts';
import { Person } from './person.ts';
import { World } from './world.ts';

export type RunOptions = {
  readonly seed: number;
  readonly disabled?: ReadonlySet<FaultKind>;
  /** How long it is under fire, in virtual time. */
  readonly fireMs?: number;
};
export type RunResult = {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly faults: readonly FaultKind[];
  readonly trace: readonly string[];
  readonly turns: number;
  readonly tasks: number;
  readonly lives: number;
};

const usualFireMs = 90_000;
/** Longest back-off, unreachable limit, step caps and the longest task, with room. */
const settleMs = 180_000;
const tickMs = 250;

class Run {
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #disk = emptyDisk();
  readonly #person: Person;
  readonly #faults: ReadonlySet<FaultKind>;
  #master: Master;
  #isUnderFire = true;
  lives = 0;
  turns = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#world = new World(options.seed, 3);
    this.#person = new Person(this.#world);
    this.#faults = chooseFaults(this.#world, options.disabled ?? new Set());
    this.#enrolFirstHosts();
    this.#master = this.#startMaster();
  }

  /** Two machines are there from the start, so that even a short fire burns something. */
  #enrolFirstHosts(): void {
    const hosts = this.#world.hosts.slice(0, 2);
    for (const host of hosts) this.#world.install(host);
    const put = hosts.map(({ name }) => aMachine(name, {}, { address: name, hostKey: aHostKey(name) }));
    this.#disk.tables = applyDiff(this.#disk.tables, { machines: { put, drop: [] } });
  }

  #startMaster(): Master {
    this.lives += 1;
    const quirk = { network: 'quirky-network', lane: 'quirky-lane' } as const;
    return new Master({
      world: this.#world,
      disk: this.#disk,
      epoch: this.lives,
      seed: Math.floor(this.#world.random() * 2 ** 31),
      isQuirky: (what) => this.#isUnderFire && this.#faults.has(quirk[what]) && this.#world.chance(0.05),
      onUnreachable: (machineId) => this.#judgeVerdict(machineId),
      onDeath: () => {
        this.#world.time.timers.after(this.#world.between(100, 20_000), () => {
          this.turns += this.#master.loop.stats().turns;
          this.#master = this.#startMaster();
        });
      },
    });
  }

  /** I9, I13: sleep, clocks and a slow master must never make a machine look lost that was there all the time. */
  #judgeVerdict(machineId: string): void {
    const machines: ReadonlyMap<string, MachineRecord> = this.#master.loop.state.tables.machines;
    const machine = machines.get(machineId);
    if (machine?.via.kind !== 'ssh' || machine.removal) return;
    const host = this.#world.host(machine.via.address);
    const hasExcuse = !host.agent?.isUp || this.#world.time.monoMs() < host.harmedUntilMonoMs;
    if (!hasExcuse) this.#world.violate(`I9 ${machineId} was called unreachable for nothing`);
  }

  async go(): Promise<RunResult> {
    const world = this.#world;
    const { fireMs = usualFireMs } = this.#options;
    const clicks: Promise<void>[] = [];
    for (let ms = 0; ms < fireMs; ms += tickMs) {
      if (this.#master.isAlive && world.chance(0.3)) clicks.push(this.#person.act(this.#master));
      const fault = world.chance(0.05) ? world.pick([...this.#faults]) : undefined;
      if (fault && this.#master.isAlive) inflict(world, this.#master, fault);
      await this.#pass();
    }
    this.#heal();
    for (let ms = 0; ms < settleMs; ms += tickMs) {
      if (ms % 5000 === 0 && this.#master.isAlive) {
        clicks.push(this.#person.confirmAll(this.#master), this.#person.killAll(this.#master));
        // Settled early: what is quiet now stays quiet.
        if (ms > 0 && world.probe(() => checkSettled(world, this.#master)) === 0) break;
      }
      await this.#pass();
    }
    // Answers of dead masters never come: nobody waits for those.
    if (this.#master.isAlive) checkSettled(world, this.#master);
    else world.violate('the master is not back');
    this.#master.checkReplay();
    return {
      seed: this.#options.seed,
      violations: world.violations,
      faults: [...this.#faults],
      trace: world.trace,
      turns: this.turns + this.#master.loop.stats().turns,
      tasks: [...world.onDisk].filter((id) => id.startsWith('t-')).length,
      lives: this.lives,
    };
  }

  async #pass(): Promise<void> {
    this.#world.time.advance(tickMs);
    // Lets the answers of commands reach the person.
    await Promise.resolve();
    await Promise.resolve();
    this.#master.check();
    checkAgents(this.#world);
  }

  #heal(): void {
    this.#isUnderFire = false;
    const { store } = this.#master;
    store.failure = null;
    store.failAfterWrite = false;
    store.isUnreadable = false;
    this.#master.slowDown(0);
    const now = this.#world.time.monoMs();
    for (const host of this.#world.hosts) host.cutUntilMonoMs = Math.min(host.cutUntilMonoMs, now);
    this.#world.say('healed');
  }
}

export function runOnce(options: RunOptions): Promise<RunResult> {
  return new Run(options).go();
}

/** The same seed with fewer faults and a shorter fire, as long as it still fails. */
export async function shrink(failed: RunOptions): Promise<RunOptions> {
  let best: RunOptions = failed;
  for (const kind of faultKinds) {
    const fewer = { ...best, disabled: new Set([...(best.disabled ?? []), kind]) };
    if ((await runOnce(fewer)).violations.length > 0) best = fewer;
  }
  for (let fireMs = (best.fireMs ?? usualFireMs) / 2; fireMs >= 2000; fireMs /= 2) {
    const shorter = { ...best, fireMs };
    if ((await runOnce(shorter)).violations.length > 0) best = shorter;
  }
  return best;
}
