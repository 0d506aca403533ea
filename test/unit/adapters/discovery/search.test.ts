// The whole search over a world without a network: what one source finds, the others are told of.

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toNumber } from '../../../../electron/adapters/discovery/addresses.ts';
import { KnownHostsSource } from '../../../../electron/adapters/discovery/known-hosts-source.ts';
import { MdnsSource } from '../../../../electron/adapters/discovery/mdns.ts';
import { NamesSource } from '../../../../electron/adapters/discovery/names.ts';
import type { ProbeTarget } from '../../../../electron/adapters/discovery/probe.ts';
import type { Route } from '../../../../electron/adapters/discovery/routes.ts';
import { type Change, Search, type World } from '../../../../electron/adapters/discovery/search.ts';
import { type Sink, type Source, untilStopped } from '../../../../electron/adapters/discovery/source.ts';
import type { FoundMachine } from '../../../../electron/contract/discovery.ts';
import { until } from '../../../support/wait.ts';

const card: NetworkInterfaceInfo = {
  address: '192.168.1.2',
  cidr: '192.168.1.2/24',
  family: 'IPv4',
  internal: false,
  mac: '02:00:00:00:00:01',
  netmask: '255.255.255.0',
};
const key = Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.alloc(36, 7),
]).toString('base64');
const hashed = (name: string) => {
  const salt = Buffer.alloc(20, 3);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')} ssh-ed25519 ${key}`;
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesolite-search-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A source that a test speaks for. */
function script() {
  const said: { sink: Sink | null; signal: AbortSignal | null } = { sink: null, signal: null };
  const run: Source = async (sink, signal) => {
    said.sink = sink;
    said.signal = signal;
    await untilStopped(signal);
    return null;
  };
  return { said, run };
}

function start(change: Partial<World> = {}) {
  const known = join(folder, 'known_hosts');
  writeFileSync(known, `${hashed('192.168.1.5')}\n${hashed('[pi.local]:2222')}\n`);
  const isNear = (address: string) => address.startsWith('192.168.1.');
  const neighbours = script();
  const config = script();
  const probes: { target: ProbeTarget; said: ReturnType<typeof script>['said'] }[] = [];
  const asked: string[] = [];
  const names = new NamesSource(
    isNear,
    () => Promise.resolve((address: string) => Promise.resolve(address.endsWith('.5') ? ['attic.lab'] : [])),
    join(folder, 'no-hosts'),
  );
  const mdns = new MdnsSource({
    places: () => ['192.168.1.2'],
    isNear,
    open: () => ({
      ask: (questions) => void asked.push(...questions.map(({ name }) => name)),
      close: () => undefined,
    }),
    pauseMs: 1,
  });
  const world: World = {
    interfaces: () => ({ eth0: [card] }),
    routes: () => Promise.resolve(null),
    nowMs: () => 1000,
    vendorOf: (mac) => (mac.startsWith('b8:27:eb') ? 'Raspberry Pi Foundation' : null),
    mdns,
    names,
    knownHosts: new KnownHostsSource([known]),
    neighbours: neighbours.run,
    sshConfig: config.run,
    probe: (target) => {
      const one = script();
      probes.push({ target, said: one.said });
      return one.run;
    },
    tellEveryMs: 1,
    ...change,
  };
  const cards = new Map<string, FoundMachine>();
  const changes: Change[] = [];
  const search = new Search(world, (each) => {
    changes.push(each);
    for (const id of each.gone) cards.delete(id);
    for (const machine of each.machines) cards.set(machine.id, machine);
  });
  search.start();
  const stateOf = (source: string) => changes.at(-1)?.sources.find((each) => each.source === source);
  return { search, cards, changes, neighbours: neighbours.said, config: config.said, probes, asked, stateOf };
}

describe('a search', () => {
  it('joins what the sources say, and tells each of the finds of others', async () => {
    const { search, cards, neighbours, asked, stateOf } = start();
    neighbours.sink?.seen({ key: 'a', address: '192.168.1.5', mac: 'b8:27:eb:00:00:01' });
    neighbours.sink?.seen({ key: 'me', address: '192.168.1.2', mac: '02:00:00:00:00:01' });
    await until(
      () => [...cards.values()].some(({ hostKeys, names }) => hostKeys.length > 0 && names.length > 0),
      {
        what: 'its name and its key were found',
      },
    );
    await until(() => asked.includes('5.1.168.192.in-addr.arpa'), { what: 'its name was asked for by mDNS' });
    expect([...cards.values()]).toMatchObject([
      {
        title: 'attic',
        names: ['attic.lab'],
        addresses: ['192.168.1.5'],
        vendor: 'Raspberry Pi Foundation',
        hostKeys: [{ type: 'ssh-ed25519', port: 22, mark: 'key' }],
        seenBy: ['neighbours', 'names', 'known-hosts'],
        guess: { kind: 'raspberry-pi' },
      },
    ]);
    expect(stateOf('neighbours')).toMatchObject({ state: 'working', found: 2 });
    await search.close();
  });

  it('finds the key of a name under its port', async () => {
    const { search, cards, config } = start();
    config.sink?.seen({
      key: 'pi',
      names: ['pi.local'],
      ports: [{ port: 2222, state: 'said', banner: null }],
    });
    await until(
      () => [...cards.values()].some(({ hostKeys }) => hostKeys.some(({ port }) => port === 2222)),
      {
        what: 'the key of [pi.local]:2222 was found',
      },
    );
    await search.close();
  });

  it('probes only when it is told to, only a network of its own, and stops', async () => {
    const { search, probes, cards, stateOf } = start();
    expect(search.networks()).toMatchObject([{ network: '192.168.1.0/24', addresses: 253 }]);
    expect(search.probe({ network: '10.0.0.0/24', ports: [22] })).toMatchObject({
      ok: false,
      refusal: { reason: 'network-not-attached' },
    });
    expect(probes).toHaveLength(0);
    expect(search.probe({ network: '192.168.1.0/24', ports: [22, 22, 2222] }).ok).toBe(true);
    expect(probes[0]?.target.ports).toEqual([22, 2222]);
    expect(probes[0]?.target.addresses).toHaveLength(253);
    probes[0]?.said.sink?.progress(5, 506);
    probes[0]?.said.sink?.seen({
      key: '192.168.1.7',
      address: '192.168.1.7',
      ports: [{ port: 22, state: 'open', banner: 'SSH-2.0-x' }],
    });
    await until(() => cards.size === 1 && stateOf('probe')?.progress?.done === 5, { what: 'it is told' });
    search.stopProbe();
    await until(() => stateOf('probe')?.state === 'stopped', { what: 'it has stopped' });
    expect(probes[0]?.said.signal?.aborted).toBe(true);
    await search.close();
  });

  it('lets a probe ask who is on the cable, by the routes as they are', async () => {
    const toCard = {
      first: toNumber('192.168.1.0'),
      prefix: 24,
      iface: 'eth0',
      isIndirect: false,
      metric: 0,
    };
    const toVpn = { ...toCard, first: toNumber('192.168.1.128'), prefix: 25, iface: 'tun0' };
    let routes: readonly Route[] | null = [toCard];
    let hasCard = true;
    const { search, probes } = start({
      routes: () => Promise.resolve(routes),
      interfaces: () => (hasCard ? { eth0: [card] } : {}),
    });
    search.probe({ network: '192.168.1.0/24', ports: [22] });
    const { from, isDirect } = probes[0]?.target ?? {};
    expect(from).toBe('192.168.1.2');
    expect(await isDirect?.('192.168.1.200')).toBe(true);
    expect(await isDirect?.('192.168.2.1')).toBe(false);
    routes = [toCard, toVpn];
    expect(await isDirect?.('192.168.1.200')).toBe(false);
    expect(await isDirect?.('192.168.1.20')).toBe(true);
    routes = null;
    expect(await isDirect?.('192.168.1.200')).toBe(true);
    hasCard = false;
    expect(await isDirect?.('192.168.1.20')).toBe(false);
    await search.close();
  });

  it('lets a new probe take the place of the old one', async () => {
    const { search, probes, stateOf } = start();
    search.probe({ network: '192.168.1.0/24', ports: [22] });
    search.probe({ network: '192.168.1.0/25', ports: [22] });
    expect(probes[0]?.said.signal?.aborted).toBe(true);
    probes[0]?.said.sink?.progress(9, 9);
    probes[1]?.said.sink?.progress(1, 125);
    await until(() => stateOf('probe')?.progress?.total === 125, { what: 'the new one is told' });
    expect(stateOf('probe')?.state).toBe('working');
    await search.close();
  });

  it('goes on without a source that fails, and says which', async () => {
    const { search, cards, neighbours, stateOf } = start({
      sshConfig: () => Promise.reject(new Error('no such thing')),
    });
    neighbours.sink?.seen({ key: 'a', address: '192.168.1.9' });
    await until(() => stateOf('ssh-config')?.state === 'failed' && cards.size === 1, {
      what: 'one failed, one found',
    });
    expect(stateOf('ssh-config')?.problem).toMatchObject({ reason: 'search-failed' });
    await search.close();
  });

  it('leaves nothing behind and says nothing once it is closed', async () => {
    const { search, changes, neighbours, probes } = start();
    search.probe({ network: '192.168.1.0/24', ports: [22] });
    await search.close();
    const told = changes.length;
    neighbours.sink?.seen({ key: 'late', address: '192.168.1.9' });
    probes[0]?.said.sink?.seen({ key: 'late', address: '192.168.1.8' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(changes).toHaveLength(told);
    expect(neighbours.signal?.aborted).toBe(true);
  });
});
