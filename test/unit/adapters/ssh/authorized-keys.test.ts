import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addLine, cksum, ownLine, removeLines } from '../../../../electron/adapters/ssh/authorized-keys.ts';

const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDk';
const marker = 'mesolite:master-abc';
const fileArb = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));

describe('our line in authorized_keys', () => {
  it('leaves every other byte as it was, added and removed, whatever is in the file', () => {
    fc.assert(
      fc.property(fileArb, fc.constantFrom('nothing', 'file', 'folder' as const), (file, created) => {
        const planted = addLine(file, ownLine(publicKey, marker, created));
        expect(removeLines(planted, marker)).toEqual({ content: file, removed: 1, created });
      }),
    );
  });

  it('forbids forwarding and terminals', () => {
    expect(ownLine(publicKey, marker, 'nothing')).toBe(`restrict ${publicKey} ${marker}\n`);
  });

  it.each([
    ['another Mesolite', `restrict ${publicKey} mesolite:master-abcd\n`],
    ['a comment that names it', `# ${publicKey} ${marker}\n`],
    ['a marker without a key', `${marker}\n`],
    ['a key of another type', `ssh-rsa AAAA ${marker}\n`],
    ['the marker inside a word', `${publicKey} x${marker}\n`],
  ])('is not taken for %s', (_what, line) => {
    expect(removeLines(Buffer.from(line), marker)).toMatchObject({ removed: 0, content: Buffer.from(line) });
  });

  it('goes even where somebody moved it to the end and took its newline away', () => {
    const file = Buffer.from(`ssh-rsa AAAA me\nrestrict ${publicKey} ${marker}`);
    expect(removeLines(file, marker)).toMatchObject({
      removed: 1,
      content: Buffer.from('ssh-rsa AAAA me\n'),
    });
  });
});

describe('the checksum', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a line', Buffer.from('hello\n')],
    ['every byte', Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256))],
  ])('of %s is that of the tool every machine has', (_what, content) => {
    const printed = execFileSync('cksum', { input: content, encoding: 'utf8' }).trim();
    expect(cksum(content)).toBe(printed);
  });
});
