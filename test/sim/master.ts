// One life of the master in the simulation: the real loop over the modelled disk, network and lanes. It can die at any write or
// effect, and it can sleep. A next life starts from what the disk holds.
import type { Result } from '../../electron/contract/errors.ts';
import { durableTables, type Tables } from '../../electron/contract/tables.ts';
import type { CommandEvent, MasterEvent, Posted } from '../../electron/core/kernel/events.ts';
import type { Clock } from '../../electron/core/kernel/ports.ts';
import { applyDiff, diffOf, emptyTables, isEmpty } from '../../electron/core/kernel/tables.ts';
import { checkState } from '../../electron/core/master/invariants.ts';
import { createState, type State } from '../../electron/core/master/state.ts';
import { step } from '../../electron/core/master/step.ts';
import { Loop } from '../../electron/shell/loop.ts';
import type { Timers } from '../../electron/shell/loop-timing.ts';
import { type FakeDisk, FakeStore, rowsOf } from '../support/fake-store.ts';
import { Lanes } from './lanes.ts';
import { Network } from './network.ts';
import { checkCall, noteDisk, noteTakenBack } from './oracles.ts';
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
  #slowUntilMonoMs = 0;
  #checkedCommits = -1;
  #mirror: { seq: number; tables: Tables };

  constructor(options: MasterOptions) {
    this.#options = options;
    const { world, disk } = options;
    const rows = rowsOf(disk);
    this.store = new FakeStore(disk, (call) => this.#timers().after(this.#diskMs(), call));
    this.#start = createState(rows);
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
      rows,
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

  /** Each write and each answer of the disk takes up to some seconds until then. */
  slowDown(ms: number): void {
    this.#slowUntilMonoMs = this.#options.world.time.monoMs() + ms;
  }

  /** The store's thread dies with the next commit: written, but nobody hears of it, and nobody can ask for a while. */
  loseStore(ms: number): void {
    this.store.failAfterWrite = true;
    this.store.isUnreadable = true;
    this.#options.world.time.timers.after(ms, () => {
      this.store.isUnreadable = false;
    });
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
    // What is on its way to the disk, or was written unheard, is not in the memory yet.
    const { underWay, reads, commits } = this.store;
    if (underWay + reads > 0 || this.loop.isReadOnly || commits === this.#checkedCommits) return;
    if (this.store.mostUnderWay > 1) world.violate('more than one commit under way');
    this.#checkedCommits = commits;
    const reloaded = createState(rowsOf(this.#options.disk)).tables;
    for (const table of durableTables) {
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

  #forgetAfter(seq: number): void {
    for (const each of this.#recorded.keys()) if (each > seq) this.#recorded.delete(each);
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
    const { world, disk } = this.#options;
    const write = this.store.write.bind(this.store);
    const isGone = { ok: false, why: 'the process is gone' } as const;
    this.store.write = (batch, diff) => {
      if (!this.#isAlive || this.#meets('before-commit')) return isGone;
      const before = disk.tables;
      const outcome = write(batch, diff);
      const isWritten = disk.tables !== before;
      if (isWritten && batch.length > 0) noteDisk(world, before, diff);
      else if (isWritten) noteTakenBack(world, before, diff);
      return this.#meets('after-commit') ? isGone : outcome;
    };
  }

  #diskMs(): number {
    const { world } = this.#options;
    const isSlow = world.time.monoMs() < this.#slowUntilMonoMs;
    return world.between(0, isSlow ? 2500 : 4);
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
    // What was stepped after that and not written has not happened, whatever number it had.
    if (verb === 'store-read-only' || verb === 'store-writable-again')
      this.#forgetAfter((JSON.parse(fields) as { seq: number }).seq);
    if (verb === 'step-failed') this.#options.world.violate(`step failed: ${fields}`);
    this.#options.world.say(`${verb} ${fields}`);
  }
}

function tablesOf(rows: ReturnType<Loop['snapshot']>['rows']): Tables {
  const diff = Object.fromEntries(Object.entries(rows).map(([table, put]) => [table, { put, drop: [] }]));
  return applyDiff(emptyTables, diff);
}
