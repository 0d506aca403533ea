// The loop: the one owner of the master's state. Batch of events -> steps -> one commit -> publish -> effects.
// Nothing leaves before the commit. While one is under way, what arrives is stepped on top of it and waits for the next.
// It decides nothing about machines or tasks; that is core/master.
import { ok, type Result, refuse } from '../contract/errors.ts';
import type { Patch, Snapshot } from '../contract/tables.ts';
import type { IssuedEffect } from '../core/kernel/effects.ts';
import type { CommandEvent, Posted } from '../core/kernel/events.ts';
import { isEmpty, squash } from '../core/kernel/tables.ts';
import { createState, type State } from '../core/master/state.ts';
import { isCommand, nextDeadline } from '../core/master/step.ts';
import { Commits } from './loop-commits.ts';
import {
  type Item,
  type LoopOptions,
  type LoopSettings,
  maxBatch,
  maxHeld,
  maxSleepMs,
  passing,
  readOnlyFault,
  type Stepped,
  slowCommitMs,
  stepBudgetMs,
  storeRetryMs,
  stuckCommitMs,
} from './loop-options.ts';
import { Patches } from './loop-patches.ts';
import { Stepper } from './loop-stepper.ts';
import { asleepMs, type LoopStats, systemTimers, type Timers, TurnMeter } from './loop-timing.ts';

export class Loop {
  readonly #options: LoopSettings;
  readonly #timers: Timers;
  readonly #stepper: Stepper;
  readonly #meter = new TurnMeter();
  #inbox: Item[] = [];
  /** Stepped, and its commit is under way. */
  #flight: readonly Stepped[] = [];
  #flightSinceMonoMs = 0;
  /** Stepped on top of the flight. Nothing of it has left; it goes back to the inbox when the flight fails. */
  #ahead: Stepped[] = [];
  /** Facts that need a write while the store takes none, in order. Empty unless read-only. */
  #held: Item[] = [];
  #readOnlySince: number | null = null;
  #readOnlySinceMonoMs = 0;
  #isResuming = false;
  #nextStoreTryMonoMs = 0;
  /** After the last commit; what is ahead of it is nobody's business yet. */
  #state: State;
  #seq: number;
  readonly #patches: Patches;
  readonly #commits: Commits;
  #cancelTimer: (() => void) | null = null;
  #isTurnAsked = false;
  #phase: 'running' | 'stopping' | 'stopped' = 'running';
  #onStopped: (() => void)[] = [];
  #slept: { readonly monoMs: number; readonly wallMs: number; readonly plannedMs: number } | null = null;

  constructor({ rows: loaded, ...options }: LoopOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#stepper = new Stepper(options, (fault) => this.#inbox.push({ event: fault, answer: null }));
    const { seq, ...rows } = loaded;
    this.#state = createState(rows);
    this.#seq = seq;
    this.#patches = new Patches(seq, options.log);
    this.#commits = new Commits(options.store, seq);
    this.post({ kind: 'master-started', seed: options.seed });
  }

