// What the requests need of the rest of the runtime. The adapters and the loop provide it (runtime.ts wires them);
// tests hand in fakes. No Electron here.
import type {
  AppInfo,
  Credentials,
  JumpCredentials,
  LogFile as LogName,
  Request,
} from '../contract/channels.ts';
import type { AttachedNetwork, FindChange, KnownHostAnswer, ProbeRequest } from '../contract/discovery.ts';
import type { Result } from '../contract/errors.ts';
import type { MachineId, OperationId, TaskId } from '../contract/ids.ts';
import type { ShareChange, Shares, SharesPreview } from '../contract/shares.ts';
import type { Patch, Snapshot } from '../contract/tables.ts';
import type { TaskInfo } from '../contract/task.ts';
import type { Why, WhyAnswers } from '../contract/waiting.ts';
import type { CallAnswer, CallParams } from '../contract/wire.ts';
import type { CommandEvent } from '../core/kernel/events.ts';

/** The part of the loop that the window sees. */
export interface Master {
  command(event: CommandEvent): Promise<Result<null>>;
  snapshot(): Snapshot;
  subscribe(listener: (patch: Patch) => void): () => void;
}

/** Questions about what waits, to the state as of the last commit. */
export interface Waits {
  why(taskIds: readonly TaskId[], isEach: boolean): WhyAnswers;
  preview(asked: {
    readonly info: TaskInfo;
    readonly machineId: MachineId | null;
    readonly where: string;
  }): Result<Why>;
}

/** What the allocator makes of the last commit. Nothing is changed by looking. */
export interface SharesView {
  now(): Shares;
  preview(change: ShareChange): SharesPreview;
}

export interface Ids {
  machine(): MachineId;
  task(): TaskId;
  operation(): OperationId;
}

/** Holds what a person typed to log in, in memory, until the lane is done. */
export interface Secrets {
  /** `jumps`: of the jump hosts on its way, in their order. */
  hold(machineId: MachineId, credentials: Credentials, jumps?: readonly JumpCredentials[]): void;
  drop(machineId: MachineId): void;
}

export type LogEnd = 'finished' | 'closed' | 'lost' | 'removed';
export type LogSink = {
  readonly data: (offset: number, bytes: Uint8Array) => void;
  /** Called once, also after `close`. */
  readonly end: (cause: LogEnd) => void;
};
export type LogRequest = { taskId: TaskId; file: LogName; offset: number; follow: boolean };
export type LogStream = {
  readonly sizeBytes: number;
  readonly startOffset: number;
  /** The receiver has taken in this many bytes more. */
  readonly credit: (bytes: number) => void;
  readonly close: () => void;
};

export interface Logs {
  open(machineId: MachineId, request: LogRequest, sink: LogSink): Promise<Result<LogStream>>;
}

/** What lies on a machine: asked of its agent each time, nothing of it is kept here. */
export interface Files {
  ask<C extends 'log.times' | 'log.search' | 'sandbox.list' | 'results.list'>(
    machineId: MachineId,
    call: C,
    params: CallParams<C>,
  ): Promise<Result<CallAnswer<C>>>;
  /** A folder comes as a tar, and its size is null. */
  openFile(
    machineId: MachineId,
    params: CallParams<'sandbox.open'>,
    sink: LogSink,
  ): Promise<Result<Omit<LogStream, 'sizeBytes'> & { readonly sizeBytes: number | null }>>;
}

export type KeptFile = { readonly name: string; readonly sizeBytes: number; readonly sha256: string };

/** The app's own copies of files for tasks, by their hashes. */
export interface Artifacts {
  keep(file: string, signal: AbortSignal): Promise<Result<KeptFile>>;
}

export type OpenSearch = {
  readonly networks: () => readonly AttachedNetwork[];
  readonly probe: (request: Pick<ProbeRequest, 'network' | 'ports'>) => Result<null>;
  readonly stopProbe: () => void;
  readonly close: () => Promise<void>;
};

/** Looks for machines that are none of ours yet. What is found is told and kept nowhere. */
export interface Discovery {
  open(tell: (change: Omit<FindChange, 'searchId'>) => void): Promise<OpenSearch>;
  /** Of a host key that a machine of ours, or one that is to be, has shown. */
  knownKey(asked: Request<'discovery:known-key'>): Promise<KnownHostAnswer>;
}

/** What only a desktop has. */
export interface Desktop {
  writeClipboard(text: string): void;
  pickKeyFile(): Promise<string | null>;
  pickSavePath(suggestedName: string): Promise<string | null>;
  pickFolder(): Promise<string | null>;
  pickFiles(): Promise<readonly string[] | null>;
  openLink(link: Request<'app:open-external'>['link']): Promise<Result<null>>;
  about(): Promise<AppInfo>;
}

export interface QuitAnswers {
  answer(choice: Request<'app:answer-quit'>['choice'], remember: boolean): Promise<Result<null>>;
}
