// Frames of the agent protocol: `u32 length, u8 kind, payload`. Pure: bytes in, frames out, no I/O and no clock.
import { attachPreamble, frameKinds, maxDataBytes, maxFrameBytes } from '../../contract/wire.ts';

/** Deeper JSON is refused before it is parsed: some readers down the line recurse. */
const maxJsonDepth = 64;
/** Noise of shell start files that is skipped before the preamble. */
export const maxNoiseBytes = 64 * 1024;

const headerBytes = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type Frame =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Buffer };

/** What was wrong with the bytes. The connection cannot go on after it. */
export type FrameFault =
  | 'length-out-of-range'
  | 'unknown-kind'
  | 'bad-utf8'
  | 'bad-json'
  | 'too-deep'
  | 'bad-data-frame';

export function encodeJson(message: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(message), 'utf8');
  return encodeFrame(frameKinds.json, payload);
}

export function encodeData(stream: number, bytes: Uint8Array): Buffer {
  if (bytes.length < 1 || bytes.length > maxDataBytes) throw new RangeError('data frame out of range');
  const payload = Buffer.allocUnsafe(4 + bytes.length);
  payload.writeUInt32BE(stream, 0);
  payload.set(bytes, 4);
  return encodeFrame(frameKinds.data, payload);
}

function encodeFrame(kind: number, payload: Buffer): Buffer {
  const length = payload.length + 1;
  if (length > maxFrameBytes) throw new RangeError(`frame of ${length} bytes is over the limit`);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame.writeUInt32BE(length, 0);
  frame[headerBytes] = kind;
  frame.set(payload, headerBytes + 1);
  return frame;
}

/**
 * Takes bytes in pieces of any size and gives whole frames. After a fault it stays faulty. It never holds more
 * than one frame plus one piece.
 */
export class FrameDecoder {
  private pieces: Buffer[] = [];
  private held = 0;
  private failure: FrameFault | null = null;

  get fault(): FrameFault | null {
    return this.failure;
  }

  /** Frames that are whole now, in order; those before a fault are still given. */
  push(piece: Buffer): Frame[] {
    if (this.failure !== null || piece.length === 0) return [];
    this.pieces.push(piece);
    this.held += piece.length;
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.next();
      if (frame === null) return frames;
      if (typeof frame === 'string') {
        this.failure = frame;
        this.pieces = [];
        this.held = 0;
        return frames;
      }
      frames.push(frame);
    }
  }

  private next(): Frame | FrameFault | null {
    if (this.held < headerBytes) return null;
    const length = this.peekLength();
    if (length < 2 || length > maxFrameBytes) return 'length-out-of-range';
    if (this.held < headerBytes + length) return null;
    this.take(headerBytes);
    const body = this.take(length);
    return decodeBody(body);
  }

  private peekLength(): number {
    const first = this.pieces[0];
    if (first !== undefined && first.length >= headerBytes) return first.readUInt32BE(0);
    const joined = Buffer.concat(this.pieces, this.held);
    this.pieces = [joined];
    return joined.readUInt32BE(0);
  }

  private take(count: number): Buffer {
    const first = this.pieces[0];
    if (first !== undefined && first.length > count) {
      this.pieces[0] = first.subarray(count);
      this.held -= count;
      return first.subarray(0, count);
    }
    const joined = Buffer.concat(this.pieces, this.held);
    this.held -= count;
    this.pieces = this.held === 0 ? [] : [joined.subarray(count)];
    return joined.subarray(0, count);
  }
}

function decodeBody(body: Buffer): Frame | FrameFault {
  const payload = body.subarray(1);
  if (body[0] === frameKinds.json) return decodeJson(payload);
  if (body[0] !== frameKinds.data) return 'unknown-kind';
  if (payload.length < 5 || payload.length > 4 + maxDataBytes) return 'bad-data-frame';
  return { kind: 'data', stream: payload.readUInt32BE(0), bytes: payload.subarray(4) };
}

function decodeJson(payload: Buffer): Frame | FrameFault {
  if (jsonDepth(payload) > maxJsonDepth) return 'too-deep';
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    return 'bad-utf8';
  }
  try {
    return { kind: 'json', value: JSON.parse(text) };
  } catch {
    return 'bad-json';
  }
}

/** Deepest nesting of brackets outside strings; exact for valid JSON, and never more work than one pass. */
export function jsonDepth(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}

const errorPrefix = 'mesolite-attach-error ';
const preamble = Buffer.from(attachPreamble);

export type PreambleOutcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'found'; readonly noise: Buffer; readonly rest: Buffer }
  /** `attach` said why it could not reach the daemon. */
  | { readonly kind: 'refused'; readonly code: string; readonly words: string }
  | { readonly kind: 'too-much-noise'; readonly noise: Buffer };

/** Looks for the line of `attach` in the noise that a login shell may print before it. */
export class PreambleReader {
  private seen: Buffer = Buffer.alloc(0);

  push(piece: Buffer): PreambleOutcome {
    this.seen = this.seen.length === 0 ? piece : Buffer.concat([this.seen, piece]);
    const at = this.seen.indexOf(preamble);
    if (at >= 0 && at <= maxNoiseBytes) {
      const noise = this.seen.subarray(0, at);
      return { kind: 'found', noise, rest: this.seen.subarray(at + preamble.length) };
    }
    const refused = this.readRefusal();
    if (refused !== null) return refused;
    if (this.seen.length > maxNoiseBytes + preamble.length) {
      return { kind: 'too-much-noise', noise: this.seen.subarray(0, 256) };
    }
    return { kind: 'waiting' };
  }

  /** What came so far, for a message when the stream ends without the line. */
  get noise(): Buffer {
    return this.seen.subarray(0, 4096);
  }

  private readRefusal(): PreambleOutcome | null {
    const at = this.seen.indexOf(errorPrefix);
    if (at < 0) return null;
    const end = this.seen.indexOf(0x0a, at);
    if (end < 0) return null;
    const [code = '', ...words] = this.seen
      .toString('utf8', at + errorPrefix.length, end)
      .trim()
      .split(' ');
    return { kind: 'refused', code, words: words.join(' ') };
  }
}
