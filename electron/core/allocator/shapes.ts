// What the index is made of: all the allocator knows, in dense numbers and typed arrays, kept by small setters. Agents have a
// number, roles and clients are the nodes of one tree. Sums are exact, because all amounts are integers.
// In this folder an element of an array is read with `!`: the numbers are made here and are never out of bounds.
import type { CompiledConstraints } from './constraints.ts';
import type { Ranges } from './ranges.ts';
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

/** What a run or a question notes on its way; see room.ts. */
export type Room = {
  /** All that has to be zero at the beginning of a run, in one piece: the marks and `lastDraft`. */
  readonly cleared: Int32Array;
  /** By client's node: its first live filter on the agent in the scene, valid when the mark is of this look; and by filter the next. */
  readonly filterMark: Int32Array;
  readonly filterHead: Int32Array;
  readonly filterNext: Int32Array;
  /** By client's node: the place of its draft on the agent in the scene, valid with the mark. */
  readonly draftMark: Int32Array;
  readonly draftAt: Int32Array;
  /** By client's node: the first demand that was not found stopped on the agent in the scene, valid with the mark. */
  readonly demandMark: Int32Array;
  readonly demandAt: Int32Array;
  /** By client's node: it had its piece in this look. */
  readonly servedMark: Int32Array;
  /** By node: children before the cursor are known to get nothing of the agent in the scene; valid with the mark. */
  readonly cursorMark: Int32Array;
  readonly cursor: Int32Array;
  /** By agent's number: its last draft, as its place in `drafts` plus one. */
  readonly lastDraft: Int32Array;
  /** By agent's number: something may still be given there. */
  readonly isLeftAt: Uint8Array;
  /** Vectors: free of what is reserved for the client, what a unit takes of that, and what it needs besides. */
  readonly reservedFree: Float64Array;
  readonly reservedUse: Float64Array;
  readonly need: Float64Array;
  /** Vectors of the piece. */
  readonly usable: Float64Array;
  readonly reservedPart: Float64Array;
  readonly sum: Float64Array;
  /** Unreserved amounts of all drafts, each written when its draft is made. */
  given: Float64Array;
  /** Sums as they were before the first draft. */
  readonly copies: Float64Array[];
  /** Of each scalar the least that any client with demand wants. */
  readonly leastNeed: Float64Array;
  /** Nothing is reserved: a vector of zeros. */
  readonly zeros: Float64Array;
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
