// @vitest-environment node
// The bounded log against the plainest one there is: a string split at newlines.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogBuffer } from '../../../../../renderer/pages/task/log-buffer.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const lines = (buffer: LogBuffer) =>
  Array.from({ length: buffer.lineCount }, (_, index) => decoder.decode(buffer.lineBytes(index)));

function plainLines(text: string): string[] {
  const all = text.split('\n');
  if (all.at(-1) === '') all.pop();
  return all;
}

describe('a log within its bounds', () => {
  it('has the lines of the text, however it was cut into chunks', () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n', 'long line ', '\n\n'), { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), (chunks) => {
        const buffer = new LogBuffer();
        for (const chunk of chunks) buffer.append(encoder.encode(chunk.join('')));
        expect(lines(buffer)).toEqual(plainLines(chunks.flat().join('')));
      }),
    );
  });

  it('counts a last line without newline, and knows that it may grow', () => {
    const buffer = new LogBuffer();
    buffer.append(encoder.encode('one\ntw'));
    expect(lines(buffer)).toEqual(['one', 'tw']);
    expect(buffer.isLastGrowing).toBe(true);
    buffer.append(encoder.encode('o\n'));
    expect(lines(buffer)).toEqual(['one', 'two']);
    expect(buffer.isLastGrowing).toBe(false);
  });

  it('gives back bytes across the border of its chunks', () => {
    const buffer = new LogBuffer();
    const long = 'x'.repeat(200_000);
    buffer.append(encoder.encode(`a\n${long}\nb\n`));
    expect(decoder.decode(buffer.lineBytes(1))).toBe(long);
    expect(buffer.lineLength(1)).toBe(200_000);
    expect(decoder.decode(buffer.lineTail(1, 3))).toBe('xxx');
    expect(decoder.decode(buffer.bytesOfLines(0, 2))).toBe(`a\n${long}\nb`);
  });
});

describe('a log beyond its bounds', () => {
  it('keeps whole newest lines, and says how many went', () => {
    const buffer = new LogBuffer(128 * 1024);
    const all: string[] = [];
    for (let i = 0; i < 20_000; i += 1) {
      const line = `line number ${i} with some text`;
      all.push(line);
      buffer.append(encoder.encode(`${line}\n`));
    }
    const kept = lines(buffer);
    expect(kept.length).toBeGreaterThan(1000);
    expect(kept).toEqual(all.slice(-kept.length));
    expect(buffer.firstLine).toBe(20_000 - kept.length);
    expect(buffer.totalBytes - buffer.droppedBytes).toBeLessThanOrEqual(192 * 1024);
  });

  it('keeps at most so many lines', () => {
    const buffer = new LogBuffer(1024 * 1024, 100);
    buffer.append(encoder.encode('x\n'.repeat(1000)));
    expect(buffer.lineCount).toBeLessThanOrEqual(100);
    expect(buffer.firstLine + buffer.lineCount).toBe(1000);
  });

  it('keeps the newest part of a line that is larger than all its room', () => {
    const buffer = new LogBuffer(128 * 1024);
    for (let i = 0; i < 40; i += 1) buffer.append(encoder.encode(String(i % 10).repeat(64 * 1024)));
    expect(buffer.lineCount).toBe(1);
    expect(decoder.decode(buffer.lineTail(0, 3))).toBe('999');
    expect(buffer.lineLength(0)).toBeLessThanOrEqual(192 * 1024);
  });
});
