// Why a run waits: for each machine the first reason that stops it, in data. Asked by the window when it shows it, never stored
// and never pushed.
import { z } from 'zod';
import type { Refusal } from './errors.ts';
import type { MachineId, TaskId } from './ids.ts';
import { taskIdSchema } from './ids.ts';

/** What stops a run on a machine. `fits`: nothing, it starts there at its turn. */
export const stopCodes = [
  'fits',
  // The machine takes no work now, whatever it is.
  'connecting',
  'silent',
  'unreachable',
  'removing',
  'deactivated',
  'draining',
  // It will never run there as it is asked for.
  'other-machine', // one machine was chosen, and it is not this one
  'condition',
  'too-small', // more than the machine has in all
  'unable', // `refusal` says what the machine cannot do
  'gpu-machine', // kept for those who use GPUs
  // Now it cannot, later it may.
  'busy', // enough in all, not enough free
  'reserved', // what is free belongs to other roles
  'quota-limit',
  'quota-headroom', // held back for guarantees of others
  'ports-busy',
  'refused-before', // offered and declined a moment ago
  'other', // what the window has no words for
] as const;
export type StopCode = (typeof stopCodes)[number];

export const stopResources = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;
type StopResource = (typeof stopResources)[number];

/** The resource it is about: what is needed, what is free for it, and what the machine (or the quota) has in all. */
export type Shortage = {
  readonly resource: StopResource;
  readonly wanted: number;
  readonly free: number;
  readonly total: number;
};

export type MachineStop = {
  readonly machineId: MachineId;
  readonly code: StopCode;
  readonly shortage: Shortage | null;
  readonly refusal: Refusal | null;
};

/** Machines that are stopped by the same: same code, same resource, same refusal. */
export type StopGroup = {
  readonly code: StopCode;
  readonly resource: StopResource | null;
  readonly refusal: Refusal | null;
  readonly count: number;
  /** That of the machine that comes nearest. */
  readonly best: MachineStop;
};

export type Why = {
  /** Where it could start now, or how many machines are stopped by what. What helps most comes first. */
  readonly groups: readonly StopGroup[];
  /** Machine by machine, in the order of the groups; at most `maxStops`, empty unless asked for. */
  readonly machines: readonly MachineStop[];
  readonly machineCount: number;
};

export const maxStops = 500;

export const whySchema = z.object({
  taskIds: z.array(taskIdSchema).max(100),
  /** With each machine, not only groups. */
  isEach: z.boolean(),
});
export type WhyAnswers = readonly { readonly taskId: TaskId; readonly why: Why }[];
