import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachScript } from '../../../../electron/adapters/ssh/dial.ts';
import { isOwnFolder } from '../../../../electron/adapters/ssh/folder.ts';
import { shellQuote, wrapScript } from '../../../../electron/adapters/ssh/script.ts';

const nonce = 'abc123';
const shells = [
  '/bin/bash',
  '/bin/dash',
  '/bin/sh',
  '/usr/bin/fish',
  '/usr/bin/tcsh',
  '/bin/zsh',
  '/bin/busybox',
];
const installed = shells.filter((shell) => existsSync(shell));

/** As sshd does: the login shell gets the constant command, the script comes on standard input. */
function runIn(shell: string, script: string, args: readonly string[]): { code: number; output: string } {
  const command = shell.endsWith('busybox') ? ['ash', '-c', 'exec sh -s'] : ['-c', 'exec sh -s'];
  const { stdout } = spawnSync(shell, command, { input: wrapScript(script, args, nonce), encoding: 'utf8' });
  const found = new RegExp(
    `\\n<mesolite-begin ${nonce}>\\n([\\s\\S]*)\\n<mesolite-end ${nonce} (\\d+)>`,
  ).exec(stdout);
  return { code: Number(found?.[2] ?? -1), output: found?.[1] ?? stdout };
}

/** Everything that has ever meant something to a shell, and then some. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '`', '$', '!', '\n', ' ', ';', '*', '(', '#', '~', '&', '\t'),
    maxLength: 20,
  }),
  fc.constantFrom('$(touch /tmp/oops)', "'; exit 7; '", '!!', '-n', '%s', '\\', "\\'", '', 'ä漢😀'),
);

describe.each(installed)('through %s', (shell) => {
  it('arguments arrive as they are, however nasty', () => {
    fc.assert(
      fc.property(fc.array(nasty.map(clean), { minLength: 1, maxLength: 25 }), (args) => {
        const { code, output } = runIn(
          shell,
          `for one in "$@"; do printf '%s\\001' "$one"; done; exit 5`,
          args,
        );
        expect(output.split('\u0001').slice(0, -1)).toEqual(args);
        expect(code).toBe(5);
      }),
      { numRuns: 40 },
    );
  });
});

/** What no argument can hold (NUL), what our own test uses as a mark, and halves of characters. */
function clean(text: string): string {
  return Buffer.from(text.replace(/[\u0000\u0001]/g, '')).toString('utf8');
}

describe('a script', () => {
  it('refuses an argument with NUL before anything is sent', () => {
    expect(() => shellQuote('a\0b')).toThrow(RangeError);
  });

  it('tells its own exit code, also when it exits early', () => {
    expect(runIn('/bin/sh', 'exit 3; echo never', [])).toEqual({ code: 3, output: '' });
    expect(runIn('/bin/sh', 'false', []).code).toBe(1);
  });

  it('of the attach command keeps a strange folder in one word', () => {
    const { output } = runIn('/bin/sh', attachScript("/tmp/it's; echo oops/mesolite"), []);
    expect(output).toBe('mesolite-attach-error agent-missing there is no agent in the folder\n');
  });
});

describe('a folder that may be deleted', () => {
  it.each(['/var/lib/mesolite', '/home/ann/.mesolite', '/root/.mesolite', '/srv/a b/mesolite'])(
    'is %s',
    (dir) => {
      expect(isOwnFolder(dir)).toBe(true);
    },
  );
  it.each([
    '',
    '/',
    'mesolite',
    '/mesolite',
    '/var/lib',
    '/var/lib/',
    '/var/lib/mesolite/',
    '/var/lib/mesolite/..',
  ])('is not %s', (dir) => {
    expect(isOwnFolder(dir)).toBe(false);
  });
  it.each([
    '/home/../mesolite',
    '//mesolite',
    '/var//mesolite',
    '/home/./.mesolite',
    '/home/x\n/mesolite',
    '/etc/notmesolite',
  ])('is not %j', (dir) => {
    expect(isOwnFolder(dir)).toBe(false);
  });
});
