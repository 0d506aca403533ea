// An empty index, and what belongs to it as a whole.
import { newFilters } from './filters.ts';
import { type Scalars, vectorOf } from './scalars.ts';
import type { AgentRow, Index, Sets } from './shapes.ts';
import { newTree } from './tree.ts';
import type { AllocatorSettings, SomeAmounts } from './types.ts';

export const noSets: Sets = {};

export function newIndex(scalars: Scalars, settings: AllocatorSettings): Index {
  const width = scalars.names.length;
  const isCounted = new Uint8Array(width);
  const sumTotal = new Float64Array(width);
  const index: Index = {
    scalars,
    width,
    settings,
    minSets: [],
    isCounted,
    measure: { sumTotal, isCounted },
    agents: {
      size: 0,
      unused: [],
      numbers: new Map(),
      rows: [],
      total: new Float64Array(0),
      unreserved: new Float64Array(0),
      free: new Float64Array(0),
      isOpen: new Uint8Array(0),
      isTouched: new Uint8Array(0),
      sumTotal,
      pool: new Float64Array(width),
    },
    tree: newTree(width),
    quotas: {
      inputs: new Map(),
      limit: new Map(),
      guarantee: new Map(),
      unmet: new Map(),
      required: new Float64Array(width),
    },
    filters: newFilters(width),
    room: null,
    version: 0,
  };
  useSettings(index, settings);
  return index;
}

export function useSettings(index: Index, settings: AllocatorSettings): void {
  index.settings = settings;
  index.minSets = minSetsOf(index.scalars, settings.minAllocatable);
  index.scalars.names.forEach((name, r) => {
    index.isCounted[r] = settings.excludedFromShare.includes(name) ? 0 : 1;
  });
}

/** Sets of least amounts; what a set does not name may be nothing. */
export function minSetsOf(scalars: Scalars, sets: readonly SomeAmounts[]): readonly Float64Array[] {
  return sets.map((set) => vectorOf(scalars, set));
}

export function rowOf(index: Index, agentId: string): AgentRow | undefined {
  const number = index.agents.numbers.get(agentId);
  return number === undefined ? undefined : index.agents.rows[number];
}

export function touchAll(index: Index): void {
  index.agents.isTouched.fill(1, 0, index.agents.size);
}
