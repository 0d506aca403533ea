// What we offer, explicitly: nothing with SHA-1, CBC or plain MACs. ssh2 adds strict key exchange by itself.
import { getCiphers } from 'node:crypto';
import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

const kex: KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group14-sha256',
];

const hostKeys: ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/** With the name the crypto library of this runtime has for it: Electron's knows fewer than Node's. */
const ciphers: readonly (readonly [CipherAlgorithm, string])[] = [
  ['aes128-gcm@openssh.com', 'aes-128-gcm'],
  ['aes256-gcm@openssh.com', 'aes-256-gcm'],
  ['chacha20-poly1305@openssh.com', 'chacha20'],
  ['aes256-ctr', 'aes-256-ctr'],
  ['aes128-ctr', 'aes-128-ctr'],
];

const macs: MacAlgorithm[] = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'];

/**
 * With a pinned key its type comes first, so that a server with several keys shows the one we know; the others
 * stay in the list, so that a server that lost that key shows what it has instead and the change is seen.
 */
export function offeredAlgorithms(pinnedType: string | null) {
  const known = new Set(getCiphers());
  const isPinned = (name: string) =>
    name === pinnedType || (pinnedType === 'ssh-rsa' && name.startsWith('rsa-'));
  return {
    kex: [...kex],
    serverHostKey: [...hostKeys.filter(isPinned), ...hostKeys.filter((name) => !isPinned(name))],
    cipher: ciphers.filter(([, native]) => known.has(native)).map(([name]) => name),
    hmac: [...macs],
    compress: ['none' as const],
  };
}
