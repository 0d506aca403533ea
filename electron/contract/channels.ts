// The whole IPC contract: each channel with the schema of its arguments and the type of its answer.
// `shell/ipc.ts` is the only place that registers them; the preload exposes `invoke` and `subscribe` over this map.
import { z } from 'zod';
import { maxConditionChars } from './condition.ts';
import { type AttachedNetwork, type FindChange, type KnownHostAnswer, probeSchema } from './discovery.ts';
import type { Result } from './errors.ts';
import {
  frameworkIdSchema,
  type MachineId,
  machineIdSchema,
  type OperationId,
  type TaskId,
  taskIdSchema,
} from './ids.ts';
import { hostKeySchema, loginSchema, maintenanceSchema, maxJumps } from './machine.ts';
import { preemptionSchema, quotaSchema, roleNameSchema, sliceSchema, weightMilliSchema } from './role.ts';
import { settingsSchema } from './settings.ts';
import { type Shares, type SharesPreview, shareChangeSchema } from './shares.ts';
import type { Patch, Snapshot } from './tables.ts';
import { commandInfoSchema, prioritySchema, taskOptionsSchema } from './task.ts';
import { type Why, type WhyAnswers, whySchema } from './waiting.ts';
import type { CallAnswer } from './wire.ts';

/** How the person wants to log in the first time. The password never leaves the memory of the main process. */
export const credentialsSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('password'),
    password: z.string().min(1).max(1024),
    /** Plant Mesolite's own key so that the password is needed only once. Always true today. */
    plantKey: z.literal(true),
  }),
  z.object({ kind: z.literal('login'), login: loginSchema, passphrase: z.string().max(1024).nullable() }),
]);
export type Credentials = z.infer<typeof credentialsSchema>;

/** Nothing is ever left on a jump host, so none of our keys either. */
export const jumpCredentialsSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), password: z.string().min(1).max(1024) }),
  z.object({ kind: z.literal('login'), login: loginSchema, passphrase: z.string().max(1024).nullable() }),
]);
export type JumpCredentials = z.infer<typeof jumpCredentialsSchema>;

/** Where somebody logs in. */
const placeSchema = z.object({
  address: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .regex(/^[^\s@/]+$/),
  port: z.number().int().min(1).max(65535),
  user: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^[^\s:]+$/),
});

export const addMachineSchema = placeSchema.extend({
  name: z.string().trim().max(100), // empty = the host name it reports
  credentials: credentialsSchema,
  /** The way there, nearest to this computer first. Absent = directly. */
  jumps: z
    .array(placeSchema.extend({ credentials: jumpCredentialsSchema }))
    .max(maxJumps)
    .optional(),
});
export type AddMachine = z.infer<typeof addMachineSchema>;

export const runTaskSchema = z.object({
  /** null: on any machine, at once or as soon as one fits. */
  machineId: machineIdSchema.nullable(),
  /** Only on machines of which this condition holds (condition.ts); absent or empty = on all. */
  where: z.string().max(maxConditionChars).optional(),
  /** Absent = 0. */
  priority: prioritySchema.optional(),
  name: z.string().trim().max(200), // empty = made from the command
  command: commandInfoSchema,
  cpusMilli: z.number().int().min(10).max(1_024_000),
  memMib: z.number().int().min(1).max(16_777_216),
  diskMib: z.number().int().min(0).max(1_073_741_824),
  gpus: z.number().int().min(0).max(64),
  killGraceMs: z.number().int().min(0).max(86_400_000),
  options: taskOptionsSchema.optional(),
});
export type RunTask = z.infer<typeof runTaskSchema>;

export const logFiles = ['stdout', 'stderr'] as const;
export type LogFile = (typeof logFiles)[number];

