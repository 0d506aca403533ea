// The golden messages and frames of test/fixtures/wire, which the Go tests read as well: what one side writes, the
// other reads, and nothing is lost on the way.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  encodeData,
  encodeJson,
  type Frame,
  FrameDecoder,
} from '../../../electron/adapters/agentlink/codec.ts';
import {
  answerMessageSchema,
  answerSchemas,
  type Call,
  callSchemas,
  eventMessageSchema,
  requestMessageSchema,
} from '../../../electron/contract/wire.ts';

type Golden = { kind: 'request' | 'answer' | 'event'; call?: Call; message: unknown; known?: unknown };
type Bytes = { hex: string; times: number };
type GoldenFrame =
  | { kind: 'json'; json: unknown }
  | { kind: 'json-string'; hex: string; times: number }
  | { kind: 'json-nested'; depth: number }
  | { kind: 'data'; stream: number; parts: Bytes[] };
type GoldenStream = { name: string; parts: Bytes[]; frames: GoldenFrame[]; fault: string | null };

const folder = path.resolve(import.meta.dirname, '../../fixtures/wire');
const read = <T>(name: string): T => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
const names = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'frames.json');

/** Parsed by the shapes of its kind and call. What they do not know is gone, as on the wire. */
function parse({ kind, call, message }: Golden): unknown {
  if (kind === 'event') return eventMessageSchema.parse(message);
  if (call === undefined) throw new Error('a request and an answer name their call');
  if (kind === 'request') {
    const request = requestMessageSchema.parse(message);
    return { ...request, params: callSchemas[call].parse(request.params) };
  }
  const answer = answerMessageSchema.parse(message);
  if (answer.error !== undefined) return answer;
  const schema: z.ZodType = answerSchemas[call];
  return { ...answer, result: schema.parse(answer.result) };
}

const bytesOf = (parts: readonly Bytes[]): Buffer =>
  Buffer.concat(parts.map(({ hex, times }) => Buffer.from(hex.repeat(times), 'hex')));

function nested(depth: number): unknown {
  let value: unknown[] = [];
  for (let level = 1; level < depth; level += 1) value = [value];
  return value;
}

function frameOf(golden: GoldenFrame): Frame {
  switch (golden.kind) {
    case 'json':
      return { kind: 'json', value: golden.json };
    case 'json-string':
      return { kind: 'json', value: bytesOf([golden]).toString('utf8') };
    case 'json-nested':
      return { kind: 'json', value: nested(golden.depth) };
    case 'data':
      return { kind: 'data', stream: golden.stream, bytes: bytesOf(golden.parts) };
  }
}

/** Fed in pieces of so many bytes. `incomplete` is what is left over when there is no fault. */
function decode(whole: Buffer, pieceBytes: number): { frames: Frame[]; fault: string | null } {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let at = 0; at < whole.length; at += pieceBytes) {
    frames.push(...decoder.push(whole.subarray(at, at + pieceBytes)));
  }
  const used = frames.map((frame) => encode(frame).length).reduce((sum, bytes) => sum + bytes, 0);
  return { frames, fault: decoder.fault ?? (used < whole.length ? 'incomplete' : null) };
}

function encode(frame: Frame): Buffer {
  return frame.kind === 'json' ? encodeJson(frame.value) : encodeData(frame.stream, frame.bytes);
}

describe('golden messages', () => {
  it.each(names)('%s is the same after parsing and writing', (name) => {
    const golden = read<Golden>(name);
    expect(JSON.parse(JSON.stringify(parse(golden)))).toEqual(golden.known ?? golden.message);
  });

  it('there is a request and an answer of every call, and every event', () => {
    const all = names.map((name) => read<Golden>(name));
    const calls = (kind: Golden['kind']) =>
      new Set(all.filter((one) => one.kind === kind).map((one) => String(one.call)));
    expect([...calls('request')].toSorted()).toEqual(Object.keys(callSchemas).toSorted());
    expect([...calls('answer')].toSorted()).toEqual(Object.keys(answerSchemas).toSorted());
    const events = eventMessageSchema.options.map((option) => option.shape.event.value);
    const seen = all
      .filter((one) => one.kind === 'event')
      .map((one) => eventMessageSchema.parse(one.message).event);
    expect([...new Set(seen)].toSorted()).toEqual(events.toSorted());
  });
});

describe('golden frames', () => {
  const streams = read<GoldenStream[]>('frames.json');

  it.each(streams.map((stream) => [stream.name, stream] as const))(
    '%s',
    (_name, { parts, frames, fault }) => {
      const whole = bytesOf(parts);
      for (const pieceBytes of [Math.max(1, whole.length), 65_536, 4099]) {
        expect(decode(whole, pieceBytes)).toEqual({ frames: frames.map(frameOf), fault });
      }
      // A byte at a time only where it is not a million times.
      if (whole.length < 2000) expect(decode(whole, 1)).toEqual({ frames: frames.map(frameOf), fault });
    },
  );

  it.each(streams.filter((stream) => stream.fault === null).map((stream) => [stream.name, stream] as const))(
    '%s: our encoder writes the very bytes, or the same JSON',
    (_name, { parts, frames }) => {
      const whole = bytesOf(parts);
      const written = Buffer.concat(frames.map((frame) => encode(frameOf(frame))));
      expect(written.equals(whole)).toBe(true);
    },
  );
});
