// Offers and what a scheduler may do with them: Offer, InverseOffer, Operation of the Mesos v1 scheduler API in camelCase.
import { z } from 'zod';
import {
  agentIdSchema,
  frameworkIdSchema,
  inverseOfferIdSchema,
  machineIdSchema,
  offerIdSchema,
} from './ids.ts';
import { offerOperationIdSchema } from './operation-status.ts';
import { resourcePartSchema, roleNameSchema } from './role.ts';
import { prioritySchema, taskInfoSchema } from './task.ts';

/** What an agent is, in words: Mesos' attributes of type TEXT. Facts that a placement may depend on are among them. */
export const attributeSchema = z.object({ name: z.string().min(1).max(64), text: z.string().max(1024) });
export type Attribute = z.infer<typeof attributeSchema>;

/** The machine will be taken down then; null duration = for good. */
const unavailabilitySchema = z.object({
  startMs: z.number().int(),
  durationMs: z.number().int().min(0).nullable(),
});

/** Session table `offers`: resources of one agent, for one role of one framework. They count as used until it ends. */
export const offerRecordSchema = z.object({
  id: offerIdSchema,
  frameworkId: frameworkIdSchema,
  agentId: agentIdSchema,
  machineId: machineIdSchema,
  hostname: z.string(),
  role: roleNameSchema,
  resources: z.array(resourcePartSchema),
  attributes: z.array(attributeSchema),
  unavailability: unavailabilitySchema.nullable(),
  offeredAtMs: z.number().int(),
  /** Unanswered, it is rescinded then. On the clock that never jumps; null = never. */
  expiresAtMonoMs: z.number().nullable(),
});
export type OfferRecord = z.infer<typeof offerRecordSchema>;

export const inverseOfferSchema = z.object({
  id: inverseOfferIdSchema,
  frameworkId: frameworkIdSchema,
  agentId: agentIdSchema,
  unavailability: unavailabilitySchema,
});
export type InverseOffer = z.infer<typeof inverseOfferSchema>;

/** Session table `inverseOffers`: which framework was asked to make room for a planned maintenance, and what it said. */
export type InverseOfferRecord = InverseOffer & {
  readonly machineId: OfferRecord['machineId'];
  readonly state: 'asked' | 'accepted' | 'declined';
  readonly changedAtMs: number;
  /** Declined: asked again then, on the clock that never jumps. */
  readonly againAtMonoMs: number | null;
};

/** A task to launch. Its resources are taken from the offers: from the parts that are named, else reserved ones first. */
export const launchSchema = z.object({
  info: taskInfoSchema,
  uses: z.array(resourcePartSchema).max(64).nullable(),
  priority: prioritySchema.optional(),
});
export type Launch = z.infer<typeof launchSchema>;

const partsSchema = z.array(resourcePartSchema).min(1).max(64);
/** A name that the framework chose. With it, it is told what came of the operation; without, it sees it in later offers. */
const id = offerOperationIdSchema.optional();

/** Applied in their order; later ones may use what earlier ones made. */
export const operationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('LAUNCH'), tasks: z.array(launchSchema).max(1000) }),
  /** All or none; one that is killed or fails takes the others along. */
  z.object({ kind: z.literal('LAUNCH_GROUP'), tasks: z.array(launchSchema).min(1).max(64) }),
  /** Parts as they shall be; each is taken from the part one level up its stack. */
  z.object({ kind: z.literal('RESERVE'), id, resources: partsSchema }),
  /** Parts as they are; each goes back one level. */
  z.object({ kind: z.literal('UNRESERVE'), id, resources: partsSchema }),
  /** Reserved disk becomes a volume that outlives tasks. */
  z.object({ kind: z.literal('CREATE'), id, volumes: partsSchema }),
  z.object({ kind: z.literal('DESTROY'), id, volumes: partsSchema }),
]);
export type Operation = z.infer<typeof operationSchema>;
