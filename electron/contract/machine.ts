// Machines, agents, links and samples: what the master knows of each host.
import { z } from 'zod';
import { refusalSchema } from './errors.ts';
import { agentIdSchema, machineIdSchema, taskIdSchema } from './ids.ts';
import { resourcesSchema } from './resources.ts';

const count = z.number().int().min(0);
const text = z.string().max(1024);

/** What the machine is (reported by the agent at every hello). */
export const machineFactsSchema = z.object({
  hostname: text,
  os: text, // PRETTY_NAME, e.g. "Debian GNU/Linux 12 (bookworm)"
  kernel: text,
  arch: text, // GOARCH: amd64, arm64, arm, riscv64
  cpuModel: text,
  cpus: count,
  memMib: count,
  swapMib: count,
  disks: z.array(z.object({ mount: text, device: text, totalMib: count })).max(64),
  gpus: z.array(z.object({ index: count, vendor: text, model: text, memMib: count })).max(64),
  bootId: text,
  machineId: text,
  addresses: z.array(z.object({ iface: text, mac: text, ip: text })).max(128),
  /** Limits the agent can really set here. */
  cgroup: z.enum(['v2', 'v1', 'none']),
  /** What each kind of limit is worth here; absent from agents before 0.2. */
  isolation: z
    .object({
      cpu: z.enum(['quota', 'weight', 'none']),
      /** `rlimit`: what each process may write to, not the sum. */
      memory: z.enum(['cgroup', 'rlimit', 'none']),
      pids: z.enum(['cgroup', 'rlimit', 'none']),
      /** `watched`: the sandbox is measured every few seconds, so it can go over for a moment. */
      disk: z.enum(['watched', 'none']),
      gpu: z.enum(['devices', 'variable', 'none']),
      /** `group`: only the process group and what the shim is left with. */
      kill: z.enum(['cgroup', 'group']),
      /** A task can be run as another user. */
      users: z.boolean(),
    })
    .optional(),
  /** Container engines that answer. */
  engines: z
    .array(z.object({ engine: z.enum(['docker', 'podman']), version: text, rootless: z.boolean() }))
    .max(4)
    .optional(),
  user: text,
  uid: z.number().int(),
  /** How the agent comes back after a reboot. */
  boot: z.enum(['systemd', 'systemd-user', 'openrc', 'cron', 'none']),
});
export type MachineFacts = z.infer<typeof machineFactsSchema>;

/** What the machine uses now (each second). Missing sensors are empty lists, never zeros. */
export const sampleSchema = z.object({
  /** Counts up per agent process; a gap means lost samples. */
  seq: count,
  /** Agent's wall clock, ms since 1970. */
  atMs: z.number().int(),
  /** Thousandths of a CPU in use, whole machine. */
  cpuBusyMilli: count,
  /** Busy share of each CPU, 0..1000. */
  perCpu: z.array(z.number().int().min(0).max(1000)).max(1024),
  memTotalMib: count,
  /** Without page cache, buffers and ZFS ARC. */
  memUsedMib: count,
  swapUsedMib: count,
  /** One per file system of facts.disks, same order. */
  disks: z.array(z.object({ mount: text, totalMib: count, usedMib: count })).max(64),
  diskReadBytesPerS: count,
  diskWriteBytesPerS: count,
  netRxBytesPerS: count,
  netTxBytesPerS: count,
  /** Load averages times 100. */
  load: z.array(count).length(3),
  temps: z.array(z.object({ name: text, milliC: z.number().int() })).max(64),
  gpus: z
    .array(z.object({ index: count, busyPct: count, memUsedMib: count, milliC: z.number().int().nullable() }))
    .max(64),
  tasks: z
    .array(z.object({ taskId: taskIdSchema, cpuBusyMilli: count, memUsedMib: count, pids: count }))
    .max(5000),
});
export type Sample = z.infer<typeof sampleSchema>;

export const hostKeySchema = z.object({
  /** e.g. `ssh-ed25519` */
  type: z.string().max(64),
  /** OpenSSH style: `SHA256:` and base64 without padding. */
  fingerprint: z.string().max(128),
  /** The public key blob, base64. */
  key: z.string().max(16384),
});
export type HostKey = z.infer<typeof hostKeySchema>;

/** How to log in. Passwords are never part of it: they travel once, in memory, beside a command. */
export const loginSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('key-file'), path: z.string().min(1).max(4096) }),
  z.object({ kind: z.literal('ssh-agent') }),
  /** Mesolite's own key (planted after a login by password). */
  z.object({ kind: z.literal('own-key') }),
]);
export type Login = z.infer<typeof loginSchema>;

export const maxJumps = 8;
/** A password that is given for a jump host stays in memory, so nothing but its kind is kept. */
export const jumpLoginSchema = z.discriminatedUnion('kind', [
  ...loginSchema.options,
  z.object({ kind: z.literal('password') }),
]);
export type JumpLogin = z.infer<typeof jumpLoginSchema>;

/** A machine in between, which passes connections on (ProxyJump of ssh_config(5)). */
export const jumpSchema = z.object({
  address: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65535),
  user: z.string().min(1).max(64),
  login: jumpLoginSchema,
  hostKey: hostKeySchema,
});
export type Jump = z.infer<typeof jumpSchema>;

const demoSlots = 6;
/** A share of this computer with an agent of its own: one machine of the demo rack. */
export const demoSliceSchema = z.object({
  slot: z.number().int().min(1).max(demoSlots),
  /** What its agent may give away, and no more. GPUs stay with this computer's own agent. */
  capacity: resourcesSchema.pick({ cpusMilli: true, memMib: true, diskMib: true }),
  /** Labels in the manner of Mesos' agent attributes. They name a role, never hardware. */
  attributes: z.array(z.object({ key: z.string().max(64), value: z.string().max(256) })).max(16),
});
export type DemoSlice = z.infer<typeof demoSliceSchema>;

