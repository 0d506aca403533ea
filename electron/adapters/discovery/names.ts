// Names of addresses that were seen: from /etc/hosts, and from name servers that are themselves on a network of this
// computer. One further away is never asked: who is on a private network is nobody else's business.
import { getServers, Resolver } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { ipOf } from './addresses.ts';
import { readSmallFile } from './read-file.ts';
import type { Sink, Source } from './source.ts';

const askMs = 1500;
const atOnce = 8;
const maxAsked = 2048;

export type NameServers = (isNear: (address: string) => boolean) => Promise<ReverseLookup | null>;
/** Empty = it has none. */
export type ReverseLookup = (address: string) => Promise<readonly string[]>;

type Near = (address: string) => boolean;

export class NamesSource {
  readonly run: Source;
  readonly #isNear: Near;
  readonly #findServers: NameServers;
  readonly #hostsFile: string;
  readonly #asked = new Set<string>();
  readonly #queue: string[] = [];
  #wake: () => void = () => undefined;

  constructor(isNear: Near, findServers: NameServers = nearServers, hostsFile = '/etc/hosts') {
    this.#isNear = isNear;
    this.#findServers = findServers;
    this.#hostsFile = hostsFile;
    this.run = async (sink, signal) => {
      await this.#run(sink, signal);
      return null;
    };
  }

  /** Another source has seen it. */
  ask(address: string): void {
    if (this.#asked.size >= maxAsked || this.#asked.has(address) || !isIPv4(address)) return;
    this.#asked.add(address);
    this.#queue.push(address);
    this.#wake();
  }

  async #run(sink: Sink, signal: AbortSignal): Promise<void> {
    const [hosts, lookup] = await Promise.all([readHosts(this.#hostsFile), this.#findServers(this.#isNear)]);
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      const address = this.#queue.shift();
      if (address === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted || this.#queue.length > 0) resolve();
        });
        continue;
      }
      const known = hosts.get(address);
      if (known !== undefined) sink.seen({ key: `file ${address}`, address, names: known });
      if (lookup === null || !this.#isNear(address)) continue;
      const each = lookup(address)
        .then((names) => {
          if (names.length > 0 && !signal.aborted) sink.seen({ key: `asked ${address}`, address, names });
        })
        .catch(() => undefined) // it has no name, or the server did not answer
        .finally(() => running.delete(each));
      running.add(each);
      if (running.size >= atOnce) await Promise.race(running);
    }
  }
}

/** hosts(5). The file's own names of this computer are no find. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n').slice(0, 20_000)) {
    const [first = '', ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    const address = ipOf(first);
    if (address !== null && names.length > 0) hosts.set(address, [...(hosts.get(address) ?? []), ...names]);
  }
  return hosts;
}

async function readHosts(path: string): Promise<Map<string, string[]>> {
  const text = await readSmallFile(path);
  return text === null ? new Map() : parseHosts(text);
}

/** What systemd-resolved hands on to stands in a file of its own; what others use, Node knows. */
async function nearServers(isNear: Near): Promise<ReverseLookup | null> {
  const resolved = (await readSmallFile('/run/systemd/resolve/resolv.conf')) ?? '';
  const listed = [...resolved.matchAll(/^nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
  const near = [...new Set([...getServers(), ...listed])].filter(
    (server) => isIPv4(server) && isNear(server),
  );
  if (near.length === 0) return null;
  const resolver = new Resolver({ timeout: askMs, tries: 1 });
  resolver.setServers(near);
  return (address) => resolver.reverse(address);
}
