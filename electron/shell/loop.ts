// The loop: the one owner of the master's state. Batch of events -> steps -> one commit -> publish -> effects.
// Nothing leaves before the commit. It decides nothing about machines or tasks; that is core/master.
import { ok, type Result, refuse } from '../contract/errors.ts';
import {
  type Diff,
  type Patch,
  type Rows,
  type Snapshot,
  type TableName,
  tableNames,
} from '../contract/tables.ts';
import type { IssuedEffect } from '../core/kernel/effects.ts';
import type { CommandEvent, MasterEvent, Posted } from '../core/kernel/events.ts';
import { durablePart, isEmpty, squash } from '../core/kernel/tables.ts';
import { checkDiff } from '../core/master/invariants.ts';
import { createState, type State } from '../core/master/state.ts';
import { isCommand, step as masterStep, nextDeadline, type StepResult } from '../core/master/step.ts';
import {
  type Item,
  type LoopOptions,
  maxBatch,
  maxHeld,
  maxSleepMs,
  passing,
  readOnlyFault,
  type Stepped,
  stepBudgetMs,
  storeRetryMs,
} from './loop-options.ts';
import { asleepMs, type LoopStats, systemTimers, type Timers, TurnMeter } from './loop-timing.ts';

export class Loop {
  readonly #options: LoopOptions;
  readonly #timers: Timers;
  readonly #step: (state: State, event: MasterEvent) => StepResult;
  readonly #meter = new TurnMeter();
  readonly #listeners = new Set<(patch: Patch) => void>();
  #inbox: Item[] = [];
  /** Facts that need a write while the store takes none, in order. Empty unless read-only. */
  #held: Item[] = [];
  #readOnlySince: number | null = null;
  #nextStoreTryMonoMs = 0;
  #state: State;
  #seq: number;
  #publishedSeq: number;
  #cancelTimer: (() => void) | null = null;
  #isTurnAsked = false;
  #isStopped = false;
  #logCount = 0;
  #slept: { readonly monoMs: number; readonly wallMs: number; readonly plannedMs: number } | null = null;

  /** Reads the durable tables; throws when the store cannot be read. */
  constructor(options: LoopOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#step = options.step ?? masterStep;
    const { seq, ...rows } = options.store.load();
    this.#state = createState(rows);
    this.#seq = seq;
    this.#publishedSeq = seq;
    this.post({ kind: 'master-started', seed: options.seed });
  }

