// A sighting: what one source says of one machine. Sources make them only through `sighting`, so that no text of a
// stranger gets further than here unclean or unbounded.
import type { FindSource, FoundPort, KnownHostKey, LoginHint } from '../../contract/discovery.ts';
import { plainLine } from '../../contract/plain-text.ts';
import { macOf } from './mac.ts';

export type Sighting = {
  readonly source: FindSource;
  /** What it is about, within its source: a later one with the same key takes its place. */
  readonly key: string;
  readonly atMs: number;
  /** Where it was heard from or looked at; canonical. */
  readonly address: string | null;
  /** Addresses it says it has besides. */
  readonly claims: readonly string[];
  readonly mac: string | null;
  /** Names by which a network knows it, lower case, without the last dot. */
  readonly names: readonly string[];
  /** The name it gives itself for people. */
  readonly label: string | null;
  readonly model: string | null;
  readonly services: readonly string[];
  readonly ports: readonly FoundPort[];
  readonly hostKeys: readonly KnownHostKey[];
  readonly login: LoginHint | null;
};

export type RawSighting = Pick<Sighting, 'source' | 'key' | 'atMs'> & Partial<Sighting>;

/** What a card and a sighting hold of each. A name in the DNS has at most 253 characters (RFC 1035, 2.3.4). */
export const cardLimits = {
  addresses: 16,
  macs: 8,
  names: 16,
  ports: 16,
  hostKeys: 16,
  logins: 8,
  services: 16,
  jumps: 8,
  nameChars: 253,
  labelChars: 80,
  textChars: 160,
} as const;

export function sighting(raw: RawSighting): Sighting {
  const claims = new Set((raw.claims ?? []).filter((each) => each !== raw.address));
  return {
    source: raw.source,
    key: raw.key.slice(0, 512),
    atMs: raw.atMs,
    address: raw.address ?? null,
    claims: [...claims].slice(0, cardLimits.addresses),
    mac: macOf(raw.mac ?? ''),
    names: namesOf(raw.names ?? []),
    label: lineOf(raw.label ?? null, cardLimits.labelChars),
    model: lineOf(raw.model ?? null, cardLimits.textChars),
    services: (raw.services ?? [])
      .map((each) => plainLine(each, cardLimits.labelChars))
      .slice(0, cardLimits.services),
    ports: (raw.ports ?? [])
      .map((each) => ({ ...each, banner: lineOf(each.banner, cardLimits.textChars) }))
      .slice(0, cardLimits.ports),
    hostKeys: (raw.hostKeys ?? []).map(cleanKey).slice(0, cardLimits.hostKeys),
    login: raw.login === null || raw.login === undefined ? null : cleanLogin(raw.login),
  };
}

/** Names that something could be called on a network: no blanks, nothing a shell or a page could take for more. */
function namesOf(raw: readonly string[]): string[] {
  const names = new Set<string>();
  for (const each of raw) {
    const name = each.slice(0, 1024).toLowerCase().replace(/\.+$/, '');
    const isName =
      name.length <= cardLimits.nameChars && /^[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}])?$/u.test(name);
    if (isName && plainLine(name, cardLimits.nameChars) === name) names.add(name);
    if (names.size >= cardLimits.names) break;
  }
  return [...names];
}

function lineOf(raw: string | null, maxChars: number): string | null {
  const line = raw === null ? '' : plainLine(raw, maxChars);
  return line === '' ? null : line;
}

function cleanKey(key: KnownHostKey): KnownHostKey {
  return { ...key, type: plainLine(key.type, 64), fingerprint: plainLine(key.fingerprint, 128) };
}

function cleanLogin(login: LoginHint): LoginHint {
  return {
    alias: plainLine(login.alias, cardLimits.nameChars),
    address: plainLine(login.address, cardLimits.nameChars),
    port: login.port,
    user: lineOf(login.user, 64),
    identityFiles: login.identityFiles.map((each) => plainLine(each, 1024)).slice(0, 4),
    jumps: login.jumps.map((each) => plainLine(each, cardLimits.nameChars)).slice(0, cardLimits.jumps),
  };
}
