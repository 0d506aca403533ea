// How a task lives: ceilings, restarts, checks, what is fetched before it and collected after it. The shapes follow
// Mesos v1 (limits, HealthCheck, CheckInfo, CommandInfo.URI, ContainerInfo) with integer units; `restart` is ours.
import { z } from 'zod';

const port = z.number().int().min(1).max(65535);
/** A name inside the sandbox: relative, no `..`, no NUL. The agent checks again, against links too. */
export const sandboxPathSchema = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^\0]+$/);

/** Ceilings above the request, as `TaskInfo.limits` of Mesos 1.10. null = none. */
export const taskLimitsSchema = z.object({
  /** Hard CPU quota in thousandths; null or absent = only a share by weight. */
  cpusMilli: z.number().int().min(10).max(1_024_000).nullable().optional(),
  /** Absent = the request. */
  memMib: z.number().int().min(1).max(16_777_216).nullable().optional(),
  /** Processes and threads; null or absent = the agent's own ceiling. */
  pids: z.number().int().min(1).max(4_194_304).nullable().optional(),
});
export type TaskLimits = z.infer<typeof taskLimitsSchema>;

/** Carried out by the agent alone, so a task comes back while the app is closed. */
export const restartPolicySchema = z.object({
  on: z.enum(['never', 'failure', 'always']),
  /** Give up after this many restarts in a row without 60 s of health between; null = never. */
  maxInRow: z.number().int().min(1).max(1_000_000).nullable(),
});
export type RestartPolicy = z.infer<typeof restartPolicySchema>;

/** One way to ask a task how it is. Runs in the task's own namespaces where it has some. */
export const probeSchema = z.discriminatedUnion('kind', [
  /** A line for `/bin/sh -c` in the sandbox, as the task's user and with its environment; exit 0 is good. */
  z.object({ kind: z.literal('command'), line: z.string().min(1).max(65536) }),
  /** GET on 127.0.0.1; 200 to 399 is good. */
  z.object({ kind: z.literal('http'), port, path: z.string().max(2048).regex(/^\//) }),
  /** A connection to 127.0.0.1 that is accepted is good. */
  z.object({ kind: z.literal('tcp'), port }),
]);
export type Probe = z.infer<typeof probeSchema>;

export const checkSchema = z.object({
  probe: probeSchema,
  /** Before the first one. */
  delayMs: z.number().int().min(0).max(3_600_000),
  intervalMs: z.number().int().min(100).max(3_600_000),
  timeoutMs: z.number().int().min(100).max(600_000),
  /** This many bad answers in a row make it unhealthy. Readiness needs only one answer, good or bad. */
  failures: z.number().int().min(1).max(1000),
  /** Bad answers are not counted for this long after the start. */
  graceMs: z.number().int().min(0).max(3_600_000),
});
export type Check = z.infer<typeof checkSchema>;

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** A file that is put into the sandbox before the start. */
export const artifactSchema = z
  .object({
    /** `http://`, `https://`, or null: uploaded by the app under its hash beforehand. */
    url: z
      .string()
      .max(4096)
      .regex(/^https?:\/\/[^\s]+$/)
      .nullable(),
    /** Needed without a url; with one the bytes are checked against it. */
    sha256: sha256Schema.nullable(),
    /** Where it goes in the sandbox. With `extract`: the folder it is unpacked into; `.` is the sandbox itself. */
    path: sandboxPathSchema,
    /** tar, tar.gz, tar.bz2, zip. */
    extract: z.boolean(),
    executable: z.boolean(),
  })
  .refine((one) => one.url !== null || one.sha256 !== null, { message: 'needs a url or a hash' });
export type Artifact = z.infer<typeof artifactSchema>;

/** A file that matched a result pattern when the task ended. */
export const resultFileSchema = z.object({
  /** In the sandbox, as in `sandbox.list`. */
  path: z.string().max(8192),
  sizeBytes: z.number().int().min(0),
  sha256: sha256Schema,
});
export type ResultFile = z.infer<typeof resultFileSchema>;

export const containerEngines = ['docker', 'podman'] as const;
export type ContainerEngine = (typeof containerEngines)[number];

/** The task runs in a container of Docker or Podman. An empty `command.value` means what the image says. */
export const containerSchema = z.object({
  /** null = whichever the machine has, Docker first. */
  engine: z.enum(containerEngines).nullable(),
  image: z
    .string()
    .min(1)
    .max(512)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._\-/:@]*$/),
  pull: z.enum(['missing', 'always', 'never']),
  /** `source`: an absolute path on the machine, or the name of a volume. The sandbox is always there as MESOS_SANDBOX. */
  volumes: z
    .array(
      z.object({
        source: z.string().min(1).max(4096),
        target: z.string().min(2).max(4096).regex(/^\//),
        readOnly: z.boolean(),
      }),
    )
    .max(64),
  ports: z.array(z.object({ host: port, container: port, protocol: z.enum(['tcp', 'udp']) })).max(256),
  network: z.enum(['bridge', 'host', 'none']),
});
export type Container = z.infer<typeof containerSchema>;
