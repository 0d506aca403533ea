// One life of the master in the simulation: the real loop over the modelled disk, network and lanes. It can die at any write or
// effect, and it can sleep. A next life starts from what the disk holds.
import type { Result } from '../../electron/contract/errors.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { CommandEvent, MasterEvent, Posted } from '../../electron/core/kernel/events.ts';
import type { Clock } from '../../electron/core/kernel/ports.ts';
import { applyDiff, diffOf, emptyTables, isEmpty } from '../../electron/core/kernel/tables.ts';
import { checkState } from '../../electron/core/master/invariants.ts';
import { createState, type State } from '../../electron/core/master/state.ts';
import { step } from '../../electron/core/master/step.ts';
import { Loop } from '../../electron/shell/loop.ts';
import type { Timers } from '../../electron/shell/loop-timing.ts';
import { type FakeDisk, FakeStore } from '../support/fake-store.ts';
import { Lanes } from './lanes.ts';
import { Network } from './network.ts';
import { checkCall, noteDisk } from './oracles.ts';
import type { World } from './world.ts';

export type MasterOptions = {
  readonly world: World;
  readonly disk: FakeDisk;
  readonly epoch: number;
  readonly seed: number;
  readonly isQuirky: (what: 'network' | 'lane') => boolean;
  readonly onDeath: () => void;
  readonly onUnreachable: (machineId: string) => void;
};

/** When a life ends: before or after the n-th commit from now, or before the n-th effect. */
export type Fate = { readonly at: 'before-commit' | 'after-commit' | 'effect'; left: number };

export class Master {
  readonly loop: Loop;
  readonly store: FakeStore;
  readonly network: Network;
  readonly #options: MasterOptions;
  readonly #lanes: Lanes;
  readonly #recorded = new Map<number, MasterEvent>();
  readonly #start: State;
  #isAlive = true;
  #fate: Fate | null = null;
  #wakeAtMonoMs = 0;
  #deferred: (() => void)[] = [];
  #unseenMs = 0;
  #checkedCommits = -1;
  #mirror: { seq: number; tables: Tables };