  post(event: Posted): void {
    if (this.#isStopped) return;
    this.#inbox.push({ event, answer: null });
    this.#askForTurn();
  }

  /** Answered only after the change is durable. Never rejects. */
  command(event: CommandEvent): Promise<Result<null>> {
    if (this.#isStopped) return Promise.resolve(refuse('conflict', 'stopping', 'the master is stopping'));
    return new Promise((answer) => {
      this.#inbox.push({ event, answer });
      this.#askForTurn();
    });
  }

  subscribe(listener: (patch: Patch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was published so far; the next patch starts from its seq. */
  snapshot(): Snapshot {
    const rows: Partial<Record<TableName, readonly Rows[TableName][]>> = {};
    for (const table of tableNames) rows[table] = [...this.#state.tables[table].values()];
    return { seq: this.#publishedSeq, rows: rows as Snapshot['rows'] };
  }

  get state(): State {
    return this.#state;
  }

  get isReadOnly(): boolean {
    return this.#readOnlySince !== null;
  }

  stats(options?: { readonly reset: boolean }): LoopStats {
    return this.#meter.read(options);
  }

  /** Takes in what has been posted, then nothing more. The store is closed by its owner. */
  stop(): void {
    this.#isTurnAsked = true;
    for (let turns = 0; this.#inbox.length > 0 && turns < 1000; turns += 1) this.#turn();
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const item of this.#inbox) item.answer?.(refuse('conflict', 'stopping', 'the master is stopping'));
    this.#inbox = [];
  }

  #askForTurn(): void {
    if (this.#isTurnAsked || this.#isStopped) return;
    this.#isTurnAsked = true;
    this.#timers.soon(() => this.#runTurn());
  }

  #runTurn(): void {
    if (this.#isStopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#noticeSleep();
    this.#turn();
    this.#isTurnAsked = false;
    if (this.#inbox.length > 0) this.#askForTurn();
    this.#sleep();
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
    const deadline = nextDeadline(this.#state);
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
    if (this.#readOnlySince !== null && startedMonoMs >= this.#nextStoreTryMonoMs) this.#tryToResume();
    this.#addDeadline(startedMonoMs);
    const events = this.isReadOnly ? this.#turnReadOnly(startedMonoMs) : this.#turnNormally(startedMonoMs);
    this.#meter.turn(clock.monoMs() - startedMonoMs, events);
  }

  /** Behind what is waiting: a sample that came in time must not meet its own deadline first. */
  #addDeadline(monoMs: number): void {
    const deadline = nextDeadline(this.#state);
    if (deadline === null || deadline > monoMs) return;
    if (this.#inbox.some((item) => item.event.kind === 'deadline-passed')) return;
    this.#inbox.push({ event: { kind: 'deadline-passed' }, answer: null });
  }

  #turnNormally(startedMonoMs: number): number {
    const batch = this.#stepAll(this.#inbox, startedMonoMs);
    if (this.#commit(batch)) this.#release(batch);
    else {
      // Nothing of it has happened: the same events meet the read-only rules one by one.
      this.#inbox.unshift(...batch.map((each) => each.item));
      this.#askForTurn();
    }
    return batch.length;
  }

  /** Takes from the queue what fits into the turn. */
  #stepAll(queue: Item[], startedMonoMs: number): Stepped[] {
    const batch: Stepped[] = [];
    let state = this.#state;
    while (batch.length < maxBatch && this.#options.clock.monoMs() - startedMonoMs < stepBudgetMs) {
      const item = queue.shift();
      if (!item) break;
      const stepped = this.#tryStep(state, item, this.#seq + batch.length + 1);
      if (!stepped) continue;
      batch.push(stepped);
      state = stepped.result.state;
    }
    return batch;
  }

  #tryStep(state: State, item: Item, seq: number): Stepped | null {
    const { clock } = this.#options;
    const event: MasterEvent = { ...item.event, seq, atMs: clock.nowMs(), monoMs: clock.monoMs() };
    try {
      const result = this.#step(state, event);
      const broken = checkDiff(state.tables, result.state.tables, result.diff);
      if (broken.length > 0) throw new Error(broken.join('; '));
      return { item, event, result, durable: durablePart(result.diff) };
    } catch (error) {
      this.#onStepFailed(item, seq, error);
      return null;
    }
  }

  /** A bug of ours: the event is dropped as if it had never been, and the bar says so with the id of the log line. */
  #onStepFailed(item: Item, seq: number, error: unknown): void {
    this.#logCount += 1;
    const logId = `step-${this.#options.seed.toString(36)}-${this.#logCount}`;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log({ verb: 'step-failed', fields: { logId, seq, kind: item.event.kind, why } });
    item.answer?.(refuse('internal', 'step-failed', logId));
    const detail = `${item.event.kind} ${logId}`;
    // A fault that cannot be raised must not raise itself for ever.
    if (item.event.kind !== 'fault-raised') {
      this.#inbox.push({
        event: { kind: 'fault-raised', fault: { id: 'step-failed', kind: 'step-failed', detail } },
        answer: null,
      });
    }
  }

  /** False: nothing was written, and from now on we are read-only. */
  #commit(batch: readonly Stepped[]): boolean {
    const changing = batch.filter((each) => !isEmpty(each.durable));
    if (changing.length === 0) return true;
    const { store, clock } = this.#options;
    const startedMonoMs = clock.monoMs();
    try {
      store.commit(
        changing.map((each) => each.event),
        squash(changing.map((each) => each.durable)),
      );
      this.#meter.commit(clock.monoMs() - startedMonoMs);
      return true;
    } catch (error) {
      if (this.#wasWrittenAll(changing)) return true;
      this.#goReadOnly(error);
      return false;
    }
  }

  /** An error after the write itself (the disk answered late): what the store holds is the truth. */
  #wasWrittenAll(changing: readonly Stepped[]): boolean {
    try {
      return this.#options.store.load().seq === changing.at(-1)?.event.seq;
    } catch {
      // Cannot be read either: surely not a success.
      return false;
    }
  }

  #goReadOnly(error: unknown): void {
    const { clock, log } = this.#options;
    const detail = error instanceof Error ? error.message : String(error);
    this.#nextStoreTryMonoMs = clock.monoMs() + storeRetryMs;
    if (this.#readOnlySince !== null) return;
    this.#readOnlySince = clock.nowMs();
    log({ verb: 'store-read-only', fields: { why: detail } });
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
    const stepped = this.#tryStep(this.#state, item, this.#seq + 1);
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
    const { store, clock, log } = this.#options;
    try {
      store.commit([], {});
    } catch (error) {
      this.#goReadOnly(error);
      return;
    }
    const heldEvents = this.#held.length;
    this.#inbox.unshift(...this.#held);
    this.#held = [];
    this.#readOnlySince = null;
    this.#inbox.push({ event: { kind: 'dismiss-fault', id: readOnlyFault }, answer: null });
    log({ verb: 'store-writable-again', fields: { heldEvents, atMonoMs: Math.round(clock.monoMs()) } });
  }

  /** After the commit: the state counts, subscribers hear of it, effects go out, commands get their answers. */
  #release(batch: readonly Stepped[]): void {
    const last = batch.at(-1);
    if (!last) return;
    this.#state = last.result.state;
    this.#seq = last.event.seq;
    this.#publish(squash(batch.map((each) => each.result.diff)));
    for (const { result, event } of batch) {
      for (const note of result.notes)
        this.#options.log({ ...note, fields: { seq: event.seq, ...note.fields } });
      for (const effect of result.effects) this.#run(effect);
    }
    for (const { item, result } of batch) item.answer?.(result.answer ?? ok(null));
  }

  #publish(diff: Diff): void {
    if (isEmpty(diff)) return;
    const patch = { from: this.#publishedSeq, to: this.#seq, diff };
    this.#publishedSeq = this.#seq;
    for (const listener of this.#listeners) {
      try {
        listener(patch);
      } catch (error) {
        this.#options.log({ verb: 'subscriber-failed', fields: { why: String(error) } });
      }
    }
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
