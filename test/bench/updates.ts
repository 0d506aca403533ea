// Status updates through the loop over the real store in its thread, as in the app: stepped, committed with synchronous=FULL
// and published. They come in batches of 100; the next batch is there when the one before is being written.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { openStoreThread, type StoreThread } from '../../electron/adapters/store/store-thread.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
import type { TaskRecord, TaskStatus } from '../../electron/contract/task.ts';
import type { AgentTask } from '../../electron/contract/wire.ts';
import type { DurableRows } from '../../electron/core/kernel/ports.ts';
import { Loop } from '../../electron/shell/loop.ts';
import { agentId, aHello, aStatus, machineId } from '../support/builders.ts';
import { noRows } from '../support/no-rows.ts';
import { bigRoom, rowsOf } from './records.ts';

const agents = 1000;
const tasks = 20_000;
const batch = 100;
/** So many tasks first say once more that they run: what the engine compiles for them is not counted. */
const warmUps = 10_000;
const startMs = Date.now();

export type OpenedLoop = { readonly loop: Loop; readonly store: StoreThread };

/**
 * The loop as in the app: its store in a thread, its effects left alone. `slow`: its clock goes so many times slower, where nobody
 * speaks for the agents and no link shall become silent.
 */
export async function openLoop(file: string, program: string, slow = 1): Promise<OpenedLoop> {
  const place = {
    file,
    nativeBinding: process.env['MESOLITE_SQLITE_BINDING'],
    freshMasterId: 'master-bench' as MasterId,
  };
  const onDeath = (why: string): never => {
    throw new Error(why);
  };
  const result = await openStoreThread({ place, program, onSnapshot: () => undefined, onDeath });
  if (result.kind === 'problem') throw new Error(result.problem.detail);
  const loop = new Loop({
    store: result.thread,
    rows: result.facts.rows,
    runner: { run: () => undefined },
    clock: {
      nowMs: () => startMs + Math.round(performance.now() / slow),
      monoMs: () => performance.now() / slow,
    },
    seed: 1,
    log: ({ verb, fields }) => {
      if (verb === 'step-failed' || verb === 'store-read-only') throw new Error(JSON.stringify(fields));
    },
  });
  return { loop, store: result.thread };
}

/** Writes a cluster into a new file, in one commit. */
export async function writeCluster(file: string, program: string, rows: DurableRows): Promise<void> {
  const { loop, store } = await openLoop(file, program);
  await loop.stop();
  const diff = Object.fromEntries(
    Object.entries({ ...noRows, ...rows }).map(([table, put]) => [table, { put, drop: [] }]),
  );
  await new Promise<void>((resolve, reject) => {
    store.commit([], diff, (outcome) => (outcome.ok ? resolve() : reject(new Error(outcome.why))));
  });
  await store.close();
}

/** Answered in its order: when all before it is on the disk and published. */
async function settled(loop: Loop): Promise<void> {
  await loop.command({ kind: 'dismiss-fault', id: 'nothing' });
}

export type Updates = { readonly perS: number };

export async function measureUpdates(program: string): Promise<Updates> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mesolite-bench-'));
  const file = path.join(folder, 'mesolite.db');
  try {
    await writeCluster(file, program, rowsOf({ agents, tasks }));
    const { loop, store } = await openLoop(file, program);
    let published = 0;
    loop.subscribe(({ diff }) => {
      published += diff.tasks?.put.length ?? 0;
    });
    await helloAll(loop, agents);
    await sayAll(loop, warmUps, (n) => aStatus(`${n}`, 'TASK_RUNNING', { uuid: `warm-${n}` }));
    published = 0;
    const startedMs = performance.now();
    await sayAll(loop, tasks, (n) => aStatus(`${n}`, 'TASK_FINISHED'));
    const tookMs = performance.now() - startedMs;
    if (published < tasks) throw new Error(`${published} of ${tasks} were published`);
    await loop.stop();
    await store.close();
    return { perS: (tasks / tookMs) * 1000 };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** One update of each of the first tasks, in batches; the next is there when the one before is being written. */
async function sayAll(loop: Loop, count: number, statusOf: (n: number) => TaskStatus): Promise<void> {
  let last: Promise<void> = Promise.resolve();
  for (let from = 0; from < count; from += batch) {
    for (let n = from; n < from + batch; n += 1) {
      const status = statusOf(n);
      loop.post({ kind: 'status-update-received', machineId: machineId(`x${n % agents}`), status });
    }
    const next = settled(loop);
    await last;
    last = next;
  }
  await last;
}

/** What the agent of that number holds, as its hello says it. */
function heldBy(tasks: readonly TaskRecord[]): AgentTask[] {
  return tasks.flatMap(({ info, statuses }) => {
    const status = statuses.at(-1);
    return status ? [{ info, status, startedAtMs: null, endedAtMs: null }] : [];
  });
}

function byAgent(loop: Loop): ReadonlyMap<string, readonly TaskRecord[]> {
  const lists = new Map<string, TaskRecord[]>();
  for (const task of loop.state.tables.tasks.values()) {
    const list = lists.get(task.agentId);
    if (list) list.push(task);
    else lists.set(task.agentId, [task]);
  }
  return lists;
}

/** Every agent says hello with all that it holds, so every link is live. */
export async function helloAll(loop: Loop, agents: number): Promise<void> {
  const lists = byAgent(loop);
  for (let n = 0; n < agents; n += 1) {
    const held = heldBy(lists.get(agentId(`x${n}`)) ?? []);
    loop.post(aHello(`x${n}`, { agentVersion: '0.2.0', resources: bigRoom, tasks: held }));
    if (n % 100 === 99) await settled(loop);
  }
}
