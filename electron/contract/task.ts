// Tasks and status updates in the shapes of Mesos v1 (TaskInfo, TaskStatus), in camelCase with integer units.
import { z } from 'zod';
import { agentIdSchema, frameworkIdSchema, machineIdSchema, type TaskId, taskIdSchema } from './ids.ts';
import { resourcesSchema } from './resources.ts';
import { resourcePartSchema, roleNameSchema } from './role.ts';
import {
  artifactSchema,
  checkSchema,
  containerEngines,
  containerSchema,
  restartPolicySchema,
  sandboxPathSchema,
  taskLimitsSchema,
} from './task-life.ts';

export const taskStates = [
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_LOST',
  'TASK_UNREACHABLE',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
  'TASK_UNKNOWN',
] as const;
export type TaskState = (typeof taskStates)[number];

/** States that never change again. UNREACHABLE, GONE_BY_OPERATOR and UNKNOWN are not terminal: the task may return. */
export const terminalTaskStates: ReadonlySet<TaskState> = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_DROPPED',
  'TASK_LOST',
  'TASK_GONE',
]);

/** Mesos' name for the end of a task that made room for others. */
export const preemptedReason = 'REASON_CONTAINER_PREEMPTED';

const statusSources = ['SOURCE_MASTER', 'SOURCE_AGENT', 'SOURCE_EXECUTOR'] as const;

/** Higher goes first, and only within a role: a number says nothing to those of another role. */
export const prioritySchema = z.number().int().min(-1000).max(1000);

export const commandInfoSchema = z.object({
  /** true: `value` is a line for `/bin/sh -c`. false: `value` is the file and `arguments` the whole argv (argv[0] included). */
  shell: z.boolean(),
  /** Empty only with a container: what its image says, with `arguments` (without argv[0]) as the image's arguments. */
  value: z.string().max(65536),
  arguments: z.array(z.string().max(65536)).max(1024),
  environment: z.array(z.object({ name: z.string().min(1).max(256), value: z.string().max(65536) })).max(512),
  /** Working folder on the machine, absolute or relative to the sandbox; null = the sandbox. */
  workingFolder: z.string().min(1).max(4096).nullable(),
  /** User to run as; null = the agent's own. Only an agent that runs as root may switch. */
  user: z.string().min(1).max(64).nullable(),
});
export type CommandInfo = z.infer<typeof commandInfoSchema>;

/** What an agent from before does not know is absent, so that its records stay valid. */
const taskInfoFields = z.object({
  taskId: taskIdSchema,
  name: z.string().min(1).max(200),
  resources: resourcesSchema,
  command: commandInfoSchema,
  /** TERM, then after this long KILL for the whole process group or cgroup. Mesos' built-in executor waits 3 s. */
  killPolicy: z.object({ graceMs: z.number().int().min(0).max(86_400_000) }),
  labels: z.array(z.object({ key: z.string().max(256), value: z.string().max(4096) })).max(64),
  limits: taskLimitsSchema.optional(),
  restart: restartPolicySchema.optional(),
  /** From the first start; then killed, and TASK_FAILED with REASON_MAX_COMPLETION_TIME_REACHED. Never restarted. */
  maxCompletionMs: z.number().int().min(100).max(31_536_000_000).optional(),
  /** Unhealthy: ended by the kill policy, then as `restart` says. */
  health: checkSchema.optional(),
  /** Told, never acted on by the agent. */
  readiness: checkSchema.optional(),
  artifacts: z.array(artifactSchema).max(64).optional(),
  /** Patterns as of `path.Match`, with `**` for any folders, relative to the sandbox. */
  results: z.array(sandboxPathSchema).max(64).optional(),
  container: containerSchema.optional(),
  /** Bytes of stdout and of stderr that are kept, each, in MiB; absent = what the agent's settings say. */
  logMib: z.number().int().min(1).max(1_048_576).optional(),
});
/** What the person may choose beyond the command and its resources. */
export const taskOptionsSchema = taskInfoFields.pick({
  labels: true,
  limits: true,
  restart: true,
  maxCompletionMs: true,
  health: true,
  readiness: true,
  artifacts: true,
  results: true,
  container: true,
  logMib: true,
});
export type TaskOptions = z.infer<typeof taskOptionsSchema>;

/** Without a container there is something to run. */
export const taskInfoSchema = taskInfoFields.refine(
  (info) => info.container !== undefined || info.command.value !== '',
  { message: 'the command is empty', path: ['command', 'value'] },
);
export type TaskInfo = z.infer<typeof taskInfoSchema>;

