import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainLine } from '../../../electron/contract/plain-text.ts';

describe('a line of a stranger', () => {
  it.each([
    ['attic', 'attic'],
    ['  two\n lines\t', 'two lines'],
    ['red\u001b[31m bell\u0007', 'red [31m bell'],
    ['invoice\u202egnp.exe', 'invoice gnp.exe'],
    ['zero\u200bwidth\ufeff', 'zero width'],
    ['tag\u{e0041}ged', 'tag ged'],
    ['blank\u2800\u3164letters', 'blank letters'],
    ['lone\ud800surrogate', 'lone surrogate'],
    ['tower' + '\u0301'.repeat(50), 'tower\u0301\u0301'],
    ['<b>is text</b> $(reboot)', '<b>is text</b> $(reboot)'],
    ['机架 café 😀', '机架 café 😀'],
    ['\u0000\u202e\u200b', ''],
  ])('%j is %j', (raw, line) => {
    expect(plainLine(raw, 80)).toBe(line);
  });

  it('is cut between characters, and says so', () => {
    expect(plainLine('abcdef', 4)).toBe('abc…');
    expect(plainLine('😀😀😀😀', 3)).toBe('😀😀…');
    expect(plainLine('😀😀😀', 3)).toBe('😀😀😀');
  });

  it('is one line of what can be seen, and the same when it is cleaned again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (raw, most) => {
          const line = plainLine(raw, most);
          expect([...line].length).toBeLessThanOrEqual(most);
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
          expect(line.trim()).toBe(line);
          expect(plainLine(line, most)).toBe(line);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('costs little, however long it is', () => {
    expect(plainLine('\u202e'.repeat(10_000_000), 80)).toBe('');
    expect(plainLine('a '.repeat(5_000_000), 10)).toBe('a a a a a…');
  });
});