/** Requests from the renderer. Arguments are one object each; answers are `Result<T>`. */
export const requestSchemas = {
  'state:snapshot': z.object({}),
  'app:info': z.object({}),
  'app:open-external': z.object({ link: z.enum(['manual', 'licence', 'issues']) }),
  /** Answer to `app:quit-asked`. `remember` stores the choice as the setting `onQuit` (keep or stop only). */
  'app:answer-quit': z.object({ choice: z.enum(['keep', 'stop', 'cancel']), remember: z.boolean() }),
  'machine:add': addMachineSchema,
  'machine:confirm-host-key': z.object({ machineId: machineIdSchema, hostKey: hostKeySchema }),
  /** Try a failed lane again, with new credentials when the old ones were refused. */
  'machine:retry-add': z.object({ machineId: machineIdSchema, credentials: credentialsSchema.nullable() }),
  'machine:cancel-add': z.object({ machineId: machineIdSchema }),
  /** The step at work ends; the next does not begin before it is resumed. */
  'machine:pause-add': z.object({ machineId: machineIdSchema, isPaused: z.boolean() }),
  'machine:dismiss-lane': z.object({ machineId: machineIdSchema }),
  'machine:remove': z.object({
    machineId: machineIdSchema,
    tasks: z.enum(['stop', 'keep']),
    /** Forget it here although it cannot be reached; its files stay there. */
    force: z.boolean(),
  }),
  'machine:reconnect': z.object({ machineId: machineIdSchema }),
  /** Looks for machines without a word to any of them, and tells by `discovery:change`. One at a time for a window. */
  'discovery:open': z.object({}),
  /** Asks each address of one network whether these ports answer. Takes the place of a probe that still runs. */
  'discovery:probe': probeSchema,
  'discovery:stop-probe': z.object({ searchId: z.number().int() }),
  'discovery:close': z.object({ searchId: z.number().int() }),
  /** What known_hosts says of a host key that is shown to the person. Reads files of this computer, and decides nothing. */
  'discovery:known-key': z.object({
    host: z.string().max(255),
    port: z.number().int().min(1).max(65535),
    fingerprint: z.string().max(100),
  }),
  'machine:edit': z.object({
    machineId: machineIdSchema,
    name: z.string().trim().min(1).max(100),
    note: z.string().max(4096),
  }),
  /** No offers of it, and its tasks are ended. `graceMs`: at most that long each; null = as each task asks. */
  'machine:drain': z.object({
    machineId: machineIdSchema,
    graceMs: z.number().int().min(0).max(86_400_000).nullable(),
    /** Afterwards it is gone for ever; at once when it cannot be reached. */
    markGone: z.boolean(),
  }),
  /** No offers of it; its tasks run on. */
  'machine:deactivate': z.object({ machineId: machineIdSchema }),
  /** Back to work, from either. What a drain has told to end ends. */
  'machine:reactivate': z.object({ machineId: machineIdSchema }),
  /** null takes back what was planned, or ends what has begun. */
  'machine:plan-maintenance': z.object({
    machineId: machineIdSchema,
    window: maintenanceSchema.nullable(),
  }),
  /** Starts six agents on this computer, each with a share of it. */
  'demo:start': z.object({}),
  /** Ends their tasks and them, and takes away their folders and records. */
  'demo:remove': z.object({}),
  'task:run': runTaskSchema,
  /** Where this would start now, or why it would wait; nothing is run. What is wrong wherever it runs is no part of it. */
  'run:preview': runTaskSchema,
  /** Why these wait; who waits no more is left out. */
  'run:why': whySchema,
  'task:kill': z.object({ taskId: taskIdSchema }),
  /** Forget a finished task: its record here, its log and sandbox on the machine. */
  'task:forget': z.object({ taskId: taskIdSchema }),
  /** Starts a stream of `log:chunk`. offset < 0 counts from the end. */
  'log:open': z.object({
    taskId: taskIdSchema,
    file: z.enum(logFiles),
    offset: z.number().int(),
    follow: z.boolean(),
  }),
  /** Flow control: the renderer has taken in this many bytes. */
  'log:credit': z.object({ streamId: z.number().int(), bytes: z.number().int().min(1).max(16_777_216) }),
  'log:close': z.object({ streamId: z.number().int() }),
  /** Asks where, then writes the whole log there. null = the person cancelled. */
  'log:save': z.object({ taskId: taskIdSchema, file: z.enum(logFiles) }),
  /** Only after an explicit act: another Mesolite looks after this machine, this one takes its place. */
  'machine:take-over': z.object({ machineId: machineIdSchema }),
  'log:times': z.object({
    taskId: taskIdSchema,
    file: z.enum(logFiles),
    from: z.number().int().min(0),
    to: z.number().int().min(0),
  }),
  'log:search': z.object({
    taskId: taskIdSchema,
    file: z.enum(logFiles),
    text: z.string().min(1).max(1024),
    matchCase: z.boolean(),
    from: z.number().int().min(0),
    limit: z.number().int().min(1).max(1000),
  }),
  'sandbox:list': z.object({
    taskId: taskIdSchema,
    path: z.string().max(8192),
    after: z.string().max(1024).nullable(),
  }),
  /** The beginning of a file, at most 256 KiB, to look at it here. */
  'sandbox:peek': z.object({ taskId: taskIdSchema, path: z.string().max(8192) }),
  /** Asks where, then writes the file, or the folder as a tar. null = the person cancelled. */
  'sandbox:save': z.object({ taskId: taskIdSchema, path: z.string().max(8192) }),
  'results:list': z.object({ taskId: taskIdSchema }),
  /** Asks for a folder, then writes these results (all of them: null) into it, with their folders. */
  'results:save': z.object({
    taskId: taskIdSchema,
    paths: z.array(z.string().max(8192)).max(10_000).nullable(),
  }),
  /** Asks for files, copies them into the app's own store under their hashes. null = the person cancelled. */
  'artifact:pick': z.object({}),
  /** Figures of the allocator as they are now: shares, what is owed, filters. */
  'shares:view': z.object({}),
  /** What a change would do, without doing it. */
  'shares:preview': z.object({ change: shareChangeSchema }),
  /** Makes the role when it is not there. `force`: although it is refused for caution. Absent `preemption` = as it is. */
  'role:change': z.object({
    role: roleNameSchema,
    weightMilli: weightMilliSchema,
    quota: quotaSchema.nullable(),
    preemption: preemptionSchema.nullable().optional(),
    force: z.boolean(),
  }),
  'role:remove': z.object({ role: roleNameSchema }),
  /** The slices of the machine from now on, all of them. */
  'machine:partition': z.object({ machineId: machineIdSchema, slices: z.array(sliceSchema).max(64) }),
  /** Ends all its tasks; it may never come back. */
  'framework:teardown': z.object({ frameworkId: frameworkIdSchema }),
  'settings:set': settingsSchema.omit({ id: true }).partial(),
  'dialog:pick-key-file': z.object({}),
  'clipboard:write': z.object({ text: z.string().max(8_388_608) }),
  'fault:dismiss': z.object({ id: z.string().max(64) }),
} as const;

