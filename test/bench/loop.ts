// The master's turns over the real store at 50 machines and 5,000 tasks: how long one holds the main process, and how many
// updates it writes a second. Once with the store in its thread, as in the app, and once with it in the same thread as
// the loop, as it was before: the difference is what the thread is for.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { openStore } from '../../electron/adapters/store/open.ts';
import { openStoreThread } from '../../electron/adapters/store/store-thread.ts';
import type { StorePlace } from '../../electron/adapters/store/thread-messages.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
import type { LoadedRows, Store, StoreDone } from '../../electron/core/kernel/ports.ts';
import { Loop } from '../../electron/shell/loop.ts';
import { type LoopStats, turnBuckets } from '../../electron/shell/loop-timing.ts';
import {
  aHello,
  aMachine,
  anAgentTask,
  aSample,
  aStatus,
  aTask,
  machineId,
  operationId,
  someResources,
} from '../support/builders.ts';
import { loadStore } from '../support/load-store.ts';
import { type Hooks, hook, newHooks, slowDown } from '../support/store-hooks.ts';
import { bundleStoreProgram, newProgramFolder } from '../support/store-program.ts';
import type { BenchReport } from './report.ts';

const masterId = 'master-bench' as MasterId;
const machines = 50;
const tasksEach = 100;
/** What one commit takes in the phase `slowDisk`: a disk that is busy with other work. */
const slowDiskMs = 400;
const room = someResources({ cpusMilli: 1_000_000, memMib: 1_000_000, diskMib: 100_000_000 });
const held = (n: number) =>
  Array.from({ length: tasksEach + 1 }, (_, k) => anAgentTask(`${n}-${k}`, 'TASK_RUNNING'));

