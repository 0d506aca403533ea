// A card: all that the sightings of one machine say, in one record, bounded, the best of each first.
import type { Clue, FindSource, FoundMachine, FoundPort, KnownHostKey } from '../../contract/discovery.ts';
import { findSources } from '../../contract/discovery.ts';
import { plainLine } from '../../contract/plain-text.ts';
import { compare, firstLabel, type Group } from './groups.ts';
import { guessOf } from './guess.ts';
import { isLocalMac, makerOfLocal } from './mac.ts';
import { cardLimits, type Sighting } from './sighting.ts';

/** The maker of a network card by its hardware address; null = not known. */
export type VendorOf = (mac: string) => string | null;

export function cardOf(group: Group, id: string, vendorOf: VendorOf): Omit<FoundMachine, 'sharesKeyWith'> {
  const all = group.sightings;
  const macs = macsOf(all);
  const names = unique(all.flatMap((each) => each.names)).sort(byNameRank);
  const addresses = addressesOf(all);
  const vendor = vendorOfAny(macs, vendorOf);
  const model = firstOf(all, (each) => each.model);
  const ports = portsOf(all);
  const logins = unique(all.flatMap((each) => (each.login === null ? [] : [each.login])));
  const title =
    firstOf(all, (each) => each.login?.alias ?? null) ?? labelOf(all, names) ?? addresses[0] ?? '?';
  return {
    id,
    title,
    names: names.slice(0, cardLimits.names),
    addresses: addresses.slice(0, cardLimits.addresses),
    macs: macs.slice(0, cardLimits.macs),
    vendor,
    model,
    ports,
    hostKeys: hostKeysOf(all),
    logins: logins.slice(0, cardLimits.logins),
    seenBy: findSources.filter((source) => all.some((each) => each.source === source)),
    seenAtMs: Math.max(...all.map((each) => each.atMs)),
    guess: guessOf(cluesOf({ all, names, vendor, model, ports })),
  };
}

function vendorOfAny(macs: readonly string[], vendorOf: VendorOf): string | null {
  const found = macs.map((mac) => (isLocalMac(mac) ? makerOfLocal(mac) : vendorOf(mac)));
  const vendor = found.find((each) => each !== null);
  return vendor === undefined || vendor === null ? null : plainLine(vendor, cardLimits.textChars);
}

function unique<T>(items: readonly T[]): T[] {
  const seen = new Map(items.map((item) => [JSON.stringify(item), item] as const));
  return [...seen.values()];
}

function firstOf(all: readonly Sighting[], pick: (each: Sighting) => string | null): string | null {
  const found = all.map(pick).filter((each) => each !== null);
  return found.sort(compare)[0] ?? null;
}

/** The name without its network, as people say it; a label that a machine gives itself may be a sentence. */
function labelOf(all: readonly Sighting[], names: readonly string[]): string | null {
  const [best] = names;
  return best === undefined ? firstOf(all, (each) => each.label) : firstLabel(best);
}

/** Names of this network first, then short ones. */
function byNameRank(a: string, b: string): number {
  const rank = (name: string) => (name.endsWith('.local') ? 0 : name.includes('.') ? 2 : 1);
  return rank(a) - rank(b) || a.length - b.length || compare(a, b);
}

const sourceRank: Readonly<Record<FindSource, number>> = {
  probe: 0,
  neighbours: 1,
  mdns: 2,
  names: 3,
  'ssh-config': 4,
  'known-hosts': 5,
};

/** Seen before said; IPv4 before IPv6, and what works on one cable only at the end. */
function addressesOf(all: readonly Sighting[]): string[] {
  const ranks = new Map<string, number>();
  const note = (address: string, rank: number) => {
    const kind = !address.includes(':') ? 0 : address.startsWith('fe80:') ? 200 : 100;
    ranks.set(address, Math.min(ranks.get(address) ?? Number.MAX_SAFE_INTEGER, rank + kind));
  };
  for (const each of all) {
    if (each.address !== null) note(each.address, sourceRank[each.source]);
    for (const claim of each.claims) note(claim, 10 + sourceRank[each.source]);
  }
  return [...ranks].sort(([a, i], [b, j]) => i - j || compare(a, b)).map(([address]) => address);
}

function macsOf(all: readonly Sighting[]): string[] {
  const rank = (each: Sighting) => (each.source === 'neighbours' ? 0 : 1);
  const seen = [...all].sort((a, b) => rank(a) - rank(b) || compare(a.mac ?? '', b.mac ?? ''));
  return unique(seen.flatMap((each) => (each.mac === null ? [] : [each.mac])));
}

/** What a probe saw outweighs what anybody says. */
function portsOf(all: readonly Sighting[]): FoundPort[] {
  const weight = { open: 2, closed: 1, said: 0 } as const;
  const best = new Map<number, FoundPort>();
  for (const found of all.flatMap((each) => each.ports)) {
    const known = best.get(found.port);
    const isBetter =
      known === undefined ||
      weight[found.state] > weight[known.state] ||
      (found.state === known.state && compare(known.banner ?? '', found.banner ?? '') < 0);
    if (isBetter) best.set(found.port, found);
  }
  return [...best.values()]
    .sort((a, b) => weight[b.state] - weight[a.state] || a.port - b.port)
    .slice(0, cardLimits.ports);
}

/** Revoked ones first: they must not fall off the end. */
function hostKeysOf(all: readonly Sighting[]): KnownHostKey[] {
  const rank = { revoked: 0, authority: 1, key: 2 } as const;
  return unique(all.flatMap((each) => each.hostKeys))
    .sort((a, b) => rank[a.mark] - rank[b.mark] || compare(a.fingerprint, b.fingerprint) || a.port - b.port)
    .slice(0, cardLimits.hostKeys);
}

type Told = {
  readonly all: readonly Sighting[];
  readonly names: readonly string[];
  readonly vendor: string | null;
  readonly model: string | null;
  readonly ports: readonly FoundPort[];
};

function cluesOf({ all, names, vendor, model, ports }: Told): Clue[] {
  const clue = (kind: Clue['kind'], text: string | null): Clue[] => (text === null ? [] : [{ kind, text }]);
  const services = unique(all.flatMap((each) => each.services)).sort(compare);
  return [
    ...clue('vendor', vendor),
    ...ports.flatMap(({ banner }) => clue('banner', banner)),
    ...clue('model', model),
    ...names.flatMap((name) => clue('name', name)),
    ...services.flatMap((service) => clue('service', service)),
  ];
}
