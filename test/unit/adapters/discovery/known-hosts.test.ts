// The oracle is ssh-keygen: what `ssh-keygen -F` finds for a name is what we find, and its fingerprints are ours.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  isOfName,
  keyOf,
  knownName,
  parseKnownHosts,
  plainHosts,
} from '../../../../electron/adapters/discovery/known-hosts.ts';
import { KnownHostsSource, knownKeyOf } from '../../../../electron/adapters/discovery/known-hosts-source.ts';
import type { Seen } from '../../../../electron/adapters/discovery/source.ts';
import { until } from '../../../support/wait.ts';

let folder: string;
const keys: string[] = [];
const prints: string[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesolite-known-'));
  for (const [name, type] of [
    ['ed', 'ed25519'],
    ['ec', 'ecdsa'],
    ['ca', 'ed25519'],
  ] as const) {
    const path = join(folder, name);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
    keys.push(readFileSync(`${path}.pub`, 'utf8').split(' ').slice(0, 2).join(' '));
    prints.push(execFileSync('ssh-keygen', ['-lf', path], { encoding: 'utf8' }).split(' ')[1] ?? '');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (text: string, isHashed = false): string => {
  const path = join(folder, 'known_hosts');
  writeFileSync(path, text);
  if (isHashed) execFileSync('ssh-keygen', ['-q', '-H', '-f', path], { stdio: 'ignore' });
  return readFileSync(path, 'utf8');
};

/** Line numbers that ssh-keygen finds for a name, from 1. */
function found(name: string): number[] {
  const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', join(folder, 'known_hosts')], {
    encoding: 'utf8',
  });
  return [...stdout.matchAll(/ found: line (\d+)/g)].map((match) => Number(match[1]));
}

const ours = (text: string, name: string): number[] =>
  text
    .split('\n')
    .flatMap((line, at) => (parseKnownHosts(line).some((each) => isOfName(each, name)) ? [at + 1] : []));

describe('known_hosts', () => {
  const lines = () => [
    '# a comment',
    `nas.local,192.168.1.5 ${keys[0]}`,
    `[gpu.lan]:2222,[192.168.1.6]:2222 ${keys[1]} with a comment`,
    `*.lab,!bad.lab ${keys[0]}`,
    `@cert-authority *.lan ${keys[2]}`,
    `@revoked nas.local ${keys[1]}`,
    `@unknown nas.local ${keys[1]}`,
    `old 1024 35 ${'1'.repeat(40)}`,
    `broken ssh-ed25519 AAAA`,
    '',
  ];

  it('says of names what ssh-keygen says', () => {
    const text = file(lines().join('\n'));
    for (const name of [
      'nas.local',
      '192.168.1.5',
      '[gpu.lan]:2222',
      'gpu.lan',
      'a.lab',
      'bad.lab',
      'a.lan',
      'old',
    ]) {
      expect(ours(text, name), name).toEqual(found(name));
    }
  });

  it('says of hashed names what ssh-keygen says', () => {
    const text = file(lines().slice(1, 3).join('\n').concat('\n'), true);
    expect(text).toMatch(/^\|1\|/);
    for (const name of [
      'nas.local',
      '192.168.1.5',
      '[gpu.lan]:2222',
      '[192.168.1.6]:2222',
      'gpu.lan',
      'other',
    ]) {
      expect(ours(text, name), name).toEqual(found(name));
    }
  });

  it('has the fingerprints and marks that ssh-keygen shows', () => {
    const [first, , , authority, revoked] = parseKnownHosts(lines().join('\n'));
    expect(first && keyOf(first, 22)).toEqual({
      type: 'ssh-ed25519',
      fingerprint: prints[0],
      port: 22,
      mark: 'key',
    });
    expect(authority).toMatchObject({ mark: 'authority', fingerprint: prints[2] });
    expect(revoked).toMatchObject({ mark: 'revoked', fingerprint: prints[1] });
  });

  it('names machines by what is no pattern', () => {
    const hosts = parseKnownHosts(lines().join('\n')).flatMap(plainHosts);
    expect(hosts).toEqual([
      { host: 'nas.local', address: null, port: 22 },
      { host: '192.168.1.5', address: '192.168.1.5', port: 22 },
      { host: 'gpu.lan', address: null, port: 2222 },
      { host: '192.168.1.6', address: '192.168.1.6', port: 2222 },
      { host: 'nas.local', address: null, port: 22 },
    ]);
    expect(knownName('gpu.lan', 2222)).toBe('[gpu.lan]:2222');
  });

  it('never throws, and believes no line that is broken anywhere', () => {
    const line = `|1|${Buffer.alloc(20, 1).toString('base64')}|${Buffer.alloc(20, 2).toString('base64')} ${keys[0]}`;
    expect(parseKnownHosts(line)).toHaveLength(1);
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (at, noise) => {
        parseKnownHosts(line.slice(0, at) + noise + line.slice(at + 1));
        parseKnownHosts(line.slice(0, at));
      }),
      { numRuns: 300 },
    );
    expect(parseKnownHosts(line.replace('|1|', '|2|'))).toEqual([]);
    expect(parseKnownHosts('|1|AAAA|AAAA ssh-ed25519 AAAA')).toEqual([]);
  });
});

