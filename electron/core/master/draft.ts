// The draft of one step: what handlers read and write. It becomes the next state only when the whole step succeeds.
import type { SchedulerEvent } from '../../contract/framework.ts';
import type { AgentId, FrameworkId, MachineId, OperationId, TaskId } from '../../contract/ids.ts';
import type { OperationRecord } from '../../contract/operation.ts';
import { defaultSettings, type Settings } from '../../contract/settings.ts';
import type { Diff, Rows, TableName, Tables } from '../../contract/tables.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { Effect, IssuedEffect } from '../kernel/effects.ts';
import type { Stamp } from '../kernel/events.ts';
import { nextRandom } from '../kernel/random.ts';
import { newSeries, type RowMap } from '../kernel/rows.ts';
import { type Changed, TableTx } from '../kernel/tables.ts';
import type { AllocatorCell } from './frameworks/index-cell.ts';
import type { FilterSession, OwingOperationSession, ReconcileSession } from './frameworks/shapes.ts';
import {
  copyPlan,
  type LaneSession,
  type LinkSession,
  type OwingSession,
  type PlanSession,
  type SendSession,
  type State,
} from './state.ts';

/** Something that was dropped, ignored or refused: a line in the log, never silence. */
export type Note = {
  readonly verb: string;
  readonly fields: Readonly<Record<string, string | number | null>>;
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class Draft {
  readonly atMs: number;
  readonly monoMs: number;
  readonly effects: IssuedEffect[] = [];
  readonly notes: Note[] = [];
  /** What schedulers of this program still have to hear within this step. */
  readonly heard: { readonly frameworkId: FrameworkId; readonly event: SchedulerEvent }[] = [];
  readonly plan: Writable<PlanSession>;
  readonly cell: AllocatorCell;
  readonly #seq: number;
  readonly #tx: TableTx;
  readonly #base: State;
  // Made when they are first asked for: most steps look at one or two of them.
  #links: DraftMap<MachineId, LinkSession> | undefined;
  #lanes: DraftMap<MachineId, LaneSession> | undefined;
  #sends: DraftMap<string, SendSession> | undefined;
  #filters: DraftMap<string, FilterSession> | undefined;
  #owing: DraftMap<TaskId, OwingSession> | undefined;
  #owingOperations: DraftMap<string, OwingOperationSession> | undefined;
  #reconciling: DraftMap<FrameworkId, ReconcileSession> | undefined;
  #isStarted: boolean;
  #operations = 0;
  #randomState: number;

  constructor(state: State, stamp: Stamp) {
    this.#seq = stamp.seq;
    this.atMs = stamp.atMs;
    this.monoMs = stamp.monoMs;
    this.#base = state;
    this.#tx = new TableTx(state.tables);
    this.#isStarted = state.session.isStarted;
    this.#randomState = state.session.randomState;
    this.plan = copyPlan(state.session.plan);
    this.cell = state.session.cell;
  }

  get<T extends TableName>(table: T, id: string): Rows[T] | undefined {
    return this.#tx.get(table, id);
  }
  rows<T extends TableName>(table: T): Iterable<Rows[T]> {
    return this.#tx.rows(table);
  }
  put<T extends TableName>(table: T, row: Rows[T]): void {
    this.#tx.put(table, row);
  }
  drop(table: TableName, id: string): void {
    this.#tx.drop(table, id);
  }

  /** Every row that this step has touched, as it was before and as it is now. */
  changed<T extends TableName>(table: T): readonly Changed<T>[] {
    return this.#tx.changed(table);
  }
  /** False: this step has touched nothing in that table. */
  touches(table: TableName): boolean {
    return this.#tx.touches(table);
  }
  /** False: there is none, so nobody need look. */
  hasRows(table: TableName): boolean {
    return this.#tx.hasRows(table);
  }
  /** Also those that have ended, in no order. */
  tasksOn(agentId: AgentId): TaskRecord[] {
    const known = this.#base.session.tasksByAgent.idsOf(this.#base.tables.tasks, agentId);
    return this.#withTouched('tasks', known).filter((task) => task.agentId === agentId);
  }
  /** Also those that have ended, in no order. */
  operationsOf(taskId: TaskId): OperationRecord[] {
    const known = this.#base.session.operationsByTask.idsOf(this.#base.tables.operations, taskId);
    return this.#withTouched('operations', known).filter((operation) => operation.taskId === taskId);
  }
  /** As they are now; what was touched may belong to them. */
  #withTouched<T extends TableName>(table: T, known: ReadonlySet<string>): Rows[T][] {
    if (known.size === 0 && !this.#tx.touches(table)) return [];
    const ids = new Set(known);
    for (const { id } of this.#tx.changed(table)) ids.add(id);
    return [...ids].flatMap((id) => this.#tx.get(table, id) ?? []);
  }
  /** All tables as they are now within this step. */
  tables(): Tables {
    return this.#tx.current();
  }

  get links(): DraftMap<MachineId, LinkSession> {
    this.#links ??= new DraftMap(this.#base.session.links);
    return this.#links;
  }
  get lanes(): DraftMap<MachineId, LaneSession> {
    this.#lanes ??= new DraftMap(this.#base.session.lanes);
    return this.#lanes;
  }
  get sends(): DraftMap<string, SendSession> {
    this.#sends ??= new DraftMap(this.#base.session.sends);
    return this.#sends;
  }
  get filters(): DraftMap<string, FilterSession> {
    this.#filters ??= new DraftMap(this.#base.session.filters);
    return this.#filters;
  }
  get owing(): DraftMap<TaskId, OwingSession> {
    this.#owing ??= new DraftMap(this.#base.session.owing);
    return this.#owing;
  }
  get owingOperations(): DraftMap<string, OwingOperationSession> {
    this.#owingOperations ??= new DraftMap(this.#base.session.owingOperations);
    return this.#owingOperations;
  }
  get reconciling(): DraftMap<FrameworkId, ReconcileSession> {
    this.#reconciling ??= new DraftMap(this.#base.session.reconciling);
    return this.#reconciling;
  }
  get settings(): Settings {
    return this.get('settings', 'settings') ?? defaultSettings;
  }
  get isStarted(): boolean {
    return this.#isStarted;
  }

  start(seed: number): void {
    this.#isStarted = true;
    this.#randomState = seed >>> 0;
    this.plan.life = this.#randomState.toString(36);
  }

  /** In [0, 1). */
  random(): number {
    const { value, state } = nextRandom(this.#randomState);
    this.#randomState = state;
    return value;
  }

  /** Of this step alone, as no number of a step is ever used twice. */
  nextOperationId(): OperationId {
    this.#operations += 1;
    return `o-step-${this.#seq}-${this.#operations}` as OperationId;
  }

  issue(effect: Effect): void {
    // The new key first: to add one to a copy costs ten times as much (Node 20).
    this.effects.push({ effectId: `${this.#seq}.${this.effects.length}`, ...effect });
  }

  note(verb: string, fields: Note['fields']): void {
    this.notes.push({ verb, fields });
  }

  finish(): { readonly state: State; readonly diff: Diff } {
    const { tables, diff } = this.#tx.finish();
    const base = this.#base.session;
    const session = {
      isStarted: this.#isStarted,
      randomState: this.#randomState,
      links: this.#links?.finish() ?? base.links,
      lanes: this.#lanes?.finish() ?? base.lanes,
      sends: this.#sends?.finish() ?? base.sends,
      filters: this.#filters?.finish() ?? base.filters,
      owing: this.#owing?.finish() ?? base.owing,
      owingOperations: this.#owingOperations?.finish() ?? base.owingOperations,
      reconciling: this.#reconciling?.finish() ?? base.reconciling,
      plan: this.plan,
      cell: this.cell,
      tasksByAgent: base.tasksByAgent,
      operationsByTask: base.operationsByTask,
    };
    return { state: { tables, session }, diff };
  }
}

/** What a step changes of a session map. It shares all the rest with the map before it; what is in between nobody has seen. */
class DraftMap<K extends string, V> {
  readonly #series = newSeries();
  #now: RowMap<V, K>;

  constructor(base: RowMap<V, K>) {
    this.#now = base;
  }
  get(key: K): V | undefined {
    return this.#now.get(key);
  }
  entries(): [K, V][] {
    return [...this.#now];
  }
  set(key: K, value: V): void {
    this.#now = this.#now.with(key, value, this.#series);
  }
  delete(key: K): void {
    this.#now = this.#now.without(key, this.#series);
  }
  /** Of those that say when they are due, the ones that are. */
  due(atMonoMs: number): [K, V][] {
    return this.#now.due(atMonoMs);
  }
  finish(): RowMap<V, K> {
    return this.#now;
  }
}
