/**
 * What a LAN leaves on disk: which namespaces, processes and cgroups are its own, and whose it is.
 * Written before anything is created, so that a killed run can be tidied up by the next one.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Hosts get their own /tmp, /root, /home, /run and /var, so this must be outside what they are made of. */
export const STATE_ROOT = process.env['MESOLITE_LAN_STATE'] ?? '/var/lib/mesolite-lan';

/** A pid alone may be reused; with the start time it names one process. */
export type ProcessRef = { readonly pid: number; readonly startTicks: string };

/** What is needed to log in. */
export type Account = { readonly name: string; readonly password?: string; readonly hasDeskKey: boolean };

export type HostState = {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  readonly sshPort: number;
  readonly users: readonly Account[];
  readonly hasSshd: boolean;
  readonly hasCgroups: boolean;
};

export type LanState = {
  readonly version: 1;
  readonly prefix: string;
  /** Absent for a LAN that is meant to outlive the command that made it (`npm run lan -- up`). */
  owner?: ProcessRef;
  readonly bootId: string;
  readonly hasDesk: boolean;
  /** The process that holds the desk's namespaces open. */
  desk?: ProcessRef;
  readonly hosts: readonly HostState[];
};

export function lanDir(prefix: string): string {
  return path.join(STATE_ROOT, prefix);
}

export function namespaceOf(prefix: string, name: string): string {
  return `${prefix}-${name}`;
}

/** Every network namespace of the LAN, by name. */
export function namespacesOf(state: LanState): string[] {
  const names = ['lan', ...(state.hasDesk ? ['desk'] : []), ...state.hosts.map((host) => host.name)];
  return names.map((name) => namespaceOf(state.prefix, name));
}

export function currentBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Refuses a prefix that is taken: the rename onto a non-empty folder fails. */
export function claimState(state: LanState): void {
  mkdirSync(STATE_ROOT, { recursive: true });
  const draft = path.join(STATE_ROOT, `.new-${process.pid}-${state.prefix}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  writeFileSync(path.join(draft, 'state.json'), JSON.stringify(state));
  try {
    renameSync(draft, lanDir(state.prefix));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`a LAN named ${state.prefix} exists already`, { cause: error });
  }
}

export function saveState(state: LanState): void {
  const file = path.join(lanDir(state.prefix), 'state.json');
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

export function loadState(prefix: string): LanState | undefined {
  try {
    return JSON.parse(readFileSync(path.join(lanDir(prefix), 'state.json'), 'utf8')) as LanState;
  } catch {
    return undefined;
  }
}

export function hostDir(prefix: string, name: string): string {
  return path.join(lanDir(prefix), 'hosts', name);
}

/**
 * The `unshare` above the host's pid 1; none while the power is off. A file of its own and read anew each time,
 * since several processes may hold a handle on the host.
 */
export function launcherOf(prefix: string, name: string): ProcessRef | undefined {
  try {
    return JSON.parse(readFileSync(launcherFile(prefix, name), 'utf8')) as ProcessRef;
  } catch {
    return undefined;
  }
}

export function setLauncher(prefix: string, name: string, launcher: ProcessRef | undefined): void {
  const file = launcherFile(prefix, name);
  if (launcher === undefined) {
    rmSync(file, { force: true });
    return;
  }
  writeFileSync(`${file}.new`, JSON.stringify(launcher));
  renameSync(`${file}.new`, file);
}

function launcherFile(prefix: string, name: string): string {
  return path.join(hostDir(prefix, name), 'launcher.json');
}

export function listPrefixes(): string[] {
  try {
    return readdirSync(STATE_ROOT).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

export function processRef(pid: number): ProcessRef | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets: fields are counted after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isZombie = fields[0] === 'Z';
    const startTicks = fields[19];
    return isZombie || startTicks === undefined ? undefined : { pid, startTicks };
  } catch {
    return undefined;
  }
}

export function isAlive(ref: ProcessRef): boolean {
  return processRef(ref.pid)?.startTicks === ref.startTicks;
}

/** The only child of the launcher is the host's pid 1 (as seen from outside). */
export function childOf(pid: number): number | undefined {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
    return first === undefined || first === '' ? undefined : Number(first);
  } catch {
    return undefined;
  }
}
