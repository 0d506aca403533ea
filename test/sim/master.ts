// One life of the master in the simulation: the real loop over the modelled disk, network and lanes. It can die at any write or
// effect, and it can sleep. A next life starts from what the disk holds.

import type { Result } from '../../electron/contract/errors.ts';
import type { TaskId } from '../../electron/contract/ids.ts';
import { type Diff, durableTables, type Patch, type Tables } from '../../electron/contract/tables.ts';
import type { CommandEvent, MasterEvent, Posted } from '../../electron/core/kernel/events.ts';
import type { Clock } from '../../electron/core/kernel/ports.ts';
import { applyDiff, diffOf, emptyTables, isEmpty } from '../../electron/core/kernel/tables.ts';
import { checkState } from '../../electron/core/master/invariants.ts';
import { createState, type State } from '../../electron/core/master/state.ts';
import { step } from '../../electron/core/master/step.ts';
import { Loop } from '../../electron/shell/loop.ts';
import type { LogLine } from '../../electron/shell/loop-options.ts';
import type { Timers } from '../../electron/shell/loop-timing.ts';
import { deepFreeze } from '../support/deep-freeze.ts';
import { type FakeDisk, FakeStore, rowsOf } from '../support/fake-store.ts';
import { checkCall } from './call-oracles.ts';
import { checkPublished, noteDisk, noteTakenBack } from './disk-oracles.ts';
import { Lanes } from './lanes.ts';
import { Network } from './network.ts';
import { Recording } from './recording.ts';
import { checkTold } from './scheduler-oracles.ts';
import { checkStep } from './step-oracles.ts';
import { Streams } from './streams.ts';
import type { World } from './world.ts';

export type MasterOptions = {
  readonly world: World;
  readonly disk: FakeDisk;
  readonly epoch: number;
  readonly seed: number;
  readonly sampleEveryMs: number;
  /** Everything is copied, frozen, recorded and looked at at every step; else only what changed, and all of it now and then. */
  readonly isDeep: boolean;
  readonly isQuirky: (what: 'network' | 'lane') => boolean;
  readonly onDeath: () => void;
  readonly onUnreachable: (machineId: string) => void;
  /** What a page shows from now on, and what it showed. */
  readonly onShown?: (diff: Diff, before: Tables) => void;
};

export const masterId = 'master-sim';

/** When a life ends: before or after the n-th commit from now, or before the n-th effect. */
export type Fate = { readonly at: 'before-commit' | 'after-commit' | 'effect'; left: number };

/** In a run that is not deep, every so many steps the whole state is looked at. */
const wholeEvery = 16;

const same = <T>(value: T): T => value;
const clone = <T>(value: T): T => structuredClone(value);

export class Master {
  readonly loop: Loop;
  readonly store: FakeStore;
  readonly network: Network;
  readonly streams: Streams;
  /** Steps of this life. */
  steps = 0;
  /** Commands that were asked in this life and have no answer yet. */
  waiting = 0;
  readonly #options: MasterOptions;
  readonly #lanes: Lanes;
  readonly #recording: Recording | null;
  readonly #copyOf: typeof clone;
  #isAlive = true;
  #fate: Fate | null = null;
  #wakeAtMonoMs = 0;
  #deferred: (() => void)[] = [];
  #unseenMs = 0;
  #slowUntilMonoMs = 0;
  #hangMs = 0;
  #mirror: { seq: number; tables: Tables };

