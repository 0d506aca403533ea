/**
 * Ending a LAN: every process in its namespaces by pid, then namespaces, cgroups and files. Synchronous,
 * because it also runs in exit and signal handlers. Safe to run twice and on a half-made LAN.
 */
import { existsSync, readdirSync, readlinkSync, rmdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { trySync } from './run.ts';
import {
  currentBootId,
  isAlive,
  type LanState,
  lanDir,
  launcherOf,
  listPrefixes,
  loadState,
  namespacesOf,
  STATE_ROOT,
} from './state.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';
const END_CAP_MS = 10_000;

export function teardown(state: LanState): void {
  for (const host of state.hosts) {
    const launcher = launcherOf(state.prefix, host.name);
    if (launcher !== undefined && isAlive(launcher)) killPid(launcher.pid);
  }
  const namespaces = namespacesOf(state);
  killAllIn(namespaces);
  for (const namespace of namespaces) {
    if (existsSync(`/run/netns/${namespace}`)) trySync('ip', ['netns', 'del', namespace]);
  }
  for (const folder of cgroupFolders()) removeCgroup(path.join(folder, 'mesolite-lan', state.prefix));
  rmSync(lanDir(state.prefix), { recursive: true, force: true });
  removeIfEmpty(STATE_ROOT);
}

/** Ends what killed runs left behind. A LAN whose owner lives, or that is kept on purpose, is left alone. */
export function sweepLeftovers(): string[] {
  const swept: string[] = [];
  for (const prefix of listPrefixes()) {
    const state = loadState(prefix);
    if (state === undefined) {
      rmSync(lanDir(prefix), { recursive: true, force: true });
      continue;
    }
    if (state.bootId === currentBootId() && (state.owner === undefined || isAlive(state.owner))) continue;
    teardown(state);
    swept.push(prefix);
  }
  return swept;
}

/** Processes of the named network namespaces, as the outermost pid namespace numbers them. */
export function pidsIn(namespaces: readonly string[]): number[] {
  const wanted = new Set<string>();
  for (const namespace of namespaces) {
    const file = `/run/netns/${namespace}`;
    if (existsSync(file)) wanted.add(`net:[${statSync(file).ino}]`);
  }
  if (wanted.size === 0) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => wanted.has(networkOf(pid)));
}

function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function killAllIn(namespaces: readonly string[]): void {
  const endMs = performance.now() + END_CAP_MS;
  for (;;) {
    const pids = pidsIn(namespaces).filter((pid) => pid !== process.pid);
    if (pids.length === 0) return;
    if (performance.now() > endMs) throw new Error(`these processes do not end: ${pids.join(' ')}`);
    for (const pid of pids) killPid(pid);
    blockFor(5);
  }
}

export function killPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function cgroupFolders(): string[] {
  if (existsSync(`${CGROUP_ROOT}/cgroup.controllers`)) return [CGROUP_ROOT];
  try {
    return readdirSync(CGROUP_ROOT).map((name) => path.join(CGROUP_ROOT, name));
  } catch {
    return [];
  }
}

/** A cgroup folder goes only when it has no process and no folder below; the kernel may lag a moment. */
function removeCgroup(folder: string): void {
  if (!existsSync(folder)) return;
  const endMs = performance.now() + 2_000;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(path.join(folder, entry.name));
  }
  while (existsSync(folder) && performance.now() < endMs) {
    if (!removeIfEmpty(folder)) blockFor(5);
  }
  removeIfEmpty(path.dirname(folder));
}

function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function blockFor(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}
