/** Everything that is on a host, so that a test can compare before and after an uninstall. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';

export type FileEntry = {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly mode: string;
  readonly uid: number;
  readonly sizeBytes: number;
  /** The hash of a file, the target of a link, otherwise empty. */
  readonly content: string;
};

export type ProcessEntry = { readonly pid: number; readonly uid: number; readonly command: string };

export type Listing = {
  /** By path as seen on the host. Of /usr and /etc: what the host has beyond the machine below. */
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly processes: readonly ProcessEntry[];
  /** Lines of authorized_keys by user. */
  readonly authorizedKeys: ReadonlyMap<string, readonly string[]>;
};

export type ListingSource = {
  /** The host's root as seen from outside: /proc/PID/root. */
  readonly root: string;
  readonly folder: string;
  readonly homes: ReadonlyMap<string, string>;
  /** The host's processes, as numbered outside. */
  readonly pids: readonly number[];
};

const OWN_PARTS = ['home', 'root', 'tmp', 'run', 'var', 'opt', 'srv', 'mnt', 'media', 'boot', 'dev/shm'];
const CGROUPS = 'sys/fs/cgroup';

export function listHost(source: ListingSource): Listing {
  const files = new Map<string, FileEntry>();
  for (const part of OWN_PARTS) walk(path.join(source.root, part), `/${part}`, files);
  for (const layer of ['usr', 'etc']) {
    walk(path.join(source.folder, 'upper', layer), `/${layer}`, files);
    dropCopiedUp(`/${layer}`, files);
  }
  for (const name of readdirSync(source.root)) addEntry(path.join(source.root, name), `/${name}`, files);
  walkCgroups(path.join(source.root, CGROUPS), `/${CGROUPS}`, files);
  const authorizedKeys = new Map<string, readonly string[]>();
  for (const [user, home] of source.homes) {
    authorizedKeys.set(user, readLines(path.join(source.root, home, '.ssh/authorized_keys')));
  }
  return { files, processes: source.pids.flatMap(describeProcess), authorizedKeys };
}

function walk(outside: string, inside: string, files: Map<string, FileEntry>): void {
  let names: string[];
  try {
    names = readdirSync(outside);
  } catch {
    return;
  }
  for (const name of names) {
    const child = path.join(outside, name);
    const stats = addEntry(child, path.join(inside, name), files);
    if (stats?.isDirectory()) walk(child, path.join(inside, name), files);
  }
}

/** A folder that a layer holds only because something in it changed is no news. */
function dropCopiedUp(layer: string, files: Map<string, FileEntry>): void {
  for (const [name, entry] of files) {
    if (entry.kind !== 'folder' || !name.startsWith(`${layer}/`)) continue;
    const below = new Map<string, FileEntry>();
    addEntry(name, name, below);
    const same = below.get(name);
    if (same?.kind === 'folder' && same.mode === entry.mode && same.uid === entry.uid) files.delete(name);
  }
}

function addEntry(outside: string, inside: string, files: Map<string, FileEntry>): Stats | undefined {
  try {
    const stats = lstatSync(outside);
    files.set(inside, {
      kind: kindOf(stats),
      mode: (stats.mode & 0o7777).toString(8).padStart(4, '0'),
      uid: stats.uid,
      sizeBytes: stats.isFile() ? stats.size : 0,
      content: contentOf(outside, stats),
    });
    return stats;
  } catch {
    // It went away while we looked.
    return undefined;
  }
}

function kindOf(stats: Stats): FileEntry['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

function contentOf(outside: string, stats: Stats): string {
  if (stats.isSymbolicLink()) return readlinkSync(outside);
  if (!stats.isFile()) return '';
  return createHash('sha256').update(readFileSync(outside)).digest('hex');
}

/** Of the cgroups only the folders: their files are the kernel's and change all the time. */
function walkCgroups(outside: string, inside: string, files: Map<string, FileEntry>): void {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(outside, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries.filter((one) => one.isDirectory())) {
    addEntry(path.join(outside, entry.name), path.join(inside, entry.name), files);
    walkCgroups(path.join(outside, entry.name), path.join(inside, entry.name), files);
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

function describeProcess(pid: number): ProcessEntry[] {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const inside = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1];
    const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
    if (inside === undefined || uid === undefined || command === '') return [];
    return [{ pid: Number(inside), uid: Number(uid), command }];
  } catch {
    return [];
  }
}

/** What sshd, PAM and sudo themselves leave behind after any login. */
export const LOGIN_TRACES: readonly RegExp[] = [
  /^\/var\/log\/(wtmp|btmp|lastlog|auth\.log)$/,
  /^\/run\/(utmp|motd\.dynamic(\.new)?|sudo(\/.*)?)$/,
  /^\/var\/lib\/sudo(\/.*)?$/,
];

/** What fish leaves in a home in addition. Apart, as it would hide an empty ~/.local of ours. */
export const FISH_TRACES: readonly RegExp[] = [
  /^\/(root|home\/[^/]+)\/\.(config|cache|local|local\/share)(\/fish(\/.*)?)?$/,
];

export type ListingDiff = {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
};

/** Files only; sorted, so that a failing test reads well. */
export function diffFiles(before: Listing, after: Listing, ignore = LOGIN_TRACES): ListingDiff {
  const isNews = (file: string): boolean => !ignore.some((pattern) => pattern.test(file));
  const added = [...after.files.keys()].filter((file) => !before.files.has(file) && isNews(file));
  const removed = [...before.files.keys()].filter((file) => !after.files.has(file) && isNews(file));
  const changed = [...after.files].flatMap(([file, entry]) => {
    const old = before.files.get(file);
    return old !== undefined && isNews(file) && JSON.stringify(old) !== JSON.stringify(entry) ? [file] : [];
  });
  return { added: added.sort(), removed: removed.sort(), changed: changed.sort() };
}