describe('the source of known hosts', () => {
  const start = (text: string, isHashed: boolean) => {
    file(text, isHashed);
    const source = new KnownHostsSource([join(folder, 'known_hosts'), join(folder, 'missing')]);
    const seen: Seen[] = [];
    const stop = new AbortController();
    const sink = { seen: (what: Seen) => seen.push(what), gone: () => undefined, progress: () => undefined };
    return { source, seen, stop, end: source.run(sink, stop.signal) };
  };

  it('tells of the machines whose names stand there, and ends', async () => {
    const { seen, end } = start(`nas.local,192.168.1.5 ${keys[0]}\n[gpu.lan]:2222 ${keys[1]}\n`, false);
    expect(await end).toBeNull();
    expect(seen).toMatchObject([
      {
        names: ['nas.local'],
        claims: ['192.168.1.5'],
        ports: [],
        hostKeys: [{ port: 22, fingerprint: prints[0] }],
      },
      { names: ['gpu.lan'], claims: [], ports: [{ port: 2222, state: 'said' }], hostKeys: [{ port: 2222 }] },
    ]);
  });

  it('finds a hashed name when another source has found its machine', async () => {
    const { source, seen, stop, end } = start(
      `nas.local,192.168.1.5 ${keys[0]}\n[gpu.lan]:2222 ${keys[1]}\n`,
      true,
    );
    source.ask({ address: '192.168.1.5', names: ['gpu.lan', 'stranger'], ports: [2222] });
    await until(() => seen.length === 2, { what: 'both names were looked for' });
    expect(seen).toMatchObject([
      { claims: ['192.168.1.5'], hostKeys: [{ fingerprint: prints[0], port: 22 }] },
      { names: ['gpu.lan'], hostKeys: [{ fingerprint: prints[1], port: 2222 }] },
    ]);
    source.ask({ address: '192.168.1.5', names: [], ports: [] });
    stop.abort();
    expect(await end).toBeNull();
    expect(seen).toHaveLength(2);
  });

  it('never joins machines by an authority that signs for many', async () => {
    const { source, seen, stop, end } = start(`@cert-authority *.lan ${keys[2]}\n`, false);
    source.ask({ address: null, names: ['gpu.lan'], ports: [] });
    await until(() => seen.some(({ hostKeys }) => (hostKeys?.length ?? 0) > 0), {
      what: 'the authority is told',
    });
    expect(seen.at(-1)).toMatchObject({ names: ['gpu.lan'], hostKeys: [{ mark: 'authority' }] });
    stop.abort();
    await end;
  });
});

describe('what known_hosts says of a key that is offered', () => {
  const ask = (host: string, port: number, at: number) =>
    knownKeyOf({ host, port, fingerprint: prints[at] ?? '' }, [
      join(folder, 'known_hosts'),
      join(folder, 'none'),
    ]);

  it.each([false, true])(
    'is what it has for this place, and where else this key stands; hashed: %s',
    async (isHashed) => {
      file([`nas.local,192.168.1.5 ${keys[0]}`, `[nas.local]:2222 ${keys[1]}`, ''].join('\n'), isHashed);
      const own = await ask('NAS.local', 22, 0);
      expect(own.here).toMatchObject([{ fingerprint: prints[0], port: 22, mark: 'key' }]);
      expect(own).toMatchObject(
        isHashed ? { alsoAs: [], alsoHashed: 1 } : { alsoAs: [], alsoHashed: 0, isRevoked: false },
      );
      const changed = await ask('192.168.1.5', 22, 1);
      expect(changed.here).toMatchObject([{ fingerprint: prints[0] }]);
      expect(changed).toMatchObject(
        isHashed ? { alsoAs: [], alsoHashed: 1 } : { alsoAs: ['[nas.local]:2222'], alsoHashed: 0 },
      );
      expect(await ask('10.0.0.9', 22, 2)).toEqual({ here: [], isRevoked: false, alsoAs: [], alsoHashed: 0 });
    },
  );

  it('is that it is revoked, wherever that stands, and never that an authority has it', async () => {
    file(
      [`@revoked * ${keys[0]}`, `@cert-authority *.lab ${keys[2]}`, `\u202enas\u0007 ${keys[1]}`, ''].join(
        '\n',
      ),
    );
    expect(await ask('somewhere', 22, 0)).toMatchObject({ isRevoked: true, alsoAs: [] });
    expect(await ask('a.lab', 22, 2)).toMatchObject({
      here: [{ mark: 'revoked' }, { mark: 'authority' }],
      alsoAs: [],
    });
    expect((await ask('b', 22, 1)).alsoAs).toEqual(['nas']);
  });
});
