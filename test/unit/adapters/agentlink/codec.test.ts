import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeData,
  encodeJson,
  type Frame,
  FrameDecoder,
  jsonDepth,
  maxNoiseBytes,
  PreambleReader,
} from '../../../../electron/adapters/agentlink/codec.ts';
import { attachPreamble, maxDataBytes, maxFrameBytes } from '../../../../electron/contract/wire.ts';

const frameArb: fc.Arbitrary<Frame> = fc.oneof(
  fc.jsonValue({ maxDepth: 8 }).map((value) => ({ kind: 'json' as const, value: plain(value) })),
  fc.record({
    kind: fc.constant('data' as const),
    stream: fc.integer({ min: 0, max: 0xffffffff }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
);

/** As JSON keeps it (-0 becomes 0). */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function encode(frame: Frame): Buffer {
  return frame.kind === 'json' ? encodeJson(frame.value) : encodeData(frame.stream, frame.bytes);
}

function decode(pieces: readonly Buffer[]): { frames: Frame[]; fault: string | null } {
  const decoder = new FrameDecoder();
  const frames = pieces.flatMap((piece) => decoder.push(piece));
  return { frames, fault: decoder.fault };
}

function cut(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((at) => at % (whole.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...places, whole.length];
  return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

function raw(length: number, kind: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 0);
  head[4] = kind;
  return Buffer.concat([head, payload]);
}

describe('the frame decoder', () => {
  it('gives the same frames however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(frameArb, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, cuts) => {
          const whole = Buffer.concat(frames.map(encode));
          expect(decode(cut(whole, cuts))).toEqual({ frames, fault: null });
        },
      ),
    );
  });

  it('gives the same frames when every byte comes alone', () => {
    const frames: Frame[] = [
      { kind: 'json', value: { v: 1, text: 'grün' } },
      { kind: 'data', stream: 7, bytes: Buffer.from([0, 255, 10]) },
    ];
    const whole = Buffer.concat(frames.map(encode));
    expect(decode([...whole].map((byte) => Buffer.from([byte])))).toEqual({ frames, fault: null });
  });

  it.each([
    ['length 0', raw(0, 1, Buffer.alloc(0)), 'length-out-of-range'],
    ['length 1', raw(1, 1, Buffer.alloc(0)), 'length-out-of-range'],
    ['a length over the limit', raw(maxFrameBytes + 1, 1, Buffer.alloc(0)), 'length-out-of-range'],
    ['length 2^32-1', raw(0xffffffff, 1, Buffer.alloc(0)), 'length-out-of-range'],
    ['an unknown kind', raw(3, 9, Buffer.from('{}')), 'unknown-kind'],
    ['bad JSON', raw(3, 1, Buffer.from('{]')), 'bad-json'],
    ['bad UTF-8', raw(4, 1, Buffer.from([0x22, 0xff, 0x22])), 'bad-utf8'],
    ['a data frame without bytes', raw(5, 2, Buffer.alloc(4)), 'bad-data-frame'],
    [
      'a data frame over its limit',
      raw(5 + maxDataBytes + 1, 2, Buffer.alloc(4 + maxDataBytes + 1)),
      'bad-data-frame',
    ],
  ])('ends with a reason on %s, after the good frames before it', (_what, bad, fault) => {
    const good = encodeJson({ ok: true });
    expect(decode([Buffer.concat([good, bad, good])])).toEqual({
      frames: [{ kind: 'json', value: { ok: true } }],
      fault,
    });
  });

  it('takes JSON nested 64 deep and refuses 65', () => {
    const nested = (depth: number) =>
      raw(2 * depth + 1, 1, Buffer.from('['.repeat(depth) + ']'.repeat(depth)));
    expect(decode([nested(64)]).fault).toBeNull();
    expect(decode([nested(65)])).toEqual({ frames: [], fault: 'too-deep' });
  });

  it('never holds more than one frame and one piece, however long the sender drips', () => {
    const decoder = new FrameDecoder();
    const frame = encodeData(1, Buffer.alloc(maxDataBytes, 7));
    let frames = 0;
    for (let turn = 0; turn < 50; turn += 1) {
      for (const piece of cut(frame, [1, 100, 5000])) frames += decoder.push(piece).length;
    }
    expect(frames).toBe(50);
    expect(decoder.fault).toBeNull();
  });

  it('survives arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (pieces) => {
        const { frames } = decode(pieces.map((piece) => Buffer.from(piece)));
        expect(frames.length).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe('the depth of JSON', () => {
  it('counts brackets outside strings only', () => {
    expect(jsonDepth(Buffer.from('{"a":"[[[\\"[","b":[{}]}'))).toBe(3);
  });
});

describe('the preamble', () => {
  const read = (pieces: readonly string[]) => {
    const reader = new PreambleReader();
    return pieces.map((piece) => reader.push(Buffer.from(piece))).at(-1);
  };

  it('is found after noise, and what follows belongs to the frames', () => {
    expect(read(['Welcome!\nno newline at the end', `${attachPreamble}rest`])).toMatchObject({
      kind: 'found',
      noise: Buffer.from('Welcome!\nno newline at the end'),
      rest: Buffer.from('rest'),
    });
  });

  it('is found however it is split', () => {
    const whole = `noise\n${attachPreamble}`;
    expect(read([...whole])).toMatchObject({ kind: 'found', rest: Buffer.alloc(0) });
  });

  it('takes the words of attach when it could not reach the daemon', () => {
    expect(read(['hi\nmesolite-attach-error agent-not-running no socket\n'])).toEqual({
      kind: 'refused',
      code: 'agent-not-running',
      words: 'no socket',
    });
  });

  it('gives up after 64 KiB of noise', () => {
    expect(read(['x'.repeat(maxNoiseBytes), attachPreamble])).toMatchObject({ kind: 'found' });
    expect(read(['x'.repeat(maxNoiseBytes + attachPreamble.length + 1)])).toMatchObject({
      kind: 'too-much-noise',
    });
  });
});
