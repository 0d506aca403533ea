// What known_hosts knows: machines by the names that stand there, and, of machines that others find, the keys that are
// there under a hash or a pattern.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KnownHostAnswer, KnownHostKey } from '../../contract/discovery.ts';
import { plainLine } from '../../contract/plain-text.ts';
import { isOfName, type KnownLine, keyOf, knownName, parseKnownHosts, plainHosts } from './known-hosts.ts';
import { readSmallFile } from './read-file.ts';
import type { Seen, Sink, Source } from './source.ts';

/** The defaults of ssh_config(5), GlobalKnownHostsFile and UserKnownHostsFile. */
function knownHostsFiles(home = homedir()): readonly string[] {
  return [
    join(home, '.ssh', 'known_hosts'),
    join(home, '.ssh', 'known_hosts2'),
    '/etc/ssh/ssh_known_hosts',
    '/etc/ssh/ssh_known_hosts2',
  ];
}

/** A machine that another source found. */
export type Place = {
  readonly address: string | null;
  readonly names: readonly string[];
  readonly ports: readonly number[];
};

const maxQueue = 2048;
/** About 2 µs each: the main process is never held for longer than a millisecond or two. */
const hashesAtATime = 500;

export class KnownHostsSource {
  readonly run: Source;
  readonly #files: readonly string[];
  readonly #asked = new Set<string>();
  readonly #queue: Place[] = [];
  #wake: () => void = () => undefined;

  constructor(files = knownHostsFiles()) {
    this.#files = files;
    this.run = (sink, signal) => this.#run(sink, signal);
  }

  /** Another source has found this: are its keys there? */
  ask(place: Place): void {
    if (this.#queue.length < maxQueue) this.#queue.push(place);
    this.#wake();
  }

  async #run(sink: Sink, signal: AbortSignal): Promise<null> {
    const lines = await readKnownHosts(this.#files);
    for (const [at, line] of lines.entries()) for (const seen of sightingsOf(line, at)) sink.seen(seen);
    const unplain = lines.filter(
      (line) => line.hashed !== null || line.hosts.some((host) => /[*?]/.test(host)),
    );
    if (unplain.length === 0) return null;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const place = this.#queue.shift();
      if (place !== undefined) await this.#look(place, unplain, { sink, signal });
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted || this.#queue.length > 0) resolve();
        });
    }
    return null;
  }

  async #look(
    { address, names, ports }: Place,
    lines: readonly KnownLine[],
    { sink, signal }: { sink: Sink; signal: AbortSignal },
  ): Promise<void> {
    for (const host of address === null ? names : [address, ...names]) {
      for (const port of new Set([22, ...ports])) {
        const name = knownName(host.split('%')[0] ?? host, port);
        if (this.#asked.has(name) || signal.aborted) continue;
        this.#asked.add(name);
        const hostKeys = await findKeys(lines, name, port);
        if (hostKeys.length === 0) continue;
        const own = host === address ? { claims: [host] } : { names: [host] };
        sink.seen({ key: `asked ${name}`, ...own, hostKeys });
      }
    }
  }
}

async function readKnownHosts(files: readonly string[]): Promise<KnownLine[]> {
  const texts = await Promise.all(files.map(readSmallFile));
  return texts.flatMap((text) => (text === null ? [] : parseKnownHosts(text)));
}

const maxNames = 5;
const nameChars = 64;

/** As ssh itself tells it before it asks: the keys of this place, and the other places that have this key. */
export async function knownKeyOf(
  { host, port, fingerprint }: { readonly host: string; readonly port: number; readonly fingerprint: string },
  files = knownHostsFiles(),
): Promise<KnownHostAnswer> {
  const lines = await readKnownHosts(files);
  const name = knownName((host.split('%')[0] ?? host).toLowerCase(), port);
  const own = lines.filter((line) => line.fingerprint === fingerprint);
  const others = own.filter((line) => line.mark === 'key' && !isOfName(line, name));
  const names = others.flatMap((line) => line.hosts.map((each) => plainLine(each, nameChars)));
  return {
    here: await findKeys(lines, name, port),
    isRevoked: own.some(({ mark }) => mark === 'revoked'),
    alsoAs: [...new Set(names)].slice(0, maxNames),
    alsoHashed: others.filter(({ hashed }) => hashed !== null).length,
  };
}

async function findKeys(lines: readonly KnownLine[], name: string, port: number): Promise<KnownHostKey[]> {
  const found: KnownHostKey[] = [];
  for (const [at, line] of lines.entries()) {
    if (isOfName(line, name)) found.push(keyOf(line, port));
    if (at % hashesAtATime === hashesAtATime - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** One sighting for each port, since a machine may have another sshd with another key there. */
function sightingsOf(line: KnownLine, at: number): Seen[] {
  const hosts = plainHosts(line);
  return [...new Set(hosts.map(({ port }) => port))].map((port) => {
    const own = hosts.filter((each) => each.port === port);
    return {
      key: `line ${at} ${port}`,
      claims: own.flatMap(({ address }) => address ?? []),
      names: own.flatMap(({ host, address }) => (address === null ? [host] : [])),
      ports: port === 22 ? [] : [{ port, state: 'said' as const, banner: null }],
      hostKeys: line.mark === 'authority' ? [] : [keyOf(line, port)],
    };
  });
}
