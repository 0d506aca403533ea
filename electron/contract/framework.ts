// Frameworks and the scheduler API: FrameworkInfo, calls and events of Mesos v1 in camelCase with integer units. Serving it
// over HTTP adds a transport and the names of the wire, no meaning.
import { z } from 'zod';
import { offerConstraintsSchema } from './constraints.ts';
import {
  agentIdSchema,
  frameworkIdSchema,
  inverseOfferIdSchema,
  offerIdSchema,
  taskIdSchema,
} from './ids.ts';
import { type InverseOffer, type OfferRecord, operationSchema } from './offer.ts';
import { type OperationStatus, offerOperationIdSchema, operationStatusSchema } from './operation-status.ts';
import { resourcesSchema } from './resources.ts';
import { roleNameSchema } from './role.ts';
import { prioritySchema, type TaskStatus } from './task.ts';

const frameworkCapabilities = [
  'REVOCABLE_RESOURCES',
  'TASK_KILLING_STATE',
  'GPU_RESOURCES',
  'SHARED_RESOURCES',
  'PARTITION_AWARE',
  'MULTI_ROLE',
  'RESERVATION_REFINEMENT',
  'REGION_AWARE',
] as const;

const amount = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Smaller offers are not made: all that are named must be there. */
const minAllocatableSchema = z.object({
  cpusMilli: amount.optional(),
  memMib: amount.optional(),
  diskMib: amount.optional(),
  gpus: amount.optional(),
});

export const frameworkInfoSchema = z.object({
  name: z.string().min(1).max(200),
  user: z.string().max(64),
  roles: z.array(roleNameSchema).max(1000),
  capabilities: z.array(z.enum(frameworkCapabilities)).max(frameworkCapabilities.length),
  /** Its tasks are kept that long while its scheduler is away. Mesos: 0, so that they are killed at once. */
  failoverTimeoutMs: z.number().int().min(0).max(31_536_000_000),
  /** By role: an offer must reach one of these. */
  offerFilters: z.record(roleNameSchema, z.object({ minAllocatable: z.array(minAllocatableSchema).max(16) })),
  hostname: z.string().max(255).optional(),
  webuiUrl: z.string().max(2048).optional(),
  labels: z
    .array(z.object({ key: z.string().max(256), value: z.string().max(4096) }))
    .max(64)
    .optional(),
});
export type FrameworkInfo = z.infer<typeof frameworkInfoSchema>;

/** By role: agents on which they do not hold are not offered. A role that is not named takes any. */
const constraintsByRole = z.record(roleNameSchema, offerConstraintsSchema);

/** Durable table `frameworks`. Whether its scheduler is there now is in `subscriptions`. */
export const frameworkRecordSchema = z.object({
  id: frameworkIdSchema,
  /** `built-in`: part of this program, always there. */
  kind: z.enum(['built-in', 'remote']),
  info: frameworkInfoSchema,
  suppressedRoles: z.array(roleNameSchema).max(1000),
  offerConstraints: constraintsByRole.optional(),
  registeredAtMs: z.number().int(),
  /** Torn down or away for too long; it may never come back. */
  completedAtMs: z.number().int().nullable(),
  /** What came of its operations and it has not acknowledged, oldest first; absent = nothing. */
  owedOperations: z.array(operationStatusSchema).optional(),
});
export type FrameworkRecord = z.infer<typeof frameworkRecordSchema>;

/** Session table `subscriptions`: the scheduler of one framework that has not completed. */
export type SubscriptionRecord = {
  readonly id: FrameworkRecord['id'];
  readonly phase: 'subscribed' | 'disconnected';
  readonly sinceMs: number;
  /** Which connection is the one; an older one is no longer heard. null = disconnected. */
  readonly streamId: string | null;
  /** Disconnected: completed then, unless it is back. */
  readonly failoverAtMonoMs: number | null;
  /** What it has asked for, by REQUEST: hints for the size of offers. */
  readonly demand: readonly Demand[];
};

export const filtersSchema = z.object({
  /** What was refused on that agent is not offered again that long. 5000 in Mesos; 0 = no filter; at most 365 days. */
  refuseMs: z.number(),
});
export type Filters = z.infer<typeof filtersSchema>;

/** One unit of work and how many of them: REQUEST of Mesos, which its allocator ignores and ours cuts offers to. */
export const demandSchema = z.object({
  role: roleNameSchema,
  agentId: agentIdSchema.nullable(),
  resources: resourcesSchema,
  count: z.number().int().min(1).max(1_000_000),
  /** Only agents on which they hold. */
  constraints: offerConstraintsSchema.optional(),
  /** Absent = 0. */
  priority: prioritySchema.optional(),
});
export type Demand = z.infer<typeof demandSchema>;

const offerIds = z.array(offerIdSchema).min(1).max(10_000);
const inverseOfferIds = z.array(inverseOfferIdSchema).min(1).max(10_000);
const roles = z.array(roleNameSchema).max(1000);
const frameworkId = frameworkIdSchema;
const executorId = z.string().min(1).max(255);
const filters = filtersSchema.nullable();

