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

/** A task that a scheduler wants to know the state of; null: it has forgotten where it is. */
export type Asked = { readonly taskId: TaskId; readonly agentId: AgentId | null };

/** What of its RECONCILE calls one framework has not been answered yet, and how much it was within the present window. */
export type ReconcileSession = {
  readonly left: readonly Asked[];
  /** After those in `left`: all that are known. */
  readonly isAllAsked: boolean;
  readonly told: number;
  /** All tasks were walked through in this window. */
  readonly hasLooked: boolean;
  readonly endsAtMonoMs: number;
};
