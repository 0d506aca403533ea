// The app's own copies of files for tasks: one file each, named by its SHA-256, so that a task can be launched (again) long
// after the person moved the original. Bounded: what no open task needs goes first, the least recently used of it.
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { ok, type Result, refuse } from '../../contract/errors.ts';

const pieceBytes = 256 * 1024;
/** What was just picked is not yet part of a task: it stays for this long whatever comes. */
const freshMs = 60 * 60 * 1000;
const mib = 1024 * 1024;
const artifactCaps = { fileBytes: 8192 * mib, totalBytes: 16_384 * mib };

export type KeptArtifact = { readonly name: string; readonly sizeBytes: number; readonly sha256: string };

/** A kept file that is being read. */
export type OpenArtifact = {
  readonly sizeBytes: number;
  /** Bytes from `offset` on, as many as fit; 0 at the end. */
  readonly read: (into: Uint8Array, offset: number) => Promise<number>;
  readonly close: () => Promise<void>;
};

export type ArtifactStoreOptions = {
  readonly dir: string;
  readonly caps?: { readonly fileBytes: number; readonly totalBytes: number };
  /** An open task needs it. */
  readonly isNeeded: (sha256: string) => boolean;
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
};

export class ArtifactStore {
  private readonly options: ArtifactStoreOptions;
  private readonly caps: { readonly fileBytes: number; readonly totalBytes: number };
  /** One copy at a time, so that the sum of all is known. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: ArtifactStoreOptions) {
    this.options = options;
    this.caps = options.caps ?? artifactCaps;
  }

  keep(file: string, signal: AbortSignal): Promise<Result<KeptArtifact>> {
    const kept = this.turn.then(() => this.copy(file, signal));
    this.turn = kept.catch(() => undefined);
    return kept;
  }

  async open(sha256: string): Promise<Result<OpenArtifact>> {
    const file = path.join(this.options.dir, sha256);
    try {
      const handle = await fs.promises.open(file, 'r');
      const { size } = await handle.stat();
      await this.touch(file);
      return ok({
        sizeBytes: size,
        read: async (into, offset) => (await handle.read(into, 0, into.length, offset)).bytesRead,
        close: () => handle.close(),
      });
    } catch (error) {
      return refuse('not-found', 'artifact-lost', `${sha256}: ${codeOf(error)}`);
    }
  }

  private async copy(file: string, signal: AbortSignal): Promise<Result<KeptArtifact>> {
    const { dir } = this.options;
    const part = path.join(dir, `.part-${randomUUID()}`);
    let source: fs.promises.FileHandle;
    try {
      source = await fs.promises.open(file, 'r');
    } catch (error) {
      return refuse('invalid', 'cannot-read-file', `${file}: ${codeOf(error)}`);
    }
    try {
      const stat = await source.stat();
      if (!stat.isFile()) return refuse('invalid', 'cannot-read-file', `${file}: not a regular file`);
      const room = await this.makeRoom(file, stat.size);
      if (!room.ok) return room;
      const copied = await this.copyInto(part, source, signal);
      if (!copied.ok) return copied;
      const kept = path.join(dir, copied.value.sha256);
      await fs.promises.rename(part, kept);
      await this.touch(kept);
      return ok({ name: path.basename(file), ...copied.value });
    } catch (error) {
      return refuse('invalid', 'cannot-write-file', `${dir}: ${codeOf(error)}`);
    } finally {
      await source.close();
      await fs.promises.rm(part, { force: true }).catch(() => undefined);
    }
  }

  private async copyInto(part: string, source: fs.promises.FileHandle, signal: AbortSignal) {
    const target = await fs.promises.open(part, 'wx', 0o600);
    try {
      return await copyBytes({ source, target, capBytes: this.caps.fileBytes, signal });
    } finally {
      await target.close();
    }
  }

  private async makeRoom(file: string, sizeBytes: number): Promise<Result<null>> {
    const { dir, isNeeded, nowMs, log } = this.options;
    if (sizeBytes > this.caps.fileBytes) return tooLarge(file, this.caps.fileBytes);
    await fs.promises.mkdir(dir, { recursive: true, mode: 0o700 });
    const kept = await this.list();
    let total = kept.reduce((sum, each) => sum + each.sizeBytes, 0);
    for (const each of kept.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (total + sizeBytes <= this.caps.totalBytes) break;
      if (isNeeded(each.name) || nowMs() - each.usedAtMs < freshMs) continue;
      await fs.promises.rm(path.join(dir, each.name), { force: true });
      log(`artifacts: removed ${each.name}, ${each.sizeBytes} bytes`);
      total -= each.sizeBytes;
    }
    if (total + sizeBytes <= this.caps.totalBytes) return ok(null);
    return refuse(
      'exhausted',
      'artifact-store-full',
      `${file}: ${sizeBytes} bytes, ${total} of ${this.caps.totalBytes} are in use`,
    );
  }

  /** Parts of copies that a crash left behind go on the way: no other copy is under way. */
  private async list(): Promise<{ name: string; sizeBytes: number; usedAtMs: number }[]> {
    const { dir } = this.options;
    const found: { name: string; sizeBytes: number; usedAtMs: number }[] = [];
    for (const name of await fs.promises.readdir(dir)) {
      const file = path.join(dir, name);
      if (name.startsWith('.part-')) await fs.promises.rm(file, { force: true });
      if (!/^[0-9a-f]{64}$/.test(name)) continue;
      const stat = await fs.promises.stat(file);
      found.push({ name, sizeBytes: stat.size, usedAtMs: stat.mtimeMs });
    }
    return found;
  }

  /** When it was last used is its time stamp: it must survive a restart and need no list beside the files. */
  private async touch(file: string): Promise<void> {
    const now = new Date(this.options.nowMs());
    await fs.promises.utimes(file, now, now);
  }
}

type Copy = {
  readonly source: fs.promises.FileHandle;
  readonly target: fs.promises.FileHandle;
  readonly capBytes: number;
  readonly signal: AbortSignal;
};

async function copyBytes({
  source,
  target,
  capBytes,
  signal,
}: Copy): Promise<Result<{ sizeBytes: number; sha256: string }>> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(pieceBytes);
  let sizeBytes = 0;
  for (;;) {
    if (signal.aborted) return refuse('conflict', 'cancelled', 'the window that asked is gone');
    const { bytesRead } = await source.read(piece, 0, pieceBytes, null);
    if (bytesRead === 0) break;
    sizeBytes += bytesRead;
    // It may grow while it is read.
    if (sizeBytes > capBytes) return tooLarge('the file', capBytes);
    const bytes = piece.subarray(0, bytesRead);
    hash.update(bytes);
    await target.writeFile(bytes);
  }
  await target.sync();
  return ok({ sizeBytes, sha256: hash.digest('hex') });
}

function tooLarge(
  file: string,
  capBytes: number,
): { ok: false; refusal: ReturnType<typeof refuse>['refusal'] } {
  return refuse('invalid', 'artifact-too-large', `${file}: more than ${Math.floor(capBytes / mib)} MiB`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