  post(event: Posted): void {
    if (this.#phase !== 'running' || this.#isOverfull(event)) return;
    this.#inbox.push({ event, answer: null });
    this.#askForTurn();
  }

  /** Answered only after the change is durable. Never rejects. */
  command(event: CommandEvent): Promise<Result<null>> {
    if (this.#phase !== 'running')
      return Promise.resolve(refuse('conflict', 'stopping', 'the master is stopping'));
    return new Promise((answer) => {
      this.#inbox.push({ event, answer });
      this.#askForTurn();
    });
  }

  subscribe(listener: (patch: Patch) => void): () => void {
    return this.#patches.subscribe(listener);
  }

  snapshot(): Snapshot {
    return this.#patches.snapshot(this.#state.tables);
  }

  /** As of the last commit. */
  get state(): State {
    return this.#state;
  }

  get isReadOnly(): boolean {
    return this.#readOnlySince !== null;
  }

  stats(options?: { readonly reset: boolean }): LoopStats {
    return this.#meter.read(options);
  }

  /** Takes in what has been posted, then nothing more; comes back after its commit. The store is closed by its owner. */
  stop(): Promise<void> {
    if (this.#phase === 'stopped') return Promise.resolve();
    this.#phase = 'stopping';
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      this.#askForTurn();
    });
  }

  #endWhenDone(): void {
    if (this.#phase !== 'stopping' || this.#inbox.length > 0 || this.#flight.length > 0) return;
    this.#phase = 'stopped';
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const resolve of this.#onStopped) resolve();
  }

  #askForTurn(): void {
    if (this.#isTurnAsked || this.#phase === 'stopped') return;
    this.#isTurnAsked = true;
    this.#timers.soon(() => this.#runTurn());
  }

  #runTurn(): void {
    if (this.#phase === 'stopped') return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#noticeSleep();
    this.#turn();
    this.#isTurnAsked = false;
    if (this.#inbox.length > 0 && !this.#isFull) this.#askForTurn();
    this.#sleep();
    this.#endWhenDone();
  }

  /** No step more until the commit under way is answered. */
  get #isFull(): boolean {
    return this.#ahead.length >= maxBatch;
  }

  /** A store that does not answer must not fill the memory either; samples come again, and agents send updates again. */
  #isOverfull(event: Posted): boolean {
    if (this.#inbox.length < maxHeld || this.#flight.length === 0) return false;
    if (this.#options.clock.monoMs() - this.#flightSinceMonoMs < stuckCommitMs) return false;
    this.#options.log({ verb: 'drop-held-event', fields: { kind: event.kind, held: this.#inbox.length } });
    return true;
  }

  /** A timer that came late or a wall clock that ran ahead: this computer slept. First of all, so that nothing expires. */
  #noticeSleep(): void {
    const slept = this.#slept;
    this.#slept = null;
    if (!slept) return;
    const { clock } = this.#options;
    const awayMs = asleepMs({
      plannedMs: slept.plannedMs,
      monoElapsedMs: clock.monoMs() - slept.monoMs,
      wallElapsedMs: clock.nowMs() - slept.wallMs,
    });
    if (awayMs > 0) this.#inbox.unshift({ event: { kind: 'woke-up', asleepMs: awayMs }, answer: null });
  }

  #sleep(): void {
    const { clock } = this.#options;
    const monoMs = clock.monoMs();
    if (this.#isTurnAsked) {
      // It comes as soon as others had theirs: no timer is wanted, and no look at all deadlines.
      this.#slept = { monoMs, wallMs: clock.nowMs(), plannedMs: 0 };
      return;
    }
    // With no room for a step a deadline waits for the commit's answer, which asks for a turn.
    const isWaiting = this.#isFull || this.#isStoreLate(monoMs);
    const deadline = isWaiting ? null : nextDeadline(this.#front(), monoMs + maxSleepMs);
    const untilMs = deadline === null ? maxSleepMs : Math.max(0, deadline - monoMs);
    // A deadline whose step needs a write stays due while read-only: do not spin on it.
    const plannedMs = Math.min(maxSleepMs, this.isReadOnly ? Math.max(untilMs, 250) : untilMs);
    this.#slept = { monoMs, wallMs: clock.nowMs(), plannedMs };
    this.#cancelTimer = this.#timers.after(plannedMs, () => {
      this.#cancelTimer = null;
      this.#isTurnAsked = true;
      this.#runTurn();
    });
  }

  #turn(): void {
    const { clock } = this.#options;
    const startedMonoMs = clock.monoMs();
    if (this.isReadOnly && !this.#isResuming && startedMonoMs >= this.#nextStoreTryMonoMs)
      this.#tryToResume();
    this.#addDeadline(startedMonoMs);
    // The budget is for steps: what the look at the deadlines took must not leave a turn without any.
    const fromMonoMs = clock.monoMs();
    const events = this.isReadOnly ? this.#turnReadOnly(fromMonoMs) : this.#turnNormally(fromMonoMs);
    this.#meter.turn(clock.monoMs() - startedMonoMs, events);
  }

  /** Behind what is waiting: a sample that came in time must not meet its own deadline first. */
  #addDeadline(monoMs: number): void {
    if (this.#isStoreLate(monoMs)) return;
    const deadline = nextDeadline(this.#front(), monoMs);
    if (deadline === null || deadline > monoMs) return;
    if (this.#inbox.some((item) => item.event.kind === 'deadline-passed')) return;
    this.#inbox.push({ event: { kind: 'deadline-passed' }, answer: null });
  }

  /** What was decided has not left yet, so nobody can have answered it: nothing expires until it has. */
  #isStoreLate(monoMs: number): boolean {
    return this.#flight.length > 0 && monoMs - this.#flightSinceMonoMs >= slowCommitMs;
  }

  /** With everything that was stepped, whether it is written or not. */
  #front(): State {
    return (this.#ahead.at(-1) ?? this.#flight.at(-1))?.result.state ?? this.#state;
  }

  #turnNormally(startedMonoMs: number): number {
    const events = this.#stepAll(startedMonoMs);
    if (this.#flight.length === 0) this.#sendAhead();
    else this.#commits.prepare(this.#ahead.slice(this.#ahead.length - events));
    return events;
  }

  /** Takes from the inbox what fits into the turn and into the next commit. */
  #stepAll(startedMonoMs: number): number {
    const before = this.#ahead.length;
    let state = this.#front();
    let seq = (this.#ahead.at(-1) ?? this.#flight.at(-1))?.event.seq ?? this.#seq;
    while (!this.#isFull && this.#options.clock.monoMs() - startedMonoMs < stepBudgetMs) {
      const item = this.#inbox.shift();
      if (!item) break;
      const stepped = this.#stepper.step(state, item, seq + 1);
      if (!stepped) continue;
      this.#ahead.push(stepped);
      state = stepped.result.state;
      seq += 1;
    }
    return this.#ahead.length - before;
  }

  /** What needs no write leaves at once; the rest is on its way to the store. */
  #sendAhead(): void {
    if (!this.#sendChanging()) this.#release(this.#ahead.splice(0));
  }

  /** False: nothing of it needs a write. */
  #sendChanging(): boolean {
    const changing = this.#ahead.filter((each) => !isEmpty(each.durable));
    if (changing.length === 0) return false;
    this.#flight = this.#ahead;
    this.#ahead = [];
    this.#flightSinceMonoMs = this.#options.clock.monoMs();
    this.#commits.send(changing, (failure) => this.#onCommitted(failure));
    return true;
  }

  #onCommitted(failure: string | null): void {
    const { clock } = this.#options;
    const monoMs = clock.monoMs();
    const tookMs = monoMs - this.#flightSinceMonoMs;
    const batch = this.#flight;
    const wasFull = this.#isFull;
    this.#flight = [];
    if (failure === null) {
      this.#meter.commit(tookMs);
      // The store is busy again while this side tells of what it has just written.
      const isSent = this.#sendChanging();
      this.#release(batch);
      if (!isSent) this.#release(this.#ahead.splice(0));
      this.#meter.turn(clock.monoMs() - monoMs, 0);
    } else {
      // Nothing of it has happened: the same events meet the read-only rules one by one.
      this.#inbox.unshift(...[...batch, ...this.#ahead].map((each) => each.item));
      this.#ahead = [];
      this.#goReadOnly(failure);
    }
    if (tookMs >= slowCommitMs) this.#noteSlowCommit(Math.round(tookMs));
    if (this.#inbox.length > 0 || wasFull || this.#phase === 'stopping') this.#askForTurn();
  }

  /** Effects waited for all that time, as if this computer had slept. */
  #noteSlowCommit(tookMs: number): void {
    this.#options.log({ verb: 'commit-slow', fields: { tookMs } });
    this.#inbox.unshift({ event: { kind: 'woke-up', asleepMs: tookMs }, answer: null });
  }

  #goReadOnly(detail: string): void {
    const { clock, log } = this.#options;
    this.#nextStoreTryMonoMs = clock.monoMs() + storeRetryMs;
    if (this.#readOnlySince !== null) return;
    this.#readOnlySince = clock.nowMs();
    this.#readOnlySinceMonoMs = clock.monoMs();
    log({ verb: 'store-read-only', fields: { why: detail, seq: this.#seq } });
    this.#inbox.unshift({
      event: { kind: 'fault-raised', fault: { id: readOnlyFault, kind: readOnlyFault, detail } },
      answer: null,
    });
  }

  #turnReadOnly(startedMonoMs: number): number {
    const { clock } = this.#options;
    let events = 0;
    for (; events < maxBatch && clock.monoMs() - startedMonoMs < stepBudgetMs; events += 1) {
      const item = this.#inbox.shift();
      if (!item) break;
      this.#takeReadOnly(item);
    }
    return events;
  }

  #takeReadOnly(item: Item): void {
    const { event } = item;
    const isFact = !isCommand(event) && !passing.has(event.kind);
    if (isCommand(event) && !this.#state.session.isStarted) {
      item.answer?.(refuse('unsupported', 'store-read-only', 'the database cannot be written'));
      return;
    }
    if (isFact && this.#held.length > 0) {
      this.#hold(item);
      return;
    }
    const stepped = this.#stepper.step(this.#state, item, this.#seq + 1);
    if (!stepped) return;
    if (isEmpty(stepped.durable)) this.#release([stepped]);
    else if (isCommand(event)) {
      item.answer?.(refuse('unsupported', 'store-read-only', 'the database cannot be written'));
    } else if (isFact) this.#hold(item);
    // A passing event that needs a write is due again later: a deadline stays, a sample is followed by the next.
  }

  #hold(item: Item): void {
    if (this.#held.length < maxHeld) {
      this.#held.push(item);
      return;
    }
    const { event } = item;
    this.#options.log({ verb: 'drop-held-event', fields: { kind: event.kind, held: this.#held.length } });
  }

  /** Everything that was held, in its order, in one commit after the other. The first success ends read-only mode. */
  #tryToResume(): void {
    this.#isResuming = true;
    // Read-only changes no durable table, so these stay what the store should have.
    this.#commits.resume(this.#state.tables, (outcome) => {
      this.#isResuming = false;
      if (outcome.ok) this.#resume(outcome.value);
      else this.#goReadOnly(outcome.why);
      this.#askForTurn();
    });
  }

  #resume(storeSeq: number): void {
    const { clock, log } = this.#options;
    const fields = { heldEvents: this.#held.length, seq: this.#seq, atMonoMs: Math.round(clock.monoMs()) };
    log({ verb: 'store-writable-again', fields });
    // A commit that took place unheard has used its numbers up.
    this.#seq = Math.max(this.#seq, storeSeq);
    this.#inbox.unshift(...this.#held);
    this.#held = [];
    this.#readOnlySince = null;
    // What needed a write could not be done all that time, a new try of a link too: silence in it says nothing.
    const heldMs = clock.monoMs() - this.#readOnlySinceMonoMs;
    this.#inbox.unshift({ event: { kind: 'woke-up', asleepMs: heldMs }, answer: null });
    this.#inbox.push({ event: { kind: 'dismiss-fault', id: readOnlyFault }, answer: null });
  }

  /** After the commit: the state counts, subscribers hear of it, effects go out, commands get their answers. */
  #release(batch: readonly Stepped[]): void {
    const last = batch.at(-1);
    if (!last) return;
    this.#state = last.result.state;
    this.#seq = last.event.seq;
    this.#patches.publish(squash(batch.map((each) => each.result.diff)), this.#seq);
    for (const { result, event } of batch) {
      for (const note of result.notes)
        this.#options.log({ ...note, fields: { seq: event.seq, ...note.fields } });
      for (const effect of result.effects) this.#run(effect);
    }
    for (const { item, result } of batch) item.answer?.(result.answer ?? ok(null));
  }

  #run(effect: IssuedEffect): void {
    try {
      this.#options.runner.run(effect, (event) => this.post(event));
    } catch (error) {
      // The port says it never throws; if it does all the same, the others must still go out.
      this.#options.log({
        verb: 'effect-failed',
        fields: { effectId: effect.effectId, kind: effect.kind, why: String(error) },
      });
    }
  }
}
