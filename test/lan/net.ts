/** Cables and packet filters. All of it inside network namespaces; the bridge has no uplink and no address. */
import { exec, run } from './run.ts';
import { namespaceOf } from './state.ts';

const SUBNET = '10.77.0';
export const DESK_ADDRESS = `${SUBNET}.254`;
/** 1..250 for hosts; 254 is the desk. */
export const MAX_HOSTS = 250;

export type Port = {
  /** `desk` or the host's name. */
  readonly name: string;
  /** Last byte of the address. */
  readonly index: number;
};

export function addressOf(index: number): string {
  return `${SUBNET}.${index}`;
}

function cableOf(index: number): string {
  return `port${index}`;
}

export async function makeBridge(prefix: string): Promise<void> {
  const lan = namespaceOf(prefix, 'lan');
  await run('ip', ['netns', 'add', lan]);
  await ipBatch(lan, [
    'link set lo up',
    'link add br0 type bridge mcast_snooping 0 forward_delay 0 stp_state 0',
    'link set br0 up',
  ]);
}

/** Gives each a network namespace with `eth0` on the bridge. */
export async function plugIn(prefix: string, ports: readonly Port[]): Promise<void> {
  const lan = namespaceOf(prefix, 'lan');
  const add = ports.map((port) => `netns add ${namespaceOf(prefix, port.name)}`);
  await run('ip', ['-batch', '-'], { input: add.join('\n') });
  await ipBatch(
    lan,
    ports.flatMap((port) => {
      const cable = cableOf(port.index);
      const mac = `02:4d:53:00:00:${port.index.toString(16).padStart(2, '0')}`;
      const peer = `peer name eth0 address ${mac} netns ${namespaceOf(prefix, port.name)}`;
      return [`link add ${cable} type veth ${peer}`, `link set ${cable} master br0`, `link set ${cable} up`];
    }),
  );
  await Promise.all(
    ports.map((port) =>
      ipBatch(namespaceOf(prefix, port.name), [
        'link set lo up',
        `addr add ${addressOf(port.index)}/24 dev eth0 brd +`,
        'link set eth0 up',
        // Multicast (mDNS) goes to the LAN although there is no default route.
        'route add 224.0.0.0/4 dev eth0',
      ]),
    ),
  );
}

export async function setCable(prefix: string, index: number, state: 'up' | 'down'): Promise<void> {
  await run('ip', ['-n', namespaceOf(prefix, 'lan'), 'link', 'set', cableOf(index), state]);
}

function ipBatch(namespace: string, commands: readonly string[]): Promise<string> {
  return run('ip', ['-n', namespace, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}

/** Which packets a rule is about; everything when empty. */
export type Match = {
  /** The other side's address. */
  readonly peer?: string;
  /** The port on this side, TCP. */
  readonly port?: number;
  /** 0..100: how many of them are dropped, at random. */
  readonly percent?: number;
};

export async function drop(namespace: string, direction: 'in' | 'out', match: Match): Promise<void> {
  const isIn = direction === 'in';
  const args = ['-w', '-A', isIn ? 'INPUT' : 'OUTPUT', isIn ? '-i' : '-o', 'eth0'];
  if (match.peer !== undefined) args.push(isIn ? '-s' : '-d', match.peer);
  if (match.port !== undefined) args.push('-p', 'tcp', isIn ? '--dport' : '--sport', String(match.port));
  if (match.percent !== undefined) {
    args.push('-m', 'statistic', '--mode', 'random', '--probability', String(match.percent / 100));
  }
  await run('ip', ['netns', 'exec', namespace, 'iptables', ...args, '-j', 'DROP']);
}

export async function clearDrops(namespace: string): Promise<void> {
  for (const chain of ['INPUT', 'OUTPUT']) {
    await run('ip', ['netns', 'exec', namespace, 'iptables', '-w', '-F', chain]);
  }
}

/** The routes of a namespace that do not stay on the LAN. Empty is what makes the bed safe. */
export async function routesOut(namespace: string): Promise<string[]> {
  const all = await Promise.all(
    ['-4', '-6'].map((family) => exec('ip', ['-n', namespace, family, 'route', 'show', 'table', 'all'])),
  );
  return all
    .flatMap((result) => result.stdout.split('\n'))
    .filter((route) => route.startsWith('default') || route.includes(' via '));
}
