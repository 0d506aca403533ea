// Every effect: an imperative for an adapter. Run only after the diff is committed. Each carries an id made of the
// event's seq and its place, so that a second delivery is harmless and logs can be joined.
import type { EnrolmentStep, RemovalStep } from '../../contract/enrolment.ts';
import type { SchedulerEvent } from '../../contract/framework.ts';
import type { FrameworkId, MachineId, TaskId } from '../../contract/ids.ts';
import type { HostKey, MachineRecord } from '../../contract/machine.ts';
import type { TaskInfo } from '../../contract/task.ts';
import type { Keeping } from '../../contract/wire.ts';
import type { LaneJump, Learned } from './events.ts';

/** What the ssh adapter needs for a step besides the secrets it holds for the machine. */
export type LaneContext = {
  readonly machineId: MachineId;
  readonly attempt: number;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Confirmed or pinned; null before the host key step: the adapter then stops after the key exchange. */
  readonly hostKey: HostKey | null;
  /** The way there; absent = directly. Those after the first without a key have none either. */
  readonly jumps?: readonly LaneJump[];
  /** Everything earlier steps have learned. */
  readonly learned: Learned;
};

export type Effect =
  /** `takeOver`: this one hello takes the lease from whoever holds it. */
  | { readonly kind: 'connect'; readonly machine: MachineRecord; readonly takeOver?: true }
  /** Close the link and forget its session; the agent goes on. */
  | { readonly kind: 'disconnect'; readonly machineId: MachineId }
  /** What the agent keeps and how long. Told at each hello and when the settings change; a lost answer is harmless. */
  | { readonly kind: 'send-configure'; readonly machineId: MachineId; readonly keeping: Keeping }
  /** Uploads what the agent lacks of its artifacts beforehand. */
  | { readonly kind: 'send-launch'; readonly machineId: MachineId; readonly info: TaskInfo }
  | {
      readonly kind: 'send-kill';
      readonly machineId: MachineId;
      readonly taskId: TaskId;
      readonly graceMs: number;
    }
  | { readonly kind: 'send-forget'; readonly machineId: MachineId; readonly taskId: TaskId }
  | {
      readonly kind: 'send-ack';
      readonly machineId: MachineId;
      readonly taskId: TaskId;
      readonly uuid: string;
    }
  | { readonly kind: 'run-enrolment-step'; readonly step: EnrolmentStep; readonly context: LaneContext }
  | {
      readonly kind: 'run-removal-step';
      readonly step: RemovalStep;
      readonly machine: MachineRecord;
      readonly attempt: number;
      readonly tasks: 'stop' | 'keep';
    }
  /**
   * The lane failed or was cancelled: remove whatever this attempt put on the machine, close its session. `keepsSecrets`: what the
   * person gave was not refused and serves the next attempt; `drop-secrets` ends that.
   */
  | { readonly kind: 'clean-up-lane'; readonly context: LaneContext; readonly keepsSecrets: boolean }
  /** To a scheduler behind a transport, in the order of the effects. What its connection does not take is lost. */
  | {
      readonly kind: 'send-scheduler-event';
      readonly frameworkId: FrameworkId;
      readonly streamId: string;
      readonly event: SchedulerEvent;
    }
  | { readonly kind: 'close-scheduler-stream'; readonly frameworkId: FrameworkId; readonly streamId: string }
  /**
   * The lane is done, or nobody tried again in time: keep nothing secret in memory. `keepsJumps`: but for the passwords of its jump hosts, without which its
   * link cannot be made.
   */
  | { readonly kind: 'drop-secrets'; readonly machineId: MachineId; readonly keepsJumps?: true };

export type IssuedEffect = Effect & { readonly effectId: string };
