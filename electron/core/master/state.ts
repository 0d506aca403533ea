// The state of the master: tables (what is stored and shown) and the session (what only this process needs to know).
import type { LaneRecord } from '../../contract/enrolment.ts';
import type { AgentId, FrameworkId, MachineId, OperationId, TaskId } from '../../contract/ids.ts';
import type { HostKey } from '../../contract/machine.ts';
import type { OperationRecord } from '../../contract/operation.ts';
import { defaultSettings, type Settings } from '../../contract/settings.ts';
import { type DurableTable, durableTables, type Rows, type Tables } from '../../contract/tables.ts';
import type { TaskRecord } from '../../contract/task.ts';
import type { Deadline } from '../kernel/deadlines.ts';
import type { LaneJump, Learned } from '../kernel/events.ts';
import { Groups } from '../kernel/groups.ts';
import type { DurableRows } from '../kernel/ports.ts';
import { RowMap } from '../kernel/rows.ts';
import { copyTables, emptyTables } from '../kernel/tables.ts';
import { AllocatorCell } from './frameworks/index-cell.ts';
import type { FilterSession, OwingOperationSession, ReconcileSession } from './frameworks/shapes.ts';
import { silentAfterMs } from './link-states.ts';

/** Timers and back-off of one link; the phase people see is in the table `links`. */
export type LinkSession = {
  /** Failed tries in a row; decides the delay before the next. */
  readonly failures: number;
  readonly retryAtMonoMs: number | null;
  /** Silence is counted from here: last byte heard, or start, or wake-up of this computer. */
  readonly quietSinceMonoMs: number;
  /** When it last became live; short lives do not reset the back-off (flapping). */
  readonly liveSinceMonoMs: number | null;
  /** An attempt without any answer ends here. */
  readonly connectByMonoMs: number | null;
};

/** What a lane knows besides its record. `attempt` grows at each try: answers of older ones are ignored. */
export type LaneSession = {
  readonly kind: LaneRecord['kind'];
  readonly operationId: OperationId | null;
  readonly attempt: number;
  readonly stepStartedMonoMs: number;
  /** Cap of the step that the core itself waits for, or of a clean-up that never answers. */
  readonly deadlineMonoMs: number | null;
  readonly add: {
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly user: string;
    /** Their keys stay over retries too, once they are confirmed. */
    readonly jumps: readonly LaneJump[];
    /** Confirmed by the person in this lane; stays over retries, so that a changed key is found. */
    readonly hostKey: HostKey | null;
    readonly learned: Learned;
    readonly loginRefusals: number;
    /** A clean-up is on its way; a retry waits for it. */
    readonly isCleaning: boolean;
    /** The adapter still holds what the person gave, for another try. */
    readonly keepsSecrets: boolean;
    readonly retryWanted: boolean;
  } | null;
  readonly remove: { readonly tasks: 'stop' | 'keep' } | null;
};

export const sendKinds = ['launch', 'kill', 'forget'] as const;
/** A call to an agent that has not been answered for good. Sent again: every one of them is idempotent. */
export type SendSession = {
  readonly kind: (typeof sendKinds)[number];
  readonly machineId: MachineId;
  readonly taskId: TaskId;
  readonly attempt: number;
  /** null: waits for the next hello of the agent. */
  readonly retryAtMonoMs: number | null;
  /** Kill only: the agent's own list did not have the task, so it was never launched. */
  readonly isAbsent: boolean;
};

/** The update of a task that its scheduler has been told and has not acknowledged. */
export type OwingSession = { readonly attempt: number; readonly retryAtMonoMs: number };

/** The newest first, some perhaps twice. Linked, so that one more costs the same however many there are. */
export type AgentList = { readonly id: AgentId; readonly rest: AgentList | null };

/** When what has to do with offers is due next, and which agents the next allocation is about. */
export type PlanSession = {
  /** In every offer id, so that no two lives of the master make the same. */
  readonly life: string;
  readonly offerSerial: number;
  readonly allocateAgents: 'all' | AgentList | null;
  /** null: nobody waits, or nothing has changed. */
  readonly allocateAtMonoMs: number | null;
  readonly allocatedAtMonoMs: number;
  /** At the earliest; a look at all of them then says when the next is due. */
  readonly offersEndAtMonoMs: number | null;
  readonly filtersEndAtMonoMs: number | null;
  readonly failoverAtMonoMs: number | null;
  /** Until then room of an earlier life is held for agents and schedulers that have not come back yet. */
  readonly claimsAwaitUntilMonoMs: number | null;
  /** The next declined inverse offer that may be made again. */
  readonly inverseAtMonoMs: number | null;
  /** The next beginning or end of a maintenance, on the wall clock, and how that stands to the other clock. */
  readonly windowAtMs: number | null;
  readonly wallLessMonoMs: number;
  /** Many machines fell silent together: until then no further agent is called unreachable. */
  readonly verdictAtMonoMs: number | null;
};

