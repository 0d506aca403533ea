// A stream of an agent into a file of this computer, and into memory. To a file beside it first: a save that breaks off
// leaves the old file as it was. No Electron here.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { ok, type Refusal, type Result, refuse } from '../contract/errors.ts';
import type { LogEnd, LogSink, LogStream } from './ports.ts';

export type Reins = Pick<LogStream, 'credit' | 'close'>;
export type OpenStream<S extends Reins = Reins> = (sink: LogSink) => Promise<Result<S>>;
/** What is told when the stream ends before it is complete. */
export type EndReasons = { readonly lost: Refusal; readonly removed: Refusal };

export const logEnds: EndReasons = {
  lost: {
    code: 'unreachable',
    reason: 'log-broke-off',
    detail: 'the connection ended before the log did',
  },
  removed: { code: 'not-found', reason: 'log-removed', detail: 'the log was removed on the machine' },
};
export const fileEnds: EndReasons = {
  lost: {
    code: 'unreachable',
    reason: 'file-broke-off',
    detail: 'the connection ended before the file did',
  },
  removed: { code: 'not-found', reason: 'file-removed', detail: 'the file was removed on the machine' },
};

export type SaveOptions = { readonly ends: EndReasons; readonly signal?: AbortSignal };

export async function saveStream(
  open: OpenStream,
  path: string,
  options: SaveOptions,
): Promise<Result<{ path: string; bytes: number }>> {
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    const handle = await fs.promises.open(part, 'wx', 0o600);
    const copied = await closing(handle, () => copyInto(open, handle, options));
    if (!copied.ok) {
      await fs.promises.rm(part, { force: true });
      return copied;
    }
    await fs.promises.rename(part, path);
    return ok({ path, bytes: copied.value });
  } catch (error) {
    await fs.promises.rm(part, { force: true }).catch(() => undefined);
    return cannotWrite(path, error);
  }
}

export function cannotWrite(path: string, error: unknown): { ok: false; refusal: Refusal } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return refuse('invalid', 'cannot-write-file', `${path}: ${code}`);
}

export const cancelledRefusal: Refusal = {
  code: 'conflict',
  reason: 'cancelled',
  detail: 'the window that asked is gone',
};

async function closing<T>(handle: fs.promises.FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await handle.close();
  }
}

/** Only what is on its way to the disk is credited, so memory stays at one window of the stream. */
async function copyInto(
  open: OpenStream,
  handle: fs.promises.FileHandle,
  { ends, signal }: SaveOptions,
): Promise<Result<number>> {
  let bytesWritten = 0;
  let problem: unknown = null;
  let writing = Promise.resolve();
  let stream: Reins | null = null;
  let owedBytes = 0;
  const ended = withResolvers<LogEnd>();
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (problem !== null) return;
    try {
      await handle.writeFile(bytes);
      bytesWritten += bytes.length;
      if (stream) stream.credit(bytes.length);
      else owedBytes += bytes.length;
    } catch (error) {
      problem = error;
      stream?.close();
    }
  };
  if (signal?.aborted) return { ok: false, refusal: cancelledRefusal };
  const opened = await open({
    data: (_offset, bytes) => {
      writing = writing.then(() => write(bytes));
    },
    end: (cause) => ended.resolve(cause),
  });
  if (!opened.ok) return opened;
  stream = opened.value;
  const stop = (): void => stream?.close();
  signal?.addEventListener('abort', stop, { once: true });
  if (owedBytes > 0) stream.credit(owedBytes);
  if (problem !== null || signal?.aborted) stop();
  const cause = await ended.promise;
  signal?.removeEventListener('abort', stop);
  await writing;
  if (problem !== null) throw problem;
  if (cause === 'finished') return ok(bytesWritten);
  if (cause === 'closed') return { ok: false, refusal: cancelledRefusal };
  return { ok: false, refusal: ends[cause] };
}

export type Beginning<S> = { readonly bytes: Uint8Array; readonly stream: S };

/** At most `maxBytes` from the beginning of a stream, which is then closed. Needs no more credit than a stream starts with. */
export async function readBeginning<S extends Reins>(
  open: OpenStream<S>,
  maxBytes: number,
  ends: EndReasons,
): Promise<Result<Beginning<S>>> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const ended = withResolvers<LogEnd>();
  const opened = await open({
    data: (_offset, bytes) => {
      const piece = bytes.slice(0, maxBytes - size);
      if (piece.length > 0) pieces.push(piece);
      size += piece.length;
      if (size >= maxBytes) ended.resolve('finished');
    },
    end: (cause) => ended.resolve(cause),
  });
  if (!opened.ok) return opened;
  const cause = await ended.promise;
  opened.value.close();
  if (cause === 'lost' || cause === 'removed') return { ok: false, refusal: ends[cause] };
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return ok({ bytes: whole, stream: opened.value });
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((take) => {
    resolve = take;
  });
  return { promise, resolve };
}