export async function benchLoop(say: (line: string) => void): Promise<BenchReport> {
  const folder = newProgramFolder();
  try {
    const program = await bundleStoreProgram('hooked', folder);
    // The first one also pays for the compilers of the engine; both kinds run the same core.
    await measure(inProcess, () => undefined);
    const now = await measure(inThread(program), (line) => say(`thread: ${line}`));
    const before = await measure(inProcess, (line) => say(`in process: ${line}`));
    const figures: Record<string, number> = { machines, tasks: machines * (tasksEach + 1), ...now };
    for (const key of ['updatesMaxMs', 'updatesPerS', 'updatesMainCpuUs', 'slowDiskMaxMs']) {
      figures[`${key}InProcess`] = before[key] ?? 0;
    }
    figures['updatesPerSRatio'] = ratio(now['updatesPerS'], before['updatesPerS']);
    figures['slowDiskMaxRatio'] = ratio(now['slowDiskMaxMs'], before['slowDiskMaxMs']);
    return figures;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function ratio(one = 0, other = 0): number {
  return other === 0 ? 0 : Math.round((one / other) * 100) / 100;
}

type Opened = { readonly store: Store; readonly rows: LoadedRows };
type Open = (file: string) => Promise<Opened>;

/** The disk of both kinds: each commit takes so many ms longer. */
const hooks = newHooks();

function inThread(program: string): Open {
  return async (file) => {
    const nativeBinding = process.env['MESOLITE_SQLITE_BINDING'];
    const place: StorePlace & Hooks = { file, nativeBinding, freshMasterId: masterId, hooks };
    const onDeath = (why: string): never => {
      throw new Error(why);
    };
    const result = await openStoreThread({ place, program, onSnapshot: () => undefined, onDeath });
    if (result.kind === 'problem') throw new Error(result.problem.detail);
    return { store: result.thread, rows: result.facts.rows };
  };
}

/** Each commit is done before the call returns; only its answer comes later, as the port wants it. */
const inProcess: Open = (file) => {
  const result = openStore({
    file,
    nativeBinding: process.env['MESOLITE_SQLITE_BINDING'],
    nowMs: () => Date.now(),
    newMasterId: () => masterId,
    trace: (sql) => slowDown(hooks, sql),
  });
  if (result.kind === 'problem') throw new Error(result.problem.detail);
  const { store } = result.opened;
  const answer = <T>(value: T, done: StoreDone<T>): void => queueMicrotask(() => done({ ok: true, value }));
  return Promise.resolve({
    rows: loadStore(store),
    store: {
      load: (done) => answer(loadStore(store), done),
      readSeq: (done) => answer(store.readSeq(), done),
      prepare: () => undefined,
      commit: (batch, diff, done) => {
        store.commit(batch, diff);
        answer(null, done);
      },
      close: () => Promise.resolve(store.close()),
    },
  });
};

async function measure(open: Open, say: (line: string) => void): Promise<Record<string, number>> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mesolite-bench-'));
  try {
    const { store, rows } = await open(path.join(folder, 'mesolite.db'));
    const loop = new Loop({
      store,
      rows: { ...rows, machines: Array.from({ length: machines }, (_, n) => aMachine(`x${n}`)) },
      runner: { run: () => undefined },
      clock: { nowMs: () => Date.now(), monoMs: () => performance.now() },
      seed: 1,
      log: (line) => {
        if (line.verb === 'step-failed') say(JSON.stringify(line.fields));
      },
    });
    await new Promise<void>((resolve, reject) => {
      store.commit(
        [],
        { machines: { put: [...loop.state.tables.machines.values()], drop: [] } },
        (outcome) => (outcome.ok ? resolve() : reject(new Error(outcome.why))),
      );
    });
    const report = await runPhases(loop, say);
    await loop.stop();
    await store.close();
    return report;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function runPhases(loop: Loop, say: (line: string) => void): Promise<Record<string, number>> {
  const report: Record<string, number> = {};
  const phase = async (name: string, act: () => void): Promise<void> => {
    loop.stats({ reset: true });
    act();
    const stats = await settled(loop);
    report[`${name}MaxMs`] = Math.round(stats.maxTurnMs * 10) / 10;
    report[`${name}CommitMaxMs`] = Math.round(stats.maxCommitMs * 10) / 10;
    report[`${name}Over8MsPct`] = share(stats, 8);
    say(`${name}: ${stats.turns} turns, ${stats.commits} commits, longest ${report[`${name}MaxMs`]} ms`);
  };
  const hellos = Array.from({ length: machines }, (_, n) =>
    aHello(`x${n}`, { resources: room, tasks: held(n) }),
  );
  await phase('adoptAll', () => hellos.forEach((hello) => loop.post(hello)));
  for (const name of ['warmSamples', 'samples']) {
    await phase(name, () => {
      for (let n = 0; n < machines; n += 1) {
        loop.post({ kind: 'sample-received', machineId: machineId(`x${n}`), sample: aSample() });
      }
    });
  }
  await phase('updates1000', () => postUpdates(loop, 0, 1000));
  await phase('runTask', () => {
    const event = {
      kind: 'run-task',
      machineId: machineId('x3'),
      operationId: operationId('run'),
      info: aTask('new'),
    } as const;
    void loop.command(event).then((answer) => answer.ok || say(answer.refusal.detail));
  });
  await phase('updates', () => {
    const startedMs = performance.now();
    const startedCpuMs = mainCpuMs();
    postUpdates(loop, 1000, 5000);
    // Answered in its order: when all updates before it are on the disk and published.
    void loop.command({ kind: 'dismiss-fault', id: 'nothing' }).then(() => {
      report['updatesPerS'] = Math.round(4000 / ((performance.now() - startedMs) / 1000));
      // What a machine that does nothing else would be limited by: the thread of the loop itself.
      report['updatesMainCpuUs'] = Math.round(((mainCpuMs() - startedCpuMs) * 1000) / 4000);
      say(
        `updates: ${report['updatesPerS']} a second, ${report['updatesMainCpuUs']} us of the main thread each`,
      );
    });
  });
  Atomics.store(hooks, hook.commitMs, slowDiskMs);
  await phase('slowDisk', () => postUpdates(loop, 5000, 5000 + 50));
  Atomics.store(hooks, hook.commitMs, 0);
  await phase('reconnectAll', () => hellos.forEach((hello) => loop.post(hello)));
  return report;
}

/** What this thread has run so far; 0 where the system does not say. */
function mainCpuMs(): number {
  const file = '/proc/self/schedstat';
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : 0;
}

function postUpdates(loop: Loop, from: number, to: number): void {
  for (let n = from; n < to; n += 1) {
    const status = aStatus(`${n % machines}-${Math.floor(n / machines)}`, 'TASK_FINISHED');
    loop.post({ kind: 'status-update-received', machineId: machineId(`x${n % machines}`), status });
  }
}

/** Until nothing happens any more but the loop's own beat. */
async function settled(loop: Loop): Promise<LoopStats> {
  for (let last = -1; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    const stats = loop.stats();
    if (stats.events === last) return stats;
    last = stats.events;
  }
}

function share(stats: LoopStats, overMs: (typeof turnBuckets)[number]): number {
  const from = turnBuckets.indexOf(overMs) + 1;
  const over = stats.histogram.slice(from).reduce((sum, count) => sum + count, 0);
  return stats.turns === 0 ? 0 : Math.round((over / stats.turns) * 1000) / 10;
}
