/** One host of the LAN, as tests hold it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/wait.ts';
import { HOST_KEY, makeHostKey } from './disk.ts';
import { type Listing, listHost } from './listing.ts';
import { clearDrops, drop, type Match, setCable } from './net.ts';
import { exec, type RunOptions, type RunResult, run } from './run.ts';
import { homeOf } from './spec.ts';
import {
  childOf,
  type HostState,
  hostDir,
  isAlive,
  launcherOf,
  namespaceOf,
  processRef,
  setLauncher,
} from './state.ts';
import { killPid, pidsIn } from './teardown.ts';

const BOOT = fileURLToPath(new URL('./boot.sh', import.meta.url));
const HOST_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};
const BOOT_CAP_MS = 20_000;

export type Host = {
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly users: HostState['users'];
  readonly hasSshd: boolean;
  /** Runs a shell line on the host as root, in all its namespaces, without ssh. */
  exec(line: string, options?: RunOptions): Promise<RunResult>;
  /** As exec, but throws unless it exits with 0; returns what it printed, trimmed. */
  run(line: string, options?: RunOptions): Promise<string>;
  /** The command line that runs another one on the host, for a terminal. */
  enterArgs(argv: readonly string[]): string[];
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Pulls the plug: SIGKILL to everything on it at once. What was written stays on the disk. */
  powerOff(): Promise<void>;
  /** Starts it again, with a new boot id, and waits until sshd listens. */
  powerOn(): Promise<void>;
  isOn(): boolean;
  /** Unplugs or plugs in the network cable. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Packets that would come in (or go out) vanish; narrow it with a peer, a port, a percentage. */
  dropInbound(match?: Match): Promise<void>;
  dropOutbound(match?: Match): Promise<void>;
  /** Loses that share of packets, both ways. */
  lose(percent: number): Promise<void>;
  clear(): Promise<void>;
  /** The line of known_hosts without the name: type and key. */
  publicKey(): string;
  fingerprint(): Promise<string>;
  /** As after a new installation: sshd shows another key from now on. */
  changeHostKey(): Promise<void>;
  /** Where a file of the running host is found from outside, with its mounts. */
  outsidePath(file: string): string;
  /** Processes on it, as numbered outside, without those entered by `exec`. */
  pids(): number[];
  listEverything(): Listing;
};

export type HostContext = {
  readonly prefix: string;
  readonly state: HostState;
};

export function openHost(context: HostContext): Host {
  const { prefix, state } = context;
  const namespace = namespaceOf(prefix, state.name);
  const folder = hostDir(prefix, state.name);
  const pidOne = (): number => {
    const launcher = launcherOf(prefix, state.name);
    const pid = launcher === undefined || !isAlive(launcher) ? undefined : childOf(launcher.pid);
    if (pid === undefined) throw new Error(`${state.name} is off`);
    return pid;
  };
  const enter = (): string[] => ['--target', String(pidOne()), '--all', '--root', '--wd'];
  const ownPids = (): number[] => pidsIn([namespace]).filter((pid) => isOf(pidOne(), pid));
  const host: Host = {
    name: state.name,
    address: state.address,
    sshPort: state.sshPort,
    users: state.users,
    hasSshd: state.hasSshd,
    exec: (line, options) => exec('nsenter', [...enter(), 'sh', '-c', line], { env: HOST_ENV, ...options }),
    run: async (line, options) => {
      const out = await run('nsenter', [...enter(), 'sh', '-c', line], { env: HOST_ENV, ...options });
      return out.trim();
    },
    enterArgs: (argv) => {
      const env = Object.entries(HOST_ENV).map(([name, value]) => `${name}=${value}`);
      return ['nsenter', ...enter(), 'env', '-i', `TERM=${process.env['TERM'] ?? 'dumb'}`, ...env, ...argv];
    },
    spawn: (command, args, options = {}) =>
      spawn('nsenter', [...enter(), command, ...args], { env: HOST_ENV, ...options }),
    powerOff: () => powerOff(context, namespace),
    powerOn: () => powerOn(context),
    isOn: () => isRunning(context),
    cut: () => setCable(prefix, state.index, 'down'),
    mend: () => setCable(prefix, state.index, 'up'),
    dropInbound: (match = {}) => drop(namespace, 'in', match),
    dropOutbound: (match = {}) => drop(namespace, 'out', match),
    lose: async (percent) => {
      await drop(namespace, 'in', { percent });
      await drop(namespace, 'out', { percent });
    },
    clear: () => clearDrops(namespace),
    publicKey: () => publicKeyIn(folder),
    fingerprint: async () => {
      const line = await run('ssh-keygen', ['-lf', path.join(folder, 'upper', `${HOST_KEY}.pub`)]);
      return line.split(' ')[1] ?? '';
    },
    changeHostKey: () => changeHostKey(host, folder),
    outsidePath: (file) => path.join(`/proc/${pidOne()}/root`, file),
    pids: ownPids,
    listEverything: () =>
      listHost({
        root: `/proc/${pidOne()}/root`,
        folder,
        homes: new Map(state.users.map((user) => [user.name, homeOf(user.name)])),
        pids: ownPids(),
      }),
  };
  return host;
}

