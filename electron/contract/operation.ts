// Activity: everything that was asked, and how far it came. Session table `operations`, the newest 200.
import { z } from 'zod';
import { refusalSchema } from './errors.ts';
import { machineIdSchema, operationIdSchema, taskIdSchema } from './ids.ts';

export const operationStages = ['asked', 'accepted', 'doing', 'seen'] as const;

export const operationRecordSchema = z.object({
  id: operationIdSchema,
  verb: z.enum([
    'add-machine',
    'remove-machine',
    'start-demo-rack',
    'remove-demo-rack',
    'run-task',
    'kill-task',
    'drain-agent',
    'pause-agent',
    'resume-agent',
    'plan-maintenance',
    'call-off-maintenance',
    'begin-maintenance', // as planned, like its end
    'end-maintenance',
    'upgrade-agent',
    'make-role',
    'change-role',
    'remove-role',
    'partition-machine',
    'teardown-framework',
    'framework-left', // by its own scheduler
    'framework-lost', // its scheduler did not come back in time
  ]),
  /** Name of the object for people. */
  subject: z.string(),
  machineId: machineIdSchema.nullable(),
  taskId: taskIdSchema.nullable(),
  stage: z.enum(operationStages),
  /** Set when it came to an end without being seen. */
  refusal: refusalSchema.nullable(),
  askedAtMs: z.number().int(),
  changedAtMs: z.number().int(),
  /** What of a role was changed. */
  change: z
    .object({
      weightMilli: z.object({ from: z.number().int(), to: z.number().int() }).optional(),
      quota: z.boolean(),
      preemption: z.boolean(),
    })
    .optional(),
});
export type OperationRecord = z.infer<typeof operationRecordSchema>;

/** Session table `faults`: what is wrong with Mesolite itself, shown as a bar. */
export const faultRecordSchema = z.object({
  id: z.string(), // the kind, one row a kind
  kind: z.enum([
    'store-read-only',
    'store-restored',
    'store-newer',
    'store-failed',
    'step-failed',
    'local-agent',
  ]),
  detail: z.string(),
  sinceMs: z.number().int(),
});
export type FaultRecord = z.infer<typeof faultRecordSchema>;
