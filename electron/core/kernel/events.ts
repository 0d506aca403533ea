// Every event the master can meet. Facts are in the past; commands from people are imperatives that were already
// shape-checked at the edge (zod) and get their ids there. `atMs` is the shell's wall clock (display, cron);
// `monoMs` is a clock that never jumps and counts only awake time: all deadlines use it.

import type { EnrolmentStep, RemovalStep } from '../../contract/enrolment.ts';
import type { Refusal } from '../../contract/errors.ts';
import type { Call } from '../../contract/framework.ts';
import type { AgentId, FrameworkId, MachineId, OperationId, TaskId } from '../../contract/ids.ts';
import type {
  DemoSlice,
  HostKey,
  JumpLogin,
  Login,
  MachineFacts,
  Maintenance,
  Sample,
} from '../../contract/machine.ts';
import type { FaultRecord } from '../../contract/operation.ts';
import type { Resources } from '../../contract/resources.ts';
import type { Preemption, Quota, Slice } from '../../contract/role.ts';
import type { Settings } from '../../contract/settings.ts';
import type { TaskInfo, TaskProgress, TaskStatus } from '../../contract/task.ts';
import type { AgentTask } from '../../contract/wire.ts';

export type Stamp = { readonly seq: number; readonly atMs: number; readonly monoMs: number };

/** What a finished step has learned; the core keeps it in the lane's session state and on success in the machine. */
export type Learned = {
  readonly hostKey?: HostKey;
  /** Of the first jump host without a confirmed key. The step `jumps` without it: all are passed. */
  readonly jumpKey?: HostKey;
  /** `key-planted`: our own key was written to authorized_keys, later logins use it. */
  readonly login?: Login;
  readonly keyPlanted?: boolean;
  readonly agentDir?: string;
  readonly sudo?: boolean;
  readonly hostname?: string;
};

export type DemoMachine = {
  readonly machineId: MachineId;
  readonly name: string;
  readonly slice: DemoSlice;
};

export type StepOutcome =
  | { readonly kind: 'done'; readonly learned: Learned }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

/** A machine in between, of which the key may not be confirmed yet. */
export type LaneJump = {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly login: JumpLogin;
  readonly hostKey: HostKey | null;
};

/** A jump host as a person named it; of a password only the kind, as of all secrets. */
export type AskedJump = Omit<LaneJump, 'hostKey'>;

/** Commands of people. Each has an operation id when it shows in the activity list. */
export type CommandEvent =
  | {
      readonly kind: 'add-machine';
      readonly machineId: MachineId;
      readonly operationId: OperationId;
      readonly name: string;
      readonly address: string;
      readonly port: number;
      readonly user: string;
      /** Only the kind: secrets stay in the ssh adapter's memory, keyed by machineId. */
      readonly credentials: 'password' | 'login';
      /** The way there; absent = directly. */
      readonly jumps?: readonly AskedJump[] | undefined;
    }
  | { readonly kind: 'confirm-host-key'; readonly machineId: MachineId; readonly hostKey: HostKey }
  | { readonly kind: 'retry-add'; readonly machineId: MachineId; readonly operationId: OperationId }
  | { readonly kind: 'cancel-add'; readonly machineId: MachineId }
  | { readonly kind: 'pause-add'; readonly machineId: MachineId; readonly isPaused: boolean }
  | { readonly kind: 'dismiss-lane'; readonly machineId: MachineId }
  | {
      readonly kind: 'remove-machine';
      readonly machineId: MachineId;
      readonly operationId: OperationId;
      readonly tasks: 'stop' | 'keep';
      readonly force: boolean;
    }
  | {
      readonly kind: 'start-demo-rack';
      readonly operationId: OperationId;
      readonly machines: readonly DemoMachine[];
    }
  | { readonly kind: 'remove-demo-rack'; readonly operationId: OperationId }
  | { readonly kind: 'reconnect'; readonly machineId: MachineId }
  /** The one way to take a machine from another master: a person asked for it. */
  | { readonly kind: 'take-over'; readonly machineId: MachineId }
  | {
      readonly kind: 'edit-machine';
      readonly machineId: MachineId;
      readonly name: string;
      readonly note: string;
    }
  | {
      readonly kind: 'drain-agent';
      readonly machineId: MachineId;
      readonly operationId: OperationId;
      /** At most that long from TERM to KILL; null = as each task asks. */
      readonly graceMs: number | null;
      readonly markGone: boolean;
    }
  | { readonly kind: 'deactivate-agent'; readonly machineId: MachineId }
  | { readonly kind: 'reactivate-agent'; readonly machineId: MachineId }
  | { readonly kind: 'plan-maintenance'; readonly machineId: MachineId; readonly window: Maintenance | null }
  | {
      readonly kind: 'run-task';
      /** null: on any machine; then it waits until one fits. */
      readonly machineId: MachineId | null;
      /** Only on machines of which this condition holds (contract/condition.ts). */
      readonly where?: string;
      readonly priority?: number;
      readonly operationId: OperationId;
      readonly info: TaskInfo;
    }
  | { readonly kind: 'kill-task'; readonly taskId: TaskId; readonly operationId: OperationId }
  | { readonly kind: 'forget-task'; readonly taskId: TaskId }
  /** A call of the scheduler API, whoever brought it. */
  /** `streamId`: of the connection it came by; absent = within this program. */
  | { readonly kind: 'call-scheduler-api'; readonly call: Call; readonly streamId?: string }
  /** Which tasks of the role may end early; null = as above it. */
  | { readonly kind: 'set-preemption'; readonly role: string; readonly preemption: Preemption | null }
  | { readonly kind: 'set-weight'; readonly role: string; readonly weightMilli: number }
  /** `force`: although more than the limit is held already. null takes the quota away. */
  | {
      readonly kind: 'set-quota';
      readonly role: string;
      readonly quota: Quota | null;
      readonly force: boolean;
    }
  /** All at once, of a role that stays until it is removed. Absent `preemption` = as it is. */
  | {
      readonly kind: 'change-role';
      readonly role: string;
      readonly weightMilli: number;
      readonly quota: Quota | null;
      readonly preemption?: Preemption | null | undefined;
      readonly force: boolean;
    }
  | { readonly kind: 'remove-role'; readonly role: string }
  /** RESERVE and UNRESERVE by the operator: what shall be set aside on the machine, role by role. */
  | { readonly kind: 'partition-machine'; readonly machineId: MachineId; readonly slices: readonly Slice[] }
  | { readonly kind: 'teardown-framework'; readonly frameworkId: FrameworkId }
  | { readonly kind: 'change-settings'; readonly settings: Partial<Omit<Settings, 'id'>> }
  | { readonly kind: 'dismiss-fault'; readonly id: string };

