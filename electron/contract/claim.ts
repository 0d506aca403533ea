// Room that is being made: tasks end early so that one unit of more important work fits.
import { z } from 'zod';
import { demandSchema } from './framework.ts';
import { agentIdSchema, frameworkIdSchema, machineIdSchema, taskIdSchema } from './ids.ts';
import { resourcePartSchema } from './role.ts';

/**
 * Durable table `claims`: what is held for that unit until all of `victims` have ended; then it is offered. Without it the room
 * could go to somebody else, and more tasks would have to end for the same work. Durable, since the end of the victims is.
 */
export const claimRecordSchema = z.object({
  id: z.string().min(1).max(255),
  frameworkId: frameworkIdSchema,
  agentId: agentIdSchema,
  machineId: machineIdSchema,
  /** One of what was asked for. */
  demand: demandSchema,
  resources: z.array(resourcePartSchema),
  victims: z.array(taskIdSchema),
  sinceMs: z.number().int(),
});
export type ClaimRecord = z.infer<typeof claimRecordSchema>;
