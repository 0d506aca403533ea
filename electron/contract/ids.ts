// Branded identifiers. All ids are made outside the core (shell/ids) and come in with an event.
import { z } from 'zod';

const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}-[0-9a-zA-Z_-]{1,60}$`));

export const machineIdSchema = id('m').brand<'MachineId'>();
export const agentIdSchema = id('a').brand<'AgentId'>();
export const taskIdSchema = id('t').brand<'TaskId'>();
export const operationIdSchema = id('o').brand<'OperationId'>();
export const masterIdSchema = id('master').brand<'MasterId'>();

export type MachineId = z.infer<typeof machineIdSchema>;
export type AgentId = z.infer<typeof agentIdSchema>;
export type TaskId = z.infer<typeof taskIdSchema>;
export type OperationId = z.infer<typeof operationIdSchema>;
export type MasterId = z.infer<typeof masterIdSchema>;
