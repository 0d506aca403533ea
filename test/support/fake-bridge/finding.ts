// A search of the simulated cluster: a small LAN that is heard of in pieces, and a probe that walks through it.
import type {
  FindSource,
  FoundMachine,
  KnownHostAnswer,
  SourceState,
} from '../../../electron/contract/discovery.ts';
import { findSources } from '../../../electron/contract/discovery.ts';
import { ok, type Result, refuse } from '../../../electron/contract/errors.ts';
import { Cards } from '../../../electron/core/discovery/cards.ts';
import { type RawSighting, sighting } from '../../../electron/core/discovery/sighting.ts';
import type { FakeCluster } from './cluster.ts';
import { pinnedKey } from './lanes.ts';

const network = {
  network: '192.168.1.0/24',
  iface: 'enp5s0',
  addresses: 253,
  partOf: null,
  isVirtual: false,
};
const part = {
  network: '172.17.0.0/22',
  iface: 'docker0',
  addresses: 1021,
  partOf: '172.17.0.0/16',
  isVirtual: true,
};

const makers: readonly (readonly [string, string])[] = [
  ['b8:27:eb', 'Raspberry Pi Foundation'],
  ['00:11:32', 'Synology Incorporated'],
  ['3c:ec:ef', 'Super Micro Computer, Inc.'],
  ['bc:24:11', 'Proxmox Server Solutions GmbH'],
  ['f0:18:98', 'Apple, Inc.'],
];
const vendorOf = (mac: string) => makers.find(([prefix]) => mac.startsWith(prefix))?.[1] ?? null;

const key = (fingerprint: string, mark: 'key' | 'revoked' = 'key') => [
  { type: 'ssh-ed25519', fingerprint: `SHA256:${fingerprint}`, port: 22, mark } as const,
];
const attic = 'Nk3vJ2mDq9bXwYh0sTzR5uL1cVfGp7aEoQiK8dWn4yM';
const clone = 'q8sW1xZpL4rT6nB0vJ9hKmYdF2cXuGe7oAiQ3tRb5wE';
const old = 'Zc5tB8yRkQ1mVxW0nD4jHsPfL6uGa2eTo9iK7dXq3wM';

type Heard = Omit<RawSighting, 'key' | 'atMs'>;
/** What is heard without a word to anybody. */
const heard: readonly Heard[] = [
  { source: 'neighbours', address: '192.168.1.1', mac: '74:ac:b9:10:00:01' },
  { source: 'names', address: '192.168.1.1', names: ['router.lan'] },
  { source: 'neighbours', address: '192.168.1.21', mac: 'b8:27:eb:20:31:7a' },
  {
    source: 'mdns',
    address: '192.168.1.21',
    claims: ['fd12::21'],
    names: ['attic.local'],
    label: 'attic',
    services: ['_ssh._tcp'],
    ports: [{ port: 22, state: 'said', banner: null }],
  },
  { source: 'known-hosts', names: ['attic.local'], hostKeys: key(attic) },
  { source: 'neighbours', address: '192.168.1.30', mac: '00:11:32:8c:41:02' },
  {
    source: 'mdns',
    address: '192.168.1.30',
    names: ['vault.local'],
    label: 'vault',
    model: 'Xserve',
    services: ['_device-info._tcp'],
  },
  { source: 'neighbours', address: '192.168.1.44', mac: '3c:ec:ef:4e:00:9c' },
  { source: 'names', address: '192.168.1.44', names: ['gpu-3.lan'] },
  { source: 'neighbours', address: '192.168.1.151', mac: 'bc:24:11:00:51:01' },
  { source: 'neighbours', address: '192.168.1.152', mac: 'bc:24:11:00:52:01' },
  { source: 'known-hosts', claims: ['192.168.1.151'], hostKeys: key(clone) },
  { source: 'known-hosts', claims: ['192.168.1.152'], hostKeys: key(clone) },
  { source: 'neighbours', address: '192.168.1.63', mac: 'f0:18:98:33:20:01' },
  {
    source: 'mdns',
    address: '192.168.1.63',
    names: ['studio.local'],
    label: 'Studio <b>Mac</b>',
    model: 'Mac14,13',
  },
  { source: 'known-hosts', claims: ['192.168.1.77'], hostKeys: key(old, 'revoked') },
  { source: 'neighbours', address: '192.168.1.77', mac: '52:54:00:77:00:01' },
  {
    source: 'ssh-config',
    claims: ['192.168.1.44'],
    ports: [{ port: 2222, state: 'said', banner: null }],
    login: {
      alias: 'gpu-3',
      address: '192.168.1.44',
      port: 2222,
      user: 'lab',
      identityFiles: ['/home/me/.ssh/lab'],
      jumps: [],
    },
  },
  {
    source: 'ssh-config',
    names: ['inner.example.net'],
    login: {
      alias: 'inner',
      address: 'inner.example.net',
      port: 22,
      user: 'me',
      identityFiles: [],
      jumps: ['gate'],
    },
  },
  { source: 'known-hosts', names: ['git.example.net'], hostKeys: key(attic.replace('N', 'M')) },
];