export const taskStatusSchema = z.object({
  taskId: taskIdSchema,
  state: z.enum(taskStates),
  source: z.enum(statusSources),
  /** Mesos REASON_* name, or null. */
  reason: z.string().max(100).nullable(),
  /** Plain words for people, e.g. `exited with code 3`. */
  message: z.string().max(4096),
  /** Agent's wall clock in ms since 1970. For display only: order is by arrival. */
  timestampMs: z.number().int(),
  /** Unique per update, in hex; null for statuses that need no acknowledgement (made by the master). */
  uuid: z.string().max(64).nullable(),
  /** Exit code 0..255, or null when not exited normally. */
  exitCode: z.number().int().min(0).max(255).nullable(),
  /** Signal number that ended the task, or null. */
  signal: z.number().int().min(1).max(64).nullable(),
  /** How often the agent has started it again so far. */
  restarts: z.number().int().min(0).optional(),
  /** With TASK_STARTING after an end: wall clock (ms since 1970) of the next start. */
  nextStartAtMs: z.number().int().optional(),
  /** Most memory it held in this run, where the kernel counts it. */
  peakMemMib: z.number().int().min(0).optional(),
  /** The memory ceiling that was in force, when it was the cause of the end. */
  limitMemMib: z.number().int().min(0).optional(),
  /** What the health check says; absent = none, or no answer yet. */
  healthy: z.boolean().optional(),
  ready: z.boolean().optional(),
  /** Indexes (facts.gpus) of the devices it was given. */
  gpus: z.array(z.number().int().min(0)).max(64).optional(),
  container: z
    .object({ engine: z.enum(containerEngines), id: z.string().max(128), imageId: z.string().max(256) })
    .optional(),
});
export type TaskStatus = z.infer<typeof taskStatusSchema>;

/** The master's record of a task (durable table `tasks`). */
export const taskRecordSchema = z.object({
  id: taskIdSchema,
  machineId: machineIdSchema,
  agentId: agentIdSchema,
  info: taskInfoSchema,
  state: z.enum(taskStates),
  /** Newest last; at most 32 kept. */
  statuses: z.array(taskStatusSchema),
  createdAtMs: z.number().int(),
  startedAtMs: z.number().int().nullable(),
  endedAtMs: z.number().int().nullable(),
  /** When a person asked to kill it. */
  killAskedAtMs: z.number().int().nullable(),
  /** Whose task it is; absent = the built-in run framework's, as of every task that was found on an agent. */
  frameworkId: frameworkIdSchema.optional(),
  /** Whose share it counts in; absent = `*`. */
  role: roleNameSchema.optional(),
  /** What it takes of its agent; absent = all of `info.resources` unreserved. */
  uses: z.array(resourcePartSchema).optional(),
  /** The task that was named first in its LAUNCH_GROUP. */
  groupId: taskIdSchema.optional(),
  /** Why the master had it killed, a Mesos REASON_*; absent = somebody asked for just this task. */
  killReason: z.string().max(100).optional(),
  /** Said by KILL instead of the task's own kill policy. */
  killGraceMs: z.number().int().optional(),
  /** Updates (uuids, in order) that its framework has not acknowledged; absent = none. */
  owed: z.array(z.string().max(64)).optional(),
  /** Absent = 0. */
  priority: prioritySchema.optional(),
  /** What a person said about where it may run, for when it runs again; absent = not known here (found on its agent, older). */
  wanted: z.object({ isHere: z.boolean(), where: z.string().max(1000).optional() }).optional(),
  /** The member of its group whose end is its end too, and how that ended; its own end says so. */
  endedWith: z.string().max(300).optional(),
  /** It is ended early for this; its end says so. */
  madeRoomFor: z.string().max(300).optional(),
  /** Who asked for that room: a run by the id of its task, of another framework only itself is known. */
  roomTaker: z.object({ frameworkId: frameworkIdSchema, taskId: taskIdSchema.nullable() }).optional(),
});
export type TaskRecord = z.infer<typeof taskRecordSchema>;

/** Session table `progress`: what a task that is being started is busy with. Dropped when it runs or ends. */
export type TaskProgress = {
  readonly id: TaskId;
  readonly phase: 'upload' | 'fetch' | 'unpack' | 'pull' | 'collect';
  /** A file, a layer. */
  readonly what: string;
  readonly doneBytes: number;
  readonly totalBytes: number | null;
  readonly atMs: number;
};
