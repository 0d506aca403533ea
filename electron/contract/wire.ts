// The agent protocol (docs/wire.md). The Go side lives in native/agent/internal/wire; both are tested against
// test/fixtures/wire. Readers ignore unknown fields; writers never send null for an absent optional field.
import { z } from 'zod';
import { agentIdSchema, masterIdSchema, taskIdSchema } from './ids.ts';
import { machineFactsSchema, sampleSchema } from './machine.ts';
import { resourcesSchema } from './resources.ts';
import { taskInfoSchema, taskStatusSchema } from './task.ts';
import { resultFileSchema, sha256Schema } from './task-life.ts';

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

const logFileSchema = z.enum(['stdout', 'stderr']);
/**
 * A name or path of the sandbox, relative to it; '' is the sandbox itself. Bytes that are not UTF-8, control
 * characters and `%` are written `%XX`, so that every name can be told and asked for again.
 */
const listedPathSchema = z.string().max(8192);
export const sandboxEntrySchema = z.object({
  name: z.string().min(1).max(1024),
  kind: z.enum(['file', 'folder', 'link', 'other']),
  sizeBytes: z.number().int().min(0),
  modifiedAtMs: z.number().int(),
  /** Permission bits, e.g. 0o644. */
  mode: z.number().int().min(0),
});
export type SandboxEntry = z.infer<typeof sandboxEntrySchema>;
/** What an agent keeps, and how long. `agent.configure` changes it; it survives a restart of the agent. */
export const keepingSchema = z.object({
  /** stdout and stderr of one task, each. */
  logMibPerTask: z.number().int().min(1).max(1_048_576),
  /** All logs of the agent together; the oldest ended tasks go first, the last failure of each task name last. */
  logMibTotal: z.number().int().min(16).max(16_777_216),
  /** Logs and sandboxes of ended tasks are removed after this; 0 = never. */
  keepDays: z.number().int().min(0).max(3650),
  /** The cache of artifacts. */
  cacheMib: z.number().int().min(16).max(16_777_216),
});
export type Keeping = z.infer<typeof keepingSchema>;
export const defaultKeeping: Keeping = { logMibPerTask: 64, logMibTotal: 2048, keepDays: 14, cacheMib: 2048 };

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
    file: logFileSchema,
    offset: z.number().int(), // < 0 counts from the end
    follow: z.boolean(),
  }),
  /** When the bytes of a range were written, to 0.1 s. */
  'log.times': z.object({
    taskId: taskIdSchema,
    file: logFileSchema,
    from: z.number().int().min(0),
    to: z.number().int().min(0),
  }),
  /** Plain text (not a pattern), a line at a time, on the agent's side. */
  'log.search': z.object({
    taskId: taskIdSchema,
    file: logFileSchema,
    text: z.string().min(1).max(1024),
    matchCase: z.boolean(),
    /** Begin at this byte. */
    from: z.number().int().min(0),
    /** Stop after this many. */
    limit: z.number().int().min(1).max(1000),
  }),
  /** Sorted by name, `after` one of them: a page at a time. */
  'sandbox.list': z.object({
    taskId: taskIdSchema,
    path: listedPathSchema,
    after: z.string().max(1024).optional(),
  }),
  /** A file as it is, or a folder as a tar. Ends like a log stream. */
  'sandbox.open': z.object({ taskId: taskIdSchema, path: listedPathSchema, offset: z.number().int().min(0) }),
  /** Sorted by path, `after` one of them: a page at a time. */
  'results.list': z.object({ taskId: taskIdSchema, after: z.string().max(8192).optional() }),
  'artifact.find': z.object({ sha256: z.array(sha256Schema).max(256) }),
  /** Opens a stream towards the agent: data frames of the caller follow, within the credit it is given. */
  'artifact.put': z.object({ sha256: sha256Schema, sizeBytes: z.number().int().min(0) }),
  /** All bytes were sent; answered once they are checked and on disk. */
  'artifact.done': z.object({ stream: z.number().int() }),
  'agent.configure': z.object({ keeping: keepingSchema }),
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
  'log.times': z.object({
    /** Ascending. From `offset` on (to the next one) bytes were written at `atMs`, the agent's wall clock. */
    times: z.array(z.object({ offset: z.number().int(), atMs: z.number().int() })).max(4096),
  }),
  'log.search': z.object({
    matches: z
      .array(
        z.object({
          /** Of the line's first byte. */
          offset: z.number().int(),
          /** At most 512 bytes around the match; what is not UTF-8 is replaced. */
          line: z.string().max(4096),
          atMs: z.number().int().nullable(),
        }),
      )
      .max(1000),
    /** Where to go on; equals the end of the log when everything was looked at. */
    next: z.number().int(),
    more: z.boolean(),
  }),
  'sandbox.list': z.object({ entries: z.array(sandboxEntrySchema), more: z.boolean() }),
  'sandbox.open': z.object({
    stream: z.number().int(),
    /** null: a folder, its tar is made while it is sent. */
    sizeBytes: z.number().int().nullable(),
    startOffset: z.number().int(),
  }),
  'results.list': z.object({
    files: z.array(resultFileSchema),
    /** Matches that were left out: more than 10,000, not readable, or no time was left for them. */
    left: z.number().int().min(0),
    more: z.boolean().optional(),
  }),
  /** Those of the asked that are there. */
  'artifact.find': z.object({ present: z.array(sha256Schema) }),
  /** `offset`: what an earlier, broken upload has left; the caller goes on from there. */
  'artifact.put': z.object({ stream: z.number().int(), offset: z.number().int() }),
  'artifact.done': z.object({}),
  'agent.configure': z.object({}),
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
  /** Of a log: the bytes that follow begin at `offset`. Those before it were given back to the disk. */
  z.object({
    v: z.number().int(),
    event: z.literal('stream-moved'),
    stream: z.number().int(),
    offset: z.number().int().min(0),
  }),
  z.object({ v: z.number().int(), event: z.literal('lease-lost'), holder: z.string() }),
  /** The agent has room for more of an upload. */
  z.object({
    v: z.number().int(),
    event: z.literal('stream-credit'),
    stream: z.number().int(),
    bytes: z.number().int().min(1),
  }),
  /** Only for the eye, at most four a second for each task; never stored. */
  z.object({
    v: z.number().int(),
    event: z.literal('task-progress'),
    taskId: taskIdSchema,
    phase: z.enum(['fetch', 'unpack', 'pull', 'collect']),
    /** What is being worked on: a file, a layer. */
    what: z.string().max(512),
    doneBytes: z.number().int().min(0),
    totalBytes: z.number().int().min(0).nullable(),
  }),
]);
export type EventMessage = z.infer<typeof eventMessageSchema>;
