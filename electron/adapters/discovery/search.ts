// One search: runs the sources, hands to each what another has found, keeps the cards, and says a few times a second what
// has changed. It holds nothing when it is closed: sockets, timers and running programs end with it.
import { networkInterfaces } from 'node:os';
import {
  type AttachedNetwork,
  type FindChange,
  type FindSource,
  findSources,
  type ProbeRequest,
  type SourceState,
} from '../../contract/discovery.ts';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { VendorOf } from '../../core/discovery/card.ts';
import { Cards } from '../../core/discovery/cards.ts';
import { type Sighting, sighting } from '../../core/discovery/sighting.ts';
import { KnownHostsSource, knownKeyOf } from './known-hosts-source.ts';
import { MdnsSource } from './mdns.ts';
import { NamesSource } from './names.ts';
import { neighbourSource } from './neighbours.ts';
import {
  addressesOf,
  attachedNetworks,
  cardsAt,
  type Interfaces,
  isAttached,
  multicastPlaces,
  ownAddresses,
} from './networks.ts';
import { probeSource } from './probe.ts';
import { leadsTo, type Route, systemRoutes } from './routes.ts';
import type { Seen, Sink, Source } from './source.ts';
import { sshConfigSource } from './ssh-config-source.ts';
import { loadVendors } from './vendors.ts';

/** The window has no use for more. */
const tellEveryMs = 250;
/** How old cards and routes may be that are looked at again and again. */
const knownForMs = 1000;

export type Change = Omit<FindChange, 'searchId'>;

/** What a search needs of the world; tests hand in another one. */
export type World = {
  readonly interfaces: () => Interfaces;
  /** null = they cannot be read here, and the cards must do. */
  readonly routes: () => Promise<readonly Route[] | null>;
  readonly nowMs: () => number;
  readonly vendorOf: VendorOf;
  readonly mdns: MdnsSource;
  readonly names: NamesSource;
  readonly knownHosts: KnownHostsSource;
  readonly neighbours: Source;
  readonly sshConfig: Source;
  readonly probe: typeof probeSource;
  readonly tellEveryMs?: number;
};

function systemWorld(vendorOf: VendorOf): World {
  const interfaces = rememberedFor(knownForMs, networkInterfaces);
  const isNear = (address: string) => isAttached(address, interfaces());
  return {
    interfaces,
    routes: rememberedFor(knownForMs, systemRoutes),
    nowMs: () => Date.now(),
    vendorOf,
    mdns: new MdnsSource({ places: () => multicastPlaces(interfaces()), isNear }),
    names: new NamesSource(isNear),
    knownHosts: new KnownHostsSource(),
    neighbours: neighbourSource(),
    sshConfig: sshConfigSource(),
    probe: probeSource,
  };
}

/** The table of makers is read with the first search and kept: it is 1.7 MB and never taken apart. */
export function createDiscovery(vendorFile: string): {
  open(tell: (change: Change) => void): Promise<Search>;
  knownKey: typeof knownKeyOf;
} {
  let vendors: Promise<VendorOf> | null = null;
  return {
    open: async (tell) => {
      vendors ??= loadVendors(vendorFile);
      const search = new Search(systemWorld(await vendors), tell);
      search.start();
      return search;
    },
    knownKey: knownKeyOf,
  };
}

/** Asking the system is not free, and a flood of packets asks for each. */
function rememberedFor<T>(ms: number, ask: () => T): () => T {
  let known: { readonly value: T; readonly untilMs: number } | null = null;
  return () => {
    const nowMs = performance.now();
    if (known === null || nowMs > known.untilMs) known = { value: ask(), untilMs: nowMs + ms };
    return known.value;
  };
}

export class Search {
  readonly #world: World;
  readonly #cards: Cards;
  readonly #tell: (change: Change) => void;
  readonly #stop = new AbortController();
  readonly #states = new Map<FindSource, SourceState>();
  readonly #running = new Set<Promise<void>>();
  #probe: AbortController | null = null;
  #timer: NodeJS.Timeout | null = null;
  #hasNews = true;

  constructor(world: World, tell: (change: Change) => void) {
    this.#world = world;
    this.#tell = tell;
    const own = ownAddresses(world.interfaces());
    this.#cards = new Cards(world.vendorOf, (address) => own.has(address));
    for (const source of findSources) {
      this.#states.set(source, { source, state: 'idle', found: 0, problem: null, progress: null });
    }
  }

