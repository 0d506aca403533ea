// The agent protocol (docs/wire.md). The Go side lives in native/agent/internal/wire; both are tested against
// test/fixtures/wire. Readers ignore unknown fields; writers never send null for an absent optional field.
import { z } from 'zod';
import { agentIdSchema, masterIdSchema, taskIdSchema } from './ids.ts';
import { machineFactsSchema, sampleSchema } from './machine.ts';
import { resourcesSchema } from './resources.ts';
import { taskInfoSchema, taskStatusSchema } from './task.ts';

export const wireVersion = 1;
/** Oldest version we still speak. */
export const wireVersionMin = 1;
/** `attach` prints this line, then frames follow. Anything before it (noisy shell start files) is skipped. */
export const attachPreamble = `mesolite-attach ${wireVersion}\n`;
/** A frame: u32 big-endian length of the rest, u8 kind, payload. Length counts kind and payload. */
export const maxFrameBytes = 1 << 20;
export const frameKinds = { json: 1, data: 2 } as const;
/** Payload of a data frame: u32 big-endian stream id, then bytes. At most this many bytes. */
export const maxDataBytes = 64 * 1024;
/** What a stream may send before its first `stream.credit`. */
export const initialCreditBytes = 256 * 1024;

/** A task as the agent holds it on disk, told at hello and by `task.list`. */
export const agentTaskSchema = z.object({
  info: taskInfoSchema,
  /** Newest state the agent knows, acknowledged or not. */
  status: taskStatusSchema,
  startedAtMs: z.number().int().nullable(),
  endedAtMs: z.number().int().nullable(),
});
export type AgentTask = z.infer<typeof agentTaskSchema>;

/** Calls of the master: request shape. Each is answered once, by id. */
export const callSchemas = {
  hello: z.object({
    versionMin: z.number().int(),
    version: z.number().int(),
    masterId: masterIdSchema,
    /** Grows at every start of the master's process; a lower one is refused. */
    epoch: z.number().int(),
    appVersion: z.string(),
    /** Take the lease from another master. Only after an explicit act of a person. */
    takeOver: z.boolean(),
  }),
  'sample.subscribe': z.object({ everyMs: z.number().int().min(100).max(3_600_000) }),
  /** Idempotent by taskId: a repeat returns the old answer. */
  'task.launch': z.object({ info: taskInfoSchema }),
  'task.kill': z.object({ taskId: taskIdSchema, graceMs: z.number().int().nullable() }),
  /** Tasks in the order of their ids, `after` one of them: a page at a time, since a frame is limited. */
  'task.list': z.object({ after: taskIdSchema.optional() }),
  /** Only for ended tasks whose last update was acknowledged: removes record, log and sandbox. */
  'task.forget': z.object({ taskId: taskIdSchema }),
  'update.ack': z.object({ taskId: taskIdSchema, uuid: z.string() }),
  'log.open': z.object({
    taskId: taskIdSchema,
    file: z.enum(['stdout', 'stderr']),
    offset: z.number().int(), // < 0 counts from the end
    follow: z.boolean(),
  }),
  'stream.credit': z.object({ stream: z.number().int(), bytes: z.number().int() }),
  'stream.close': z.object({ stream: z.number().int() }),
  /** Ends the daemon. keep: tasks run on without it. stop: kill them first. onlyIfIdle: refused with `conflict` when tasks run. */
  'agent.shutdown': z.object({ tasks: z.enum(['keep', 'stop']), onlyIfIdle: z.boolean() }),
  ping: z.object({}),
} as const;
export type Call = keyof typeof callSchemas;
export type CallParams<C extends Call> = z.infer<(typeof callSchemas)[C]>;

export const answerSchemas = {
  hello: z.object({
    version: z.number().int(),
    agentId: agentIdSchema,
    agentVersion: z.string(),
    /** Changes at every start of the daemon. */
    incarnation: z.string(),
    facts: machineFactsSchema,
    resources: resourcesSchema,
    tasks: z.array(agentTaskSchema),
    /** There are more than fit in one frame: `task.list` after the last one gives them. */
    more: z.boolean().optional(),
  }),
  'sample.subscribe': z.object({}),
  'task.launch': z.object({ accepted: z.literal(true) }),
  'task.kill': z.object({}),
  'task.list': z.object({ tasks: z.array(agentTaskSchema), more: z.boolean().optional() }),
  'task.forget': z.object({}),
  'update.ack': z.object({}),
  'log.open': z.object({
    stream: z.number().int(),
    sizeBytes: z.number().int(),
    /** First byte that will be sent (later than asked when the log was rotated). */
    startOffset: z.number().int(),
  }),
  'stream.credit': z.object({}),
  'stream.close': z.object({}),
  'agent.shutdown': z.object({}),
  ping: z.object({}),
} as const;
export type CallAnswer<C extends Call> = z.infer<(typeof answerSchemas)[C]>;

const wireErrorCodes = [
  'invalid',
  'not-found',
  'conflict',
  'unauthorized',
  'exhausted',
  'unsupported',
  'internal',
] as const;

export const requestMessageSchema = z.object({
  v: z.number().int(),
  id: z.number().int().min(1),
  call: z.string(),
  params: z.unknown(),
});
export const answerMessageSchema = z.object({
  v: z.number().int(),
  id: z.number().int().min(1),
  result: z.unknown().optional(),
  error: z.object({ code: z.enum(wireErrorCodes), reason: z.string(), detail: z.string() }).optional(),
});

/** What the agent says unasked. */
export const eventMessageSchema = z.discriminatedUnion('event', [
  z.object({ v: z.number().int(), event: z.literal('sample'), sample: sampleSchema }),
  /** Sent again (10 s growing to 10 min) until `update.ack`; in order per task. */
  z.object({ v: z.number().int(), event: z.literal('status-update'), status: taskStatusSchema }),
  z.object({
    v: z.number().int(),
    event: z.literal('stream-end'),
    stream: z.number().int(),
    /** finished: the task ended and all was sent. removed: its files are gone. */
    cause: z.enum(['finished', 'closed', 'removed', 'failed']),
  }),
  z.object({ v: z.number().int(), event: z.literal('lease-lost'), holder: z.string() }),
]);
export type EventMessage = z.infer<typeof eventMessageSchema>;
