// What the index is made of: all the allocator knows, in dense numbers and typed arrays, kept by small setters. Agents have a
// number, roles and clients are the nodes of one tree. Sums are exact, because all amounts are integers.
// In this folder an element of an array is read with `!`: the numbers are made here and are never out of bounds.
import type { CompiledConstraints } from './constraints.ts';
import type { Ranges } from './ranges.ts';
import type { Room } from './room.ts';
import type { Scalars } from './scalars.ts';
import type { AgentInput, AgentReservation, AllocatorSettings, ClientInput, Demand, Quota } from './types.ts';

/** A reservation on its agent. */
export type Slot = {
  readonly input: AgentReservation;
  /** Node of its role: its clients and those below may use it. */
  readonly role: number;
  readonly amounts: Float64Array;
  /** Below zero when more is held than there is (an agent that shrank). */
  readonly free: Float64Array;
};

export type Sets = Readonly<Record<string, readonly string[]>>;

/** What one client holds of one agent. */
export type Held = {
  readonly unreserved: Float64Array;
  readonly reserved: Map<string, Float64Array>;
  ports: Ranges;
  sets: Sets;
};

export type AgentRow = {
  readonly number: number;
  input: AgentInput;
  /** Goes up when hostname, domain or attributes change. */
  version: number;
  slots: readonly Slot[];
  /** By node of the client. */
  readonly held: Map<number, Held>;
  freePorts: Ranges;
  freeSets: Sets;
};

export type AgentTable = {
  size: number;
  readonly unused: number[];
  readonly numbers: Map<string, number>;
  /** By number. */
  readonly rows: (AgentRow | undefined)[];
  /** Vectors: all, all that is not reserved, and of that what nobody holds (below zero when too much is held). */
  total: Float64Array;
  unreserved: Float64Array;
  free: Float64Array;
  /** 1: its mode is `active`. */
  isOpen: Uint8Array;
  isTouched: Uint8Array;
  /** Sums over all agents. */
  readonly sumTotal: Float64Array;
  /** Sum of what is free on open agents, not counting what is below zero. */
  readonly pool: Float64Array;
};

export type DemandRow = {
  readonly input: Demand;
  readonly place: number;
  readonly want: Float64Array;
  left: number;
  readonly constraints: CompiledConstraints | null;
  /** Asks for scalars only. */
  readonly isPlain: boolean;
};

export type Client = {
  readonly node: number;
  input: ClientInput;
  /** Nodes from itself up to its top-level role. */
  readonly chain: readonly number[];
  readonly role: number;
  readonly top: number;
  constraints: CompiledConstraints | null;
  /** null: it has not said. Those that want a certain agent are kept by it. */
  demands: readonly DemandRow[] | null;
  open: readonly DemandRow[];
  pinned: ReadonlyMap<string, readonly DemandRow[]> | null;
  /** Units over all demands. */
  left: number;
  /** Of each scalar the least that any open demand wants: what does not even have that is not looked at further. */
  least: Float64Array;
  unit: Float64Array | null;
  minSets: readonly Float64Array[] | null;
};

export type Tree = {
  readonly width: number;
  size: number;
  readonly unused: number[];
  parent: Int32Array;
  /** Top-level role above the node. */
  top: Int32Array;
  /** Waiting clients at or below. */
  waiting: Int32Array;
  weight: Float64Array;
  /** Dominant share divided by weight; valid when the parent is not dirty. */
  share: Float64Array;
  /** Of a client the highest priority that waits; 0 of roles, so a priority says nothing to other roles. */
  rank: Float64Array;
  /** Some client has, or had, a rank that is not 0. */
  isRanked: boolean;
  /** Allocations ever made at or below. */
  count: Float64Array;
  /** Vectors: what is held at or below, of that what is reserved, and what is reserved for the role and those below. */
  held: Float64Array;
  heldReserved: Float64Array;
  reserved: Float64Array;
  /** Reservations that name this very role. */
  readonly reservations: number[];
  /** 1: shares and order of the children have to be made again. */
  isDirty: Uint8Array;
  readonly names: string[];
  /** Full path of a role, empty for others. */
  readonly paths: string[];
  readonly children: (Set<number> | undefined)[];
  /** Children with waiting clients, lowest share first. */
  readonly order: (Int32Array | undefined)[];
  readonly orderLength: number[];
  readonly clients: (Client | undefined)[];
  readonly roles: Map<string, number>;
  readonly clientNodes: Map<string, number>;
  /** Weights of roles, also of those that are not there yet. */
  readonly weights: Map<string, number>;
};

export type Filters = {
  readonly width: number;
  size: number;
  count: number;
  readonly unused: number[];
  agent: Int32Array;
  client: Int32Array;
  until: Float64Array;
  /** Two vectors each: unreserved, reserved. */
  refused: Float64Array;
  /** Next and previous in the list of the agent, then in that of the client. */
  links: Int32Array;
  /** First filter by agent and by client's node. */
  byAgent: Int32Array;
  byClient: Int32Array;
};

/** What quotas hold back. `limit` and `guarantee` are vectors by top-level node. */
export type QuotaTable = {
  readonly inputs: Map<number, Quota>;
  readonly limit: Map<number, Float64Array>;
  readonly guarantee: Map<number, Float64Array>;
  /** Guarantee less consumed, not below zero; and the sum over all roles. */
  readonly unmet: Map<number, Float64Array>;
  readonly required: Float64Array;
};

export type Index = {
  readonly scalars: Scalars;
  readonly width: number;
  settings: AllocatorSettings;
  minSets: readonly Float64Array[];
  /** 1: counts in shares. */
  readonly isCounted: Uint8Array;
  /** What shares are measured against: the arrays of this index. */
  readonly measure: { readonly sumTotal: Float64Array; readonly isCounted: Uint8Array };
  readonly agents: AgentTable;
  readonly tree: Tree;
  readonly quotas: QuotaTable;
  readonly filters: Filters;
  /** Of the last run, for the next. */
  room: Room | null;
  /** The last version of any agent's facts that was given out. */
  version: number;
};