/** What the world reports. */
export type FactEvent =
  /** First event of a process: durable tables were loaded. Carries the seed of the random stream. */
  | { readonly kind: 'master-started'; readonly seed: number }
  /** This computer's own machine record must exist (made at the first start). */
  | { readonly kind: 'local-machine-found'; readonly machineId: MachineId; readonly name: string }
  | { readonly kind: 'deadline-passed' }
  /** The process was suspended (laptop asleep, stopped) for about this long: silence in that time means nothing. */
  | { readonly kind: 'woke-up'; readonly asleepMs: number }
  | {
      readonly kind: 'link-up';
      readonly machineId: MachineId;
      readonly agentId: AgentId;
      readonly agentVersion: string;
      readonly facts: MachineFacts;
      readonly resources: Resources;
      /** Everything the agent holds: reconciliation. */
      readonly tasks: readonly AgentTask[];
      readonly roundTripMs: number;
    }
  | { readonly kind: 'link-down'; readonly machineId: MachineId; readonly refusal: Refusal }
  /** Anything came from the agent while no sample did (answers, pings); at most one a second. */
  | { readonly kind: 'link-heard'; readonly machineId: MachineId; readonly roundTripMs: number | null }
  | { readonly kind: 'sample-received'; readonly machineId: MachineId; readonly sample: Sample }
  | { readonly kind: 'status-update-received'; readonly machineId: MachineId; readonly status: TaskStatus }
  /** What a task that is being started, or has ended, is busy with. From the link (upload) or from the agent. */
  | ({ readonly kind: 'task-progressed'; readonly machineId: MachineId; readonly taskId: TaskId } & Pick<
      TaskProgress,
      'phase' | 'what' | 'doneBytes' | 'totalBytes'
    >)
  /** The connection of a scheduler has ended. */
  | { readonly kind: 'scheduler-disconnected'; readonly frameworkId: FrameworkId; readonly streamId: string }
  /** Answer to `send-launch`. A refusal `unreachable` or `timeout` means: unknown, ask again at the next hello. */
  | { readonly kind: 'launch-answered'; readonly taskId: TaskId; readonly refusal: Refusal | null }
  | { readonly kind: 'kill-answered'; readonly taskId: TaskId; readonly refusal: Refusal | null }
  | { readonly kind: 'forget-answered'; readonly taskId: TaskId; readonly refusal: Refusal | null }
  | {
      readonly kind: 'lane-step-finished';
      readonly machineId: MachineId;
      /** The lane's attempt number the step was run for: late answers of an older attempt are ignored. */
      readonly attempt: number;
      readonly step: EnrolmentStep | RemovalStep;
      readonly ran: string;
      readonly answered: string;
      readonly tookMs: number;
      readonly outcome: StepOutcome;
    }
  | { readonly kind: 'lane-cleaned-up'; readonly machineId: MachineId; readonly attempt: number }
  | { readonly kind: 'fault-raised'; readonly fault: Omit<FaultRecord, 'sinceMs'> };

export type MasterEvent = Stamp & (CommandEvent | FactEvent);
/** What adapters and the shell post; the loop stamps it. */
export type Posted = CommandEvent | FactEvent;