export const callSchema = z.discriminatedUnion('kind', [
  /** `frameworkId` is made at the edge for a new framework, and named by one that comes back. */
  z.object({
    kind: z.literal('SUBSCRIBE'),
    frameworkId,
    info: frameworkInfoSchema,
    suppressedRoles: roles,
    offerConstraints: constraintsByRole.optional(),
    streamId: z.string().min(1).max(128),
  }),
  z.object({ kind: z.literal('TEARDOWN'), frameworkId }),
  /** Several offers must be of one agent and one role. Without operations it is a DECLINE. */
  z.object({
    kind: z.literal('ACCEPT'),
    frameworkId,
    offerIds,
    operations: z.array(operationSchema).max(1000),
    filters,
  }),
  z.object({ kind: z.literal('DECLINE'), frameworkId, offerIds, filters }),
  /** Empty = all roles of the framework. */
  z.object({ kind: z.literal('REVIVE'), frameworkId, roles }),
  z.object({ kind: z.literal('SUPPRESS'), frameworkId, roles }),
  /** Replaces what was asked for before. */
  z.object({ kind: z.literal('REQUEST'), frameworkId, requests: z.array(demandSchema).max(1000) }),
  z.object({
    kind: z.literal('KILL'),
    frameworkId,
    taskId: taskIdSchema,
    agentId: agentIdSchema.nullable(),
    graceMs: z.number().int().min(0).max(86_400_000).nullable(),
  }),
  z.object({
    kind: z.literal('ACKNOWLEDGE'),
    frameworkId,
    agentId: agentIdSchema,
    taskId: taskIdSchema,
    uuid: z.string().min(1).max(64),
  }),
  /** Empty = implicit: all that are known. */
  z.object({
    kind: z.literal('RECONCILE'),
    frameworkId,
    tasks: z.array(z.object({ taskId: taskIdSchema, agentId: agentIdSchema.nullable() })).max(100_000),
  }),
  z.object({
    kind: z.literal('ACKNOWLEDGE_OPERATION_STATUS'),
    frameworkId,
    agentId: agentIdSchema.nullable(),
    operationId: offerOperationIdSchema,
    uuid: z.string().min(1).max(64),
  }),
  /** Empty = implicit: all that it has not acknowledged. */
  z.object({
    kind: z.literal('RECONCILE_OPERATIONS'),
    frameworkId,
    operations: z
      .array(z.object({ operationId: offerOperationIdSchema, agentId: agentIdSchema.nullable() }))
      .max(100_000),
  }),
  z.object({ kind: z.literal('SHUTDOWN'), frameworkId, agentId: agentIdSchema, executorId }),
  z.object({
    kind: z.literal('MESSAGE'),
    frameworkId,
    agentId: agentIdSchema,
    executorId,
    data: z.string().max(1_048_576),
  }),
  z.object({
    kind: z.literal('UPDATE_FRAMEWORK'),
    frameworkId,
    info: frameworkInfoSchema,
    suppressedRoles: roles,
    /** Replaces those from before; absent = none. */
    offerConstraints: constraintsByRole.optional(),
  }),
  z.object({ kind: z.literal('ACCEPT_INVERSE_OFFERS'), frameworkId, inverseOfferIds, filters }),
  z.object({ kind: z.literal('DECLINE_INVERSE_OFFERS'), frameworkId, inverseOfferIds, filters }),
]);
export type Call = z.infer<typeof callSchema>;

/** What a scheduler is told. Only a status that an agent made has a uuid and is repeated until it is acknowledged. */
export type SchedulerEvent =
  | {
      readonly kind: 'SUBSCRIBED';
      readonly frameworkId: FrameworkRecord['id'];
      readonly heartbeatIntervalMs: number;
    }
  | { readonly kind: 'OFFERS'; readonly offers: readonly OfferRecord[] }
  | { readonly kind: 'RESCIND'; readonly offerId: OfferRecord['id'] }
  | { readonly kind: 'INVERSE_OFFERS'; readonly inverseOffers: readonly InverseOffer[] }
  | { readonly kind: 'RESCIND_INVERSE_OFFER'; readonly inverseOfferId: InverseOffer['id'] }
  | {
      readonly kind: 'UPDATE';
      readonly status: TaskStatus & { readonly agentId: OfferRecord['agentId'] | null };
    }
  | { readonly kind: 'UPDATE_OPERATION_STATUS'; readonly status: OperationStatus }
  | {
      readonly kind: 'MESSAGE';
      readonly agentId: OfferRecord['agentId'];
      readonly executorId: string;
      readonly data: string;
    }
  | { readonly kind: 'FAILURE'; readonly agentId: OfferRecord['agentId'] }
  | { readonly kind: 'ERROR'; readonly message: string }
  | { readonly kind: 'HEARTBEAT' };
