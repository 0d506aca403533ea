import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeHostKey, isSameHostKey } from '../../../../electron/adapters/ssh/host-key.ts';
import { prepareLogin } from '../../../../electron/adapters/ssh/login.ts';
import { Secret } from '../../../../electron/adapters/ssh/secret.ts';
import { Vault } from '../../../../electron/adapters/ssh/vault.ts';
import { cleanText, quote } from '../../../../electron/adapters/ssh/words.ts';
import type { MachineId } from '../../../../electron/contract/ids.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesolite-login-'));
  const make = (name: string, ...args: string[]) =>
    execFileSync('ssh-keygen', ['-q', '-f', join(folder, name), ...args]);
  make('ed', '-t', 'ed25519', '-N', '');
  make('locked', '-t', 'ed25519', '-N', 'sesame', '-a', '16');
  make('cbc', '-t', 'ed25519', '-N', 'sesame', '-Z', 'aes256-cbc');
  make('rsa', '-t', 'rsa', '-b', '2048', '-N', '');
  make('pem', '-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'sesame');
  make('ec', '-t', 'ecdsa', '-N', '');
  writeFileSync(join(folder, 'text'), 'hello\n');
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'huge'), Buffer.alloc(200_000, 65));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sources = () => ({ ownKeyPath: join(folder, 'own'), agentSocket: null });
const keyFile = (name: string, passphrase: string | null = null) =>
  prepareLogin(
    { kind: 'key-file', path: join(folder, name) },
    passphrase === null ? null : new Secret(passphrase),
    sources(),
  );

describe('a key file', () => {
  it.each(['ed', 'rsa', 'ec'])('%s is read', async (name) => {
    expect(await keyFile(name)).toMatchObject({ ok: true, value: { kind: 'key' } });
  });
  it.each(['locked', 'pem'])('%s opens with its passphrase only', async (name) => {
    expect(await keyFile(name, 'sesame')).toMatchObject({ ok: true });
    expect(await keyFile(name)).toMatchObject({ ok: false, refusal: { reason: 'key-passphrase-needed' } });
    expect(await keyFile(name, 'wrong')).toMatchObject({
      ok: false,
      refusal: { reason: 'key-passphrase-wrong' },
    });
  });
  it.each([
    ['missing', 'key-file-missing'],
    ['ed/under', 'key-file-missing'],
    ['ed.pub', 'key-file-public'],
    ['text', 'key-file-not-a-key'],
    ['empty', 'key-file-not-a-key'],
    ['huge', 'key-file-not-a-key'],
    ['pipe', 'key-file-not-a-key'],
    ['.', 'key-file-not-a-key'],
  ])('%s is refused as %s', async (name, reason) => {
    expect(await keyFile(name)).toMatchObject({ ok: false, refusal: { reason } });
  });

  it.each(['locked', 'cbc'])('%s is opened without holding the process for long', async (name) => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    expect(await keyFile(name, 'sesame')).toMatchObject({
      ok: true,
      value: { key: { type: 'ssh-ed25519' } },
    });
    clearInterval(timer);
    // Others get a turn after each round of bcrypt (ssh-keygen takes 16 or more); in one go there would be hardly one.
    expect(turns).toBeGreaterThan(12);
  });

  it('is never unauthorized: that word counts as an attempt at the machine', async () => {
    for (const name of ['missing', 'locked', 'text']) {
      expect(await keyFile(name)).not.toMatchObject({ refusal: { code: 'unauthorized' } });
    }
  });

  it("that is Mesolite's own and missing says so", async () => {
    expect(await prepareLogin({ kind: 'own-key' }, null, sources())).toMatchObject({
      refusal: { reason: 'own-key-missing' },
    });
  });

  it('in the ssh-agent needs an ssh-agent', async () => {
    const login = { kind: 'ssh-agent' } as const;
    expect(await prepareLogin(login, null, sources())).toMatchObject({
      refusal: { reason: 'ssh-agent-absent' },
    });
    const dead = { ...sources(), agentSocket: join(folder, 'no-socket') };
    expect(await prepareLogin(login, null, dead)).toMatchObject({ refusal: { reason: 'ssh-agent-absent' } });
  });

  it('that cannot be opened says so', async () => {
    // Root may read everything, but nobody gets through a link to itself.
    symlinkSync('loop', join(folder, 'loop'));
    expect(await keyFile('loop')).toMatchObject({ refusal: { reason: 'key-file-unreadable' } });
  });
});

describe('a host key', () => {
  it.each(['ed', 'rsa', 'ec'])('%s has the fingerprint that ssh-keygen prints', (name) => {
    const line = execFileSync('cat', [join(folder, `${name}.pub`)], { encoding: 'utf8' }).split(' ');
    const blob = Buffer.from(line[1] ?? '', 'base64');
    const printed = execFileSync('ssh-keygen', ['-lf', join(folder, `${name}.pub`)], { encoding: 'utf8' });
    const key = describeHostKey(blob);
    expect(key).toMatchObject({ type: line[0], fingerprint: printed.split(' ')[1] });
    expect(isSameHostKey(key, blob)).toBe(true);
    expect(isSameHostKey(key, Buffer.concat([blob, Buffer.from([0])]))).toBe(false);
    expect(isSameHostKey({ ...key, key: '' }, Buffer.alloc(0))).toBe(false);
  });
});

describe('secrets', () => {
  it('print as stars everywhere', () => {
    const secret = new Secret('hunter2');
    const printed = [
      String(secret),
      secret.toString(),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9 }),
    ];
    expect(printed.join(' ')).not.toContain('hunter2');
    expect(printed.every((one) => one.includes('***'))).toBe(true);
  });

  it('are overwritten when they are dropped or replaced', () => {
    const vault = new Vault();
    const machineId = 'm-1' as MachineId;
    vault.put(machineId, { kind: 'password', password: 'first', plantKey: true });
    const first = vault.get(machineId);
    vault.put(machineId, { kind: 'login', login: { kind: 'key-file', path: '/k' }, passphrase: 'second' });
    const second = vault.get(machineId);
    vault.dropAll();
    if (first?.kind !== 'password' || second?.kind !== 'login') throw new Error('they were held');
    expect([...first.password.bytes]).toEqual([0, 0, 0, 0, 0]);
    expect(second.passphrase?.bytes.every((byte) => byte === 0)).toBe(true);
    expect(vault.get(machineId)).toBeUndefined();
  });
});

describe('what a machine says', () => {
  it('loses escape sequences, control characters and direction marks', () => {
    const said =
      '\u001b]0;title\u0007\u001b[1;31mred\u001b[0m\r\nbell\u0007 \u202eevil\u0000 tab\there\u001b';
    expect(cleanText(said)).toBe('red\nbell evil tab\there');
  });
  it('is cut where it is too long', () => {
    expect(cleanText('x'.repeat(20_000)).length).toBeLessThan(8100);
    expect(quote('word '.repeat(100), 20)).toBe('"word word word word…"');
  });
});
