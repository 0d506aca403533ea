// What the search of this window has found. It is no table of the master: strangers said it, and it ends with the search.
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type {
  AttachedNetwork,
  FindChange,
  FoundMachine,
  SourceState,
} from '../../electron/contract/discovery.ts';
import type { Refusal } from '../../electron/contract/errors.ts';

export type Finding = {
  /** 0 = there was none yet. */
  readonly searchId: number;
  readonly phase: 'closed' | 'opening' | 'open' | 'refused';
  readonly refusal: Refusal | null;
  readonly machines: ReadonlyMap<string, FoundMachine>;
  readonly sources: readonly SourceState[];
  readonly networks: readonly AttachedNetwork[];
  readonly isFull: boolean;
};

const nothing: Finding = {
  searchId: 0,
  phase: 'closed',
  refusal: null,
  machines: new Map(),
  sources: [],
  networks: [],
  isFull: false,
};

export const findingStore = createStore<Finding>()(() => nothing);

export function useFinding<T>(select: (finding: Finding) => T): T {
  return useStore(findingStore, select);
}

/** A change of a newer search begins anew, for it may come before the answer that names it; one of an older is late. */
export function applyChange(old: Finding, change: FindChange): Finding {
  if (change.searchId < old.searchId) return old;
  const isNew = change.searchId > old.searchId;
  const machines = new Map(isNew ? [] : old.machines);
  for (const id of change.gone) machines.delete(id);
  for (const machine of change.machines) machines.set(machine.id, machine);
  const { searchId, sources, isFull } = change;
  return { ...old, searchId, sources, isFull, machines };
}
