/** Finding machines on a LAN: what is heard, what a probe adds, and that it sends nothing outside of its network. */
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundMachine, SourceState } from '../../electron/contract/discovery.ts';
import { until } from '../support/wait.ts';
import { run } from './run.ts';
import { plainHosts } from './spec.ts';
import { createLan, type Lan } from './vlan.ts';

const program = fileURLToPath(new URL('./discovery-main.ts', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Six addresses of the 254 that the desk is attached to: three hosts, three that nobody has. */
const chosen = '10.77.0.0/29';

let lan: Lan;
beforeAll(async () => {
  lan = await createLan({ hosts: plainHosts(3) });
}, 60_000);
afterAll(() => lan?.destroy());

/** A search on the desk, whose person knows all hosts, by names under hashes. */
class Searcher {
  readonly child: ChildProcess;
  readonly cards = new Map<string, FoundMachine>();
  readonly told: Record<string, unknown>[] = [];
  sources: readonly SourceState[] = [];
  private trouble = '';

  constructor(home: string) {
    const args = ['--import', 'tsx', program, path.join(home, 'no-vendors')];
    this.child = lan.desk.spawn(process.execPath, args, {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, HOME: home },
    });
    this.child.stderr?.on('data', (piece: Buffer) => (this.trouble += piece.toString()));
    if (this.child.stdout === null) throw new Error('it was started without a way to hear it');
    createInterface({ input: this.child.stdout }).on('line', (line) => this.hear(JSON.parse(line)));
  }

  private hear(message: {
    change?: { machines: FoundMachine[]; gone: string[]; sources: SourceState[] };
  }): void {
    this.told.push(message);
    if (message.change === undefined) return;
    for (const id of message.change.gone) this.cards.delete(id);
    for (const card of message.change.machines) this.cards.set(card.id, card);
    this.sources = message.change.sources;
  }

  stateOf(source: string): SourceState | undefined {
    return this.sources.find((each) => each.source === source);
  }

  at(address: string): FoundMachine | undefined {
    return [...this.cards.values()].find((card) => card.addresses.includes(address));
  }

  async probe(request: { network: string; ports: number[] }): Promise<unknown> {
    const from = this.told.length;
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await until(() => this.told.slice(from).find((each) => 'answer' in each), {
      what: 'it answers',
    });
    return answer['answer'];
  }

  async hasHeard(what: string, isIt: () => unknown, capMs = 30_000): Promise<void> {
    await until(() => isIt() || this.child.exitCode !== null, { what, capMs });
    if (this.child.exitCode !== null) throw new Error(`the search ended: ${this.trouble}`);
  }

  /** Its exit code, once it has ended by itself. */
  async end(): Promise<number | null> {
    this.child.stdin?.end();
    await until(() => this.child.exitCode !== null || this.child.signalCode !== null, {
      what: 'it ends by itself',
    });
    return this.child.exitCode;
  }
}

/** Everything that leaves the desk, one line a packet, until it is stopped. */
async function startCapture() {
  const args = ['--immediate-mode', '-l', '-n', '-i', 'eth0', '-Q', 'out'];
  const child = lan.desk.spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let trouble = '';
  child.stdout?.on('data', (piece: Buffer) => (output += piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => (trouble += piece.toString()));
  await until(() => trouble.includes('listening on') || child.exitCode !== null, {
    what: 'the capture has begun',
  });
  if (child.exitCode !== null) throw new Error(`tcpdump ended: ${trouble}`);
  return {
    lines: () => output.split('\n').slice(0, -1),
    stop: async () => {
      child.kill('SIGINT');
      await until(() => child.exitCode !== null || child.signalCode !== null, { what: 'the capture ends' });
      if (!/\n0 packets dropped by kernel/.test(trouble)) throw new Error(`packets were lost: ${trouble}`);
      return output.split('\n').filter(Boolean);
    },
  };
}

/** Whom a line of tcpdump is sent to, or asks for; null = nobody beyond this cable (link-local multicast of the system). */
function targetOf(line: string): string | null {
  const asked = /ARP, Request who-has ([\d.]+)/.exec(line);
  if (asked !== null) return asked[1] ?? line;
  if (/ARP, Reply/.test(line) || / IP6 \S+ > ff02::/.test(line)) return null;
  const sent = / IP [\d.]+ > (\d+\.\d+\.\d+\.\d+)/.exec(line);
  return sent === null ? line : (sent[1] ?? line);
}

const isChosen = (address: string) => /^10\.77\.0\.[1-6]$/.test(address);

async function aHome(name: string): Promise<string> {
  const home = path.join(lan.desk.scratch, name);
  const known = path.join(home, '.ssh', 'known_hosts');
  mkdirSync(path.dirname(known), { recursive: true, mode: 0o700 });
  copyFileSync(lan.desk.knownHostsPath, known);
  await run('ssh-keygen', ['-q', '-H', '-f', known]);
  return home;
}

describe('a search', () => {
  it('hears a machine that speaks multicast DNS before anything is asked of anybody', async () => {
    const mdns = await lan.serve({ host: 'host1', port: 5353, kind: 'mdns' });
    const capture = await startCapture();
    const search = new Searcher(await aHome('listening'));
    try {
      await search.hasHeard('host1 and all of it', () => search.at('10.77.0.1')?.hostKeys.length);
      await search.hasHeard('its model', () => search.at('10.77.0.1')?.model);
      expect(search.at('10.77.0.1')).toMatchObject({
        title: 'host1',
        names: expect.arrayContaining(['host1.local']),
        model: 'RackMac',
        ports: [{ port: 22, state: 'said', banner: null }],
      });
      expect(mdns.seen()).toContain('query PTR _ssh._tcp.local from 10.77.0.254');
    } finally {
      expect(await search.end()).toBe(0);
      await mdns.stop();
    }
    // Multicast only, but for the answer to who asks for our own address.
    const others = (await capture.stop())
      .map(targetOf)
      .filter((target) => target !== null && !target.startsWith('224.0.0.'));
    expect(others).toEqual([]);
  });

  it('hears a machine that speaks IPv6 alone, and knows on which card it is', async () => {
    const mdns = await lan.serve({ host: 'host3', port: 5353, kind: 'mdns6' });
    const search = new Searcher(await aHome('six'));
    try {
      const found = () => [...search.cards.values()].find(({ names }) => names.includes('host3.local'));
      await search.hasHeard('host3 and all of it', () => found()?.addresses.length && found()?.model);
      expect(found()).toMatchObject({
        title: 'host3',
        addresses: [expect.stringMatching(/^fe80::[\da-f:]+%eth0$/)],
        model: 'RackMac',
        ports: [{ port: 22, state: 'said', banner: null }],
        seenBy: ['mdns'],
      });
    } finally {
      expect(await search.end()).toBe(0);
      await mdns.stop();
    }
  });

  it('finds every host by a probe, and sends nothing outside of the network that was chosen', async () => {
    const mdns = await lan.serve({ host: 'host2', port: 5353, kind: 'mdns' });
    const capture = await startCapture();
    const search = new Searcher(await aHome('probing'));
    try {
      await search.hasHeard('the networks', () => search.told.some((each) => 'networks' in each));
      expect(search.told.find((each) => 'networks' in each)).toEqual({
        networks: [
          { network: '10.77.0.0/24', iface: 'eth0', addresses: 253, partOf: null, isVirtual: false },
        ],
      });
      expect(await search.probe({ network: '10.78.0.0/29', ports: [22] })).toMatchObject({ ok: false });
      expect(await search.probe({ network: chosen, ports: [22, 2222] })).toMatchObject({ ok: true });
      await search.hasHeard('the probe is done', () => search.stateOf('probe')?.state === 'done');
      await search.hasHeard('what is there is known', () =>
        ['10.77.0.1', '10.77.0.2', '10.77.0.3'].every((address) => {
          const card = search.at(address);
          return (
            card !== undefined && card.hostKeys.length > 0 && card.macs.length === 1 && card.names.length > 0
          );
        }),
      );
      await search.hasHeard('the name by which host2 calls itself', () =>
        search.at('10.77.0.2')?.names.includes('host2.local'),
      );
      expect([...search.cards.values()].filter((card) => card.seenBy.includes('probe'))).toHaveLength(3);
      for (const last of [1, 2, 3]) {
        const card = search.at(`10.77.0.${last}`);
        expect(card).toMatchObject({
          title: `host${last}`,
          addresses: [`10.77.0.${last}`],
          macs: [`02:4d:53:00:00:0${last}`],
          seenBy: expect.arrayContaining(['neighbours', 'known-hosts', 'probe']),
        });
        expect(card?.ports).toEqual([
          { port: 22, state: 'open', banner: expect.stringMatching(/^SSH-2\.0-OpenSSH_/) },
          { port: 2222, state: 'closed', banner: null },
        ]);
      }
    } finally {
      expect(await search.end()).toBe(0);
      await mdns.stop();
    }
    const lines = await capture.stop();
    const targets = lines.map(targetOf).filter((target) => target !== null && !target.startsWith('224.0.0.'));
    expect(targets.filter((target) => !isChosen(target ?? ''))).toEqual([]);
    // The capture saw what it was to see: a call to each address, and the connections to those that answer.
    const asked = new Set(lines.flatMap((line) => /who-has ([\d.]+)/.exec(line)?.[1] ?? []));
    expect([...asked].filter(isChosen).sort()).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.77.0.${last}`));
    for (const last of [1, 2, 3]) {
      for (const port of [22, 2222]) {
        const calls = lines.filter((line) => line.includes(`> 10.77.0.${last}.${port}: Flags [S]`));
        expect(calls.length, `calls to host${last} port ${port}`).toBeGreaterThan(0);
      }
    }
  });

  it('asks nobody that is behind another machine, though its address belongs to the network', async () => {
    const route = ['10.77.0.5/32', 'via', '10.77.0.3'];
    await lan.desk.exec('ip', ['route', 'add', ...route]);
    const capture = await startCapture();
    const search = new Searcher(await aHome('routed'));
    try {
      await search.hasHeard('the networks', () => search.told.some((each) => 'networks' in each));
      expect(await search.probe({ network: chosen, ports: [2200] })).toMatchObject({ ok: true });
      await search.hasHeard('the probe is done', () => search.stateOf('probe')?.state === 'done');
      expect(search.stateOf('probe')?.progress).toEqual({ done: 6, total: 6 });
    } finally {
      expect(await search.end()).toBe(0);
      await lan.desk.exec('ip', ['route', 'del', ...route]);
    }
    const lines = await capture.stop();
    expect(lines.filter((line) => line.includes('10.77.0.5'))).toEqual([]);
    for (const last of [1, 2, 3]) {
      const calls = lines.filter((line) => line.includes(`> 10.77.0.${last}.2200: Flags [S]`));
      expect(calls.length, `calls to host${last}`).toBeGreaterThan(0);
    }
  });

  it('stops a probe at once, and its process is free', async () => {
    const search = new Searcher(await aHome('stopping'));
    await search.hasHeard('the networks', () => search.told.some((each) => 'networks' in each));
    expect(await search.probe({ network: '10.77.0.0/24', ports: [22, 80, 443] })).toMatchObject({ ok: true });
    await search.hasHeard('it has begun', () => (search.stateOf('probe')?.progress?.total ?? 0) === 253 * 3);
    expect(await search.end()).toBe(0);
    expect(search.stateOf('probe')?.progress?.done ?? 0).toBeLessThan(253 * 3);
  });
});