/** When a machine will be taken down, as planned. */
export const maintenanceSchema = z.object({
  startMs: z.number().int(),
  /** null = until a person says otherwise. */
  durationMs: z.number().int().min(60_000).max(31_536_000_000).nullable(),
  note: z.string().max(1000),
});
export type Maintenance = z.infer<typeof maintenanceSchema>;

/** Durable table `machines`. */
export const machineRecordSchema = z.object({
  id: machineIdSchema,
  name: z.string().min(1).max(100),
  via: z.discriminatedUnion('kind', [
    /** Without `demo`: this computer as a whole. */
    z.object({ kind: z.literal('local'), demo: demoSliceSchema.optional() }),
    z.object({
      kind: z.literal('ssh'),
      address: z.string().min(1).max(255),
      port: z.number().int().min(1).max(65535),
      user: z.string().min(1).max(64),
      login: loginSchema,
      hostKey: hostKeySchema,
      /** A line with our own key was added to authorized_keys; it is removed with the machine. */
      keyPlanted: z.boolean(),
      /** Folder of the agent on the machine, absolute. */
      agentDir: z.string().min(1).max(4096),
      /** The agent is run through sudo (without password) as root. */
      sudo: z.boolean(),
      /** The way there, nearest to this computer first. Absent = reached directly. */
      jumps: z.array(jumpSchema).max(maxJumps).optional(),
    }),
  ]),
  agentId: agentIdSchema.nullable(),
  note: z.string().max(4096),
  addedAtMs: z.number().int(),
  /** Removal was asked but the machine could not be reached yet. */
  removal: z.object({ askedAtMs: z.number().int(), tasks: z.enum(['stop', 'keep']) }).nullable(),
  /** Absent = none is planned. `hasBegun`: its start was acted on. */
  maintenance: maintenanceSchema.extend({ hasBegun: z.boolean() }).optional(),
});
export type MachineRecord = z.infer<typeof machineRecordSchema>;

/** The slice of this computer that the machine is, or null when it is a whole machine. */
export function demoSliceOf(machine: Pick<MachineRecord, 'via'>): DemoSlice | null {
  return machine.via.kind === 'local' ? (machine.via.demo ?? null) : null;
}

/** Who wanted it drained: what maintenance began, its end takes back. */
const drainCause = z.enum(['person', 'maintenance']);
/** Whether new work comes to an agent. Mesos: `deactivated` and DrainState. */
export const availabilitySchema = z.discriminatedUnion('kind', [
  /** No offers; what runs there goes on. */
  z.object({ kind: z.literal('deactivated'), sinceMs: z.number().int() }),
  /** No offers, and its tasks are being ended. */
  z.object({
    kind: z.literal('draining'),
    sinceMs: z.number().int(),
    /** No task gets more than that between TERM and KILL; null = what each asks for. */
    graceMs: z.number().int().min(0).max(86_400_000).nullable(),
    /** Declared gone, for ever, as soon as its last task has ended. */
    markGone: z.boolean(),
    cause: drainCause,
    /** Tasks that had not ended when it began. */
    tasks: count,
  }),
  /** Nothing runs there any more, and nothing will start. */
  z.object({ kind: z.literal('drained'), sinceMs: z.number().int(), cause: drainCause }),
]);
export type Availability = z.infer<typeof availabilitySchema>;

/** Durable table `agents`. */
export const agentRecordSchema = z.object({
  id: agentIdSchema,
  machineId: machineIdSchema,
  version: text,
  /** Total of the agent: what may be allocated (a reserve for the system is already taken off). */
  resources: resourcesSchema,
  facts: machineFactsSchema,
  registeredAtMs: z.number().int(),
  lastHelloAtMs: z.number().int(),
  /** `active`: registered. `unreachable`: silent past the limit; its tasks are TASK_UNREACHABLE and may return. */
  state: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('active') }),
    z.object({ kind: z.literal('unreachable'), sinceMs: z.number().int() }),
    z.object({ kind: z.literal('gone'), sinceMs: z.number().int() }),
  ]),
  /** Absent = it is given new work, as every agent from before. */
  availability: availabilitySchema.optional(),
});
export type AgentRecord = z.infer<typeof agentRecordSchema>;

export const linkPhases = ['connecting', 'live', 'silent', 'down', 'stopped'] as const;

/** Session table `links`: the connection to one machine. `silent` = connected but nothing heard for 3.5 s. */
export const linkRecordSchema = z.object({
  id: machineIdSchema,
  phase: z.enum(linkPhases),
  sinceMs: z.number().int(),
  /** Master's clock at the last byte from the agent; null = never in this session. */
  lastHeardAtMs: z.number().int().nullable(),
  /** Why it is down, in the words of the failing rung. */
  problem: refusalSchema.nullable(),
  nextTryAtMs: z.number().int().nullable(),
  roundTripMs: z.number().nullable(),
});
export type LinkRecord = z.infer<typeof linkRecordSchema>;

/**
 * Session table `samples`: the newest sample of each machine. That of a demo machine is narrowed by the master to its
 * slice: CPU and memory are those of its own tasks, and what cannot be told apart (each CPU, disks, sensors) is empty.
 */
export const sampleRecordSchema = z.object({
  id: machineIdSchema,
  sample: sampleSchema,
  receivedAtMs: z.number().int(),
});
export type SampleRecord = z.infer<typeof sampleRecordSchema>;
