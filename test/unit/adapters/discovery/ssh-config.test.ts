// The oracle is ssh itself: what `ssh -G` says of a name is what we say.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Seen } from '../../../../electron/adapters/discovery/source.ts';
import {
  aliasesOf,
  type ConfigFile,
  parseConfigLine,
  resolveHost,
  splitWords,
} from '../../../../electron/adapters/discovery/ssh-config.ts';
import { filesOf, sshConfigSource } from '../../../../electron/adapters/discovery/ssh-config-source.ts';

let home: string;
const write = (name: string, text: string) => writeFileSync(join(home, '.ssh', name), text);
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mesolite-config-'));
  mkdirSync(join(home, '.ssh', 'more'), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const parse = (text: string): ConfigFile => text.split('\n').flatMap((line) => parseConfigLine(line) ?? []);

async function seenIn(user = 'me'): Promise<Seen[]> {
  const seen: Seen[] = [];
  const sink = { seen: (what: Seen) => seen.push(what), gone: () => undefined, progress: () => undefined };
  expect(await sshConfigSource({ home, user })(sink, new AbortController().signal)).toBeNull();
  return seen;
}

/** What ssh makes of one name of a file, without looking at any other file. */
function askSsh(text: string, alias: string) {
  write('asked', text);
  const answer = spawnSync('ssh', ['-G', '-F', join(home, '.ssh', 'asked'), alias], { encoding: 'utf8' });
  if (answer.status !== 0) return null;
  const values = (keyword: string) =>
    answer.stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${keyword} `) ? [line.slice(keyword.length + 1)] : []));
  return { hostName: values('hostname')[0], port: Number(values('port')[0]), user: values('user')[0] };
}

describe('a line of ssh_config', () => {
  it.each([
    ['Host web db', { keyword: 'host', args: ['web', 'db'] }],
    ['\tHostName=10.0.0.9  ', { keyword: 'hostname', args: ['10.0.0.9'] }],
    ['User = "x y"', { keyword: 'user', args: ['x y'] }],
    ['IdentityFile ~/.ssh/"my key"', { keyword: 'identityfile', args: ['~/.ssh/my key'] }],
    ['Host web # not this', { keyword: 'host', args: ['web'] }],
    [
      'ProxyCommand ssh -W "%h:%p" gate # all of it',
      { keyword: 'proxycommand', args: ['ssh -W "%h:%p" gate # all of it'] },
    ],
    ['# Host no', null],
    ['   ', null],
    ['Host', null],
    ['Host "never closed', null],
  ])('%s', (line, expected) => {
    expect(parseConfigLine(line)).toEqual(expected);
  });

  it('falls into words, and never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '\\', '#', '=', '\t') }), (text) => {
        const words = splitWords(text);
        expect(words === null || words.join('').length <= text.length).toBe(true);
        parseConfigLine(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what the files say of a machine', () => {
  const cases: readonly [string, string, string][] = [
    ['the first value counts', 'Host a\nPort 1\nPort 2\nHost *\nPort 3\nUser all', 'a'],
    ['a pattern, and one that is taken back', 'Host *.lab !b.lab\nUser lab\nHost *\nUser other', 'b.lab'],
    ['values before any Host', 'User first\nHost a\nUser second', 'a'],
    ['tokens in HostName', 'Host a\nHostName %h.lan', 'a'],
    ['Match host looks at the HostName', 'Host a\nHostName 10.0.0.9\nMatch host 10.0.0.9\nUser m', 'a'],
    ['Match originalhost looks at the name', 'Host a\nHostName 10.0.0.9\nMatch originalhost a\nUser m', 'a'],
    ['Match with more than one criterion', 'Match host a user nobody\nPort 99\nMatch all\nPort 98', 'a'],
    ['Match that is denied', 'Match !host a\nPort 99\nMatch !host b\nPort 98', 'a'],
    ['keywords in any case', 'HOST a\nhOsTnAmE b.lan\nPORT 2200', 'a'],
  ];

  it.each(cases)('%s', (_name, text, alias) => {
    const { hostName, port, user } = resolveHost(
      [parse(text)],
      alias,
      execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(),
    );
    const said = askSsh(text, alias);
    expect(said).not.toBeNull();
    expect({ hostName, port }).toEqual({ hostName: said?.hostName, port: said?.port });
    if (user !== null) expect(user).toBe(said?.user);
  });

  it('is what ssh says, for random files', () => {
    const line = fc.constantFrom(
      'Host a',
      'Host *',
      'Host a b !c',
      'Host "b" c',
      'Match all',
      'Match host a,b',
      'Match originalhost c',
      'Match user root',
      'Match !host a',
      'HostName one.lan',
      'HostName %h.lan',
      'Port 22',
      'Port = 2222',
      'User root',
      'User "somebody"',
      '# nothing',
      '',
    );
    const localUser = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), fc.constantFrom('a', 'b', 'c'), (lines, alias) => {
        const text = lines.join('\n');
        const ours = resolveHost([parse(text)], alias, localUser);
        const said = askSsh(text, alias);
        expect({ hostName: ours.hostName, port: ours.port, user: ours.user ?? localUser }).toEqual(said);
      }),
      { numRuns: 60 },
    );
  });

  it('lists the names of machines, not the patterns', () => {
    expect(aliasesOf(parse('Host a b* !c\nHost d e'))).toEqual(['a', 'd', 'e']);
  });
});

describe('the person’s ssh config', () => {
  it('is read with what it includes, and tells how to log in', async () => {
    write('more/10-lab.conf', 'Host gpu\n  HostName 10.0.0.7\n  IdentityFile ~/.ssh/%r_key\n  User deploy\n');
    write('more/20-jump.conf', 'Host inner\n  ProxyJump gate:2222,second\n');
    write('more/.hidden.conf', 'Host hidden\n');
    write(
      'config',
      'Include more/*.conf\nInclude missing/*.conf\nHost web\n  Port 2200\nHost *\n  User fallback\n',
    );
    const seen = await seenIn();
    expect(seen.map(({ login }) => login)).toEqual([
      {
        alias: 'gpu',
        address: '10.0.0.7',
        port: 22,
        user: 'deploy',
        identityFiles: [join(home, '.ssh', 'deploy_key')],
        jumps: [],
      },
      {
        alias: 'inner',
        address: 'inner',
        port: 22,
        user: 'fallback',
        identityFiles: [],
        jumps: ['fallback@gate:2222', 'fallback@second'],
      },
      { alias: 'web', address: 'web', port: 2200, user: 'fallback', identityFiles: [], jumps: [] },
    ]);
    expect(seen[0]).toMatchObject({ claims: ['10.0.0.7'], names: [] });
  });

  it('says of a jump host what the same files say of it', async () => {
    write(
      'config',
      'Host inner\n  ProxyJump gate,me@other:22,[fd00::1]:23\nHost gate\n  HostName 10.0.0.1\n  Port 2222\n  User ops\nHost other\n  User ops\n  Port 9\n',
    );
    const [inner] = await seenIn();
    expect(inner?.login?.jumps).toEqual(['ops@10.0.0.1:2222', 'me@other', '[fd00::1]:23']);
  });

  it('runs nothing that stands in it', async () => {
    const proof = join(home, 'ran');
    write('config', `Match exec "touch ${proof}"\n  User evil\nHost a\n  ProxyCommand touch ${proof}\n`);
    const [first] = await seenIn();
    expect(first?.login?.user).not.toBe('evil');
    expect(existsSync(proof)).toBe(false);
  });

  it('may include itself, for a while', async () => {
    write('config', 'Host a\n  Port 2200\nHost *\nInclude config\n');
    expect((await seenIn()).map(({ login }) => login?.port)).toEqual([2200]);
  });

  it('may be missing, a pipe, or no text at all', async () => {
    rmSync(join(home, '.ssh', 'config'));
    expect(await seenIn()).toEqual([]);
    execFileSync('mkfifo', [join(home, '.ssh', 'config')]);
    expect(await seenIn()).toEqual([]);
    rmSync(join(home, '.ssh', 'config'));
    writeFileSync(join(home, '.ssh', 'config'), Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x22, 0x0a]));
    expect(await seenIn()).toEqual([]);
  });

  it('finds files as a shell would', async () => {
    expect(await filesOf('more/*.conf', { home, folder: join(home, '.ssh') })).toEqual([
      join(home, '.ssh', 'more', '10-lab.conf'),
      join(home, '.ssh', 'more', '20-jump.conf'),
    ]);
    expect(await filesOf('~/.ssh/m?re/1*', { home, folder: '/nowhere' })).toEqual([
      join(home, '.ssh', 'more', '10-lab.conf'),
    ]);
  });
});
