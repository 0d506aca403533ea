// What the built-in run framework still has to place: tasks that people asked for and that no offer has fitted yet.
import { z } from 'zod';
import { maxConditionChars } from './condition.ts';
import { agentIdSchema, machineIdSchema, operationIdSchema, type TaskId, taskIdSchema } from './ids.ts';
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

const numbered = /^(.+?)(?:_(\d+))?$/;

/** `t-x`, `t-x_2`, `t-x_3`: a run that made room waits again under the next one, since an id runs once. */
export function nextRunId(taskId: TaskId): TaskId {
  const [, base = taskId, count = '1'] = numbered.exec(taskId) ?? [];
  return `${base}_${Number(count) + 1}` as TaskId;
}

/** Of which it may be the next; null = it is the first. */
export function priorRunId(taskId: TaskId): TaskId | null {
  const [, base = taskId, count = '1'] = numbered.exec(taskId) ?? [];
  const prior = Number(count) - 1;
  if (prior < 1) return null;
  return (prior === 1 ? base : `${base}_${prior}`) as TaskId;
}
