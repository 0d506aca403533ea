// Host keys: from the blob of the key exchange to what people compare, and the comparison with a pinned one.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { HostKey } from '../../contract/machine.ts';

export function describeHostKey(blob: Buffer): HostKey {
  const typeLength = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  const type = blob.toString('latin1', 4, Math.min(4 + typeLength, 4 + 64));
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  return { type, fingerprint, key: blob.toString('base64') };
}

/** The whole blob counts, not the fingerprint text. */
export function isSameHostKey(pinned: HostKey, shown: Buffer): boolean {
  const expected = Buffer.from(pinned.key, 'base64');
  return expected.length === shown.length && expected.length > 0 && timingSafeEqual(expected, shown);
}
