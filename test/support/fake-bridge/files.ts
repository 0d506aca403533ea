// What lies on the machines of the fake cluster: a small sandbox, two results, and files to pick.
import type { Answers, Channel, Request } from '../../../electron/contract/channels.ts';
import { ok, type Result, refuse } from '../../../electron/contract/errors.ts';
import type { SandboxEntry } from '../../../electron/contract/wire.ts';
import type { FakeCluster } from './cluster.ts';

type Names =
  | 'log:times'
  | 'log:search'
  | 'sandbox:list'
  | 'sandbox:peek'
  | 'sandbox:save'
  | 'results:list'
  | 'results:save'
  | 'artifact:pick';
type FileHandlers = {
  readonly [C in Names & Channel]: (cluster: FakeCluster, request: Request<C>) => Result<Answers[C]>;
};

const hash = (digit: string): string => digit.repeat(64);
const at = Date.UTC(2026, 10, 20, 9, 30);
const entry = (name: string, kind: SandboxEntry['kind'], sizeBytes: number): SandboxEntry => ({
  name,
  kind,
  sizeBytes,
  modifiedAtMs: at,
  mode: kind === 'folder' ? 0o755 : 0o644,
});

const folders: Readonly<Record<string, readonly SandboxEntry[]>> = {
  '': [
    entry('frames', 'folder', 4096),
    entry('model.bin', 'file', 48_211_904),
    entry('notes.txt', 'file', 1240),
    entry('latest', 'link', 10),
  ],
  frames: [entry('0001.png', 'file', 482_113), entry('0002.png', 'file', 479_020)],
};
const files = [
  { path: 'frames/0001.png', sizeBytes: 482_113, sha256: hash('a') },
  { path: 'frames/0002.png', sizeBytes: 479_020, sha256: hash('b') },
];

export const fileHandlers: FileHandlers = {
  'log:times': (_cluster, { from }) => ok({ times: [{ offset: from, atMs: at }] }),
  'log:search': (_cluster, { text, from }) =>
    ok({
      matches: from > 0 ? [] : [{ offset: 120, line: `step 12: ${text}`, atMs: at }],
      next: 48_211,
      more: false,
    }),
  'sandbox:list': (_cluster, { path }) => {
    const entries = folders[path];
    return entries
      ? ok({ entries: [...entries], more: false })
      : refuse('not-found', 'no-such-file', `no folder ${path}`);
  },
  'sandbox:peek': (_cluster, { path }) => {
    const bytes = new TextEncoder().encode(`The beginning of ${path}\n`);
    return ok({ bytes, sizeBytes: bytes.length });
  },
  'sandbox:save': (_cluster, { path }) => ok({ path: `/home/me/Downloads/${path}`, bytes: 1240 }),
  'results:list': () => ok({ files, left: 0 }),
  'results:save': (_cluster, { paths }) =>
    ok({ path: '/home/me/Downloads/results', files: paths?.length ?? files.length, bytes: 961_133 }),
  'artifact:pick': () => ok({ files: [{ name: 'data.tar.gz', sizeBytes: 12_400_128, sha256: hash('c') }] }),
};
