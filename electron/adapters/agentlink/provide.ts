// Brings the files of a task to its agent before the launch: asks which it has, uploads the others one at a time, and goes
// on where a broken upload stopped. What to launch was decided by the core; this only makes it possible.
import { type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { TaskInfo } from '../../contract/task.ts';
import type { Session } from './session.ts';
import type { Upload } from './streams.ts';

const pieceBytes = 64 * 1024;
/** A try that meets another upload of the same file, of a connection that just broke: it ends by itself in seconds. */
const busyWaitMs = 1000;
const busyTries = 15;

/** The app's own copies (adapters/system/artifact-store.ts). */
export interface ArtifactSource {
  open(sha256: string): Promise<
    Result<{
      readonly sizeBytes: number;
      readonly read: (into: Uint8Array, offset: number) => Promise<number>;
      readonly close: () => Promise<void>;
    }>
  >;
}
type OpenSource = Extract<Awaited<ReturnType<ArtifactSource['open']>>, { ok: true }>['value'];

export type Provision = {
  readonly signal: AbortSignal;
  readonly tell: (what: string, doneBytes: number, totalBytes: number | null) => void;
};

type Wanted = { readonly sha256: string; readonly what: string };

export function wantedOf(info: TaskInfo): readonly Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { url, sha256, path } of info.artifacts ?? []) {
    if (url === null && sha256 !== null) wanted.set(sha256, { sha256, what: path });
  }
  return [...wanted.values()];
}

export class Provider {
  private readonly session: Session;
  private readonly source: ArtifactSource;
  /** One upload at a time on a link: two tasks with the same file then need only one. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(session: Session, source: ArtifactSource) {
    this.session = session;
    this.source = source;
  }

  provide(wanted: readonly Wanted[], provision: Provision): Promise<Refusal | null> {
    const provided = this.turn.then(() => this.bring(wanted, provision));
    this.turn = provided.catch(() => undefined);
    return provided;
  }

  private async bring(wanted: readonly Wanted[], provision: Provision): Promise<Refusal | null> {
    if (provision.signal.aborted) return null;
    const found = await this.session.call('artifact.find', { sha256: wanted.map((each) => each.sha256) });
    if (!found.ok) return found.refusal;
    const present = new Set(found.value.present);
    for (const each of wanted) {
      if (present.has(each.sha256)) continue;
      const refusal = await this.upload(each, provision);
      if (refusal !== null || provision.signal.aborted) return refusal;
    }
    return null;
  }

  private async upload(wanted: Wanted, provision: Provision): Promise<Refusal | null> {
    const source = await this.source.open(wanted.sha256);
    if (!source.ok) return { ...source.refusal, detail: `${wanted.what}: ${source.refusal.detail}` };
    try {
      const { sizeBytes } = source.value;
      const opened = await this.openWhenFree({ sha256: wanted.sha256, sizeBytes }, provision);
      if (!opened.ok) return opened.refusal;
      return await this.send(opened.value, source.value, { ...provision, what: wanted.what });
    } finally {
      await source.value.close();
    }
  }

  private async openWhenFree(
    params: { readonly sha256: string; readonly sizeBytes: number },
    { signal }: Provision,
  ): Promise<Result<Upload>> {
    for (let tries = 1; ; tries += 1) {
      const opened = await this.session.openUpload(params);
      const isBusy = !opened.ok && opened.refusal.reason === 'artifact-busy';
      if (!isBusy || tries >= busyTries || signal.aborted) return opened;
      await pause(busyWaitMs, signal);
    }
  }

  private async send(
    upload: Upload,
    source: OpenSource,
    { signal, tell, what }: Provision & { readonly what: string },
  ): Promise<Refusal | null> {
    const stop = (): void => this.session.abandon(upload);
    signal.addEventListener('abort', stop, { once: true });
    const piece = Buffer.allocUnsafe(pieceBytes);
    let { offset } = upload;
    while (offset < source.sizeBytes && !signal.aborted) {
      tell(what, offset, source.sizeBytes);
      const room = await upload.room();
      if (room === 0) break;
      const size = await source.read(piece.subarray(0, Math.min(room, source.sizeBytes - offset)), offset);
      if (size === 0) break; // shorter than it was: the hash tells
      upload.write(piece.subarray(0, size));
      offset += size;
    }
    signal.removeEventListener('abort', stop);
    if (signal.aborted) {
      stop();
      return null;
    }
    tell(what, offset, source.sizeBytes);
    const done = await this.session.finishUpload(upload);
    return done.ok ? null : done.refusal;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

/** For an app without a store of its own (tests, tools): every file is lost. */
export const noArtifacts: ArtifactSource = {
  open: (sha256) => Promise.resolve(refuse('not-found', 'artifact-lost', sha256)),
};
