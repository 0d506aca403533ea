// A probe: a TCP connection to the ports that a person named, on every address of the network that a person chose, and
// nothing else ever, also when this computer leaves that network meanwhile. What answers is asked for its greeting.
import { setMaxListeners } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FoundPort } from '../../contract/discovery.ts';
import type { Refusal } from '../../contract/errors.ts';
import { readBanner } from './banner.ts';
import { type Sink, type Source, waitFor } from './source.ts';

/**
 * An address where nobody is keeps an entry of the kernel's neighbour table for 3 s, and that table has room for 512 with
 * ease (Linux ip-sysctl, neigh/default/gc_thresh2): so at this pace a probe takes at most 300 of them.
 */
const everyMs = 10;
const maxAtOnce = 128;
const answerMs = 1500;
const bannerMs = 2000;

export type Dial = (to: {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string;
}) => Socket;
export type ProbeTarget = {
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
  /** This computer's own address there. Once it is lost the kernel sends nothing, instead of sending it to a router. */
  readonly from: string;
  /** Whether there is no router in between; asked before each connection. */
  readonly isDirect: (address: string) => Promise<boolean>;
};
export type Pace = {
  /** One connection is made after each. false = it was told to stop. */
  readonly pause: (signal: AbortSignal) => Promise<boolean>;
  readonly answerMs: number;
  readonly bannerMs: number;
};
const systemPace: Pace = { pause: (signal) => waitFor(everyMs, signal), answerMs, bannerMs };

export function probeSource(
  { addresses, ports, from, isDirect }: ProbeTarget,
  dial: Dial = connect,
  pace: Pace = systemPace,
): Source {
  return async (sink, signal) => {
    const wanted = ports.flatMap((port) => addresses.map((address) => ({ address, port })));
    // Each connection listens to it.
    setMaxListeners(0, signal);
    const running = new Set<Promise<void>>();
    const found = new Found(sink);
    let done = 0;
    let asked = 0;
    sink.progress(0, wanted.length);
    const ask = async (address: string, port: number): Promise<void> => {
      const answer = await look({ to: { host: address, port, localAddress: from }, dial, pace, signal });
      done += 1;
      if (answer !== null) found.add(address, answer);
      sink.progress(done, wanted.length);
    };
    for (const { address, port } of wanted) {
      const isHere = await isDirect(address);
      if (signal.aborted) break;
      if (!isHere) {
        done += 1;
        sink.progress(done, wanted.length);
        continue;
      }
      asked += 1;
      const each = ask(address, port).finally(() => running.delete(each));
      running.add(each);
      while (running.size >= maxAtOnce) await Promise.race(running);
      await pace.pause(signal);
    }
    await Promise.all(running);
    return asked === 0 && !signal.aborted ? routedAway(from) : null;
  };
}

function routedAway(from: string): Refusal {
  return {
    code: 'unreachable',
    reason: 'network-not-attached',
    detail: `the routes from ${from} lead elsewhere`,
  };
}

/** One sighting for each address, with all its ports. */
class Found {
  readonly #sink: Sink;
  readonly #ports = new Map<string, FoundPort[]>();

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  add(address: string, port: FoundPort): void {
    const ports = [...(this.#ports.get(address) ?? []), port];
    this.#ports.set(address, ports);
    this.#sink.seen({ key: address, address, ports });
  }
}

type Look = {
  readonly to: Parameters<Dial>[0];
  readonly dial: Dial;
  readonly pace: Pace;
  readonly signal: AbortSignal;
};

/** null = nobody answered. Refused means that a machine is there. */
function look({ to, dial, pace, signal }: Look): Promise<FoundPort | null> {
  const { port } = to;
  return new Promise((resolve) => {
    const socket = dial(to);
    const end = (answer: FoundPort | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => end(null);
    const timer = setTimeout(onAbort, pace.answerMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code === 'ECONNREFUSED' ? { port, state: 'closed', banner: null } : null);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      void readBanner(socket, pace.bannerMs).then((banner) => end({ port, state: 'open', banner }));
    });
  });
}
