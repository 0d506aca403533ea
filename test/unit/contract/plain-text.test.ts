import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainLine, plainText, quotedLine } from '../../../electron/contract/plain-text.ts';

describe('a line of a stranger', () => {
  it.each([
    ['attic', 'attic'],
    ['  two\n lines\t', 'two lines'],
    ['red\u001b[31m bell\u0007', 'red bell'],
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

describe('several lines of a stranger', () => {
  it.each([
    ['one\r\ntwo\rthree\n\tfour', 'one\ntwo\nthree\n\tfour'],
    ['\u001b]0;title\u0007\u001b[1;31mred\u001b[0m \u202eevil\u0000', 'red evil'],
    ['\u001b]no end', ''],
    ['zero\u200b\n\u2066width', 'zero\nwidth'],
    ['xx😀😀😀', 'xx😀😀😀'],
  ])('%j is %j', (raw, text) => {
    expect(plainText(raw, 80)).toBe(text);
  });

  it('are cut between characters, and say so', () => {
    expect(plainText('x'.repeat(20_000), 8000)).toBe(`${'x'.repeat(7999)}…`);
    expect(plainText('x😀😀😀', 5)).toBe('x😀…');
    expect(plainText('x😀😀😀', 3)).toBe('x…');
  });

  it('hold nothing that cannot be seen but lines and tabs', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (raw, most) => {
          const text = plainText(raw, most);
          expect(text.length).toBeLessThanOrEqual(most);
          expect(text.replace(/[\n\t]/g, '')).not.toMatch(
            /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});

it('a quotation is one line', () => {
  expect(quotedLine('Permission denied\r\n(publickey)')).toBe('"Permission denied (publickey)"');
  expect(quotedLine('word '.repeat(100), 20)).toBe('"word word word word…"');
});
