// What the files of this folder hand to each other.
import type { AgentId, FrameworkId, TaskId } from '../../../contract/ids.ts';
import type { AgentRecord, MachineRecord } from '../../../contract/machine.ts';
import type { Launch } from '../../../contract/offer.ts';
import type { Resources } from '../../../contract/resources.ts';
import type { ResourcePart } from '../../../contract/role.ts';

export type Place = {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly agent: AgentRecord;
  readonly machine: MachineRecord;
};

export type PlannedLaunch = {
  readonly launch: Launch;
  readonly uses: readonly ResourcePart[];
  readonly groupId: TaskId | null;
};

/** `amounts` of `part` come to, or go from, what is reserved on the agent. */
export type ReservationChange = { readonly part: ResourcePart; readonly sign: 1 | -1 };

/** What a framework has refused in one role on one agent, and until when. */
export type FilterSession = {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly agentId: AgentId;
  readonly refused: { readonly unreserved: Resources; readonly reserved: Resources };
  readonly untilMonoMs: number;
};

/** What a scheduler wants to know the state of; agent null: it has forgotten where that is. */
export type AskedTask = { readonly taskId: TaskId; readonly agentId: AgentId | null };
export type AskedOperation = { readonly operationId: string; readonly agentId: AgentId | null };
export type Asked = AskedTask | AskedOperation;

/** What of its RECONCILE and RECONCILE_OPERATIONS calls one framework has not been answered yet, and how much it was within the present window. */
export type ReconcileSession = {
  readonly left: readonly Asked[];
  /** After those in `left`: all tasks that are known. */
  readonly isAllAsked: boolean;
  readonly told: number;
  /** All tasks were walked through in this window. */
  readonly hasLooked: boolean;
  readonly endsAtMonoMs: number;
};

/** What came of an operation, told to its framework and not acknowledged. */
export type OwingOperationSession = {
  readonly frameworkId: FrameworkId;
  readonly name: string;
  readonly attempt: number;
  readonly retryAtMonoMs: number;
};
