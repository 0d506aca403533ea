import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillGaps, findGaps, platformOf } from '../../../build/lib/lockfile.mjs';
import { inRoot } from '../../../build/lib/paths.mjs';

describe('the lockfile', () => {
  it('names every optional package, or npm ci would refuse it (node build/lockfile.mjs fills gaps)', () => {
    const lock = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8'));
    expect(findGaps(lock.packages)).toEqual([]);
  });

  it('is read as Node looks packages up: from the nearest folder outwards', () => {
    const lock = {
      'node_modules/a': { version: '1.0.0', optionalDependencies: { 'a-linux-x64': '1.0.0' } },
      'node_modules/a/node_modules/a-linux-x64': { version: '1.0.0' },
      'node_modules/a/node_modules/b': { version: '1.0.0', optionalDependencies: { c: '1.0.0', d: '1.0.0' } },
      'node_modules/c': { version: '1.0.0' },
    };
    expect(findGaps(lock)).toEqual([{ place: 'node_modules/a/node_modules/b', name: 'd', version: '1.0.0' }]);
  });

  it('gets an entry that npm skips on other systems', () => {
    const lock = {
      'node_modules/a': {
        version: '2.0.0',
        dev: true,
        optionalDependencies: { '@a/core-darwin-arm64': '2.0.0' },
      },
    };
    expect(fillGaps(lock)['node_modules/@a/core-darwin-arm64']).toEqual({
      version: '2.0.0',
      dev: true,
      optional: true,
      cpu: ['arm64'],
      os: ['darwin'],
    });
  });

  it.each([
    ['@oxc-parser/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['@oxlint/binding-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
    ['@swc/core-win32-ia32-msvc', { os: ['win32'], cpu: ['ia32'] }],
    ['lefthook-android-arm64', { os: ['android'], cpu: ['arm64'] }],
  ])('%s is for %o', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });
});
