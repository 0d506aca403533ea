// One step of the master, guarded: what throws or breaks an invariant has not happened, and is told.
import { refuse } from '../contract/errors.ts';
import type { MasterEvent, Posted } from '../core/kernel/events.ts';
import { durablePart } from '../core/kernel/tables.ts';
import { checkDiff } from '../core/master/invariants.ts';
import type { State } from '../core/master/state.ts';
import { step as masterStep } from '../core/master/step.ts';
import type { Item, LoopSettings, Stepped } from './loop-options.ts';

export class Stepper {
  readonly #options: LoopSettings;
  readonly #onFault: (fault: Posted) => void;
  #failures = 0;

  constructor(options: LoopSettings, onFault: (fault: Posted) => void) {
    this.#options = options;
    this.#onFault = onFault;
  }

  /** null: it has not happened. */
  step(state: State, item: Item, seq: number): Stepped | null {
    const { clock, step = masterStep } = this.#options;
    // The stamp first: to add keys to a copy costs ten times as much (Node 20).
    const event: MasterEvent = { seq, atMs: clock.nowMs(), monoMs: clock.monoMs(), ...item.event };
    try {
      const result = step(state, event);
      const broken = checkDiff(state.tables, result.state.tables, result.diff);
      if (broken.length > 0) throw new Error(broken.join('; '));
      return { item, event, result, durable: durablePart(result.diff) };
    } catch (error) {
      this.#onFailed(item, seq, error);
      return null;
    }
  }

  /** A bug of ours: the event is dropped as if it had never been, and the bar says so with the id of the log line. */
  #onFailed(item: Item, seq: number, error: unknown): void {
    this.#failures += 1;
    const logId = `step-${this.#options.seed.toString(36)}-${this.#failures}`;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.log({ verb: 'step-failed', fields: { logId, seq, kind: item.event.kind, why } });
    item.answer?.(refuse('internal', 'step-failed', logId));
    const detail = `${item.event.kind} ${logId}`;
    // A fault that cannot be raised must not raise itself for ever.
    if (item.event.kind !== 'fault-raised')
      this.#onFault({ kind: 'fault-raised', fault: { id: 'step-failed', kind: 'step-failed', detail } });
  }
}
