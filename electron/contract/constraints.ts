// Constraints over what agents are, in the shape of Mesos' offer constraints; and the small language in which people write
// them. Whether one holds is the allocator's to say (core/allocator/constraints.ts).
import { z } from 'zod';

const selectorSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('attribute'), name: z.string().min(1).max(64) }),
  z.object({ kind: z.enum(['hostname', 'region', 'zone']) }),
]);

const predicateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['exists', 'not-exists']) }),
  z.object({ kind: z.enum(['text-equals', 'text-not-equals']), value: z.string().max(4096) }),
  /** The whole text must match. */
  z.object({ kind: z.enum(['text-matches', 'text-not-matches']), regex: z.string().max(4096) }),
]);

const constraintSchema = z.object({ selector: selectorSchema, predicate: predicateSchema });
export type Constraint = z.infer<typeof constraintSchema>;

/** One group must hold, and in it each constraint. An empty list of groups holds nowhere. */
export const offerConstraintsSchema = z.object({
  groups: z.array(z.array(constraintSchema).max(256)).max(256),
});
export type OfferConstraints = z.infer<typeof offerConstraintsSchema>;
