import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemIds } from '../../../../electron/adapters/system/ids.ts';
import { ensureOwnKey, listKeyFiles } from '../../../../electron/adapters/system/keys.ts';
import { localAgentBinary, socketPlace } from '../../../../electron/adapters/system/local-agent.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesolite-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("Mesolite's own key", () => {
  it('is an ed25519 key that OpenSSH reads, for us alone, and stays the same', async () => {
    const first = await ensureOwnKey(join(folder, 'ssh'));
    expect(statSync(first.privatePath).mode & 0o777).toBe(0o600);
    const derived = execFileSync('ssh-keygen', ['-y', '-f', first.privatePath], { encoding: 'utf8' });
    expect(derived.split(' ').slice(0, 2).join(' ')).toBe(first.publicKey);
    expect(await ensureOwnKey(join(folder, 'ssh'))).toEqual(first);
  });

  it('is drawn again when what was drawn cannot be read, as one of 256 that ssh2 makes', async () => {
    // Drawn by OpenSSH: of those that ssh2 draws one of 256 is no good one.
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'good')]);
    const [secret, open] = ['good', 'good.pub'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const good = { private: secret ?? '', public: open ?? '' };
    const short = { private: good.private.replace(/(\n.*){2}(?=\n-)/, ''), public: good.public };
    const drawn = [short, short, good];
    const { privatePath } = await ensureOwnKey(folder, () => drawn.shift() ?? short);
    expect(readFileSync(privatePath, 'utf8')).toBe(good.private);
    const other = join(folder, 'other');
    await expect(ensureOwnKey(other, () => short)).rejects.toThrow('no key could be made');
    expect(existsSync(join(other, 'id_ed25519'))).toBe(false);
  });

  it('is never replaced when it is damaged', async () => {
    const { privatePath } = await ensureOwnKey(folder);
    writeFileSync(privatePath, 'garbage');
    await expect(ensureOwnKey(folder)).rejects.toThrow('damaged');
    expect(readFileSync(privatePath, 'utf8')).toBe('garbage');
  });
});

describe('the key files of a person', () => {
  it('are those that look like private keys, by name only', async () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'id_work')]);
    writeFileSync(join(folder, 'old.pem'), '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n');
    writeFileSync(join(folder, 'config'), 'Host *\n');
    writeFileSync(join(folder, 'known_hosts'), 'host ssh-ed25519 AAAA\n');
    mkdirSync(join(folder, 'sub'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await listKeyFiles(folder)).toEqual([join(folder, 'id_work'), join(folder, 'old.pem')]);
  });

  it('are none where there is no folder', async () => {
    expect(await listKeyFiles(join(folder, 'absent'))).toEqual([]);
  });
});

describe('the place of the local agent', () => {
  it.each([
    ['linux', 'x64', '/a/linux-amd64/mesolite-agent'],
    ['linux', 'arm64', '/a/linux-arm64/mesolite-agent'],
    ['darwin', 'arm64', '/a/darwin-arm64/mesolite-agent'],
    ['win32', 'x64', null],
    ['linux', 'mips', null],
  ])('on %s %s is %s', (platform, arch, file) => {
    expect(localAgentBinary('/a', platform, arch)).toBe(file);
  });

  it('has a short socket address however deep the profile lies', () => {
    const deep = join(folder, 'x'.repeat(90), 'y'.repeat(60));
    mkdirSync(deep, { recursive: true });
    const place = socketPlace(deep);
    expect(place.path).toMatch(/^\/proc\/self\/fd\/\d+\/sock$/);
    place.release();
    expect(socketPlace('/short').path).toBe('/short/sock');
  });
});

describe('ids', () => {
  it('are new each time and of the right kind', () => {
    const made = Array.from({ length: 1000 }, () => systemIds.task());
    expect(new Set(made).size).toBe(1000);
    expect(systemIds.machine()).toMatch(/^m-/);
    expect(systemIds.operation()).toMatch(/^o-/);
    expect(systemIds.master()).toMatch(/^master-/);
  });
});
