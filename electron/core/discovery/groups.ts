// Which sightings are of one machine. Nothing here trusts a claim over a fact: what a sighting was heard from (address,
// hardware address) joins always; what it only says (further addresses, names, host keys) joins unless that would put
// two hardware addresses that were really seen into one machine. The answer does not depend on the order of the sightings.
import { isSharedByDesign } from './mac.ts';
import type { Sighting } from './sighting.ts';

/** A hardware address that answers for more than this many IPv4 addresses is a router that answers for others (proxy ARP). */
const maxAddressesOfOneMac = 4;

export type Group = {
  readonly sightings: readonly Sighting[];
  /** Other groups with one of the host keys of this one. */
  readonly sharesKeyWith: readonly Group[];
};

export function groupSightings(all: Iterable<Sighting>): readonly Group[] {
  const sightings = [...all].sort(bySourceAndKey);
  const sets = new Sets(sightings.length);
  const sharedMacs = findSharedMacs(sightings);
  const seenMacs = sightings.map((each) => seenMacOf(each, sharedMacs));
  joinFacts(sightings, sets, seenMacs);
  joinClaims(sightings, sets, seenMacs);
  joinByLabel(sightings, sets, seenMacs);
  return collect(sightings, sets);
}

function bySourceAndKey(a: Sighting, b: Sighting): number {
  return compare(a.source, b.source) || compare(a.key, b.key);
}

/** By code unit: the order must not depend on the language of the computer. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function findSharedMacs(sightings: readonly Sighting[]): ReadonlySet<string> {
  const addresses = new Map<string, Set<string>>();
  for (const { source, mac, address } of sightings) {
    if (source !== 'neighbours' || mac === null || address === null || address.includes(':')) continue;
    addresses.set(mac, (addresses.get(mac) ?? new Set()).add(address));
  }
  const shared = [...addresses].filter(([, known]) => known.size > maxAddressesOfOneMac);
  return new Set(shared.map(([mac]) => mac));
}

/** Only the neighbour table has seen one; elsewhere it is said. */
function seenMacOf({ source, mac }: Sighting, shared: ReadonlySet<string>): string | null {
  if (source !== 'neighbours' || mac === null) return null;
  return shared.has(mac) || isSharedByDesign(mac) ? null : mac;
}

function joinFacts(sightings: readonly Sighting[], sets: Sets, seenMacs: readonly (string | null)[]): void {
  const first = new Map<string, number>();
  for (const [at, { address }] of sightings.entries()) {
    for (const key of [`ip ${address ?? ''}`, `mac ${seenMacs[at] ?? ''}`]) {
      if (key.endsWith(' ')) continue;
      const other = first.get(key);
      if (other === undefined) first.set(key, at);
      else sets.join(other, at);
    }
  }
}

/**
 * The number is the order in which they join. A name outlives an address, which is given to others; a host key comes last,
 * when it is known which machines are there, since copies of one disk have the same.
 */
function claimsOf(each: Sighting, seenMac: string | null): string[] {
  const addresses = each.address === null ? each.claims : [each.address, ...each.claims];
  // One that is nobody's own is no reason either.
  const mac = each.source === 'neighbours' ? seenMac : each.mac;
  return [
    ...each.names.map((name) => `1 ${name}`),
    ...addresses.map((address) => `2 ${address}`),
    ...(mac === null ? [] : [`3 ${mac}`]),
    ...each.hostKeys.filter(({ mark }) => mark === 'key').map(({ fingerprint }) => `4 ${fingerprint}`),
  ];
}

