// Who holds what and what is owed to whom: the figures of the allocator for the pages Roles and Frameworks, and the dry run
// of a change of them. Asked for, never pushed: everything here follows from the tables. Types and what the window may ask.
import { z } from 'zod';
import type { Refusal } from './errors.ts';
import { type AgentId, type FrameworkId, machineIdSchema } from './ids.ts';
import type { Resources } from './resources.ts';
import { quotaSchema, roleNameSchema, sliceSchema, weightMilliSchema } from './role.ts';

/** Ports are handled, not counted. */
export type Scalars = Omit<Resources, 'ports'>;

export type RoleShare = {
  readonly role: string;
  readonly weightMilli: number;
  /** Frameworks of this role and of those below that want something now. */
  readonly waiting: number;
  /** Held by the role and those below: tasks, and offers until they are answered. */
  readonly allocated: Scalars;
  /** Set aside for the role and those below, held or not. */
  readonly reserved: Scalars;
  /** The greatest part of the cluster that it holds of any resource, 0..1, and of which. */
  readonly share: number;
  readonly dominant: keyof Scalars | null;
  /** What weights alone would give it among those that want or hold something, 0..1. */
  readonly fairShare: number;
  readonly guarantee: Scalars;
  readonly limit: { readonly [N in keyof Scalars]: number | null };
  /** What counts against the quota: all that is set aside, and what is held besides. */
  readonly consumed: Scalars;
  /** Held back for it: the guarantee less what it consumes. */
  readonly owed: Scalars;
};

/** One framework in one of its roles. */
export type ClientShare = {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly allocated: Scalars;
  readonly share: number;
  readonly dominant: keyof Scalars | null;
  readonly fairShare: number;
};

/** What a framework has refused in one role on one agent, and until when it is not offered that again. */
export type FilterShown = {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly agentId: AgentId;
  readonly unreserved: Scalars;
  readonly reserved: Scalars;
  readonly untilMs: number;
};

export type Shares = {
  /** The wall clock when the clock that never jumps showed 0: makes a time of day of what tables say on that one. */
  readonly monoZeroMs: number;
  /** Of all machines that are not gone. */
  readonly total: Scalars;
  readonly allocated: Scalars;
  readonly reserved: Scalars;
  /** Not set aside and not held, on machines that can be offered. */
  readonly free: Scalars;
  /** Of that, what is held back for guarantees. */
  readonly headroom: Scalars;
  /** In the order of the tree: each role before those below it. */
  readonly roles: readonly RoleShare[];
  readonly clients: readonly ClientShare[];
  readonly filters: readonly FilterShown[];
};

/** A change that can be tried without being made. */
export const shareChangeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('change-role'),
    role: roleNameSchema,
    weightMilli: weightMilliSchema,
    quota: quotaSchema.nullable(),
  }),
  z.object({
    kind: z.literal('partition-machine'),
    machineId: machineIdSchema,
    slices: z.array(sliceSchema).max(64),
  }),
]);
export type ShareChange = z.infer<typeof shareChangeSchema>;

/** `resource` with what is wanted of it and what there is. */
export type ShareWarning = {
  readonly kind: 'owed-more-than-free' | 'guarantees-above-cluster' | 'nobody-in-role' | 'limit-below-use';
  readonly resource: keyof Scalars | null;
  readonly wanted: number;
  readonly there: number;
};

export type SharesPreview = {
  /** What the change would be answered as it is. */
  readonly refusal: Refusal | null;
  /** It is refused for caution only, and done when it is forced; the figures are those of after that. */
  readonly canForce: boolean;
  readonly warnings: readonly ShareWarning[];
  /** Offers that lie with frameworks now and would be taken back. */
  readonly offersTakenBack: number;
  /** Every role that is there before or after. */
  readonly roles: readonly {
    readonly role: string;
    readonly before: RoleShare | null;
    readonly after: RoleShare | null;
  }[];
};
