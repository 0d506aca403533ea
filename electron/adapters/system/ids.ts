// Ids of everything the core is told about. 72 random bits: no two are ever equal in practice, and none can be guessed.
import { randomBytes } from 'node:crypto';
import {
  type FrameworkId,
  frameworkIdSchema,
  type MachineId,
  type MasterId,
  machineIdSchema,
  masterIdSchema,
  type OperationId,
  operationIdSchema,
  type TaskId,
  taskIdSchema,
} from '../../contract/ids.ts';

const randomPart = () => randomBytes(9).toString('base64url');

export const systemIds = {
  machine: (): MachineId => machineIdSchema.parse(`m-${randomPart()}`),
  task: (): TaskId => taskIdSchema.parse(`t-${randomPart()}`),
  operation: (): OperationId => operationIdSchema.parse(`o-${randomPart()}`),
  framework: (): FrameworkId => frameworkIdSchema.parse(`f-${randomPart()}`),
  /** Of a connection of a scheduler. */
  stream: (): string => randomPart(),
  master: (): MasterId => masterIdSchema.parse(`master-${randomPart()}`),
};
