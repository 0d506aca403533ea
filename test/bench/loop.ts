// The master's turns over the real store at 50 machines and 5,000 tasks: how long one holds the main process.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { openStore } from '../../electron/adapters/store/open.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
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
import type { BenchReport } from './report.ts';

const machines = 50;
const tasksEach = 100;
const room = someResources({ cpusMilli: 1_000_000, memMib: 1_000_000, diskMib: 100_000_000 });
const held = (n: number) =>
  Array.from({ length: tasksEach }, (_, k) => anAgentTask(`${n}-${k}`, 'TASK_RUNNING'));

export async function benchLoop(say: (line: string) => void): Promise<BenchReport> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mesolite-bench-'));
  try {
    return await measure(folder, say);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string, say: (line: string) => void): Promise<BenchReport> {
  const result = openStore({
    file: path.join(folder, 'mesolite.db'),
    nativeBinding: process.env['MESOLITE_SQLITE_BINDING'],
    nowMs: () => Date.now(),
    newMasterId: () => 'master-bench' as MasterId,
  });
  if (result.kind === 'problem') throw new Error(result.problem.detail);
  const { store } = result.opened;
  store.commit([], {
    machines: { put: Array.from({ length: machines }, (_, n) => aMachine(`x${n}`)), drop: [] },
  });
  const loop = new Loop({
    store,
    runner: { run: () => undefined },
    clock: { nowMs: () => Date.now(), monoMs: () => performance.now() },
    seed: 1,
    log: (line) => {
      if (line.verb === 'step-failed') say(JSON.stringify(line.fields));
    },
  });
  const phases = await runPhases(loop, say);
  loop.stop();
  store.close();
  return { machines, tasks: machines * tasksEach, ...phases };
}

async function runPhases(loop: Loop, say: (line: string) => void): Promise<BenchReport> {
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
  await phase('updates1000', () => {
    for (let n = 0; n < 1000; n += 1) {
      const status = aStatus(`${n % machines}-${Math.floor(n / machines)}`, 'TASK_FINISHED');
      loop.post({ kind: 'status-update-received', machineId: machineId(`x${n % machines}`), status });
    }
  });
  await phase('runTask', () => {
    const event = {
      kind: 'run-task',
      machineId: machineId('x3'),
      operationId: operationId('run'),
      info: aTask('new'),
    } as const;
    void loop.command(event).then((answer) => answer.ok || say(answer.refusal.detail));
  });
  await phase('reconnectAll', () => hellos.forEach((hello) => loop.post(hello)));
  return report;
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
