import { type AddressInfo, connect } from 'node:net';
import ssh2 from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { probeHostKey } from '../../../../electron/adapters/ssh/connect.ts';
import { forwardRefusal } from '../../../../electron/adapters/ssh/forward.ts';
import { confirmedHops, type Hop, JumpHosts } from '../../../../electron/adapters/ssh/jumps.ts';
import { Secret } from '../../../../electron/adapters/ssh/secret.ts';
import { direct, hangUp } from '../../../../electron/adapters/ssh/way.ts';
import type { HostKey } from '../../../../electron/contract/machine.ts';
import { aHostKey } from '../../../support/builders.ts';
import { until } from '../../../support/wait.ts';

const signal = (): AbortSignal => new AbortController().signal;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Gate = {
  readonly port: number;
  readonly hostKey: HostKey;
  /** Logins that were tried with a credential. */
  readonly tries: string[];
  readonly open: Set<unknown>;
  isForwarding: boolean;
};

/** An SSH server on loopback that takes one password and passes connections on. */
async function gateWith(password: string): Promise<Gate> {
  const { private: pem } = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const tries: string[] = [];
  const open = new Set<unknown>();
  const server = new ssh2.Server({ hostKeys: [pem] }, (client) => {
    open.add(client);
    client.on('error', () => {});
    client.on('close', () => open.delete(client));
    client.on('authentication', (context) => {
      if (context.method === 'none') return context.reject(['password']);
      tries.push(context.method);
      if (context.method === 'password' && context.password === password) context.accept();
      else context.reject(['password']);
    });
    // Without a listener ssh2 says that it is prohibited, as sshd does.
    if (!gate.isForwarding) return;
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      const socket = connect({ host: destIP, port: destPort });
      socket.once('error', () => reject());
      socket.once('connect', () => {
        const channel = accept();
        channel.on('error', () => {});
        socket.on('error', () => {});
        channel.pipe(socket).pipe(channel);
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const gate = { port, tries, open, isForwarding: true, hostKey: aHostKey('unknown') };
  const shown = await probeHostKey({ address: '127.0.0.1', port }, direct, signal());
  if (!shown.ok) throw new Error(shown.refusal.detail);
  return Object.assign(gate, { hostKey: shown.value.hostKey });
}

function hopTo(gate: Gate, secret: string | null = 'pass'): Hop {
  const { port, hostKey } = gate;
  const place = { address: '127.0.0.1', port, user: 'ada' };
  return {
    ...place,
    login: { kind: 'password' },
    hostKey,
    secret: secret === null ? null : new Secret(secret),
  };
}

function hosts(): JumpHosts {
  const made = new JumpHosts({ ownKeyPath: '/nowhere', agentSocket: null });
  closers.push(() => made.closeAll());
  return made;
}

describe('the way through jump hosts', () => {
  it('logs in once for all who go through at the same time', async () => {
    const [gate, target] = await Promise.all([gateWith('pass'), gateWith('other')]);
    const jumps = hosts();
    const to = { address: '127.0.0.1', port: target.port };
    const greetings = await Promise.all(
      [1, 2, 3].map(() => probeHostKey(to, jumps.way([hopTo(gate)]), signal())),
    );
    expect(greetings.map((one) => one.ok && one.value.hostKey.key)).toEqual(
      [1, 2, 3].map(() => target.hostKey.key),
    );
    expect(gate.tries).toEqual(['password']);
  });

  it('goes over several, each over the one before', async () => {
    const [first, second, target] = await Promise.all(['pass', 'pass', 'x'].map(gateWith));
    if (first === undefined || second === undefined || target === undefined)
      throw new Error('three are made');
    const way = hosts().way([hopTo(first), hopTo(second)]);
    const greeting = await probeHostKey({ address: '127.0.0.1', port: target.port }, way, signal());
    expect(greeting).toMatchObject({ ok: true, value: { hostKey: target.hostKey } });
    expect([first.tries, second.tries, target.tries]).toEqual([['password'], ['password'], []]);
  });

  it('closes the connection to a jump host when nobody needs it any more', async () => {
    const [gate, target] = await Promise.all([gateWith('pass'), gateWith('other')]);
    const way = hosts().way([hopTo(gate)]);
    const opened = await way.open({ address: '127.0.0.1', port: target.port }, signal());
    if (!opened.ok) throw new Error(opened.refusal.detail);
    expect(gate.open.size).toBe(1);
    hangUp(opened.value);
    await until(() => gate.open.size === 0, { what: 'the jump host is left' });
  });

  it('H1: sends no credential to a jump host that shows another key, and names it', async () => {
    const gate = await gateWith('pass');
    const way = hosts().way([{ ...hopTo(gate), hostKey: aHostKey('earlier') }]);
    const opened = await way.open({ address: '127.0.0.1', port: 9 }, signal());
    expect(opened).toMatchObject({ ok: false, refusal: { reason: 'host-key-changed' } });
    expect(!opened.ok && opened.refusal.detail).toMatch(
      new RegExp(`^jump host ada@127.0.0.1:${gate.port}: `),
    );
    expect(gate.tries).toEqual([]);
  });

  it('tries a wrong password once', async () => {
    const gate = await gateWith('pass');
    const passed = await hosts().pass([hopTo(gate, 'wrong')], signal());
    expect(passed).toMatchObject({ ok: false, refusal: { reason: 'login-refused' } });
    expect(gate.tries).toEqual(['password']);
  });

  it('does without a try when the password is not known any more', async () => {
    const gate = await gateWith('pass');
    const passed = await hosts().pass([hopTo(gate, null)], signal());
    expect(passed).toMatchObject({ ok: false, refusal: { reason: 'jump-password-gone' } });
    expect(gate.tries).toEqual([]);
  });

  it('says of a jump host that it passes nothing on', async () => {
    const gate = await gateWith('pass');
    gate.isForwarding = false;
    const opened = await hosts()
      .way([hopTo(gate)])
      .open({ address: 'inner', port: 22 }, signal());
    expect(opened).toMatchObject({ ok: false, refusal: { reason: 'forwarding-refused' } });
    expect(!opened.ok && opened.refusal.detail).toMatch(/^jump host ada@127\.0\.0\.1:\d+: inner port 22/);
  });

  it('stops for who gave up, and goes on for the others', async () => {
    const [gate, target] = await Promise.all([gateWith('pass'), gateWith('other')]);
    const jumps = hosts();
    const to = { address: '127.0.0.1', port: target.port };
    const abort = new AbortController();
    const first = jumps.way([hopTo(gate)]).open(to, abort.signal);
    const other = jumps.way([hopTo(gate)]).open(to, signal());
    abort.abort();
    expect(await first).toMatchObject({ ok: false, refusal: { reason: 'cancelled' } });
    expect((await other).ok).toBe(true);
    expect(gate.tries).toEqual(['password']);
  });
});

describe('what a jump host says of a connection', () => {
  it.each([
    [1, 'open failed', 'forwarding-refused'],
    [2, 'Connection refused', 'connection-refused'],
    [2, 'No route to host', 'no-route'],
    [2, 'Network is unreachable', 'no-route'],
    [2, 'Connection timed out', 'connect-timeout'],
    [2, 'Name or service not known', 'no-such-host'],
    [2, 'Temporary failure in name resolution', 'name-lookup-failed'],
    [2, '', 'connection-failed'],
    [4, 'open failed', 'connection-failed'],
  ])('%i %s is %s', (reason, words, expected) => {
    const error = Object.assign(new Error(`(SSH) Channel open failure: ${words}`), { reason });
    expect(forwardRefusal(error, 'inner port 22').reason).toBe(expected);
  });
});

describe('hops of a way', () => {
  it('end before the first whose key nobody has confirmed', () => {
    const jump = { address: 'a', port: 22, user: 'ada', login: { kind: 'ssh-agent' } } as const;
    const jumps = [
      { ...jump, hostKey: aHostKey('a') },
      { ...jump, hostKey: null },
      { ...jump, hostKey: aHostKey('c') },
    ];
    expect(confirmedHops(jumps, () => null)).toMatchObject([{ hostKey: aHostKey('a'), secret: null }]);
  });
});
