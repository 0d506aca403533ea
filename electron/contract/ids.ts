// Branded identifiers. All ids are made outside the core (shell/ids) and come in with an event.
import { z } from 'zod';

const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}-[0-9a-zA-Z_-]{1,60}$`));

export const machineIdSchema = id('m').brand<'MachineId'>();
export const agentIdSchema = id('a').brand<'AgentId'>();
export const taskIdSchema = id('t').brand<'TaskId'>();
export const operationIdSchema = id('o').brand<'OperationId'>();
export const frameworkIdSchema = id('f').brand<'FrameworkId'>();
/** Made by the core from the seed of its life and a counter, so that no two lives share one. */
export const offerIdSchema = id('offer').brand<'OfferId'>();
export const inverseOfferIdSchema = id('inverse').brand<'InverseOfferId'>();
export const masterIdSchema = id('master').brand<'MasterId'>();

export type MachineId = z.infer<typeof machineIdSchema>;
export type AgentId = z.infer<typeof agentIdSchema>;
export type TaskId = z.infer<typeof taskIdSchema>;
export type OperationId = z.infer<typeof operationIdSchema>;
export type FrameworkId = z.infer<typeof frameworkIdSchema>;
export type OfferId = z.infer<typeof offerIdSchema>;
export type InverseOfferId = z.infer<typeof inverseOfferIdSchema>;
export type MasterId = z.infer<typeof masterIdSchema>;
