// Which tasks end so that one unit of work fits. Pure: who may end, and whether it fits then, is the caller's to say. The rule:
//   1. Nobody more important ends when the less important are enough.
//   2. Of those, as few as can be.
//   3. Of sets of one size the first in the order of `compareVictims`, compared one after the other: less important, younger.
// Sets are tried in that order, smallest first, until one is enough. Where that are too many, one is taken of which none could stay.

/** A task, or a group of tasks that end together. */
export type Victim = {
  /** Of the most important of the group; lower ones end first. */
  readonly level: number;
  /** The youngest ends first: the least work is lost. */
  readonly sinceMs: number;
  readonly id: string;
};

export type Asking<V extends Victim> = {
  /** It fits when these have ended; then with more of them as well. */
  readonly fitsWithout: (victims: readonly V[]) => boolean;
  /** All of these may end, together; then some of them as well. */
  readonly mayEnd: (victims: readonly V[]) => boolean;
  /** What is missing at least, thing by thing, and what each would give of it: sets that give less are passed over unasked. */
  readonly missing: readonly number[];
  readonly gives: (victim: V) => readonly number[];
};

/** Questions to the allocator for one unit on one machine, each about 0.1 ms. */
const mostTries = 500;

export function compareVictims(a: Victim, b: Victim): number {
  return a.level - b.level || b.sinceMs - a.sinceMs || (a.id < b.id ? -1 : 1);
}

/** null: it would not fit whoever of them ended. Empty: it fits as it is. */
export function chooseVictims<V extends Victim>(pool: readonly V[], asking: Asking<V>): readonly V[] | null {
  const { fitsWithout, mayEnd } = asking;
  if (fitsWithout([])) return [];
  const ordered = pool.filter((victim) => mayEnd([victim])).toSorted(compareVictims);
  if (ordered.length === 0 || !fitsWithout(ordered)) return null;
  for (const level of new Set(ordered.map((victim) => victim.level))) {
    const some = ordered.filter((victim) => victim.level <= level);
    if (!fitsWithout(some)) continue;
    const chosen = new SmallestSet(some, asking).find();
    if (chosen) return chosen;
  }
  return null;
}

class SmallestSet<V extends Victim> {
  readonly #list: readonly V[];
  readonly #asking: Asking<V>;
  /** The most that one gives of each thing, of those from here on. */
  readonly #most: readonly (readonly number[])[];
  #tries = mostTries;
  /** Of the present size: one was enough, or might have been but gives too little. */
  #hasMore = false;

  constructor(list: readonly V[], asking: Asking<V>) {
    this.#list = list;
    this.#asking = asking;
    const most: (readonly number[])[] = [];
    let last: readonly number[] = asking.missing.map(() => 0);
    for (const victim of list.toReversed()) {
      const given = asking.gives(victim);
      last = last.map((amount, thing) => Math.max(amount, given[thing] ?? 0));
      most.push(last);
    }
    this.#most = most.toReversed();
  }

  find(): readonly V[] | null {
    for (let size = 1; size <= this.#list.length; size += 1) {
      this.#hasMore = false;
      const found = this.#findOf(size, [], 0);
      if (found) return found;
      if (this.#tries <= 0) return this.#pruned(this.#list) ?? this.#pruned(this.#generous());
      // No set of this size may end, so no larger one may.
      if (!this.#hasMore) return null;
    }
    return null;
  }

  #findOf(left: number, chosen: readonly V[], from: number): readonly V[] | null {
    if (left === 0) {
      this.#hasMore = true;
      this.#tries -= 1;
      return this.#asking.fitsWithout(chosen) ? chosen : null;
    }
    const open = this.#missingAfter(chosen);
    for (let at = from; at <= this.#list.length - left && this.#tries > 0; at += 1) {
      const most = this.#most[at] ?? [];
      if (open.some((amount, thing) => left * (most[thing] ?? 0) < amount)) {
        this.#hasMore = true;
        return null;
      }
      const next = [...chosen, ...this.#list.slice(at, at + 1)];
      if (!this.#mayEnd(next)) continue;
      const found = this.#findOf(left - 1, next, at + 1);
      if (found) return found;
    }
    return null;
  }

  #missingAfter(chosen: readonly V[]): readonly number[] {
    const given = chosen.map((victim) => this.#asking.gives(victim));
    return this.#asking.missing.map((amount, thing) =>
      given.reduce((left, each) => left - (each[thing] ?? 0), amount),
    );
  }

  #mayEnd(victims: readonly V[]): boolean {
    if (victims.length === 1) return true;
    this.#tries -= 1;
    return this.#asking.mayEnd(victims);
  }

  /** Who gives the largest part of what is missing first. */
  #generous(): readonly V[] {
    const { missing, gives } = this.#asking;
    const partOf = (victim: V): number =>
      gives(victim).reduce((sum, amount, thing) => sum + amount / Math.max(1, missing[thing] ?? 1), 0);
    return this.#list.toSorted((a, b) => partOf(b) - partOf(a) || compareVictims(a, b));
  }

  /** One after the other until it fits; then whoever could have stayed stays, the most important first. */
  #pruned(list: readonly V[]): readonly V[] | null {
    const { fitsWithout, mayEnd } = this.#asking;
    let chosen: readonly V[] = [];
    for (const victim of list) {
      if (!mayEnd([...chosen, victim])) continue;
      chosen = [...chosen, victim];
      if (fitsWithout(chosen)) break;
    }
    if (!fitsWithout(chosen)) return null;
    for (const victim of chosen.toSorted(compareVictims).toReversed()) {
      const others = chosen.filter((each) => each !== victim);
      if (fitsWithout(others)) chosen = others;
    }
    return chosen.toSorted(compareVictims);
  }
}

/** Whether it is better to make room by `a`: less important, fewer, younger. */
export function isBetter(a: readonly Victim[], b: readonly Victim[]): boolean {
  const most = (victims: readonly Victim[]): number => Math.max(...victims.map(({ level }) => level));
  const youngest = (victims: readonly Victim[]): number => Math.min(...victims.map(({ sinceMs }) => sinceMs));
  const order = most(a) - most(b) || a.length - b.length || youngest(b) - youngest(a);
  return order < 0;
}
