// The scene `life`: tasks in every state that a supervisor can bring them into, and a machine that another one holds.
import type { TaskInfo, TaskRecord, TaskStatus } from '../../../electron/contract/task.ts';
import type { Check } from '../../../electron/contract/task-life.ts';
import { aStatus, aTask } from './records.ts';
import type { FakeTables } from './tables.ts';

const s = 1000;
const minute = 60 * s;
const gibBytes = 1024 ** 3;
const hash = (digit: string): string => digit.repeat(64);

const health: Check = {
  probe: { kind: 'http', port: 8080, path: '/health' },
  delayMs: 0,
  intervalMs: 10_000,
  timeoutMs: 5000,
  failures: 3,
  graceMs: 10_000,
};
const readiness: Check = {
  ...health,
  probe: { kind: 'tcp', port: 5432 },
  intervalMs: 2000,
  failures: 1,
  graceMs: 0,
};
const onFailure: NonNullable<TaskInfo['restart']> = { on: 'failure', maxInRow: 5 };

type Plan = {
  readonly on: string;
  readonly name: string;
  readonly line: string;
  readonly memMib: number;
  readonly agoMs: number;
  readonly info?: Partial<TaskInfo>;
  readonly state: TaskRecord['state'];
  /** Before `agoMs`, in seconds; newest last. */
  readonly statuses: readonly (readonly [number, TaskStatus['state'], Partial<TaskStatus>?])[];
  readonly neverRan?: boolean;
};

const oom = { reason: 'REASON_CONTAINER_LIMITATION_MEMORY', signal: 9, limitMemMib: 512, peakMemMib: 512 };
const ended = (exitCode: number) => ({ exitCode, message: `exited with code ${exitCode}` });
const healthy = { healthy: true, reason: 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED' };
const container = {
  engine: 'docker' as const,
  id: '4f2a91c07b3de65d11f0c7a8b2e43955aa',
  imageId: `sha256:${'9c1b27e4'.repeat(8)}`,
};

const plans: readonly Plan[] = [
  {
    on: 'gpu-2',
    name: 'api',
    line: './api --listen 8080',
    memMib: 256,
    agoMs: 52 * minute,
    state: 'TASK_RUNNING',
    info: {
      limits: { cpusMilli: 1000, memMib: 512, pids: 64 },
      restart: onFailure,
      health,
      readiness,
      logMib: 64,
      container: {
        engine: null,
        image: 'ghcr.io/acme/api:2.14.1',
        pull: 'missing',
        network: 'bridge',
        volumes: [
          { source: '/srv/api', target: '/data', readOnly: true },
          { source: 'cache', target: '/cache', readOnly: false },
        ],
        ports: [{ host: 8080, container: 8080, protocol: 'tcp' }],
      },
    },
    statuses: [
      [0.1, 'TASK_STAGING'],
      [0.2, 'TASK_STARTING'],
      [0.9, 'TASK_RUNNING', { container }],
      [61, 'TASK_STARTING', { ...ended(1), restarts: 0, nextStartAtMs: 250, peakMemMib: 380 }],
      [62, 'TASK_RUNNING', { restarts: 1 }],
      [79, 'TASK_STARTING', { ...ended(1), restarts: 1, nextStartAtMs: 480, peakMemMib: 410 }],
      [80, 'TASK_RUNNING', { restarts: 2, container, peakMemMib: 410 }],
      [86, 'TASK_RUNNING', { restarts: 2, ready: true, reason: 'REASON_TASK_CHECK_STATUS_UPDATED' }],
      [92, 'TASK_RUNNING', { ...healthy, restarts: 2, ready: true, peakMemMib: 410 }],
    ],
  },
  {
    on: 'build-1',
    name: 'ingest',
    line: 'python3 ingest.py --follow',
    memMib: 512,
    agoMs: 3 * minute,
    state: 'TASK_STARTING',
    info: { restart: { on: 'always', maxInRow: null } },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_RUNNING'],
      [40, 'TASK_STARTING', { ...oom, restarts: 0, nextStartAtMs: 230, message: 'out of memory' }],
      [41, 'TASK_RUNNING', { restarts: 1 }],
      [90, 'TASK_STARTING', { ...oom, restarts: 1, nextStartAtMs: 470, message: 'out of memory' }],
      [91, 'TASK_RUNNING', { restarts: 2 }],
      [170, 'TASK_STARTING', { ...oom, restarts: 2, nextStartAtMs: 32_000, message: 'out of memory' }],
    ],
  },
  {
    on: 'gpu-2',
    name: 'search',
    line: './search --index /srv/index',
    memMib: 1024,
    agoMs: 25 * minute,
    state: 'TASK_RUNNING',
    info: { health, readiness, limits: { memMib: null } },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_RUNNING'],
      [20, 'TASK_RUNNING', { ...healthy, ready: true }],
      [1400, 'TASK_RUNNING', { ...healthy, healthy: false, ready: false, message: 'HTTP 503' }],
    ],
  },
  {
    on: 'build-1',
    name: 'render',
    line: 'blender -b scene.blend -a',
    memMib: 512,
    agoMs: 40 * minute,
    state: 'TASK_FAILED',
    info: { results: ['frames/*.png'] },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_RUNNING'],
      [340, 'TASK_FAILED', { ...oom, message: 'out of memory: killed by signal 9 (KILL)' }],
    ],
  },
  {
    on: 'gpu-2',
    name: 'train-18',
    line: 'python3 -u train.py --epochs 90',
    memMib: 2048,
    agoMs: 20 * s,
    state: 'TASK_STARTING',
    neverRan: true,
    info: {
      artifacts: [
        { url: null, sha256: hash('a'), path: 'train.py', extract: false, executable: true },
        {
          url: 'https://data.example.org/sets/images-2026.tar.gz',
          sha256: null,
          path: 'data',
          extract: true,
          executable: false,
        },
        { url: null, sha256: hash('b'), path: 'config/base.yaml', extract: false, executable: false },
      ],
      results: ['checkpoints/*.pt', '**/*.csv'],
    },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_STARTING', { message: 'fetching' }],
    ],
  },
  {
    on: 'build-1',
    name: 'frames',
    line: './frames --out frames',
    memMib: 256,
    agoMs: 130 * minute,
    state: 'TASK_FINISHED',
    info: {
      artifacts: [{ url: null, sha256: hash('c'), path: 'scene.blend', extract: false, executable: false }],
      results: ['frames/*.png', 'log.csv'],
      maxCompletionMs: 7_200_000,
    },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_RUNNING', { gpus: [] }],
      [410, 'TASK_FINISHED', { ...ended(0), peakMemMib: 201 }],
    ],
  },
  {
    on: 'pi-4',
    name: 'transcode',
    line: 'ffmpeg -i in.mkv out.mp4',
    memMib: 256,
    agoMs: 200 * minute,
    state: 'TASK_FAILED',
    info: { maxCompletionMs: 3_600_000 },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_RUNNING'],
      [
        3601,
        'TASK_FAILED',
        { reason: 'REASON_MAX_COMPLETION_TIME_REACHED', signal: 15, message: 'ran too long' },
      ],
    ],
  },
  {
    on: 'gpu-2',
    name: 'import',
    line: '',
    memMib: 512,
    agoMs: 12 * s,
    state: 'TASK_STARTING',
    neverRan: true,
    info: {
      container: {
        engine: 'podman',
        image: 'docker.io/library/postgres:17',
        pull: 'always',
        network: 'host',
        volumes: [],
        ports: [],
      },
    },
    statuses: [
      [0, 'TASK_STAGING'],
      [1, 'TASK_STARTING'],
    ],
  },
];

