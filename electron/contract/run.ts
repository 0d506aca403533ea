// What the built-in run framework still has to place: tasks that people asked for and that no offer has fitted yet.
import { z } from 'zod';
import { maxConditionChars } from './condition.ts';
import { agentIdSchema, machineIdSchema, operationIdSchema, taskIdSchema } from './ids.ts';
import { prioritySchema, taskInfoSchema } from './task.ts';

/** Durable table `runs`. Gone when the task is launched: from then on it is in `tasks` under the same id. */
export const runRecordSchema = z.object({
  id: taskIdSchema,
  info: taskInfoSchema,
  /** Only there; null = on any machine. */
  place: z.object({ machineId: machineIdSchema, agentId: agentIdSchema }).nullable(),
  /** The machine of `place` again, for the key in the database. */
  machineId: machineIdSchema.nullable(),
  /** Only on machines of which this holds (condition.ts), as the person wrote it; absent = on all. */
  where: z.string().max(maxConditionChars).optional(),
  /** Absent = 0. */
  priority: prioritySchema.optional(),
  operationId: operationIdSchema,
  askedAtMs: z.number().int(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;