export function publicKeyIn(folder: string): string {
  const line = readFileSync(path.join(folder, 'upper', `${HOST_KEY}.pub`), 'utf8');
  return line.split(' ').slice(0, 2).join(' ');
}

/** Whether a process was born on the host: its ancestors lead to pid 1 there, not to our nsenter. */
function isOf(pidOne: number, pid: number): boolean {
  for (let at = pid; at > 1; ) {
    if (at === pidOne) return true;
    const parent = /^PPid:\s+(\d+)$/m.exec(readStatus(at))?.[1];
    at = Number(parent ?? 0);
  }
  return false;
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

/** Starts the host's pid 1, in a session of its own, so that Ctrl-C reaches us and not the hosts. */
export async function boot(context: HostContext): Promise<void> {
  const { state, prefix } = context;
  const folder = hostDir(prefix, state.name);
  const log = openSync(path.join(folder, 'log'), 'w');
  const args = [BOOT, prefix, state.name, folder, state.hasCgroups ? 'yes' : 'no'];
  const child = spawn('bash', args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const launcher = child.pid === undefined ? undefined : processRef(child.pid);
  if (launcher === undefined) throw new Error(`cannot start ${state.name}`);
  setLauncher(prefix, state.name, launcher);
  const read = (): string => readFileSync(path.join(folder, 'log'), 'utf8');
  const isUp = (): boolean => (state.hasSshd ? /Server listening on 0\.0\.0\.0/ : /^up$/m).test(read());
  await until(() => isUp() || !isAlive(launcher), {
    what: `${state.name} is up`,
    capMs: BOOT_CAP_MS,
    everyMs: 10,
  });
  if (!isUp()) throw new Error(`${state.name} went down while starting: ${read().trim()}`);
}

function isRunning({ prefix, state }: HostContext): boolean {
  const launcher = launcherOf(prefix, state.name);
  return launcher !== undefined && isAlive(launcher);
}

async function powerOff(context: HostContext, namespace: string): Promise<void> {
  const { state, prefix } = context;
  const launcher = launcherOf(prefix, state.name);
  if (launcher === undefined) return;
  await setCable(prefix, state.index, 'down');
  if (isAlive(launcher)) killPid(launcher.pid);
  await until(
    () => {
      const left = pidsIn([namespace]);
      for (const pid of left) killPid(pid);
      return left.length === 0;
    },
    { what: `${state.name} is off`, everyMs: 5 },
  );
  setLauncher(prefix, state.name, undefined);
}

async function powerOn(context: HostContext): Promise<void> {
  if (isRunning(context)) return;
  await setCable(context.prefix, context.state.index, 'up');
  await boot(context);
}

async function changeHostKey(host: Host, folder: string): Promise<void> {
  // Through the host, because a layer must not be changed under a mounted overlay.
  mkdirSync(path.join(folder, 'next'));
  await makeHostKey(path.join(folder, 'next'), host.name);
  for (const name of [HOST_KEY, `${HOST_KEY}.pub`]) {
    const text = readFileSync(path.join(folder, 'next/upper', name), 'utf8');
    await host.run(`cat >/${name}`, { input: text });
  }
  await run('rm', ['-rf', path.join(folder, 'next')]);
  await host.run('kill -HUP "$(cat /run/sshd.pid)"');
  const want = host.publicKey();
  await until(
    async () => {
      const scan = await exec('nsenter', [
        `--net=${host.outsidePath('/proc/1/ns/net')}`,
        'ssh-keyscan',
        '-t',
        'ed25519',
        '-p',
        String(host.sshPort),
        '127.0.0.1',
      ]);
      return scan.stdout.includes(want);
    },
    { what: `${host.name} shows its new key` },
  );
}
