// @vitest-environment node
// From bytes to inks: broken UTF-8 and control characters are seen, colours become styles, nothing becomes markup.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterReturns,
  applySgr,
  clipInks,
  decodeUtf8,
  inksOf,
  plainText,
} from '../../../../../renderer/pages/task/log-text.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const esc = '\u001b';

describe('decoding', () => {
  it('gives back every text that is UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeUtf8(bytes(text))).toBe(text);
      }),
    );
  });

  it.each([
    [[0x61, 0xe9, 0x62], 'a\\xE9b'],
    [[0xff, 0xfe], '\\xFF\\xFE'],
    [[0xe4, 0xbd], '\\xE4\\xBD'],
    [[0xc0, 0x80], '\\xC0\\x80'],
    [[0xe4, 0xbd, 0xa0, 0xff], '你\\xFF'],
  ])('makes the broken bytes %j visible', (input, text) => {
    expect(decodeUtf8(Uint8Array.from(input))).toBe(text);
  });

  it('never throws and never loses a byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
        const escapes = decodeUtf8(input).match(/\\x[0-9A-F]{2}/g)?.length ?? 0;
        const valid = new TextEncoder().encode(decodeUtf8(input).replace(/\\x[0-9A-F]{2}/g, '')).length;
        const hasLiteral = Buffer.from(input).toString('latin1').includes('\\x');
        if (!hasLiteral) expect(escapes + valid).toBe(input.length);
      }),
    );
  });
});

describe('drawing', () => {
  it('makes NUL and other control characters visible and keeps tabs', () => {
    expect(plainText(Uint8Array.from([0x61, 0x00, 0x07, 0x09, 0x62]))).toBe('a\\x00\\x07\tb');
  });

  it('shows what a progress bar shows last', () => {
    expect(afterReturns('10 %\r20 %\r30 %')).toBe('30 %');
    expect(afterReturns('windows line\r')).toBe('windows line');
  });

  it('turns SGR into styles', () => {
    expect(inksOf(bytes(`a${esc}[1;31mred${esc}[0m b`))).toEqual([
      { text: 'a', style: null },
      { text: 'red', style: { isBold: true, fg: 1 } },
      { text: ' b', style: null },
    ]);
  });

  it.each([
    ['38;5;9', { fg: 9 }],
    ['38;5;196', { fg: 'rgb(255 0 0)' }],
    ['48;5;255', { bg: 'rgb(238 238 238)' }],
    ['38;2;1;2;300', { fg: 'rgb(1 2 255)' }],
    ['94;103', { fg: 12, bg: 11 }],
    ['3;4;7;2', { isItalic: true, isUnderlined: true, isInverse: true, isDim: true }],
    ['', {}],
    ['999;;x', {}],
  ])('understands %s', (parameters, style) => {
    expect(applySgr({}, parameters)).toEqual(style);
  });

  it('drops the rest of the language of terminals: titles, links, cursor moves', () => {
    const text = `${esc}]0;evil title\u0007a${esc}]8;;http://x\u001b\\b${esc}[2J${esc}[10;5Hc${esc}(Bd`;
    expect(plainText(bytes(text))).toBe('abcd');
  });

  it('keeps markup as text', () => {
    expect(inksOf(bytes('<img src=x onerror=alert(1)>'))).toEqual([
      { text: '<img src=x onerror=alert(1)>', style: null },
    ]);
  });

  it('clips across styles and says how much is left', () => {
    const inks = inksOf(bytes(`abc${esc}[31mdef`));
    expect(clipInks(inks, 4)).toEqual({
      inks: [
        { text: 'abc', style: null },
        { text: 'd', style: { fg: 1 } },
      ],
      left: 2,
    });
  });
});