function recordOf(tables: FakeTables, plan: Plan, nowMs: number): TaskRecord | null {
  const machine = tables.all('machines').find(({ name }) => name === plan.on);
  if (machine === undefined) return null;
  const { name, line, memMib, agoMs } = plan;
  const made = aTask({ name, line, memMib, machine, cpusMilli: 500, startedAgoMs: agoMs }, nowMs);
  const bornAtMs = nowMs - agoMs;
  const statuses = plan.statuses.map(([afterS, state, change = {}], index) => {
    const atMs = bornAtMs + afterS * s;
    const { nextStartAtMs, ...rest } = change;
    const next = nextStartAtMs === undefined ? {} : { nextStartAtMs: atMs + nextStartAtMs };
    return aStatus(made.id, state, atMs, { ...rest, ...next, uuid: `${made.id}-${index}` });
  });
  const isOver = ['TASK_FAILED', 'TASK_FINISHED'].includes(plan.state);
  return {
    ...made,
    info: { ...made.info, ...plan.info },
    state: plan.state,
    statuses,
    startedAtMs: plan.neverRan === true ? null : bornAtMs + s,
    endedAtMs: isOver ? (statuses.at(-1)?.timestampMs ?? null) : null,
  };
}

function giveGpu(tables: FakeTables): void {
  const train = tables.all('tasks').find(({ info }) => info.name === 'train-17');
  const last = train?.statuses.at(-1);
  if (train === undefined || last === undefined) return;
  const resources = { ...train.info.resources, gpus: 1 };
  const statuses = [...train.statuses.slice(0, -1), { ...last, gpus: [0] }];
  tables.put('tasks', { ...train, info: { ...train.info, resources }, statuses });
}

export function addLife(tables: FakeTables, nowMs: number): void {
  for (const plan of plans) {
    const task = recordOf(tables, plan, nowMs);
    if (task === null) continue;
    tables.put('tasks', task);
    const at = { id: task.id, atMs: nowMs };
    if (plan.name === 'train-18')
      tables.put('progress', {
        ...at,
        phase: 'fetch',
        what: 'images-2026.tar.gz',
        doneBytes: 1.3 * gibBytes,
        totalBytes: 3.1 * gibBytes,
      });
    if (plan.name === 'import')
      tables.put('progress', {
        ...at,
        phase: 'pull',
        what: 'layer 4 of 11',
        doneBytes: 48_211_904,
        totalBytes: null,
      });
  }
  giveGpu(tables);
  tables.change('links', 'm-nas', {
    phase: 'stopped',
    sinceMs: nowMs - 14 * minute,
    lastHeardAtMs: nowMs - 14 * minute,
    problem: { code: 'conflict', reason: 'lease-held', detail: '7f3c21e09ab44d15' },
  });
}
