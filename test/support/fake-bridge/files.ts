// What lies on the machines of the fake cluster: a sandbox with names of every kind, results, and files to pick.
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
const entry = (name: string, kind: SandboxEntry['kind'], sizeBytes = 4096): SandboxEntry => ({
  name,
  kind,
  sizeBytes,
  modifiedAtMs: at - sizeBytes,
  mode: kind === 'folder' ? 0o755 : 0o644,
});
const frame = (index: number) => `${String(index).padStart(4, '0')}.png`;

/** At most this many names in an answer, as the agent does. */
const pageNames = 200;

const folders: Readonly<Record<string, readonly SandboxEntry[]>> = {
  '': [
    entry('checkpoints', 'folder'),
    entry('config.yaml', 'file', 812),
    entry('empty', 'folder'),
    entry('frames', 'folder'),
    entry('latest', 'link', 10),
    entry('model.bin', 'file', 48_211_904),
    entry('notes.txt', 'file', 1_240_000),
    entry('run.sock', 'other', 0),
    entry('stderr', 'file', 2210),
    entry('stdout', 'file', 3_212_400),
  ],
  empty: [],
  checkpoints: [entry('epoch-1.pt', 'file', 812_400_128), entry('epoch-2.pt', 'file', 812_400_128)],
  frames: Array.from({ length: 480 }, (_, index) => entry(frame(index + 1), 'file', 470_000 + index * 37)),
};
const files = Array.from({ length: 24 }, (_, index) => ({
  path: `frames/${frame(index + 1)}`,
  sizeBytes: 470_000 + index * 37,
  sha256: hash('a'),
}));

const texts: Readonly<Record<string, string>> = {
  'config.yaml':
    'model:\n  name: vit-small\n  image: 224\ntrain:\n  epochs: 90\n  batch: 64\n  lr: 3.0e-4\n# <script>alert(1)</script>\n',
  latest: 'a link that leads to a file\n',
  'notes.txt': 'The quick brown fox jumps over the lazy dog. \u001b[32mgreen\u001b[0m \u0007\n'.repeat(80),
};

/** Adds names to a folder, for tests. */
export const extraEntries = new Map<string, readonly SandboxEntry[]>();

export const fileHandlers: FileHandlers = {
  'log:times': ({ tables, logs }, { taskId, file, from, to }) => {
    const task = tables.get('tasks', taskId);
    if (task === undefined) return refuse('not-found', 'no-such-task', taskId);
    return ok({ times: logs.times(task, file, { from, to }) });
  },
  'log:search': ({ tables, logs }, { taskId, ...wanted }) => {
    const task = tables.get('tasks', taskId);
    if (task === undefined) return refuse('not-found', 'no-such-task', taskId);
    return ok(logs.search(task, wanted));
  },
  'sandbox:list': (_cluster, { path, after }) => {
    const known = folders[path];
    const entries = known === undefined ? undefined : [...known, ...(extraEntries.get(path) ?? [])];
    if (entries === undefined) return refuse('not-found', 'no-such-file', `no folder ${path}`);
    const from = after === null ? 0 : entries.findIndex(({ name }) => name === after) + 1;
    const page = entries.slice(from, from + pageNames);
    return ok({ entries: page, more: from + pageNames < entries.length });
  },
  'sandbox:peek': (_cluster, { path }) => {
    if (path.endsWith('.bin') || path.endsWith('.png') || path.endsWith('.pt'))
      return ok({ bytes: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]), sizeBytes: 48_211_904 });
    const bytes = new TextEncoder().encode(texts[path] ?? `The beginning of ${path}\n`);
    return ok({ bytes, sizeBytes: path === 'notes.txt' ? 1_240_000 : bytes.length });
  },
  'sandbox:save': (_cluster, { path }) =>
    ok({ path: `/home/me/Downloads/${path === '' ? 'sandbox.tar' : path}`, bytes: 1240 }),
  'results:list': () => ok({ files, left: 2 }),
  'results:save': (_cluster, { paths }) =>
    ok({ path: '/home/me/Downloads/results', files: paths?.length ?? files.length, bytes: 961_133 }),
  'artifact:pick': () =>
    ok({
      files: [
        { name: 'data.tar.gz', sizeBytes: 12_400_128, sha256: hash('c') },
        { name: 'train.py', sizeBytes: 8120, sha256: hash('d') },
      ],
    }),
};
