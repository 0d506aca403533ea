// Adding (and removing) a machine: a lane of steps, each with its time, our command and its answer.
import { z } from 'zod';
import { refusalSchema } from './errors.ts';
import { machineIdSchema } from './ids.ts';
import { hostKeySchema } from './machine.ts';

export const enrolmentSteps = [
  'reach', // TCP connect
  'identify', // SSH banner and key exchange
  'host-key', // the person compares the fingerprint, or a pinned key matches
  'login',
  'privileges', // who are we, sudo, shell, init system, CPU, C library
  'space', // folder writable, executable, enough room
  'upload', // the agent, hash compared on both ends
  'start', // daemon runs, comes back at boot
  'first-sample', // hello and one sample over the final link
] as const;
/** `jumps`: each machine in between is asked for its key, then logged in to. */
export const jumpedEnrolmentSteps = ['jumps', ...enrolmentSteps] as const;
export type EnrolmentStep = (typeof jumpedEnrolmentSteps)[number];

export const removalSteps = ['connect', 'tasks', 'stop-agent', 'files', 'key', 'verify'] as const;
/** A demo machine has no login and no key to take away. */
export const demoRemovalSteps = [
  'tasks',
  'stop-agent',
  'files',
  'verify',
] as const satisfies readonly (typeof removalSteps)[number][];
export type RemovalStep = (typeof removalSteps)[number];

export const laneStepSchema = z.object({
  name: z.enum([...jumpedEnrolmentSteps, ...removalSteps]),
  state: z.enum(['waiting', 'working', 'needs-you', 'done', 'failed', 'skipped']),
  startedAtMs: z.number().int().nullable(),
  tookMs: z.number().nullable(),
  /** The very command we ran (or the act in words when it is not a command). Never a secret. */
  ran: z.string().max(8192),
  /** What it answered, at most 8 KiB, control characters removed. */
  answered: z.string().max(8192),
  refusal: refusalSchema.nullable(),
});
export type LaneStep = z.infer<typeof laneStepSchema>;

/** Session table `lanes`. One per machine being added or removed; kept until dismissed or the app ends. */
export const laneRecordSchema = z.object({
  id: machineIdSchema,
  kind: z.enum(['add', 'remove']),
  title: z.string(), // user@address:port
  state: z.enum(['running', 'needs-you', 'done', 'failed', 'cancelled']),
  steps: z.array(laneStepSchema),
  startedAtMs: z.number().int(),
  endedAtMs: z.number().int().nullable(),
  /** Waiting for the person: compare this fingerprint. */
  hostKey: hostKeySchema.nullable(),
  /** The key that was pinned earlier, when it differs: a hard stop. */
  pinnedHostKey: hostKeySchema.nullable(),
  /** The jump host that `hostKey` is of. Absent or null = the machine itself. */
  jump: z.object({ address: z.string(), port: z.number().int(), user: z.string() }).nullable().optional(),
  /** A person holds it: no further step begins. Absent = no. */
  isPaused: z.boolean().optional(),
});
export type LaneRecord = z.infer<typeof laneRecordSchema>;
