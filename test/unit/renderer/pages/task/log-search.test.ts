// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { LogBuffer } from '../../../../../renderer/pages/task/log-buffer.ts';
import { markHits } from '../../../../../renderer/pages/task/log-line.tsx';
import { LogSearch, occurrences } from '../../../../../renderer/pages/task/log-search.ts';

const encoder = new TextEncoder();
const still = () => 0;

function bufferOf(...lines: string[]): LogBuffer {
  const buffer = new LogBuffer();
  for (const line of lines) buffer.append(encoder.encode(`${line}\n`));
  return buffer;
}

describe('a search', () => {
  it('finds lines by text without regard to case or colours', () => {
    const search = new LogSearch('error');
    search.advance(bufferOf('fine', 'An ERROR here', '\u001b[31mer\u001b[0mror'), still, 8);
    expect(search.matches).toEqual([1, 2]);
  });

  it('goes on with new lines only, and with the one that still grew', () => {
    const buffer = bufferOf('needle');
    buffer.append(encoder.encode('nee'));
    const search = new LogSearch('needle');
    search.advance(buffer, still, 8);
    expect(search.matches).toEqual([0]);
    buffer.append(encoder.encode('dle\nneedle\n'));
    search.advance(buffer, still, 8);
    search.advance(buffer, still, 8);
    expect(search.matches).toEqual([0, 1, 2]);
  });

  it('stops when its time is over and finishes later', () => {
    const buffer = bufferOf(...Array.from({ length: 2000 }, (_, index) => `x ${index}`));
    const search = new LogSearch('x');
    let nowMs = 0;
    const clock = () => {
      nowMs += 5;
      return nowMs;
    };
    expect(search.advance(buffer, clock, 4)).toBe(false);
    expect(search.matches.length).toBeLessThan(2000);
    while (!search.advance(buffer, clock, 4));
    expect(search.matches).toHaveLength(2000);
  });

  it('forgets matches in lines that were dropped', () => {
    const buffer = new LogBuffer(1024 * 1024, 10);
    const search = new LogSearch('x');
    buffer.append(encoder.encode('x\n'.repeat(8)));
    search.advance(buffer, still, 8);
    buffer.append(encoder.encode('x\n'.repeat(8)));
    search.advance(buffer, still, 8);
    expect(search.matches[0]).toBe(buffer.firstLine);
    expect(search.matches.at(-1)).toBe(15);
  });

  it('steps to the next and the previous match and around the ends', () => {
    const search = new LogSearch('x');
    search.advance(bufferOf('x', '-', 'x', '-', 'x'), still, 8);
    expect(search.from(0, true)).toBe(2);
    expect(search.from(4, true)).toBe(0);
    expect(search.from(4, false)).toBe(2);
    expect(search.from(0, false)).toBe(4);
    expect(new LogSearch('y').from(0, true)).toBeNull();
  });
});

describe('marking', () => {
  it('finds occurrences without overlaps', () => {
    expect(occurrences('aAaa', 'aa')).toEqual([0, 2]);
    expect(occurrences('abc', '')).toEqual([]);
  });

  it('cuts a match at the border of a style and loses no text', () => {
    const inks = [
      { text: 'one tw', style: null },
      { text: 'o three', style: { fg: 1 } },
    ];
    const pieces = markHits(inks, 'two');
    expect(pieces.map((piece) => piece.text).join('')).toBe('one two three');
    expect(pieces.filter((piece) => piece.isHit).map((piece) => piece.text)).toEqual(['tw', 'o']);
  });
});