/** In an order of their own, so that which claim comes first is not chance. */
function joinClaims(sightings: readonly Sighting[], sets: Sets, seenMacs: readonly (string | null)[]): void {
  const placed = new Set<number>();
  const holders = new Map<string, number[]>();
  for (const [at, each] of sightings.entries()) {
    const seenMac = seenMacs[at] ?? null;
    if (seenMac !== null) placed.add(sets.rootOf(at));
    for (const key of claimsOf(each, seenMac)) {
      const known = holders.get(key);
      if (known === undefined) holders.set(key, [at]);
      else known.push(at);
    }
  }
  for (const key of [...holders.keys()].sort(compare)) {
    const roots = [...new Set((holders.get(key) ?? []).map((at) => sets.rootOf(at)))];
    const [first] = roots;
    const seen = roots.filter((root) => placed.has(root)).length;
    if (first === undefined || roots.length < 2 || seen > 1) continue;
    for (const root of roots) sets.join(first, root);
    if (seen === 1) placed.add(sets.rootOf(first));
  }
}

/** What is known by a name only (`nas` in known_hosts) belongs to the one machine whose name begins so (`nas.local`). */
function joinByLabel(sightings: readonly Sighting[], sets: Sets, seenMacs: readonly (string | null)[]): void {
  const isPlaced = (each: Sighting, at: number) =>
    each.address !== null || each.claims.length > 0 || seenMacs[at] !== null;
  const places = new Set(sightings.flatMap((each, at) => (isPlaced(each, at) ? [sets.rootOf(at)] : [])));
  const byLabel = new Map<string, Set<number>>();
  for (const [at, { names }] of sightings.entries()) {
    const root = sets.rootOf(at);
    if (!places.has(root)) continue;
    for (const label of names.map(firstLabel))
      byLabel.set(label, (byLabel.get(label) ?? new Set()).add(root));
  }
  const candidates = new Map<number, Set<number>>();
  for (const [at, { names }] of sightings.entries()) {
    const own = sets.rootOf(at);
    if (places.has(own)) continue;
    // A full name is its own: `nas.lab` is not `nas.local`.
    const found = names
      .filter((name) => !name.includes('.'))
      .flatMap((name) => [...(byLabel.get(name) ?? [])]);
    candidates.set(own, new Set([...(candidates.get(own) ?? []), ...found]));
  }
  for (const [own, found] of candidates) {
    const [only] = found;
    if (found.size === 1 && only !== undefined) sets.join(own, only);
  }
}

export function firstLabel(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

function collect(sightings: readonly Sighting[], sets: Sets): Group[] {
  const members = new Map<number, Sighting[]>();
  for (const [at, each] of sightings.entries()) {
    const root = sets.rootOf(at);
    const known = members.get(root);
    if (known === undefined) members.set(root, [each]);
    else known.push(each);
  }
  const groups = [...members.values()].map((own) => ({ sightings: own, sharesKeyWith: [] as Group[] }));
  const byKey = new Map<string, Set<(typeof groups)[number]>>();
  for (const group of groups) {
    for (const each of group.sightings) {
      for (const { fingerprint, mark } of each.hostKeys) {
        if (mark === 'key') byKey.set(fingerprint, (byKey.get(fingerprint) ?? new Set()).add(group));
      }
    }
  }
  for (const same of byKey.values()) {
    for (const group of same) {
      for (const other of same) {
        if (other !== group && !group.sharesKeyWith.includes(other)) group.sharesKeyWith.push(other);
      }
    }
  }
  return groups;
}

/** Disjoint sets of indices (Galler and Fischer 1964), with path halving. The smallest member is the root. */
class Sets {
  readonly #parents: number[];

  constructor(count: number) {
    this.#parents = Array.from({ length: count }, (_, at) => at);
  }

  rootOf(at: number): number {
    let current = at;
    for (;;) {
      const parent = this.#parents[current] ?? current;
      if (parent === current) return current;
      const grandparent = this.#parents[parent] ?? parent;
      this.#parents[current] = grandparent;
      current = grandparent;
    }
  }

  join(one: number, other: number): void {
    const a = this.rootOf(one);
    const b = this.rootOf(other);
    if (a !== b) this.#parents[Math.max(a, b)] = Math.min(a, b);
  }
}
