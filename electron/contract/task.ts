// Tasks and status updates in the shapes of Mesos v1 (TaskInfo, TaskStatus), in camelCase with integer units.
import { z } from 'zod';
import { agentIdSchema, machineIdSchema, taskIdSchema } from './ids.ts';
import { resourcesSchema } from './resources.ts';

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

const statusSources = ['SOURCE_MASTER', 'SOURCE_AGENT', 'SOURCE_EXECUTOR'] as const;

export const commandInfoSchema = z.object({
  /** true: `value` is a line for `/bin/sh -c`. false: `value` is the file and `arguments` the whole argv (argv[0] included). */
  shell: z.boolean(),
  value: z.string().min(1).max(65536),
  arguments: z.array(z.string().max(65536)).max(1024),
  environment: z.array(z.object({ name: z.string().min(1).max(256), value: z.string().max(65536) })).max(512),
  /** Working folder on the machine, absolute or relative to the sandbox; null = the sandbox. */
  workingFolder: z.string().min(1).max(4096).nullable(),
  /** User to run as; null = the agent's own. Only an agent that runs as root may switch. */
  user: z.string().min(1).max(64).nullable(),
});
export type CommandInfo = z.infer<typeof commandInfoSchema>;

export const taskInfoSchema = z.object({
  taskId: taskIdSchema,
  name: z.string().min(1).max(200),
  resources: resourcesSchema,
  command: commandInfoSchema,
  /** TERM, then after this long KILL for the whole process group or cgroup. Mesos' built-in executor waits 3 s. */
  killPolicy: z.object({ graceMs: z.number().int().min(0).max(86_400_000) }),
  labels: z.array(z.object({ key: z.string().max(256), value: z.string().max(4096) })).max(64),
});
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
});
export type TaskRecord = z.infer<typeof taskRecordSchema>;