export type Channel = keyof typeof requestSchemas;
export type Request<C extends Channel> = z.infer<(typeof requestSchemas)[C]>;

export type AppInfo = {
  readonly version: string;
  readonly electron: string;
  readonly node: string;
  readonly platform: string;
  readonly dataFolder: string;
  /** Candidates for the add-machine dialog. */
  readonly keyFiles: readonly string[];
  readonly hasSshAgent: boolean;
  readonly user: string;
  readonly ownPublicKey: string;
  readonly systemLocale: string;
};

export type Answers = {
  'state:snapshot': Snapshot;
  'app:info': AppInfo;
  'app:open-external': null;
  'app:answer-quit': null;
  'machine:add': { machineId: MachineId; operationId: OperationId };
  'machine:confirm-host-key': null;
  'machine:retry-add': null;
  'machine:cancel-add': null;
  'machine:pause-add': null;
  'machine:dismiss-lane': null;
  'machine:remove': { operationId: OperationId };
  'machine:reconnect': null;
  'discovery:open': { searchId: number; networks: readonly AttachedNetwork[] };
  'discovery:probe': null;
  'discovery:stop-probe': null;
  'discovery:close': null;
  'discovery:known-key': KnownHostAnswer;
  'machine:edit': null;
  'machine:drain': { operationId: OperationId };
  'machine:deactivate': null;
  'machine:reactivate': null;
  'machine:plan-maintenance': null;
  'demo:start': { operationId: OperationId };
  'demo:remove': { operationId: OperationId };
  'task:run': { taskId: TaskId; operationId: OperationId };
  'run:preview': Why;
  'run:why': WhyAnswers;
  'task:kill': { operationId: OperationId };
  'task:forget': null;
  'log:open': { streamId: number; sizeBytes: number; startOffset: number };
  'log:credit': null;
  'log:close': null;
  'log:save': { path: string; bytes: number } | null;
  'machine:take-over': null;
  'log:times': CallAnswer<'log.times'>;
  'log:search': CallAnswer<'log.search'>;
  'sandbox:list': CallAnswer<'sandbox.list'>;
  'sandbox:peek': { bytes: Uint8Array; sizeBytes: number };
  'sandbox:save': { path: string; bytes: number } | null;
  'results:list': CallAnswer<'results.list'>;
  'results:save': { path: string; files: number; bytes: number } | null;
  'artifact:pick': { files: readonly { name: string; sizeBytes: number; sha256: string }[] } | null;
  'shares:view': Shares;
  'shares:preview': SharesPreview;
  'role:change': null;
  'role:remove': null;
  'machine:partition': null;
  'framework:teardown': null;
  'settings:set': null;
  'dialog:pick-key-file': { path: string } | null;
  'clipboard:write': null;
  'fault:dismiss': null;
};

/** Pushed from main to the renderer. */
export type Pushes = {
  'state:patch': Patch;
  'log:chunk': { streamId: number; offset: number; bytes: Uint8Array };
  /** `finished`: the task ended and all was sent. `rotated`: bytes before `offset` are gone. */
  'log:end': { streamId: number; cause: 'finished' | 'closed' | 'lost' | 'removed' };
  'app:quit-asked': { runningTasks: number };
  'discovery:change': FindChange;
};
export type PushChannel = keyof Pushes;

/** What the preload puts on `window.mesolite`. */
export type Bridge = {
  invoke<C extends Channel>(channel: C, request: Request<C>): Promise<Result<Answers[C]>>;
  subscribe<P extends PushChannel>(channel: P, listener: (push: Pushes[P]) => void): () => void;
};
