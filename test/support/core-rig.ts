// Drives the pure step by hand: posts events, keeps the state, gathers effects and notes, checks every invariant.
import type { Refusal, Result } from '../../electron/contract/errors.ts';
import type { Rows, TableName } from '../../electron/contract/tables.ts';
import type { Effect, IssuedEffect } from '../../electron/core/kernel/effects.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import type { DurableRows } from '../../electron/core/kernel/ports.ts';
import { applyDiff, diffOf, isEmpty } from '../../electron/core/kernel/tables.ts';
import type { Note } from '../../electron/core/master/draft.ts';
import { checkDiff, checkState } from '../../electron/core/master/invariants.ts';
import { createState, type State } from '../../electron/core/master/state.ts';
import { nextDeadline, type StepResult, step } from '../../electron/core/master/step.ts';
import { deepFreeze } from './deep-freeze.ts';
import { noRows } from './no-rows.ts';

function withoutId(issued: IssuedEffect): Effect {
  const { effectId, ...effect } = issued;
  if (effectId === '') throw new Error('an effect without an id');
  return effect;
}

export class CoreRig {
  state: State;
  seq = 0;
  atMs = 1_800_000_000_000;
  monoMs = 1000;
  effects: IssuedEffect[] = [];
  notes: Note[] = [];

  constructor(rows: Partial<DurableRows> = {}, options: { readonly start: boolean } = { start: true }) {
    this.state = createState({ ...noRows, ...rows });
    if (options.start) this.post({ kind: 'master-started', seed: 1 });
  }

  /**
   * Throws when any invariant is broken, or when the diff does not lead from the old tables to the new. What the step has made
   * is frozen through and through, so whoever changes it later throws.
   */
  post(event: Posted): StepResult {
    this.seq += 1;
    const before = this.state;
    const result = step(before, { ...event, seq: this.seq, atMs: this.atMs, monoMs: this.monoMs });
    const broken = [
      ...checkDiff(before.tables, result.state.tables, result.diff),
      ...checkState(result.state),
      ...(isEmpty(diffOf(applyDiff(before.tables, result.diff), result.state.tables))
        ? []
        : ['the diff is not the change']),
    ];
    if (broken.length > 0) throw new Error(`after ${event.kind}: ${broken.join('; ')}`);
    deepFreeze([result.diff, result.effects, result.state.session.plan]);
    this.state = result.state;
    this.effects.push(...result.effects);
    this.notes.push(...result.notes);
    return result;
  }

  /** Posts a command; its refusal, or null. */
  ask(event: Posted): Refusal | null {
    const answer: Result<null> | null = this.post(event).answer;
    if (!answer) throw new Error(`${event.kind} is not a command`);
    return answer.ok ? null : answer.refusal;
  }

  /** Passes time, posting `deadline-passed` at each deadline on the way. */
  pass(ms: number): void {
    const end = this.monoMs + ms;
    for (let turns = 0; ; turns += 1) {
      if (turns > 10_000) throw new Error('deadlines never end');
      const next = nextDeadline(this.state);
      if (next === null || next > end) break;
      this.#to(Math.max(next, this.monoMs));
      this.post({ kind: 'deadline-passed' });
    }
    this.#to(end);
  }

  #to(monoMs: number): void {
    this.atMs += monoMs - this.monoMs;
    this.monoMs = monoMs;
  }

  /** The effects since the last call. */
  take(): Effect[] {
    const taken = this.effects.map(withoutId);
    this.effects = [];
    return taken;
  }

  kinds(): string[] {
    return this.take().map((effect) => effect.kind);
  }

  row<T extends TableName>(table: T, id: string): Rows[T] {
    const row = this.state.tables[table].get(id);
    if (!row) throw new Error(`no ${table} ${id}`);
    return row;
  }

  has(table: TableName, id: string): boolean {
    return this.state.tables[table].has(id);
  }
}
