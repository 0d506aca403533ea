/** Files of the fake agent: sandboxes, results, the cache of artifacts with its uploads. Refusals as the real one has them. */
import { createHash } from 'node:crypto';
import { type CallAnswer, type CallParams, initialCreditBytes } from '../../electron/contract/wire.ts';

export class Refused extends Error {
  readonly code: string;
  readonly reason: string;
  constructor(code: string, reason: string, detail: string) {
    super(detail);
    this.code = code;
    this.reason = reason;
  }
}

export type FakeUpload = {
  readonly sha256: string;
  readonly sizeBytes: number;
  bytes: Buffer;
  credit: number;
};

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export class FakeCache {
  readonly kept = new Map<string, Buffer>();
  readonly parts = new Map<string, Buffer>();

  find({ sha256 }: CallParams<'artifact.find'>): CallAnswer<'artifact.find'> {
    return { present: sha256.filter((each) => this.kept.has(each)) };
  }

  put({ sha256, sizeBytes }: CallParams<'artifact.put'>): FakeUpload {
    const bytes = this.kept.get(sha256) ?? this.parts.get(sha256) ?? Buffer.alloc(0);
    return { sha256, sizeBytes, bytes, credit: initialCreditBytes };
  }

  /** What came stays, whatever becomes of the connection. */
  take(upload: FakeUpload, bytes: Buffer): void {
    upload.credit -= bytes.length;
    if (upload.credit < 0) throw new Refused('invalid', 'credit', 'over its credit');
    upload.bytes = Buffer.concat([upload.bytes, bytes]);
    this.parts.set(upload.sha256, upload.bytes);
  }

  done(upload: FakeUpload): void {
    this.parts.delete(upload.sha256);
    if (upload.bytes.length !== upload.sizeBytes) {
      throw new Refused('invalid', 'artifact-size', `${upload.bytes.length} of ${upload.sizeBytes}`);
    }
    const is = sha256Of(upload.bytes);
    if (is !== upload.sha256) throw new Refused('invalid', 'artifact-hash', is);
    this.kept.set(is, upload.bytes);
  }
}

/** The sandbox of one task: files by their path. Folders are made of the paths. */
export type FakeSandbox = Map<string, Buffer>;

export function listSandbox(
  files: FakeSandbox,
  { path, after = '' }: Pick<CallParams<'sandbox.list'>, 'path' | 'after'>,
): CallAnswer<'sandbox.list'> {
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw new Refused('invalid', 'path-leaves-sandbox', path);
  const below = path === '' ? '' : `${path}/`;
  const names = new Map<string, { kind: 'file' | 'folder'; sizeBytes: number }>();
  for (const [file, bytes] of files) {
    if (!file.startsWith(below)) continue;
    const [name = '', ...rest] = file.slice(below.length).split('/');
    const isFile = rest.length === 0;
    names.set(name, { kind: isFile ? 'file' : 'folder', sizeBytes: isFile ? bytes.length : 0 });
  }
  if (names.size === 0 && path !== '') throw new Refused('not-found', 'no-such-file', path);
  const entries = [...names]
    .filter(([name]) => name > after)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { kind, sizeBytes }]) => ({
      name,
      kind,
      sizeBytes,
      modifiedAtMs: 1_700_000_000_000,
      mode: kind === 'file' ? 0o644 : 0o755,
    }));
  return { entries, more: false };
}

/** Patterns of the tests are names or `*.ext` in the sandbox itself. */
export function resultsOf(files: FakeSandbox, patterns: readonly string[]): CallAnswer<'results.list'> {
  const isMatch = (path: string): boolean =>
    patterns.some((each) => each === path || (each.startsWith('*') && path.endsWith(each.slice(1))));
  const found = [...files].filter(([path]) => isMatch(path)).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    files: found.map(([path, bytes]) => ({ path, sizeBytes: bytes.length, sha256: sha256Of(bytes) })),
    left: 0,
  };
}

export function searchLog(content: Buffer, params: CallParams<'log.search'>): CallAnswer<'log.search'> {
  const wanted = params.matchCase ? params.text : params.text.toLowerCase();
  const matches: CallAnswer<'log.search'>['matches'] = [];
  let offset = 0;
  for (const line of content.toString('latin1').split('\n')) {
    const text = params.matchCase ? line : line.toLowerCase();
    if (offset >= params.from && text.includes(wanted) && matches.length < params.limit) {
      matches.push({ offset, line, atMs: 1_700_000_000_000 });
    }
    offset += line.length + 1;
  }
  return { matches, next: content.length, more: false };
}