  networks(): readonly AttachedNetwork[] {
    return attachedNetworks(this.#world.interfaces());
  }

  /** Everything but a probe. */
  start(): void {
    const { mdns, names, knownHosts, neighbours, sshConfig } = this.#world;
    const { signal } = this.#stop;
    mdns.names = this.#sinkOf('names');
    this.#run('mdns', mdns.run, signal);
    this.#run('names', names.run, signal);
    this.#run('neighbours', neighbours, signal);
    this.#run('ssh-config', sshConfig, signal);
    this.#run('known-hosts', knownHosts.run, signal);
    const tick = (): void => {
      this.#say();
      this.#timer = setTimeout(tick, this.#world.tellEveryMs ?? tellEveryMs);
    };
    tick();
  }

  /** Takes the place of one that still runs. */
  probe({ network, ports }: Pick<ProbeRequest, 'network' | 'ports'>): Result<null> {
    const { interfaces, routes } = this.#world;
    const addresses = addressesOf(network, interfaces());
    if (!addresses.ok) return addresses;
    const [first = ''] = addresses.value;
    const from = cardsAt(first, interfaces())[0]?.own;
    if (from === undefined)
      return refuse('invalid', 'network-not-attached', `nobody else can be on ${network}`);
    const isDirect = async (address: string): Promise<boolean> => {
      const known = await routes();
      const cards = cardsAt(address, interfaces()).map(({ iface }) => iface);
      return known === null ? cards.length > 0 : leadsTo(cards, address, known);
    };
    this.stopProbe();
    const stop = new AbortController();
    this.#probe = stop;
    const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
    const target = { addresses: addresses.value, ports: [...new Set(ports)], from, isDirect };
    this.#run('probe', this.#world.probe(target), signal);
    return ok(null);
  }

  stopProbe(): void {
    this.#probe?.abort();
    this.#probe = null;
  }

  /** Once it is resolved, nothing of it is left. */
  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.all(this.#running);
  }

  #run(source: FindSource, run: Source, signal: AbortSignal): void {
    const own = this.#sinkOf(source, signal);
    this.#set(source, { state: 'working', problem: null, progress: null });
    const end = (problem: Refusal | null): void => {
      // A probe that another one has replaced says nothing any more.
      if (source === 'probe' && signal.aborted && this.#probe !== null) return;
      const state = problem !== null ? 'failed' : signal.aborted ? 'stopped' : 'done';
      this.#set(source, { state, problem });
    };
    const failed = (error: unknown): void =>
      end({ code: 'internal', reason: 'search-failed', detail: String(error) });
    const each = run(own, signal)
      .then(end, failed)
      .finally(() => this.#running.delete(each));
    this.#running.add(each);
  }

  #sinkOf(source: FindSource, signal: AbortSignal = this.#stop.signal): Sink {
    return {
      seen: (what) => {
        if (!signal.aborted) this.#seen(source, what);
      },
      gone: (key) => {
        this.#cards.remove({ source, key });
        this.#hasNews = true;
      },
      progress: (done, total) => {
        if (!signal.aborted) this.#set(source, { progress: { done, total } });
      },
    };
  }

  #seen(source: FindSource, what: Seen): void {
    const own = sighting({ ...what, source, atMs: this.#world.nowMs() });
    if (!this.#cards.add(own)) return;
    this.#hasNews = true;
    this.#handOn(own);
  }

  /** Who is there has perhaps a name, and perhaps a key that known_hosts keeps under a hash. */
  #handOn({ source, address, claims, names, ports }: Sighting): void {
    const { mdns, names: namesSource, knownHosts, interfaces } = this.#world;
    if (
      address !== null &&
      (source === 'neighbours' || source === 'probe') &&
      isAttached(address, interfaces())
    ) {
      mdns.askName(address);
      namesSource.ask(address);
    }
    if (source === 'known-hosts') return;
    for (const each of new Set([address, ...claims])) {
      if (each !== null) knownHosts.ask({ address: each, names: [], ports: ports.map(({ port }) => port) });
    }
    if (names.length > 0) knownHosts.ask({ address: null, names, ports: ports.map(({ port }) => port) });
  }

  #set(source: FindSource, change: Partial<SourceState>): void {
    const old = this.#states.get(source);
    if (old !== undefined) this.#states.set(source, { ...old, ...change });
    this.#hasNews = true;
  }

  #say(): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    const { machines, gone } = this.#cards.takeChange();
    const sources = [...this.#states.values()].map((each) => ({
      ...each,
      found: this.#cards.countOf(each.source),
    }));
    this.#tell({ machines, gone, sources, isFull: this.#cards.isFull });
  }
}
