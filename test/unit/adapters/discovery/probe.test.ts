// Against real sockets on loopback, and against scripted ones for what a network does.
import { EventEmitter } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { readBanner } from '../../../../electron/adapters/discovery/banner.ts';
import { type Dial, type ProbeTarget, probeSource } from '../../../../electron/adapters/discovery/probe.ts';
import { type Seen, waitFor } from '../../../../electron/adapters/discovery/source.ts';
import { until } from '../../../support/wait.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const greetingOf = async (onSocket: (socket: Socket) => void, withinMs = 5000) => {
  const port = await listening(onSocket);
  const socket = connect({ host: '127.0.0.1', port });
  return { greeting: await readBanner(socket, withinMs), socket };
};

describe('a greeting', () => {
  it('is the line of SSH, also after other lines', async () => {
    const { greeting } = await greetingOf((socket) =>
      socket.write('welcome\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
    );
    expect(greeting).toBe('SSH-2.0-OpenSSH_9.2p1 Debian-2');
  });

  it('may come byte by byte', async () => {
    const { greeting } = await greetingOf((socket) => {
      const bytes = [...'SSH-2.0-slow\n'];
      const next = () => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(byte, () => setImmediate(next));
      };
      next();
    });
    expect(greeting).toBe('SSH-2.0-slow');
  });

  it('is something else when the port is not SSH', async () => {
    const { greeting } = await greetingOf((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(greeting).toBe('HTTP/1.1 400 Bad Request');
  });

  it('is nothing when nothing is said, and the connection is closed', async () => {
    const { greeting, socket } = await greetingOf(() => undefined, 50);
    expect(greeting).toBeNull();
    expect(socket.destroyed).toBe(true);
  });

  it('without an end is cut', async () => {
    const { greeting } = await greetingOf((socket) => socket.write('x'.repeat(1_000_000)));
    expect(greeting).toBe('x'.repeat(255));
  });
});

/** A network in which each address has a fate of its own. */
function network(fates: Readonly<Record<string, 'open' | 'refused' | 'silent'>>) {
  const dialled: string[] = [];
  const open = new Set<EventEmitter>();
  let most = 0;
  const dial: Dial = ({ host, port }) => {
    dialled.push(`${host}:${port}`);
    const socket = new EventEmitter();
    open.add(socket);
    most = Math.max(most, open.size);
    const destroy = () => {
      if (open.delete(socket)) setImmediate(() => socket.emit('close'));
    };
    const fate = fates[`${host}:${port}`] ?? 'silent';
    setImmediate(() => {
      if (fate === 'refused')
        socket.emit('error', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      if (fate !== 'open') return;
      socket.emit('connect');
      setImmediate(() => socket.emit('data', Buffer.from('SSH-2.0-fake\r\n')));
    });
    return Object.assign(socket, { destroy }) as unknown as Socket;
  };
  return { dial, dialled, open, most: () => most };
}

/** All of them on the cable, unless it is said. */
const target = (
  addresses: readonly string[],
  { ports = [22], isDirect = () => Promise.resolve(true) }: Partial<ProbeTarget> = {},
): ProbeTarget => ({ addresses, ports, from: '10.0.0.254', isDirect });

const pace = { pause: (signal: AbortSignal) => waitFor(0, signal), answerMs: 30, bannerMs: 1000 };
const collect = () => {
  const seen: Seen[] = [];
  const progress: string[] = [];
  const sink = {
    seen: (what: Seen) => seen.push(what),
    gone: () => undefined,
    progress: (done: number, total: number) => progress.push(`${done}/${total}`),
  };
  return { seen, progress, sink };
};

describe('a probe', () => {
  it('tells who answers, and that a refusal is an answer too', async () => {
    const net = network({ '10.0.0.5:22': 'open', '10.0.0.5:2222': 'refused', '10.0.0.6:22': 'refused' });
    const { seen, progress, sink } = collect();
    const addresses = ['10.0.0.5', '10.0.0.6', '10.0.0.7'];
    const run = probeSource(target(addresses, { ports: [22, 2222] }), net.dial, pace);
    expect(await run(sink, new AbortController().signal)).toBeNull();
    const last = new Map(seen.map((each) => [each.key, each]));
    expect(last.get('10.0.0.5')?.ports).toEqual([
      { port: 22, state: 'open', banner: 'SSH-2.0-fake' },
      { port: 2222, state: 'closed', banner: null },
    ]);
    expect(last.get('10.0.0.6')?.ports).toEqual([{ port: 22, state: 'closed', banner: null }]);
    expect(last.has('10.0.0.7')).toBe(false);
    expect(progress.at(0)).toBe('0/6');
    expect(progress.at(-1)).toBe('6/6');
  });

  it('asks only what it was given, each once, and leaves no connection', async () => {
    const net = network({});
    const addresses = Array.from({ length: 300 }, (_, at) => `10.0.${Math.floor(at / 256)}.${at % 256}`);
    await probeSource(target(addresses), net.dial, pace)(collect().sink, new AbortController().signal);
    expect(net.dialled.sort()).toEqual(addresses.map((address) => `${address}:22`).sort());
    expect(net.open.size).toBe(0);
    expect(net.most()).toBeLessThanOrEqual(128);
  });

  it('asks nobody behind a router, also when that is so only from now on', async () => {
    const net = network({});
    const { progress, sink } = collect();
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
    let hasLeft = false;
    const isDirect = (address: string) => Promise.resolve(!hasLeft && address !== '10.0.0.2');
    const pause = () => {
      hasLeft = net.dialled.length === 2;
      return Promise.resolve(true);
    };
    const run = probeSource(target(addresses, { isDirect }), net.dial, { ...pace, pause });
    expect(await run(sink, new AbortController().signal)).toBeNull();
    expect(net.dialled).toEqual(['10.0.0.1:22', '10.0.0.3:22']);
    expect(progress.at(-1)).toBe('4/4');
  });

  it('says so when all of them are behind a router', async () => {
    const net = network({});
    const run = probeSource(target(['10.0.0.1'], { isDirect: () => Promise.resolve(false) }), net.dial, pace);
    expect(await run(collect().sink, new AbortController().signal)).toMatchObject({
      reason: 'network-not-attached',
    });
    expect(net.dialled).toEqual([]);
  });

  it('leaves by the address it was started from, or not at all', async () => {
    const { port, own } = {
      port: await listening((socket) => socket.end('SSH-2.0-here\r\n')),
      own: '127.0.0.1',
    };
    const { seen, sink } = collect();
    const signal = new AbortController().signal;
    await probeSource({ ...target([own], { ports: [port] }), from: own })(sink, signal);
    expect(seen).toMatchObject([{ address: own, ports: [{ state: 'open', banner: 'SSH-2.0-here' }] }]);
    // 192.0.2.0/24 is nobody's (RFC 5737), so it is an address that this computer has lost.
    await probeSource({ ...target([own], { ports: [port] }), from: '192.0.2.1' })(sink, signal);
    expect(seen).toHaveLength(1);
  });

  it('stops at once when it is told to', async () => {
    const net = network({});
    const stop = new AbortController();
    const addresses = Array.from({ length: 200 }, (_, at) => `10.0.0.${at}`);
    const run = probeSource(target(addresses), net.dial, { ...pace, answerMs: 60_000 });
    const end = run(collect().sink, stop.signal);
    await until(() => net.dialled.length >= 3, { what: 'it has begun' });
    stop.abort();
    await end;
    expect(net.open.size).toBe(0);
    expect(net.dialled.length).toBeLessThan(200);
  });

  it('makes one connection for each beat of its pace', async () => {
    const net = network({});
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
    const made: number[] = [];
    const pause = () => {
      made.push(net.dialled.length);
      return Promise.resolve(true);
    };
    const stop = new AbortController();
    await probeSource(target(addresses), net.dial, { ...pace, pause })(collect().sink, stop.signal);
    expect(made).toEqual([1, 2, 3, 4, 5]);
  });
});
