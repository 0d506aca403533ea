// known_hosts as sshd(8) describes it under SSH_KNOWN_HOSTS FILE FORMAT: names and patterns, `[name]:port`, hashed names,
// and the marks of authorities and of revoked keys. What a line says of a name is the same as `ssh-keygen -F` says.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { KnownHostKey } from '../../contract/discovery.ts';
import { ipOf } from './addresses.ts';
import { matchesList } from './patterns.ts';

export type KnownLine = {
  readonly mark: KnownHostKey['mark'];
  /** Names and patterns as they stand, or the one hashed name. */
  readonly hosts: readonly string[];
  readonly hashed: { readonly salt: Buffer; readonly hash: Buffer } | null;
  readonly type: string;
  readonly fingerprint: string;
};

const maxLines = 10_000;
const marks: Readonly<Record<string, KnownHostKey['mark']>> = {
  '@cert-authority': 'authority',
  '@revoked': 'revoked',
};

export function parseKnownHosts(text: string): KnownLine[] {
  return text.split('\n').slice(0, maxLines).flatMap(parseLine);
}

function parseLine(line: string): KnownLine[] {
  const words = line.trim().split(/[ \t]+/);
  const isMarked = words[0]?.startsWith('@') === true;
  const mark = isMarked ? marks[words.shift() ?? ''] : 'key';
  const [hosts = '', type = '', blob = ''] = words;
  if (mark === undefined || hosts === '' || hosts.startsWith('#')) return [];
  const hashed = hosts.startsWith('|') ? hashedName(hosts) : null;
  const fingerprint = fingerprintOf(type, blob);
  if (fingerprint === null || (hosts.startsWith('|') && hashed === null)) return [];
  return [{ mark, hosts: hashed === null ? hosts.split(',') : [], hashed, type, fingerprint }];
}

/** The blob begins with its own type (RFC 4253, 6.6): what does not is no key, such as those of SSH 1. */
function fingerprintOf(type: string, blob: string): string | null {
  const key = Buffer.from(blob, 'base64');
  if (key.length < 8 || !key.subarray(4, 4 + key.readUInt32BE(0)).equals(Buffer.from(type))) return null;
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** `|1|salt|hash`, both base64 of 20 bytes (OpenSSH hostfile.c). */
function hashedName(text: string): KnownLine['hashed'] {
  const [, version, salt = '', hash = '', ...rest] = text.split('|');
  const parts = { salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
  const isSound =
    version === '1' && rest.length === 0 && parts.salt.length === 20 && parts.hash.length === 20;
  return isSound ? parts : null;
}

/** How a machine is written there. */
export function knownName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

export function isOfName(line: KnownLine, name: string): boolean {
  if (line.hashed !== null) {
    return timingSafeEqual(createHmac('sha1', line.hashed.salt).update(name).digest(), line.hashed.hash);
  }
  return matchesList(name, line.hosts);
}

export type PlainHost = { readonly host: string; readonly address: string | null; readonly port: number };

/** The names on a line that are names of one machine; patterns and what is not to be are left out. */
export function plainHosts(line: KnownLine): PlainHost[] {
  return line.hosts.flatMap((text) => {
    if (/[*?!]/.test(text)) return [];
    const bracketed = /^\[([^\]]+)\]:(\d{1,5})$/.exec(text);
    const host = bracketed?.[1] ?? text;
    const port = Number(bracketed?.[2] ?? 22);
    return port < 1 || port > 65535 ? [] : [{ host, address: ipOf(host), port }];
  });
}

export function keyOf(line: KnownLine, port: number): KnownHostKey {
  return { type: line.type, fingerprint: line.fingerprint, port, mark: line.mark };
}
