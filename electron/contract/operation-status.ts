// What came of an operation on offered resources: OperationStatus of the Mesos v1 scheduler API in camelCase.
import { z } from 'zod';
import { agentIdSchema } from './ids.ts';
import { resourcePartSchema } from './role.ts';

/** As all ids of Mesos: no slash, backslash, space or control character, and neither `.` nor `..`. */
export const offerOperationIdSchema = z
  .string()
  .max(255)
  .regex(/^(?!\.{1,2}$)[^\s/\\\p{Cc}]+$/u);

export const operationStates = [
  'OPERATION_UNSUPPORTED',
  'OPERATION_PENDING',
  'OPERATION_FINISHED',
  'OPERATION_FAILED',
  /** It was wrong. */
  'OPERATION_ERROR',
  /** Fine in itself, but not done: something else of its call was wrong. */
  'OPERATION_DROPPED',
  'OPERATION_UNREACHABLE',
  'OPERATION_GONE_BY_OPERATOR',
  'OPERATION_RECOVERING',
  'OPERATION_UNKNOWN',
] as const;
export type OperationState = (typeof operationStates)[number];

export const operationStatusSchema = z.object({
  operationId: offerOperationIdSchema,
  state: z.enum(operationStates),
  message: z.string().max(4096),
  /** What the parts have become. */
  convertedResources: z.array(resourcePartSchema).max(64),
  /** Told again until it is acknowledged; null: told once. */
  uuid: z.string().max(64).nullable(),
  agentId: agentIdSchema.nullable(),
});
export type OperationStatus = z.infer<typeof operationStatusSchema>;
