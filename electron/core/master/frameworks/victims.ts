// Which tasks end so that one unit of work fits: as few as can be and the least important, never one that could stay. Pure: who
// may end and whether it fits then is the caller's to say. Fitting is monotone, so what does not fit without all fits without none.

/** A task, or a group of tasks that end together. */
export type Victim = {
  /** Of the most important of the group; lower ones end first. */
  readonly level: number;
  /** The youngest ends first: the least work is lost. */
  readonly sinceMs: number;
  readonly id: string;
};

/** Up to this many all pairs are tried; of more a set that cannot be made smaller is found. */
const mostForPairs = 48;

export function compareVictims(a: Victim, b: Victim): number {
  return a.level - b.level || b.sinceMs - a.sinceMs || (a.id < b.id ? -1 : 1);
}

/** null: it would not fit though all of them ended. Empty: it fits as it is. */
export function chooseVictims<V extends Victim>(
  pool: readonly V[],
  fitsWithout: (victims: readonly V[]) => boolean,
): readonly V[] | null {
  if (fitsWithout([])) return [];
  const ordered = pool.toSorted(compareVictims);
  if (ordered.length === 0 || !fitsWithout(ordered)) return null;
  const enough = upToLevel(ordered, fitsWithout);
  const one = enough.find((victim) => fitsWithout([victim]));
  if (one) return [one];
  return findPair(enough, fitsWithout) ?? pruned(enough, fitsWithout);
}

/** Nobody more important ends when the less important are enough. */
function upToLevel<V extends Victim>(ordered: readonly V[], fitsWithout: (victims: readonly V[]) => boolean) {
  for (const level of new Set(ordered.map((victim) => victim.level))) {
    const some = ordered.filter((victim) => victim.level <= level);
    if (fitsWithout(some)) return some;
  }
  return ordered;
}

function findPair<V extends Victim>(list: readonly V[], fitsWithout: (victims: readonly V[]) => boolean) {
  if (list.length > mostForPairs) return null;
  for (const [at, first] of list.entries()) {
    for (const second of list.slice(at + 1)) if (fitsWithout([first, second])) return [first, second];
  }
  return null;
}

/** One after the other until it fits; then whoever could have stayed stays, the most important first. */
function pruned<V extends Victim>(list: readonly V[], fitsWithout: (victims: readonly V[]) => boolean) {
  let chosen: readonly V[] = [];
  for (const victim of list) {
    chosen = [...chosen, victim];
    if (fitsWithout(chosen)) break;
  }
  for (const victim of chosen.toReversed()) {
    const others = chosen.filter((each) => each !== victim);
    if (fitsWithout(others)) chosen = others;
  }
  return chosen;
}

/** Whether it is better to make room by `a`: less important, fewer, younger. */
export function isBetter(a: readonly Victim[], b: readonly Victim[]): boolean {
  const most = (victims: readonly Victim[]): number => Math.max(...victims.map(({ level }) => level));
  const youngest = (victims: readonly Victim[]): number => Math.min(...victims.map(({ sinceMs }) => sinceMs));
  const order = most(a) - most(b) || a.length - b.length || youngest(b) - youngest(a);
  return order < 0;
}
