// Roles: the accounting names for shares, quota and reservations, in a tree by `/`. Weight and quota as in Mesos 1.9+, in
// integers: weights in thousandths, amounts in our units.
import { z } from 'zod';
import { agentIdSchema, machineIdSchema } from './ids.ts';
import { resourcesSchema } from './resources.ts';

/** Everybody's role, of whoever names none. */
export const defaultRole = '*';

export const roleNameSchema = z.string().min(1).max(255);

const amount = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Scalars only, as in Mesos: ports are handled, not counted. */
export const quotaSchema = z.object({
  /** Held back so that the role can always reach it; 0 = nothing. Not on nested roles. */
  guarantee: z.object({ cpusMilli: amount, memMib: amount, diskMib: amount, gpus: amount }),
  /** What the role's whole subtree may hold at most; null = no ceiling. */
  limit: z.object({
    cpusMilli: amount.nullable(),
    memMib: amount.nullable(),
    diskMib: amount.nullable(),
    gpus: amount.nullable(),
  }),
});
export type Quota = z.infer<typeof quotaSchema>;

/**
 * Which tasks of a role may end early for others. Set for a role it holds for those below too, down to the next that says
 * something of its own: neither of both = never. Absent = as above it, at the top of the tree never.
 */
export const preemptionSchema = z.object({
  /** For waiting work of the same role with a higher priority. */
  lowerPriority: z.boolean(),
  /** For roles that have less than their fair share, while this one has more than its own. */
  aboveFairShare: z.boolean(),
});
export type Preemption = z.infer<typeof preemptionSchema>;

export const weightMilliSchema = z.number().int().min(1).max(1_000_000_000);

/** Durable table `roles`: only what somebody has set. A role without a row has weight 1 and no quota. */
export const roleRecordSchema = z.object({
  /** The whole name, e.g. `eng/dev`. */
  id: roleNameSchema,
  weightMilli: weightMilliSchema,
  quota: quotaSchema.nullable(),
  /** Made by a person: it stays until it is removed, though nothing else is set and nobody is in it. */
  isNamed: z.boolean().optional(),
  preemption: preemptionSchema.optional(),
});
export type RoleRecord = z.infer<typeof roleRecordSchema>;

/** From the root of the role tree down: each refines the one before. Empty = unreserved. */
const reservationStackSchema = z.array(roleNameSchema).max(16);

const volumeSchema = z.object({
  persistenceId: z.string().min(1).max(255),
  containerPath: z.string().min(1).max(1024),
});

/**
 * Resources of one kind on one agent: unreserved, reserved for a role, or a persistent volume made of reserved disk.
 * Mesos' list of `Resource` with `reservations` and `disk`, with the scalars of one kind in one place.
 */
export const resourcePartSchema = z.object({
  reservation: reservationStackSchema,
  volume: volumeSchema.nullable(),
  amounts: resourcesSchema,
});
export type ResourcePart = z.infer<typeof resourcePartSchema>;

/** Durable table `reservations`: what of an agent is set aside for a role, and the volumes made of it. */
export const reservationRecordSchema = z.object({
  /** `<agent>|<innermost role>`, and `|<persistence id>` of a volume: one row for each kind of part on an agent. */
  id: z.string().min(1).max(1024),
  agentId: agentIdSchema,
  machineId: machineIdSchema,
  part: resourcePartSchema,
});
export type ReservationRecord = z.infer<typeof reservationRecordSchema>;

/** Of one machine, what a person sets aside for a role. One slice a role; ports are not reserved. */
export const sliceSchema = z.object({
  role: roleNameSchema,
  amounts: z.object({ cpusMilli: amount, memMib: amount, diskMib: amount, gpus: amount }),
});
export type Slice = z.infer<typeof sliceSchema>;
