// Listens to multicast DNS and asks it: the same few questions with growing pauses (RFC 6762, 5.2), what is missing of an
// answer, and the names of addresses that others have seen. All of it goes to 224.0.0.251 and ff02::fb, which no router
// passes on.
import { createSocket } from 'node:dgram';
import type { Answer } from 'dns-packet';
import multicastDns from 'multicast-dns';
import type { Refusal } from '../../contract/errors.ts';
import { ipOf } from './addresses.ts';
import { firstQuestions, MdnsRecords, type Question, reverseName } from './mdns-records.ts';
import { type Sink, type Source, waitFor } from './source.ts';

/** Seconds after the start; the first is put off a little, so that many who start at once do not ask at once. */
const askAtMs = [100, 1_000, 3_000, 7_000, 15_000, 31_000] as const;
/** Questions that fit into one packet of Ethernet with ease. */
const atOnce = 16;
/** Each is asked a few times: multicast gets lost, on Wi-Fi above all. */
const timesEach = 3;
const maxAsked = 1024;
const pauseMs = 500;

/** One socket on one card, for one family. `records`: the answers of one packet and who sent it. */
export interface MdnsLink {
  ask(questions: readonly Question[]): void;
  close(): void;
}
export type MdnsHears = {
  readonly records: (records: readonly Answer[], from: string) => void;
  readonly failed: (detail: string) => void;
};
export type OpenMdns = (place: string, hears: MdnsHears) => MdnsLink;

export type MdnsDeps = {
  /** An address of each card, `::%eth0` for IPv6. */
  readonly places: () => readonly string[];
  /** Only who is on a network of this computer may answer (RFC 6762, 11). */
  readonly isNear: (address: string) => boolean;
  readonly open?: OpenMdns;
  readonly askAtMs?: readonly number[];
  readonly pauseMs?: number;
};

export class MdnsSource {
  readonly run: Source;
  /** Names that machines give for addresses: a source of their own. */
  names: Sink | null = null;
  readonly #deps: MdnsDeps;
  readonly #records = new MdnsRecords();
  readonly #asked = new Map<string, number>();
  readonly #wanted = new Map<string, Question>();

  constructor(deps: MdnsDeps) {
    this.#deps = deps;
    this.run = (sink, signal) => this.#run(sink, signal);
  }

  /** What is the name of this address? Whoever has it may answer. */
  askName(address: string): void {
    if (/^[\d.]+$/.test(address)) this.#want({ name: reverseName(address), type: 'PTR' });
  }

  async #run(sink: Sink, signal: AbortSignal): Promise<Refusal | null> {
    const places = this.#deps.places();
    if (places.length === 0) {
      return { code: 'unreachable', reason: 'network-down', detail: 'no card with an address' };
    }
    // A socket may complain more than once.
    const problems = new Map<string, string>();
    const open = this.#deps.open ?? openMulticast;
    const links = places.map((place) =>
      open(place, {
        records: (records, from) => this.#hear(records, from, sink),
        failed: (detail) => problems.set(place, detail),
      }),
    );
    try {
      await this.#ask(links, signal, () => problems.size >= places.length);
    } finally {
      for (const link of links) link.close();
    }
    const [detail] = problems.values();
    return detail === undefined || problems.size < places.length
      ? null
      : { code: 'unsupported', reason: 'mdns-unavailable', detail };
  }

  async #ask(links: readonly MdnsLink[], signal: AbortSignal, hasFailed: () => boolean): Promise<void> {
    const pause = this.#deps.pauseMs ?? pauseMs;
    const times = [...(this.#deps.askAtMs ?? askAtMs)];
    let passedMs = 0;
    let waitMs = Math.min(pause, times[0] ?? pause);
    while ((await waitFor(waitMs, signal)) && !hasFailed()) {
      passedMs += waitMs;
      waitMs = pause;
      const isTime = (times[0] ?? Number.POSITIVE_INFINITY) <= passedMs;
      if (isTime) times.shift();
      for (const question of this.#records.openQuestions()) this.#want(question);
      const questions = [...(isTime ? firstQuestions : []), ...this.#takeWanted()];
      if (questions.length > 0) for (const link of links) link.ask(questions);
    }
  }

  #want(question: Question): void {
    const key = `${question.type} ${question.name}`;
    const times = this.#asked.get(key) ?? 0;
    if (times >= timesEach || this.#wanted.has(key) || !isSound(question.name)) return;
    if (times === 0 && this.#asked.size >= maxAsked) return;
    this.#asked.set(key, times + 1);
    this.#wanted.set(key, question);
  }

  /** The oldest first. */
  #takeWanted(): Question[] {
    const taken = [...this.#wanted].slice(0, atOnce);
    for (const [key] of taken) this.#wanted.delete(key);
    return taken.map(([, question]) => question);
  }

  #hear(records: readonly Answer[], sender: string, sink: Sink): void {
    const from = ipOf(sender);
    if (from === null || !this.#deps.isNear(from)) return;
    const { seen, gone } = this.#records.take(records, from);
    for (const key of gone) sink.gone(key);
    for (const each of seen) {
      if (each.key.startsWith('address ')) this.names?.seen(each);
      else sink.seen(each);
    }
  }
}

/** What can be put into a packet (RFC 1035, 2.3.4): the name may be a stranger's. */
function isSound(name: string): boolean {
  const labels = name.split('.').map((label) => Buffer.byteLength(label));
  return (
    labels.every((bytes) => bytes > 0 && bytes <= 63) &&
    labels.reduce((sum, bytes) => sum + bytes + 1, 1) <= 255
  );
}

/** Beside whatever else listens on this port here (Avahi, a browser): the socket shares it. */
const openMulticast: OpenMdns = (place, { records, failed }) => {
  const common = { interface: place, reuseAddr: true, loopback: false };
  const mdns = multicastDns(
    place.includes(':')
      ? {
          ...common,
          type: 'udp6',
          ip: 'ff02::fb',
          bind: '::',
          // Not for IPv4 as well, which has a socket of its own.
          socket: createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true }),
        }
      : { ...common, bind: '0.0.0.0' },
  );
  mdns.on('response', (packet, { address }) =>
    records([...(packet.answers ?? []), ...(packet.additionals ?? [])], address),
  );
  // A packet that cannot be read is no reason to stop; that the port cannot be had is.
  mdns.on('warning', () => undefined);
  mdns.on('error', (error) => failed(error.message));
  return {
    ask: (questions) => mdns.query({ questions: [...questions] }),
    close: () => mdns.destroy(),
  };
};
