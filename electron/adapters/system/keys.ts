// Mesolite's own key, and the key files a person might want to use. Of those only the names leave this file.
import { constants } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { writeDurably } from './durable-file.ts';

const maxCandidates = 50;
/** Of 256 keys one is drawn again, so this many in a row do not come. */
const mostDraws = 20;
const privateHeader = /^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|^PuTTY-User-Key-File-[23]:/;

export type OwnKey = { readonly privatePath: string; readonly publicKey: string };

type KeyText = { readonly private: string; readonly public: string };

const drawKey = (): KeyText => ssh2.utils.generateKeyPairSync('ed25519', { comment: 'mesolite' });

/**
 * Made at the first start, 0600, without a passphrase (the folder is private). A damaged one is never replaced. Throws when
 * the files cannot be used.
 */
export async function ensureOwnKey(folder: string, draw = drawKey): Promise<OwnKey> {
  const privatePath = join(folder, 'id_ed25519');
  const existing = await readFile(privatePath).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (existing !== null) {
    const key = ssh2.utils.parseKey(existing);
    existing.fill(0);
    if (key instanceof Error) throw new Error(`our own key ${privatePath} is damaged: ${key.message}`);
    const only = Array.isArray(key) ? key[0] : key;
    return { privatePath, publicKey: publicLine(only.type, only.getPublicSSH()) };
  }
  const pair = soundKey(draw);
  await writeDurably(privatePath, pair.private, 0o600);
  const [type = '', blob = ''] = pair.public.split(' ');
  const publicKey = publicLine(type, Buffer.from(blob, 'base64'));
  await writeDurably(`${privatePath}.pub`, `${publicKey}\n`, 0o644);
  return { privatePath, publicKey };
}

/**
 * ssh2 1.17 leaves out a zero at the start of the public half (lib/keygen.js reads it like a number), so one key of 256 is
 * shorter than it says and nobody can read it: that one must never reach the disk.
 */
function soundKey(draw: () => KeyText): KeyText {
  for (let draws = 0; draws < mostDraws; draws += 1) {
    const pair = draw();
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
  throw new Error('no key could be made that can be read again');
}

function publicLine(type: string, blob: Buffer): string {
  return `${type} ${blob.toString('base64')}`;
}

/** Private keys in ~/.ssh, told by their first line; nothing else of them is read. */
export async function listKeyFiles(folder = join(homedir(), '.ssh')): Promise<readonly string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const found: string[] = [];
  for (const name of names.sort()) {
    if (name.endsWith('.pub') || found.length >= maxCandidates) continue;
    const path = join(folder, name);
    if (privateHeader.test(await firstBytes(path))) found.push(path);
  }
  return found;
}

async function firstBytes(path: string): Promise<string> {
  try {
    // Never waits on a pipe that somebody put there.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return '';
      const { buffer, bytesRead } = await file.read(Buffer.alloc(48), 0, 48, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