  constructor(options: MasterOptions) {
    this.#options = options;
    const { world, disk } = options;
    this.#copyOf = options.isDeep ? clone : same;
    const rows = rowsOf(disk, this.#copyOf);
    this.store = new FakeStore(disk, (call) => this.#timers().after(this.#diskMs(), call), this.#copyOf);
    this.#recording = options.isDeep ? new Recording(createState(rows)) : null;
    this.#weakenStore();
    const post = (event: Posted): void => this.#post(event);
    this.network = new Network({
      world,
      masterId,
      epoch: options.epoch,
      post,
      onCall: (agent, call) => checkCall({ world, disk, agent }, call),
      isQuirky: () => options.isQuirky('network'),
      sampleEveryMs: options.sampleEveryMs,
    });
    this.streams = new Streams({
      world,
      ask: (command, onAnswer) => this.ask(command, onAnswer),
      post,
      onTell: (frameworkId, event) => checkTold(world, disk.tables, { frameworkId, event }),
    });
    this.#lanes = new Lanes({ world, post, isQuirky: () => options.isQuirky('lane') });
    this.loop = new Loop({
      store: this.store,
      rows,
      runner: { run: (effect) => this.#runEffect(effect) },
      clock: this.#clock(),
      timers: this.#timers(),
      seed: options.seed,
      log: (line) => this.#onLine(line),
      step: (state, event) => this.#step(state, event),
    });
    const { seq, rows: shown } = this.loop.snapshot();
    this.#mirror = { seq, tables: tablesOf(shown) };
    this.loop.subscribe((patch) => {
      if (this.#isAlive) this.#onPatch(patch);
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isAsleep(): boolean {
    return this.#options.world.time.monoMs() < this.#wakeAtMonoMs;
  }

  /** Its disk works as it should. */
  get isWell(): boolean {
    const { store, loop } = this;
    return store.failure === null && !store.isUnreadable && !store.failAfterWrite && !loop.isReadOnly;
  }

  /** Answers of a master that died on the way never arrive. */
  ask(event: CommandEvent, onAnswer?: (answer: Result<null>) => void): void {
    this.waiting += 1;
    void this.loop.command(event).then((answer) => {
      this.waiting -= 1;
      if (this.#isAlive) onAnswer?.(answer);
    });
  }

  willDie(fate: Fate): void {
    this.#fate = fate;
  }

  die(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.network.die();
    this.#lanes.die();
    this.streams.die();
    this.#options.world.say('master dies');
    this.#options.onDeath();
  }

  /** The next commit takes that long: a disk that has to wake up, or a network drive. */
  hang(ms: number): void {
    const { world } = this.#options;
    this.#hangMs = ms;
    world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, world.time.monoMs() + ms);
  }

  /** Each write and each answer of the disk takes up to some seconds until then. */
  slowDown(ms: number): void {
    const { world } = this.#options;
    this.#slowUntilMonoMs = world.time.monoMs() + ms;
    // What was begun then takes some seconds more.
    world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, this.#slowUntilMonoMs + 6000);
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
    const { world } = this.#options;
    const { time } = world;
    this.#wakeAtMonoMs = time.monoMs() + ms;
    world.book.sleep(time.monoMs(), this.#wakeAtMonoMs);
    // Half of the time the connections do not outlive it.
    if (world.chance(0.5)) for (const machineId of this.network.connections()) this.network.reset(machineId);
    if (kind === 'unseen') this.#unseenMs += Math.round(ms);
    time.timers.after(ms, () => {
      world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, time.monoMs());
      const waiting = this.#deferred;
      this.#deferred = [];
      for (const call of waiting) call();
    });
  }

  /** Everything that must hold between turns of a living master, over all of its state. */
  checkWhole(): void {
    const { world, disk } = this.#options;
    if (!this.#isAlive) return;
    const { state } = this.loop;
    for (const broken of checkState(state)) world.violate(broken);
    if (!isEmpty(diffOf(this.#mirror.tables, state.tables)))
      world.violate('snapshot and patches are not the tables');
    if (this.store.mostUnderWay > 1) world.violate('more than one commit under way');
    // What is on its way to the disk, or was written unheard, is not in the memory yet.
    if (this.store.underWay + this.store.reads > 0 || this.loop.isReadOnly) return;
    const reloaded = createState(rowsOf(disk, this.#copyOf)).tables;
    for (const table of durableTables) {
      const one = { ...emptyTables, [table]: reloaded[table] };
      const other = { ...emptyTables, [table]: state.tables[table] };
      if (!isEmpty(diffOf(one, other))) world.violate(`I1 ${table}: a reload is not the memory`);
    }
  }

  /** The same events from the same start must give the same state, to the byte. */
  checkReplay(): void {
    const isSameState = this.#recording?.gives(this.loop.snapshot().seq, this.loop.state.tables) ?? true;
    if (!isSameState) this.#options.world.violate('the replay is another state');
  }

  #onPatch(patch: Patch): void {
    const { world, disk, onUnreachable, isDeep } = this.#options;
    if (patch.from !== this.#mirror.seq) world.violate(`patch from ${patch.from} at ${this.#mirror.seq}`);
    for (const agent of patch.diff.agents?.put ?? []) {
      if (agent.state.kind === 'unreachable') onUnreachable(agent.machineId);
    }
    this.#options.onShown?.(patch.diff, this.#mirror.tables);
    checkPublished(world, disk, patch.diff);
    this.#mirror = { seq: patch.to, tables: applyDiff(this.#mirror.tables, patch.diff) };
    if (isDeep) this.checkWhole();
  }

  #step(state: State, event: MasterEvent): ReturnType<typeof step> {
    const { world, isDeep } = this.#options;
    this.steps += 1;
    // Silence is counted anew, and the limit may be another one.
    if (event.kind === 'woke-up' || event.kind === 'change-settings')
      world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, world.time.monoMs());
    this.#recording?.note(event);
    const result = step(state, event);
    // Rows are shared by all states that have them; in production only types say so.
    if (isDeep) deepFreeze(result.diff);
    const violate = (what: string): void => world.violate(`${event.kind}: ${what}`);
    checkStep(world, { before: state, event, result }, violate);
    if (isDeep || this.steps % wholeEvery === 0) {
      for (const broken of checkState(result.state)) violate(broken);
    }
    return result;
  }

  #post(event: Posted): void {
    if (this.#isAlive) this.loop.post(event);
  }

  #runEffect(effect: Parameters<Network['run']>[0]): void {
    if (!this.#isAlive || this.#meets('effect')) return;
    if (!this.network.run(effect) && !this.#lanes.run(effect) && !this.streams.run(effect))
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
      if (isWritten && batch.length > 0) noteDisk(world, before, disk.tables, diff);
      else if (isWritten) noteTakenBack(world, before, diff);
      return this.#meets('after-commit') ? isGone : outcome;
    };
  }

  #diskMs(): number {
    const { world } = this.#options;
    const hangMs = this.#hangMs;
    this.#hangMs = 0;
    if (hangMs > 0 && world.isUnderFire) {
      // It may have been a while until something was written.
      world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, world.time.monoMs() + hangMs);
      return hangMs;
    }
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

  #onLine({ verb, fields }: LogLine): void {
    if (!this.#isAlive) return;
    const { world } = this.#options;
    if (verb === 'store-read-only' || verb === 'store-writable-again') {
      // What was stepped after that and not written has not happened, whatever number it had.
      this.#recording?.forgetAfter(Number(fields.seq));
      if (String(fields.why).includes('CONSTRAINT')) world.violate('I1 a number of a commit was used twice');
      world.calmSinceMonoMs = Math.max(world.calmSinceMonoMs, world.time.monoMs());
    }
    if (verb === 'step-failed') world.violate(`step failed: ${JSON.stringify(fields)}`);
    if (verb === 'effect-failed') world.violate(`effect failed: ${JSON.stringify(fields)}`);
    // Found again where its machine was removed and added: what was asked of it before went with the machine.
    if (verb === 'adopt-task') world.book.killed.delete(String(fields.taskId) as TaskId);
    world.say(verb, fields);
  }
}

function tablesOf(rows: ReturnType<Loop['snapshot']>['rows']): Tables {
  const diff = Object.fromEntries(Object.entries(rows).map(([table, put]) => [table, { put, drop: [] }]));
  return applyDiff(emptyTables, diff);
}
