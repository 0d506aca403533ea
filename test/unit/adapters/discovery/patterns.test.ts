import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesList, matchesPattern } from '../../../../electron/adapters/discovery/patterns.ts';

describe('a pattern of ssh', () => {
  it.each([
    ['web', 'web', true],
    ['web', 'w?b', true],
    ['web', '*', true],
    ['', '*', true],
    ['web.lab', '*.lab', true],
    ['web.lab', '*.la', false],
    ['web', 'we', false],
    ['we', 'web', false],
    ['a.b.c', 'a.*.c', true],
    ['10.0.0.9', '10.0.*', true],
    ['web', '[w]eb', false],
  ])('%s against %s: %s', (text, pattern, isMatch) => {
    expect(matchesPattern(text, pattern)).toBe(isMatch);
  });

  it('is the same as the regular expression that it stands for', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(word, pattern, (text, glob) => {
        const source = [...glob]
          .map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c === '.' ? '\\.' : c))
          .join('');
        expect(matchesPattern(text, glob)).toBe(new RegExp(`^${source}$`, 's').test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes back in a list what another one allows', () => {
    expect(matchesList('web.lab', ['*.lab', '!bad.lab'])).toBe(true);
    expect(matchesList('bad.lab', ['*.lab', '!bad.lab'])).toBe(false);
    expect(matchesList('bad.lab', ['!bad.lab', '*.lab'])).toBe(false);
    expect(matchesList('web.lab', ['!bad.lab'])).toBe(false);
  });

  it('is never slow, whatever it is', () => {
    const pattern = `${'*a'.repeat(200)}b`;
    expect(matchesPattern('a'.repeat(5000), pattern)).toBe(false);
  });
});
