// Room that is being made: tasks end early so that one unit of more important work fits.
import type { Demand } from './framework.ts';
import type { AgentId, FrameworkId, MachineId, TaskId } from './ids.ts';
import type { ResourcePart } from './role.ts';

/**
 * Session table `claims`: what is held for that unit until all of `victims` have ended; then it is offered. Without it the room
 * could go to somebody else, and more tasks would have to end for the same work.
 */
export type ClaimRecord = {
  readonly id: string;
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  readonly machineId: MachineId;
  /** One of what was asked for. */
  readonly demand: Demand;
  readonly resources: readonly ResourcePart[];
  readonly victims: readonly TaskId[];
  readonly sinceMs: number;
};
