// What is said of a host key beside its fingerprint: the worst that is known first.
import { describe, expect, it } from 'vitest';
import type { KnownHostAnswer, KnownHostKey } from '../../../../electron/contract/discovery.ts';
import { wordsFor } from '../../../../renderer/app/messages/words.ts';
import { evidenceOf } from '../../../../renderer/parts/known-key.tsx';

const words = wordsFor('en');
const offered = { type: 'ssh-ed25519', fingerprint: 'SHA256:offered', key: '' };
const nothing: KnownHostAnswer = { here: [], isRevoked: false, alsoAs: [], alsoHashed: 0 };
const key = (fingerprint: string, rest: Partial<KnownHostKey> = {}): KnownHostKey => ({
  type: 'ssh-ed25519',
  fingerprint,
  port: 22,
  mark: 'key',
  ...rest,
});
const same = key('SHA256:offered');
const other = key('SHA256:other');
const rsa = key('SHA256:rsa', { type: 'ssh-rsa' });

describe('evidence of known_hosts', () => {
  it.each<[string, Partial<KnownHostAnswer>, string, string]>([
    ['nothing', {}, 'neither', 'does not know'],
    ['an authority', { here: [key('SHA256:ca', { mark: 'authority' })] }, 'neither', 'does not know'],
    ['the same key', { here: [rsa, same] }, 'for', 'this very key for this address'],
    [
      'another key',
      { here: [other], alsoAs: ['nas'] },
      'against',
      'another key of this type for this address, SHA256:other',
    ],
    ['an old key beside the new one', { here: [other, same] }, 'for', 'this very key'],
    ['a key of another type', { here: [rsa] }, 'neither', 'only keys of other types'],
    ['the key elsewhere', { here: [rsa], alsoAs: ['nas', 'nas.lan'] }, 'for', 'for nas, nas.lan'],
    ['the key under a hash', { alsoHashed: 1 }, 'for', 'stored as a hash'],
    ['a revoked key', { here: [same], isRevoked: true }, 'against', 'revoked'],
  ])('%s: %j is %s it', (_what, answer, tone, text) => {
    const said = evidenceOf({ ...nothing, ...answer }, offered, words);
    expect(said.tone).toBe(tone);
    expect(said.text).toContain(text);
  });
});
