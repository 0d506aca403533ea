// Opens a private key of OpenSSH's own format with its passphrase. ssh2 can do it too, but holds the process for a second
// or more meanwhile (the key derivation is slow on purpose); here it lets go after each round of some 25 ms.
import { createDecipheriv, createHash } from 'node:crypto';
import bcrypt from 'bcrypt-pbkdf';

const magic = 'openssh-key-v1\0';
const header = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END OPENSSH PRIVATE KEY-----/;
/** Name in the file, name in the crypto library, bytes of key and of initial vector. */
const ciphers: ReadonlyMap<string, readonly [string, number, number]> = new Map([
  ['aes256-ctr', ['aes-256-ctr', 32, 16]],
  ['aes192-ctr', ['aes-192-ctr', 24, 16]],
  ['aes128-ctr', ['aes-128-ctr', 16, 16]],
  ['aes256-cbc', ['aes-256-cbc', 32, 16]],
  ['aes128-cbc', ['aes-128-cbc', 16, 16]],
]);
/** `ssh-keygen -a` above this would take minutes. */
const maxRounds = 2000;

/** The same key without protection, `wrong-passphrase`, or null: not a file this is for. */
export async function unlockKey(
  file: Buffer,
  passphrase: Buffer,
): Promise<Buffer | 'wrong-passphrase' | null> {
  const parts = readContainer(file);
  if (parts === null) return null;
  const [algorithm, keyBytes, ivBytes] = parts.cipher;
  const derived = await deriveKey(passphrase, parts, keyBytes + ivBytes);
  const decipher = createDecipheriv(algorithm, derived.subarray(0, keyBytes), derived.subarray(keyBytes));
  decipher.setAutoPadding(false);
  const secret = Buffer.concat([decipher.update(parts.secret), decipher.final()]);
  derived.fill(0);
  // Two equal numbers stand at the start: they differ when the key was wrong.
  if (secret.length < 8 || secret.readUInt32BE(0) !== secret.readUInt32BE(4)) return 'wrong-passphrase';
  const none = textField('none');
  const body = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    none,
    none,
    textField(''),
    Buffer.from([0, 0, 0, 1]),
    field(parts.publicKey),
    field(secret),
  ]);
  secret.fill(0);
  const lines = body.toString('base64').replace(/(.{70})/g, '$1\n');
  body.fill(0);
  return Buffer.from(`-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`);
}

type Container = {
  readonly cipher: readonly [string, number, number];
  readonly salt: Buffer;
  readonly rounds: number;
  readonly publicKey: Buffer;
  readonly secret: Buffer;
};

function readContainer(file: Buffer): Container | null {
  const found = file.toString('latin1').match(header);
  const bytes = Buffer.from(found?.[1] ?? '', 'base64');
  if (bytes.toString('latin1', 0, magic.length) !== magic) return null;
  try {
    const read = reader(bytes, magic.length);
    const cipher = ciphers.get(read.field().toString('latin1'));
    const derivation = read.field().toString('latin1');
    const options = reader(read.field(), 0);
    if (cipher === undefined || derivation !== 'bcrypt' || read.number() !== 1) return null;
    const [salt, rounds] = [options.field(), options.number()];
    if (rounds < 1 || rounds > maxRounds) return null;
    return { cipher, salt, rounds, publicKey: read.field(), secret: read.field() };
  } catch {
    return null; // cut off or damaged: ssh2 finds the words for it
  }
}

function reader(bytes: Buffer, from: number) {
  let at = from;
  const number = (): number => {
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const take = (): Buffer => {
    const length = number();
    if (length > bytes.length - at) throw new RangeError('the field is longer than the file');
    at += length;
    return bytes.subarray(at - length, at);
  };
  return { number, field: take };
}

function field(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length, 0);
  return Buffer.concat([length, content]);
}

function textField(text: string): Buffer {
  return field(Buffer.from(text, 'latin1'));
}

/** bcrypt_pbkdf of OpenBSD: like PBKDF2 with bcrypt inside, the output bytes of the blocks interleaved. */
async function deriveKey(
  passphrase: Buffer,
  { salt, rounds }: Pick<Container, 'salt' | 'rounds'>,
  length: number,
): Promise<Buffer> {
  const sha512 = (...parts: Uint8Array[]): Buffer => {
    const hash = createHash('sha512');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const blocks = Math.ceil(length / bcrypt.HASHSIZE);
  const perBlock = Math.ceil(length / blocks);
  const password = sha512(passphrase);
  const key = Buffer.alloc(length);
  for (let block = 1; block <= blocks; block += 1) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(block, 0);
    const out = Buffer.alloc(bcrypt.HASHSIZE);
    let last: Buffer | null = null;
    for (let round = 0; round < rounds; round += 1) {
      const salted: Buffer = last === null ? sha512(salt, counter) : sha512(last);
      last = Buffer.alloc(bcrypt.HASHSIZE);
      bcrypt.hash(password, salted, last);
      for (let at = 0; at < out.length; at += 1) out[at] = (out[at] ?? 0) ^ (last[at] ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let at = 0; at < perBlock; at += 1) {
      const place = at * blocks + (block - 1);
      if (place < length) key[place] = out[at] ?? 0;
    }
  }
  password.fill(0);
  return key;
}
