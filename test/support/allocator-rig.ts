// Agents, clients and holdings for tests of the allocator; and its answers in short.

import type { Result } from '../../electron/contract/errors.ts';
import type { PortRange } from '../../electron/contract/resources.ts';
import { createAllocator } from '../../electron/core/allocator/allocator.ts';
import type {
  AgentInput,
  AllocateRequest,
  Allocation,
  Allocator,
  AllocatorSettings,
  Amounts,
  ClientInput,
  Demand,
  Holding,
} from '../../electron/core/allocator/types.ts';

export const noAmounts: Amounts = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };

export function amounts(cpusMilli: number, memMib: number, more: Partial<Amounts> = {}): Amounts {
  return { ...noAmounts, cpusMilli, memMib, ...more };
}

type AgentParts = Partial<Omit<AgentInput, 'resources' | 'agentId'>> & {
  readonly amounts?: Amounts;
  readonly ports?: readonly PortRange[];
};

/** Eight CPUs, 8 GiB, no disk, no GPUs, active, and nothing special. */
export function agent(agentId: string, { amounts: some, ports, ...rest }: AgentParts = {}): AgentInput {
  const { custom, ...scalars } = some ?? amounts(8000, 8192);
  return {
    agentId,
    resources: { ...scalars, ports: [...(ports ?? [])] },
    ...(custom === undefined ? {} : { custom }),
    reservations: [],
    mode: 'active',
    hostname: `${agentId}.test`,
    attributes: [],
    unavailability: null,
    ...rest,
  };
}

/** Active, without demand and constraints, not for GPUs. */
export function client(frameworkId: string, role = 'role', rest: Partial<ClientInput> = {}): ClientInput {
  return {
    frameworkId,
    role,
    active: true,
    suppressed: false,
    gpuCapable: false,
    demand: null,
    minAllocatable: null,
    constraints: null,
    ...rest,
  };
}

export function demand(some: Amounts, count: number, rest: Partial<Demand> = {}): Demand {
  return { amounts: some, count, ...rest };
}

export function holding(
  frameworkId: string,
  role: string,
  agentId: string,
  unreserved: Amounts,
  rest: Partial<Holding['parts']> = {},
): Holding {
  return { frameworkId, role, agentId, parts: { unreserved, reserved: [], ports: [], ...rest } };
}

/** The value, or a failed test with the refusal in words. */
export function accepted<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`refused: ${result.refusal.code} ${result.refusal.reason} ${result.refusal.detail}`);
}

/** The reason of a refusal, or `accepted`. */
export function answerOf(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.refusal.reason;
}

type Cluster = {
  readonly agents?: readonly AgentInput[];
  readonly clients?: readonly ClientInput[];
  readonly settings?: AllocatorSettings;
};

export function allocatorWith({ agents = [], clients = [], settings }: Cluster): Allocator {
  const allocator = createAllocator(settings);
  for (const one of agents) accepted(allocator.putAgent(one));
  for (const one of clients) accepted(allocator.putClient(one));
  return allocator;
}

export function run(allocator: Allocator, rest: Partial<AllocateRequest> = {}): readonly Allocation[] {
  return accepted(allocator.allocate({ agents: 'all', nowMonoMs: 0, seed: 1, apply: true, ...rest }));
}

export function plus(a: Amounts, b: Amounts): Amounts {
  return {
    cpusMilli: a.cpusMilli + b.cpusMilli,
    memMib: a.memMib + b.memMib,
    diskMib: a.diskMib + b.diskMib,
    gpus: a.gpus + b.gpus,
  };
}

export function totalOf({ parts }: Pick<Holding, 'parts'>): Amounts {
  return parts.reserved.reduce((sum, part) => plus(sum, part.amounts), plus(parts.unreserved, noAmounts));
}

/** By framework, all it was given, as `cpus/mem`. */
export function given(allocations: readonly Allocation[]): Readonly<Record<string, string>> {
  const sums = new Map<string, Amounts>();
  for (const one of allocations) {
    sums.set(one.frameworkId, plus(sums.get(one.frameworkId) ?? noAmounts, totalOf(one)));
  }
  const words = [...sums].map(([id, { cpusMilli, memMib }]) => [id, `${cpusMilli}/${memMib}`] as const);
  return Object.fromEntries(words.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `framework agent cpus/mem`, sorted. */
export function lines(allocations: readonly Allocation[]): readonly string[] {
  return allocations
    .map((one) => {
      const { cpusMilli, memMib } = totalOf(one);
      return `${one.frameworkId} ${one.agentId} ${cpusMilli}/${memMib}`;
    })
    .sort();
}