const debian = 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3';
/** Who answers a probe, by the last part of the address. */
const answers: readonly (readonly [number, string | null])[] = [
  [21, 'SSH-2.0-OpenSSH_9.2p1 Raspbian-2+deb12u3'],
  [30, 'SSH-2.0-OpenSSH_8.2'],
  [44, debian],
  [151, debian],
  [152, debian],
  [63, null],
  [90, 'SSH-2.0-dropbear_2022.83'],
];

export class FakeFinding {
  readonly #cluster: FakeCluster;
  #cards = new Cards(vendorOf, () => false);
  #states = new Map<FindSource, SourceState>();
  #searchId = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
  }

  open(): Result<{ searchId: number; networks: readonly (typeof network | typeof part)[] }> {
    this.close();
    this.#searchId += 1;
    this.#cards = new Cards(vendorOf, () => false);
    // As in the scene `empty`: nobody but this computer.
    const isEmpty = this.#cluster.tables.all('machines').length <= 1;
    for (const source of findSources) {
      const state = source === 'probe' ? 'idle' : source.startsWith('ssh') ? 'done' : 'working';
      this.#states.set(source, { source, state, found: 0, problem: null, progress: null });
    }
    if (!isEmpty) for (const [at, each] of heard.entries()) this.#add({ ...each, key: String(at) });
    this.#tell();
    return ok({ searchId: this.#searchId, networks: [network, part] });
  }

  probe(searchId: number, ports: readonly number[]): Result<null> {
    if (searchId !== this.#searchId) return refuse('not-found', 'no-such-search', 'the search was closed');
    const total = network.addresses * ports.length;
    let done = 0;
    this.#set('probe', { state: 'working', progress: { done, total } });
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      const before = done;
      done = Math.min(total, done + 25);
      for (const [last, banner] of answers) {
        if (last <= before || last > done) continue;
        const state = banner === null ? 'closed' : 'open';
        const address = `192.168.1.${last}`;
        this.#add({
          source: 'probe',
          key: address,
          address,
          ports: [{ port: ports[0] ?? 22, state, banner }],
        });
      }
      const isDone = done === total;
      this.#set('probe', { state: isDone ? 'done' : 'working', progress: { done, total } });
      if (isDone) clearInterval(this.#timer);
    }, 250);
    return ok(null);
  }

  stopProbe(): void {
    clearInterval(this.#timer);
    this.#set('probe', { state: 'stopped' });
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #add(raw: Omit<RawSighting, 'atMs'>): void {
    this.#cards.add(sighting({ ...raw, atMs: Date.now() }));
  }

  #set(source: FindSource, change: Partial<SourceState>): void {
    const old = this.#states.get(source);
    if (old !== undefined) this.#states.set(source, { ...old, ...change });
    this.#tell();
  }

  #tell(): void {
    const { machines, gone }: { machines: readonly FoundMachine[]; gone: readonly string[] } =
      this.#cards.takeChange();
    const sources = [...this.#states.values()].map((each) => ({
      ...each,
      found: this.#cards.countOf(each.source),
    }));
    this.#cluster.push('discovery:change', {
      searchId: this.#searchId,
      machines,
      gone,
      sources,
      isFull: false,
    });
  }
}

export const findingHandlers = {
  // What is said to have changed is known by its old key, everything else by the one it has.
  'discovery:known-key': (
    _cluster: FakeCluster,
    { host, fingerprint }: { host: string; fingerprint: string },
  ): Result<KnownHostAnswer> => {
    const known = host.includes('changed') ? pinnedKey.fingerprint : fingerprint;
    const here = [{ type: 'ssh-ed25519', fingerprint: known, port: 22, mark: 'key' as const }];
    return ok({ here, isRevoked: false, alsoAs: [], alsoHashed: 0 });
  },
  'discovery:open': ({ finding }: FakeCluster) => finding.open(),
  'discovery:probe': ({ finding }: FakeCluster, { searchId, ports }: { searchId: number; ports: number[] }) =>
    finding.probe(searchId, ports),
  'discovery:stop-probe': ({ finding }: FakeCluster) => {
    finding.stopProbe();
    return ok(null);
  },
  'discovery:close': ({ finding }: FakeCluster) => {
    finding.close();
    return ok(null);
  },
};