  constructor(options: MasterOptions) {
    this.#options = options;
    const { world, disk } = options;
    this.store = new FakeStore(disk);
    this.#start = createState(this.store.load());
    this.#weakenStore();
    const post = (event: Posted): void => this.#post(event);
    const { epoch } = options;
    this.network = new Network({
      world,
      masterId: 'master-sim',
      epoch,
      post,
      onCall: (agent, effect) => checkCall({ world, disk, agent }, effect),
      isQuirky: () => options.isQuirky('network'),
    });
    this.#lanes = new Lanes({ world, post, isQuirky: () => options.isQuirky('lane') });
    this.loop = new Loop({
      store: this.store,
      runner: { run: (effect) => this.#runEffect(effect) },
      clock: this.#clock(),
      timers: this.#timers(),
      seed: options.seed,
      log: (line) => this.#onLine(line.verb, JSON.stringify(line.fields)),
      step: (state, event) => this.#step(state, event),
    });
    const { seq, rows: shown } = this.loop.snapshot();
    this.#mirror = { seq, tables: tablesOf(shown) };
    this.loop.subscribe((patch) => {
      if (!this.#isAlive) return;
      if (patch.from !== this.#mirror.seq) world.violate(`patch from ${patch.from} at ${this.#mirror.seq}`);
      for (const agent of patch.diff.agents?.put ?? []) {
        if (agent.state.kind === 'unreachable') options.onUnreachable(agent.machineId);
      }
      this.#mirror = { seq: patch.to, tables: applyDiff(this.#mirror.tables, patch.diff) };
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isAsleep(): boolean {
    return this.#options.world.time.monoMs() < this.#wakeAtMonoMs;
  }

  /** Answers of a master that died on the way never arrive. */
  async ask(event: CommandEvent): Promise<Result<null> | null> {
    const answer = await this.loop.command(event);
    return this.#isAlive ? answer : null;
  }

  willDie(fate: Fate): void {
    this.#fate = fate;
  }

  die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.network.die();
    this.#lanes.die();
    this.#options.world.say('master dies');
    this.#options.onDeath();
  }

  /** `seen`: its awake clock goes on in sleep, as on some systems and for a stopped process. */
  sleep(ms: number, kind: 'seen' | 'unseen'): void {
    const { time } = this.#options.world;
    this.#wakeAtMonoMs = time.monoMs() + ms;
    // Half of the time the connections do not outlive it.
    if (this.#options.world.chance(0.5)) {
      for (const machineId of this.network.connections()) this.network.reset(machineId);
    }
    if (kind === 'unseen') this.#unseenMs += Math.round(ms);
    time.timers.after(ms, () => {
      const waiting = this.#deferred;
      this.#deferred = [];
      for (const call of waiting) call();
    });
  }

  /** Everything that must hold between turns of a living master. */
  check(): void {
    const { world } = this.#options;
    if (!this.#isAlive) return;
    const { tables } = this.loop.state;
    if (!isEmpty(diffOf(this.#mirror.tables, tables)))
      world.violate('snapshot and patches are not the tables');
    if (this.store.commits === this.#checkedCommits) return;
    this.#checkedCommits = this.store.commits;
    const reloaded = createState(this.store.load()).tables;
    for (const table of ['machines', 'agents', 'tasks', 'settings'] as const) {
      const drift = diffOf(
        { ...emptyTables, [table]: reloaded[table] },
        { ...emptyTables, [table]: tables[table] },
      );
      if (!isEmpty(drift)) world.violate(`${table}: a reload is not the memory`);
    }
  }

  /** The same events from the same start must give the same state, to the byte. */
  checkReplay(): void {
    const { seq } = this.loop.snapshot();
    let state = this.#start;
    const events = [...this.#recorded.values()]
      .filter((event) => event.seq <= seq)
      .sort((a, b) => a.seq - b.seq);
    for (const event of events) state = step(state, event).state;
    const { tables } = this.loop.state;
    if (!isEmpty(diffOf(state.tables, tables))) this.#options.world.violate('the replay is another state');
  }

  #step(state: State, event: MasterEvent): ReturnType<typeof step> {
    const result = step(state, event);
    for (const broken of checkState(result.state)) this.#options.world.violate(`${event.kind}: ${broken}`);
    // A step that was not committed is overwritten by the one that got its seq in the end.
    this.#recorded.set(event.seq, event);
    return result;
  }

  #post(event: Posted): void {
    if (this.#isAlive) this.loop.post(event);
  }

  #runEffect(effect: Parameters<Network['run']>[0]): void {
    if (!this.#isAlive || this.#meets('effect')) return;
    if (!this.network.run(effect) && !this.#lanes.run(effect))
      throw new Error(`no adapter for ${effect.kind}`);
  }

  #weakenStore(): void {
    const commit = this.store.commit.bind(this.store);
    this.store.commit = (batch, diff) => {
      if (!this.#isAlive || this.#meets('before-commit')) throw new Error('the process is gone');
      const before = this.#options.disk.tables;
      commit(batch, diff);
      noteDisk(this.#options.world, before, diff);
      if (this.#meets('after-commit')) throw new Error('the process is gone');
    };
  }

  #meets(at: Fate['at']): boolean {
    if (this.#fate?.at !== at) return false;
    this.#fate.left -= 1;
    if (this.#fate.left > 0) return false;
    this.die();
    return true;
  }

  #clock(): Clock {
    const { time } = this.#options.world;
    return { nowMs: time.nowMs, monoMs: () => time.monoMs() - this.#unseenMs };
  }

  #timers(): Timers {
    const { timers } = this.#options.world.time;
    const guarded = (call: () => void) => (): void => {
      if (!this.#isAlive) return;
      if (this.isAsleep) this.#deferred.push(guarded(call));
      else call();
    };
    return {
      after: (ms, call) => timers.after(ms, guarded(call)),
      soon: (call) => timers.soon(guarded(call)),
    };
  }

  #onLine(verb: string, fields: string): void {
    if (!this.#isAlive) return;
    if (verb === 'step-failed') this.#options.world.violate(`step failed: ${fields}`);
    this.#options.world.say(`${verb} ${fields}`);
  }
}

function tablesOf(rows: ReturnType<Loop['snapshot']>['rows']): Tables {
  const diff = Object.fromEntries(Object.entries(rows).map(([table, put]) => [table, { put, drop: [] }]));
  return applyDiff(emptyTables, diff);
}
