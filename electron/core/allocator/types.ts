// The allocator's public shapes: what its owner tells it and what it answers. How it decides is in README.md.
// Imports shapes of contract/ only. Whoever uses the allocator imports this file and `createAllocator` of allocator.ts.
import type { Result } from '../../contract/errors.ts';
import type { PortRange, Resources } from '../../contract/resources.ts';

/**
 * Amounts of scalar resources, non-negative safe integers in the units of their names. `custom` holds other scalars by
 * name in thousandths of their unit (Mesos' scalars have three decimals). The contract's `Resources` can be passed as it is.
 */
export type Amounts = {
  readonly cpusMilli: number;
  readonly memMib: number;
  readonly diskMib: number;
  readonly gpus: number;
  readonly custom?: Readonly<Record<string, number>>;
};

/** Amounts of which some are not said: no guarantee, no limit, no minimum for those. */
export type SomeAmounts = Partial<Amounts>;

/** A share of an agent that belongs to a role and, as in Mesos, to the roles below it. */
export type AgentReservation = {
  /** Unique on its agent. */
  readonly id: string;
  /** The role of its last refinement, never `*`. */
  readonly role: string;
  /** Part of the agent's resources. */
  readonly amounts: Amounts;
  readonly kind: 'static' | 'dynamic';
  /** A persistent volume: offered as a whole or not at all, never used for a unit of demand that does not name it. */
  readonly volume?: boolean;
};

export const agentModes = ['active', 'draining', 'deactivated', 'unreachable'] as const;
/** Only an `active` agent is offered. All count in the cluster's total; an agent that is gone is dropped. */
export type AgentMode = (typeof agentModes)[number];

/** Mesos' attributes; only text ones are compared, any other kind matches every predicate but `not-exists`. */
export type AgentAttribute = { readonly name: string; readonly text: string | null };

/** Planned maintenance. It is carried in what is allocated, it does not stop it. */
export type Unavailability = { readonly startMs: number; readonly durationMs: number | null };

