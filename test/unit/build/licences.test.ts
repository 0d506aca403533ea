// Notices of what is bundled: found by what the sources import, and nothing under an unknown licence.
import { describe, expect, it } from 'vitest';
import {
  closure,
  collectNotices,
  formatNotices,
  importedPackages,
  isAllowed,
  resolvePlace,
} from '../../../build/licences.mjs';

const packages = {
  'node_modules/a': { dependencies: { b: '1', c: '1' } },
  'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
  'node_modules/b': {},
  'node_modules/c': { optionalDependencies: { absent: '1' } },
};

describe('packages', () => {
  it('are read from imports of code and of styles; our own files and Node are none', () => {
    const text =
      "import x from 'a/b';\nimport '@s/c/d.css';\n@import 'e';\nimport './f.ts';\nimport 'node:fs';";
    expect(importedPackages(text)).toEqual(['a', '@s/c', 'e']);
  });

  it('are found where Node would find them, the nearest first', () => {
    expect(resolvePlace(packages, 'node_modules/a', 'b')).toBe('node_modules/a/node_modules/b');
    expect(resolvePlace(packages, 'node_modules/a/node_modules/b', 'c')).toBe('node_modules/c');
    expect(resolvePlace(packages, '', 'b')).toBe('node_modules/b');
    expect(resolvePlace(packages, 'node_modules/c', 'absent')).toBeUndefined();
  });

  it('come with all they need', () => {
    const places = ['node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/c'];
    expect(closure(packages, ['a'])).toEqual(places);
  });
});

describe('licences', () => {
  it.each(['MIT', 'ISC', '(MIT OR GPL-3.0)', 'MIT AND OFL-1.1'])('%s may be shipped', (licence) => {
    expect(isAllowed(licence)).toBe(true);
  });

  it.each(['GPL-3.0', 'MIT AND GPL-2.0', 'SEE LICENSE IN x', 'MPL-2.0'])(
    '%s stops the packaging',
    (licence) => {
      expect(isAllowed(licence)).toBe(false);
    },
  );

  it('every package of the app has a notice with its text', () => {
    const notices = collectNotices();
    const names = notices.map((one) => one.name);
    expect(names).toEqual(
      expect.arrayContaining([
        'zod',
        'ssh2',
        'better-sqlite3',
        'react',
        'multicast-dns',
        'oui-data',
        'SQLite',
        'Go',
      ]),
    );
    expect(names).not.toContain('vite');
    expect(notices.filter((one) => one.text === '')).toEqual([]);
    expect(formatNotices(notices)).toContain('The Go Authors');
  });
});
