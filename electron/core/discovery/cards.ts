// The cards of one search: sightings in, what has changed out. A card keeps its id while any sighting of it stays, so
// that what a person has ticked stays ticked when more is learned of a machine.
import type { FoundMachine } from '../../contract/discovery.ts';
import { cardOf, type VendorOf } from './card.ts';
import { groupSightings } from './groups.ts';
import type { Sighting } from './sighting.ts';

/** Three of each of the largest probe; a network that says more than that is not telling of machines. */
export const maxSightings = 4096;

export type CardsChange = { readonly machines: readonly FoundMachine[]; readonly gone: readonly string[] };

type Shown = { readonly sightings: readonly Sighting[]; readonly card: FoundMachine };

export class Cards {
  readonly #sightings = new Map<string, Sighting>();
  /** Which card a sighting was on. */
  readonly #idOf = new Map<string, string>();
  /** Ids given out in this round. */
  readonly #taken = new Set<string>();
  #shown = new Map<string, Shown>();
  #lastId = 0;
  #isFull = false;
  #isStale = false;
  readonly #vendorOf: VendorOf;
  readonly #isOwn: (address: string) => boolean;

  /** `isOwn`: addresses of this computer, which is no find. */
  constructor(vendorOf: VendorOf, isOwn: (address: string) => boolean) {
    this.#vendorOf = vendorOf;
    this.#isOwn = isOwn;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether it says anything new. */
  add(sighting: Sighting): boolean {
    const key = keyOf(sighting);
    const known = this.#sightings.get(key);
    if (known === undefined && this.#sightings.size >= maxSightings) {
      this.#isFull = true;
      return false;
    }
    this.#sightings.set(key, sighting);
    if (known !== undefined && isSameBut(known, sighting)) return false;
    this.#isStale = true;
    return true;
  }

  /** It said that it goes, or is there no more. */
  remove(sighting: Pick<Sighting, 'source' | 'key'>): void {
    if (this.#sightings.delete(keyOf(sighting))) this.#isStale = true;
    this.#idOf.delete(keyOf(sighting));
  }

  countOf(source: Sighting['source']): number {
    let count = 0;
    for (const each of this.#sightings.values()) if (each.source === source) count += 1;
    return count;
  }

  /** What is different from the last time this was asked. */
  takeChange(): CardsChange {
    if (!this.#isStale) return { machines: [], gone: [] };
    this.#isStale = false;
    this.#taken.clear();
    const groups = groupSightings(this.#sightings.values()).filter(
      ({ sightings }) => !sightings.some((each) => each.address !== null && this.#isOwn(each.address)),
    );
    const ids = new Map(groups.map((group) => [group, this.#claimId(group.sightings)] as const));
    const next = new Map<string, Shown>();
    const machines: FoundMachine[] = [];
    for (const group of groups) {
      const id = ids.get(group) ?? '';
      const sharesKeyWith = group.sharesKeyWith.flatMap((other) => ids.get(other) ?? []).sort();
      const old = this.#shown.get(id);
      const card =
        old !== undefined &&
        hasSame(old.sightings, group.sightings) &&
        hasSame(old.card.sharesKeyWith, sharesKeyWith)
          ? old.card
          : { ...cardOf(group, id, this.#vendorOf), sharesKeyWith };
      next.set(id, { sightings: group.sightings, card });
      if (card !== old?.card && !isSame(old?.card, card)) machines.push(card);
    }
    const gone = [...this.#shown.keys()].filter((id) => !next.has(id));
    this.#shown = next;
    return { machines, gone };
  }

  /** The oldest id of its sightings that no other group has taken in this round. */
  #claimId(sightings: readonly Sighting[]): string {
    const known = sightings.flatMap((each) => this.#idOf.get(keyOf(each)) ?? []);
    const oldest = known.sort((a, b) => numberOf(a) - numberOf(b))[0];
    // A group that came apart: the part that is asked first keeps the id, the others get new ones.
    const isFree = oldest !== undefined && !this.#taken.has(oldest);
    const id = isFree ? oldest : `c-${(this.#lastId += 1)}`;
    this.#taken.add(id);
    for (const each of sightings) this.#idOf.set(keyOf(each), id);
    return id;
  }
}

function keyOf({ source, key }: Pick<Sighting, 'source' | 'key'>): string {
  return `${source} ${key}`;
}

function numberOf(id: string): number {
  return Number(id.slice(2));
}

/** The same things in the same order: what has not changed is the same object. */
function hasSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

/** When it was seen is no news. */
function isSameBut(a: Sighting, b: Sighting): boolean {
  return JSON.stringify({ ...a, atMs: 0 }) === JSON.stringify({ ...b, atMs: 0 });
}

function isSame(a: FoundMachine | undefined, b: FoundMachine): boolean {
  return a !== undefined && JSON.stringify({ ...a, seenAtMs: 0 }) === JSON.stringify({ ...b, seenAtMs: 0 });
}