export type AgentInput = {
  readonly agentId: string;
  /** Everything the agent has, with what is reserved. */
  readonly resources: Resources;
  readonly custom?: Readonly<Record<string, number>>;
  /** Resources that are names (Mesos' sets): carried to whoever gets the agent's ports, not counted. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
  readonly reservations: readonly AgentReservation[];
  readonly mode: AgentMode;
  readonly hostname: string;
  readonly region?: string;
  readonly zone?: string;
  readonly attributes: readonly AgentAttribute[];
  readonly unavailability: Unavailability | null;
};

export type ConstraintSelector =
  | { readonly kind: 'attribute'; readonly name: string }
  | { readonly kind: 'hostname' | 'region' | 'zone' };

export type ConstraintPredicate =
  | { readonly kind: 'exists' | 'not-exists' }
  | { readonly kind: 'text-equals' | 'text-not-equals'; readonly value: string }
  /** The whole text must match. The language and its caps are those of regex.ts: linear time, no back references. */
  | { readonly kind: 'text-matches' | 'text-not-matches'; readonly regex: string };

export type Constraint = { readonly selector: ConstraintSelector; readonly predicate: ConstraintPredicate };

/** Offer constraints: one group must hold (OR), and in it each constraint (AND). An empty list of groups holds nowhere. */
export type OfferConstraints = { readonly groups: readonly (readonly Constraint[])[] };

/** So many units of work that each need this much on one agent. */
export type Demand = {
  readonly amounts: Amounts;
  /** Units that wait: not those that run and not those that lie in an open offer. */
  readonly count: number;
  /** Only there. */
  readonly agentId?: string;
  /** These very ports, for each unit. */
  readonly ports?: readonly PortRange[];
  /** So many ports besides, whichever are free. */
  readonly anyPorts?: number;
  /** Volumes of the agent that must come with it, whole and besides the amounts, by reservation id. */
  readonly volumes?: readonly string[];
  readonly constraints?: OfferConstraints;
  /** Higher goes first, among the demands of this client and of the others in its role. Absent = 0. */
  readonly priority?: number;
};

/** One framework in one of its roles. */
export type ClientKey = { readonly frameworkId: string; readonly role: string };

export type ClientInput = ClientKey & {
  /** Subscribed and connected. */
  readonly active: boolean;
  readonly suppressed: boolean;
  /** May be offered agents that have GPUs. */
  readonly gpuCapable: boolean;
  /**
   * What it waits for; null when it has not said, then it is offered what there is. An empty list waits for nothing.
   * With `apply`, `allocate` takes off what it gives; otherwise the owner puts the client again when its work changed.
   */
  readonly demand: readonly Demand[] | null;
  /** Without demand: the size of a usual task, for example the last one. An agent is not cut into smaller pieces than that. */
  readonly unit?: SomeAmounts;
  /** Without demand: replaces the allocator's own `minAllocatable` when not null. */
  readonly minAllocatable: readonly SomeAmounts[] | null;
  readonly constraints: OfferConstraints | null;
};

/** Part of an agent's resources that somebody holds: in offers, in tasks, in executors. */
export type Parts = {
  readonly unreserved: Amounts;
  readonly reserved: readonly { readonly reservationId: string; readonly amounts: Amounts }[];
  readonly ports: readonly PortRange[];
  readonly sets?: Readonly<Record<string, readonly string[]>>;
};

export type Holding = ClientKey & { readonly agentId: string; readonly parts: Parts };

/** The unused part of an accepted offer or a whole declined one: not to be offered again until then. */
export type RefusedFilter = ClientKey & {
  readonly agentId: string;
  readonly refused: { readonly unreserved: Amounts; readonly reserved: Amounts };
  /** Monotonic; it ends at this moment. */
  readonly untilMonoMs: number;
};

export type Quota = {
  /** Held back for the role while it has not reached it. */
  readonly guarantee: SomeAmounts;
  /** Never passed. What is not named has no limit. */
  readonly limit: SomeAmounts;
};

export type AllocatorSettings = {
  /** Smaller offers are not made; one of the sets must be reached. Mesos: 0.01 cpus or 32 MB. */
  readonly minAllocatable: readonly SomeAmounts[];
  /** Agents with GPUs go to GPU-capable clients only. */
  readonly filterGpuAgents: boolean;
  /** Resources that do not count in shares, e.g. `gpus`. */
  readonly excludedFromShare: readonly string[];
};

export const defaultAllocatorSettings: AllocatorSettings = {
  minAllocatable: [{ cpusMilli: 10 }, { memMib: 32 }],
  filterGpuAgents: true,
  excludedFromShare: [],
};

export type AllocateRequest = {
  /** Which agents to look at: those changed since the last applied run, all, or these. */
  readonly agents: 'touched' | 'all' | readonly string[];
  /** Filters that end at or before this moment are ignored. */
  readonly nowMonoMs: number;
  /** Shuffles the agents, as Mesos does. The same state, request and seed give the same answer. */
  readonly seed: number;
  /**
   * true: what is given counts as held at once, is taken off the demand, and the touched agents are forgotten.
   * false: the allocator is afterwards as before, and the owner says `hold` for what it really offers.
   */
  readonly apply: boolean;
};

/** What becomes one offer. At most one for each client and agent in one run. */
export type Allocation = Holding & {
  /** Which demands of the client it serves (index in its list), and how many units of each. Empty without demand. */
  readonly units: readonly { readonly demand: number; readonly count: number }[];
  readonly unavailability: Unavailability | null;
};

/**
 * What stops a unit on an agent, in the order in which it is looked for. `fits` means that nothing does: it is a matter of
 * whose turn it is in the next run.
 */
export const waitReasons = [
  'fits',
  'client-unknown',
  'client-inactive',
  'client-suppressed',
  'agent-not-active',
  'other-agent-wanted',
  'gpu-agent',
  'constraints',
  'agent-too-small',
  'quota-limit',
  'reserved-for-others',
  'resources-in-use',
  'quota-headroom',
  'ports-in-use',
  'volume-missing',
  'below-min-allocatable',
  'refused-before',
] as const;
export type WaitReason = (typeof waitReasons)[number];

export type AgentVerdict = {
  readonly agentId: string;
  readonly reason: WaitReason;
  /** The resource it is about, with what is wanted and what there is for it; null when it is not about one. */
  readonly shortage: { readonly resource: string; readonly wanted: number; readonly there: number } | null;
  /** When it ends by itself, monotonic: `refused-before`. */
  readonly untilMonoMs: number | null;
};

export type ExplainRequest = ClientKey & {
  /** One unit. Its `count` is not looked at. */
  readonly wanted: Demand;
  /** One agent, or all. */
  readonly agentId: string | null;
  readonly nowMonoMs: number;
};

export type Explanation = {
  readonly verdicts: readonly AgentVerdict[];
  /** How many agents each reason stops. */
  readonly counts: Readonly<Partial<Record<WaitReason, number>>>;
};

export type RoleSums = {
  readonly role: string;
  readonly weight: number;
  /** Clients of this role and of those below that are active and not suppressed. */
  readonly waiting: number;
  /** Held by the role and those below. */
  readonly allocated: Amounts;
  /** Reserved for the role and those below, held or not. */
  readonly reserved: Amounts;
  /** Dominant share 0..1, not divided by the weight, and whose it is. */
  readonly share: number;
  readonly dominant: string | null;
  /** What weights alone would give it among the roles that wait or hold something, 0..1. */
  readonly fairShare: number;
  readonly guarantee: SomeAmounts;
  readonly limit: SomeAmounts;
  /** What counts against the quota: all reservations, and what is held of the unreserved. */
  readonly consumed: Amounts;
  /** What is held back for it: guarantee less consumed. */
  readonly unmet: Amounts;
};

export type ClientSums = ClientKey & {
  readonly allocated: Amounts;
  readonly share: number;
  readonly dominant: string | null;
  readonly fairShare: number;
  /** Allocations ever made to it; the second sort key. */
  readonly allocations: number;
};

export type ClusterSums = {
  readonly total: Amounts;
  readonly allocated: Amounts;
  readonly reserved: Amounts;
  /** Unreserved and free on agents that can be offered. */
  readonly free: Amounts;
  /** Of `free`, what is held back for guarantees. */
  readonly headroom: Amounts;
  readonly roles: readonly RoleSums[];
  readonly clients: readonly ClientSums[];
};

/**
 * Everything the allocator knows, in plain data and in a canonical order: equal snapshots behave equally. From it a second
 * allocator is built, for a preview of other weights or to check the first.
 */
export type AllocatorSnapshot = {
  readonly settings: AllocatorSettings;
  /** In the order in which they came. */
  readonly agents: readonly AgentInput[];
  readonly clients: readonly (ClientInput & { readonly allocations: number })[];
  readonly holdings: readonly Holding[];
  readonly filters: readonly RefusedFilter[];
  readonly weights: Readonly<Record<string, number>>;
  readonly quotas: Readonly<Record<string, Quota>>;
  /** Agents changed since the last applied run. */
  readonly touched: readonly string[];
};

/** All setters check what they are given; a refusal leaves everything as it was. */
export type Allocator = {
  /** A new agent, or all that is known of it anew. What is held of it stays held. Changed attributes end its filters. */
  putAgent(agent: AgentInput): Result<null>;
  /** With everything that is held of it. */
  dropAgent(agentId: string): Result<null>;
  putClient(client: ClientInput): Result<null>;
  /** Refused while it holds something. Its filters go with it. */
  dropClient(client: ClientKey): Result<null>;
  /** Something of an agent is held from now on. More than free is refused, unless `force`: what an agent says runs, runs. */
  hold(holding: Holding, force?: boolean): Result<null>;
  /** Given back, whole or in part. */
  release(holding: Holding): Result<null>;
  addFilter(filter: RefusedFilter): Result<null>;
  /** Ends the filters of the client on that agent. What is not there needs no end. */
  clearFilter(of: ClientKey & { readonly agentId: string }): void;
  /** Ends all filters of the client, as REVIVE does. */
  clearFilters(client: ClientKey): Result<null>;
  /** Forgets filters that ended; their agents count as touched. */
  expireFilters(nowMonoMs: number): number;
  /** When the next filter ends, or null. */
  nextExpiryMonoMs(): number | null;
  /** Of a role, above 0; 1 puts it back to the default. */
  setWeight(role: string, weight: number): Result<null>;
  /** Of a top-level role; null takes it away. Refused when more than the limit is consumed, unless `force`. */
  setQuota(role: string, quota: Quota | null, force?: boolean): Result<null>;
  setSettings(settings: AllocatorSettings): Result<null>;
  /** The agent is looked at in the next run over touched ones. */
  touch(agentId: string): void;
  touchedAgents(): readonly string[];
  allocate(request: AllocateRequest): Result<readonly Allocation[]>;
  explain(request: ExplainRequest): Explanation;
  sums(): ClusterSums;
  snapshot(): AllocatorSnapshot;
};
