/** The desk: the place in the LAN from which the app runs. It shares the machine's disk and processes. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/wait.ts';
import { DESK_ADDRESS } from './net.ts';
import { exec, type RunOptions, type RunResult } from './run.ts';
import { isAlive, type LanState, lanDir, namespaceOf, processRef } from './state.ts';

const SCRIPT = fileURLToPath(new URL('./desk.sh', import.meta.url));

/** Tells what runs on the desk which LAN it is in. */
export const LAN_VARIABLE = 'MESOLITE_LAN';

export type Desk = {
  readonly address: string;
  /** The desk's own key pair, which hosts know unless their spec says otherwise. */
  readonly keyPath: string;
  readonly publicKey: string;
  /** All hosts' keys, as they were when the LAN came up. */
  readonly knownHostsPath: string;
  /** A folder of the desk's own, for profiles and the like. It goes with the LAN. */
  readonly scratch: string;
  exec(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The child's pid is the command's own. */
  spawn(command: string, args: readonly string[], options?: DeskSpawnOptions): ChildProcess;
  /** The command line that runs another one on the desk, for a terminal or for a tool that starts things itself. */
  enterArgs(argv: readonly string[], cwd?: string): string[];
};

export type DeskSpawnOptions = Omit<SpawnOptions, 'cwd'> & { readonly cwd?: string };

export async function startDesk(state: LanState, hostsFile: string): Promise<void> {
  const folder = lanDir(state.prefix);
  mkdirSync(path.join(folder, 'desk'), { recursive: true });
  writeDeskEtc(folder, hostsFile);
  const logPath = path.join(folder, 'desk.log');
  const log = openSync(logPath, 'w');
  const net = `--net=/run/netns/${namespaceOf(state.prefix, 'desk')}`;
  const args = [
    net,
    'unshare',
    '--mount',
    '--propagation',
    'slave',
    'bash',
    SCRIPT,
    path.join(folder, 'desk-etc'),
  ];
  const child = spawn('nsenter', args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const desk = child.pid === undefined ? undefined : processRef(child.pid);
  if (desk === undefined) throw new Error('cannot start the desk');
  state.desk = desk;
  const read = (): string => readFileSync(logPath, 'utf8');
  await until(() => read().includes('up\n') || !isAlive(desk), { what: 'the desk is up', everyMs: 10 });
  if (!isAlive(desk)) throw new Error(`the desk did not start: ${read().trim()}`);
}

function writeDeskEtc(folder: string, hostsFile: string): void {
  const etc = path.join(folder, 'desk-etc');
  mkdirSync(path.join(etc, 'ssh'), { recursive: true });
  writeFileSync(path.join(etc, 'hosts'), hostsFile);
  writeFileSync(path.join(etc, 'resolv.conf'), '');
  const config = [
    'Host *',
    `  IdentityFile ${folder}/id`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${folder}/known_hosts`,
    '  StrictHostKeyChecking yes',
  ];
  writeFileSync(path.join(etc, 'ssh/ssh_config'), `${config.join('\n')}\n`);
  if (existsSync('/etc/ssh/moduli')) copyFileSync('/etc/ssh/moduli', path.join(etc, 'ssh/moduli'));
}

export function openDesk(state: LanState): Desk {
  const folder = lanDir(state.prefix);
  const enter = (cwd = process.cwd()): string[] => {
    if (state.desk === undefined || !isAlive(state.desk)) throw new Error('this LAN has no desk');
    return [
      '--target',
      String(state.desk.pid),
      '--mount',
      '--net',
      `--wdns=${cwd}`,
      'env',
      `${LAN_VARIABLE}=${state.prefix}`,
    ];
  };
  return {
    address: DESK_ADDRESS,
    keyPath: path.join(folder, 'id'),
    publicKey: readFileSync(path.join(folder, 'id.pub'), 'utf8').trim(),
    knownHostsPath: path.join(folder, 'known_hosts'),
    scratch: path.join(folder, 'desk'),
    enterArgs: (argv, cwd) => ['nsenter', ...enter(cwd), ...argv],
    exec: (command, args, options = {}) =>
      exec('nsenter', [...enter(options.cwd), command, ...args], options),
    spawn: (command, args, options = {}) =>
      spawn('nsenter', [...enter(options.cwd), command, ...args], options),
  };
}