/** Each step has its own. Named one by one: see `copyTables`. */
export function copyPlan(plan: PlanSession): { -readonly [K in keyof PlanSession]: PlanSession[K] } {
  return {
    life: plan.life,
    offerSerial: plan.offerSerial,
    allocateAgents: plan.allocateAgents,
    allocateAtMonoMs: plan.allocateAtMonoMs,
    allocatedAtMonoMs: plan.allocatedAtMonoMs,
    offersEndAtMonoMs: plan.offersEndAtMonoMs,
    filtersEndAtMonoMs: plan.filtersEndAtMonoMs,
    failoverAtMonoMs: plan.failoverAtMonoMs,
    claimsAwaitUntilMonoMs: plan.claimsAwaitUntilMonoMs,
    inverseAtMonoMs: plan.inverseAtMonoMs,
    windowAtMs: plan.windowAtMs,
    wallLessMonoMs: plan.wallLessMonoMs,
    verdictAtMonoMs: plan.verdictAtMonoMs,
  };
}

const emptyPlan: PlanSession = {
  life: '0',
  offerSerial: 0,
  allocateAgents: null,
  allocateAtMonoMs: null,
  allocatedAtMonoMs: 0,
  offersEndAtMonoMs: null,
  filtersEndAtMonoMs: null,
  failoverAtMonoMs: null,
  claimsAwaitUntilMonoMs: null,
  inverseAtMonoMs: null,
  windowAtMs: null,
  wallLessMonoMs: 0,
  verdictAtMonoMs: null,
};

export type Session = {
  readonly isStarted: boolean;
  readonly randomState: number;
  readonly links: RowMap<LinkSession, MachineId>;
  readonly lanes: RowMap<LaneSession, MachineId>;
  readonly sends: RowMap<SendSession>;
  readonly filters: RowMap<FilterSession>;
  readonly owing: RowMap<OwingSession, TaskId>;
  readonly owingOperations: RowMap<OwingOperationSession>;
  readonly reconciling: RowMap<ReconcileSession, FrameworkId>;
  readonly plan: PlanSession;
  /** The allocator's index over these tables: a cache, never part of what the state is. */
  readonly cell: AllocatorCell;
  /** A cache too. */
  readonly tasksByAgent: Groups<TaskRecord>;
  /** And another. */
  readonly operationsByTask: Groups<OperationRecord>;
};

export type State = { readonly tables: Tables; readonly session: Session };

/** Nothing of a link is due before that; whether it is due then also depends on its phase and its agent. */
function soonestOfLink({ retryAtMonoMs, connectByMonoMs, quietSinceMonoMs }: LinkSession): Deadline {
  const quietUntilMonoMs = quietSinceMonoMs + silentAfterMs;
  return Math.min(quietUntilMonoMs, retryAtMonoMs ?? quietUntilMonoMs, connectByMonoMs ?? quietUntilMonoMs);
}

/** The state of a fresh process over what the store holds. */
export function createState(rows: DurableRows): State {
  const durable = durableTables.map((table) => [table, RowMap.of<Rows[DurableTable]>(rows[table])]);
  return {
    tables: copyTables({ ...emptyTables, ...(Object.fromEntries(durable) as Pick<Tables, DurableTable>) }),
    session: {
      isStarted: false,
      randomState: 0,
      links: RowMap.empty(soonestOfLink),
      lanes: RowMap.empty(({ deadlineMonoMs }) => deadlineMonoMs),
      sends: RowMap.empty(({ retryAtMonoMs }) => retryAtMonoMs),
      filters: RowMap.empty(({ untilMonoMs }) => untilMonoMs),
      owing: RowMap.empty(({ retryAtMonoMs }) => retryAtMonoMs),
      owingOperations: RowMap.empty(({ retryAtMonoMs }) => retryAtMonoMs),
      reconciling: RowMap.empty(({ endsAtMonoMs }) => endsAtMonoMs),
      plan: emptyPlan,
      cell: new AllocatorCell(),
      tasksByAgent: new Groups((task) => task.agentId),
      operationsByTask: new Groups((operation) => operation.taskId ?? ''),
    },
  };
}

export function settingsOf(tables: Tables): Settings {
  return tables.settings.get('settings') ?? defaultSettings;
}
