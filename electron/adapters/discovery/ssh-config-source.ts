// The machines that `~/.ssh/config` names, with the files that it includes.
import { readdir } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { LoginHint } from '../../contract/discovery.ts';
import { ipOf } from './addresses.ts';
import { matchesPattern } from './patterns.ts';
import { readSmallFile } from './read-file.ts';
import type { Seen, Source } from './source.ts';
import { aliasesOf, type ConfigFile, expand, parseConfigLine, resolveHost } from './ssh-config.ts';

/** As deep as OpenSSH follows (READCONF_MAX_DEPTH). */
const maxDepth = 16;
const maxFiles = 256;
const maxLines = 20_000;
const maxAliases = 1000;

export type ConfigPlace = { readonly home: string; readonly user: string };

export function sshConfigSource(place: ConfigPlace = { home: homedir(), user: userName() }): Source {
  return async (sink) => {
    const folder = join(place.home, '.ssh');
    const reading = { home: place.home, folder, files: 0 };
    const own = await readConfig(join(folder, 'config'), reading, 0);
    const system = await readConfig('/etc/ssh/ssh_config', { ...reading, folder: '/etc/ssh' }, 0);
    for (const alias of aliasesOf(own).slice(0, maxAliases)) {
      sink.seen(seenOf(loginOf([own, system], alias, place)));
    }
    return null;
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return ''; // a user without an entry in the passwd file
  }
}

function loginOf(files: readonly ConfigFile[], alias: string, { home, user }: ConfigPlace): LoginHint {
  const config = resolveHost(files, alias, user);
  const tokens = {
    d: home,
    u: user,
    h: config.hostName,
    r: config.user ?? user,
    n: alias,
    p: String(config.port),
  };
  const identityFiles = config.identityFiles.flatMap((path) => {
    const full = expand(path.replace(/^~(?=\/|$)/, home), tokens);
    return full === null || full.toLowerCase() === 'none' ? [] : [full];
  });
  const { hostName: address, port } = config;
  const jumps = config.jumps.map((jump) => jumpOf(files, jump, user));
  return { alias, address, port, user: config.user, identityFiles, jumps };
}

/** A jump host may be a name of the same files: what they say of it, with what stands beside it there first. */
function jumpOf(files: readonly ConfigFile[], text: string, localUser: string): string {
  const found = /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(\[[^\]\s]+\]|[^:\s]+)(?::(\d{1,5}))?$/.exec(text);
  if (found === null) return text;
  const [, user, written = '', port] = found;
  const config = resolveHost(files, written.replace(/^\[|\]$/g, ''), localUser);
  const name = user ?? config.user;
  const host = config.hostName.includes(':') ? `[${config.hostName}]` : config.hostName;
  const at = Number(port ?? config.port);
  return `${name === null ? '' : `${name}@`}${host}${at === 22 ? '' : `:${at}`}`;
}

function seenOf(login: LoginHint): Seen {
  const address = ipOf(login.address);
  return {
    key: login.alias,
    claims: address === null ? [] : [address],
    names: address === null ? [login.address] : [],
    ports: [{ port: login.port, state: 'said', banner: null }],
    login,
  };
}

type Reading = { readonly home: string; readonly folder: string; files: number };

async function readConfig(path: string, reading: Reading, depth: number): Promise<ConfigFile> {
  reading.files += 1;
  const text = depth > maxDepth || reading.files > maxFiles ? null : await readSmallFile(path);
  const lines: ConfigFile[number][] = [];
  for (const raw of (text ?? '').split('\n').slice(0, maxLines)) {
    const line = parseConfigLine(raw);
    if (line === null) continue;
    if (line.keyword !== 'include') lines.push(line);
    else {
      const included: ConfigFile[] = [];
      for (const pattern of line.args) {
        for (const file of await filesOf(pattern, reading))
          included.push(await readConfig(file, reading, depth + 1));
      }
      lines.push({ included });
    }
  }
  return lines;
}

/** What glob(3) would find for it, in its order: `*` and `?` in any part of the path, never a hidden file by `*`. */
export async function filesOf(
  pattern: string,
  { home, folder }: Pick<Reading, 'home' | 'folder'>,
): Promise<string[]> {
  const full = pattern.replace(/^~(?=\/)/, home);
  const parts = (isAbsolute(full) ? full : join(folder, full)).split('/').slice(1);
  let found = ['/'];
  for (const part of parts) {
    if (!/[*?]/.test(part)) found = found.map((path) => join(path, part));
    else found = (await Promise.all(found.map((path) => entriesOf(path, part)))).flat();
    if (found.length > maxFiles) found = found.slice(0, maxFiles);
  }
  return found;
}

async function entriesOf(folder: string, pattern: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const fitting = names.filter(
    (name) => matchesPattern(name, pattern) && (pattern.startsWith('.') || !name.startsWith('.')),
  );
  return fitting.sort().map((name) => join(folder, name));
}
