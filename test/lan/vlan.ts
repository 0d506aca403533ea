/**
 * The virtual LAN: real sshd hosts in namespaces on one bridge, and the desk from which the app runs.
 * README.md says how to use it. Any test may import this file, spec.ts, listing.ts and net.ts.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Desk, LAN_VARIABLE, openDesk, startDesk } from './desk.ts';
import { prepareDisk } from './disk.ts';
import { boot, type Host, openHost, publicKeyIn } from './host.ts';
import { addressOf, DESK_ADDRESS, MAX_HOSTS, makeBridge, type Port, plugIn } from './net.ts';
import { run } from './run.ts';
import { type Served, type ServeRequest, serve } from './serve.ts';
import { checkSpec, type HostSpec, type UserSpec, usersOf } from './spec.ts';
import {
  type Account,
  claimState,
  currentBootId,
  hostDir,
  type LanState,
  lanDir,
  loadState,
  namespaceOf,
  processRef,
  saveState,
} from './state.ts';
import { sweepLeftovers, teardown } from './teardown.ts';

const NEEDED = [
  'ip',
  'iptables',
  'unshare',
  'nsenter',
  'ssh-keygen',
  'ssh-keyscan',
  'openssl',
  'sshd',
  'sudo',
];
const DESK_INDEX = 254;

export type Lan = {
  readonly prefix: string;
  readonly folder: string;
  readonly hosts: readonly Host[];
  readonly desk: Desk;
  host(name: string): Host;
  /** Runs one of the servers of servers/ on a host that has the port free. */
  serve(request: ServeRequest): Promise<Served>;
  destroy(): Promise<void>;
};

export type LanOptions = {
  readonly hosts: readonly HostSpec[];
  /** Default: `ms` and four hex digits, so that LANs live side by side. */
  readonly prefix?: string;
  /** Default true. */
  readonly desk?: boolean;
  /** The LAN outlives this process; `attachLan(prefix)` finds it again. */
  readonly isKept?: boolean;
};

export async function createLan(options: LanOptions): Promise<Lan> {
  checkMachine();
  sweepLeftovers();
  options.hosts.forEach(checkSpec);
  if (options.hosts.length > MAX_HOSTS) throw new Error(`at most ${MAX_HOSTS} hosts`);
  const state = firstState(options);
  claimState(state);
  const disarm = tearDownAtExit(state);
  try {
    await build(state, options.hosts);
  } catch (error) {
    disarm();
    teardown(state);
    throw error;
  }
  if (options.isKept === true) {
    // Only now: if we are killed while building, the next start removes what there is.
    disarm();
    delete state.owner;
    saveState(state);
  }
  return openLan(state, disarm);
}

/** The LAN of another process: by default the one on whose desk this process runs. */
export function attachLan(prefix = process.env[LAN_VARIABLE] ?? ''): Lan {
  const state = loadState(prefix);
  if (state === undefined) throw new Error(`no LAN named ${prefix}`);
  return openLan(state, () => {});
}

function checkMachine(): void {
  if (process.getuid?.() !== 0) throw new Error('the virtual LAN needs root');
  const missing = NEEDED.filter((name) => {
    const places = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
    return !places.some((place) => existsSync(path.join(place, name)));
  });
  if (missing.length > 0) {
    const packages = JSON.parse(
      readFileSync(new URL('./packages.json', import.meta.url), 'utf8'),
    ) as string[];
    throw new Error(`missing: ${missing.join(' ')}. Install: apt-get install -y ${packages.join(' ')}`);
  }
}

function firstState(options: LanOptions): LanState {
  const prefix = options.prefix ?? `ms${randomBytes(2).toString('hex')}`;
  if (!/^[a-z][a-z0-9]{1,15}$/.test(prefix)) throw new Error(`bad prefix: ${prefix}`);
  const owner = processRef(process.pid);
  return {
    version: 1,
    prefix,
    ...(owner === undefined ? {} : { owner }),
    bootId: currentBootId(),
    hasDesk: options.desk ?? true,
    hosts: options.hosts.map((spec, position) => ({
      name: spec.name,
      index: position + 1,
      address: addressOf(position + 1),
      sshPort: spec.sshd === false ? 22 : (spec.sshd?.port ?? 22),
      users: usersOf(spec).map(accountOf),
      hasSshd: spec.sshd !== false,
      hasCgroups: spec.hasCgroups ?? true,
    })),
  };
}

function accountOf({ name, password, deskKey }: UserSpec): Account {
  return { name, hasDeskKey: deskKey ?? true, ...(password === undefined ? {} : { password }) };
}

async function build(state: LanState, specs: readonly HostSpec[]): Promise<void> {
  const folder = lanDir(state.prefix);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'desk', '-f', path.join(folder, 'id')]);
  const hostsFile = hostsFileOf(state);
  const deskPublicKey = readFileSync(path.join(folder, 'id.pub'), 'utf8').trim();
  const disks = state.hosts.map((host, position) => {
    const spec = specs[position] as HostSpec;
    return prepareDisk({
      folder: hostDir(state.prefix, host.name),
      spec,
      index: host.index,
      deskPublicKey,
      hostsFile,
    });
  });
  await makeBridge(state.prefix);
  const ports: Port[] = state.hosts.map(({ name, index }) => ({ name, index }));
  if (state.hasDesk) ports.push({ name: 'desk', index: DESK_INDEX });
  await plugIn(state.prefix, ports);
  if (state.hasDesk) await startDesk(state, hostsFile);
  await Promise.all(disks);
  writeKnownHosts(state);
  await Promise.all(state.hosts.map((host) => boot({ prefix: state.prefix, state: host })));
}

function hostsFileOf(state: LanState): string {
  const names = state.hosts.map((host) => `${host.address} ${host.name}\n`);
  return `127.0.0.1 localhost\n${DESK_ADDRESS} desk\n${names.join('')}`;
}

function writeKnownHosts(state: LanState): void {
  const known = state.hosts
    .filter((host) => host.hasSshd)
    .map((host) => {
      const names = [host.name, host.address].map((name) =>
        host.sshPort === 22 ? name : `[${name}]:${host.sshPort}`,
      );
      return `${names.join(',')} ${publicKeyIn(hostDir(state.prefix, host.name))}\n`;
    });
  writeFileSync(path.join(lanDir(state.prefix), 'known_hosts'), known.join(''));
}

/** Also on an exception nobody caught, on Ctrl-C and on SIGTERM. A SIGKILL is the next start's business. */
function tearDownAtExit(state: LanState): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onExit = (): void => teardown(state);
  const onSignal = (signal: NodeJS.Signals): void => {
    disarm();
    teardown(state);
    // With our listener gone the signal does what it would have done.
    process.kill(process.pid, signal);
  };
  const disarm = (): void => {
    process.off('exit', onExit);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.on('exit', onExit);
  for (const signal of signals) process.on(signal, onSignal);
  return disarm;
}

function openLan(state: LanState, disarm: () => void): Lan {
  const hosts = state.hosts.map((host) => openHost({ prefix: state.prefix, state: host }));
  const byName = (name: string): Host => {
    const found = hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no host named ${name}`);
    return found;
  };
  return {
    prefix: state.prefix,
    folder: lanDir(state.prefix),
    hosts,
    desk: openDesk(state),
    host: byName,
    serve: (request) => serve(namespaceOf(state.prefix, request.host), byName(request.host).address, request),
    destroy: () => {
      disarm();
      teardown(state);
      return Promise.resolve();
    },
  };
}
