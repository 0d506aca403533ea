// A master that starts over 10,000 agents and 100,000 tasks in SQLite: from opening the file until its state can be shown, and
// what the process takes of memory when all agents are back and everything is offered once.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Loop } from '../../electron/shell/loop.ts';
import { frameworkId } from '../support/builders.ts';
import { aFramework } from '../support/some-calls.ts';
import { rowsOf } from './records.ts';
import { helloAll, openLoop, writeCluster } from './updates.ts';

const agents = 10_000;
const tasks = 100_000;
const frameworks = 100;

export type Restarted = { readonly readyS: number; readonly memMb: number };

/** Started by itself with the file as argument it is the master that starts; the rows are written by another process before. */
export async function measureRestart(program: string): Promise<Restarted> {
  const known = process.env['MESOLITE_BENCH_FILE'];
  if (known !== undefined) return start(known, program);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mesolite-bench-'));
  const file = path.join(folder, 'mesolite.db');
  try {
    await writeCluster(file, program, rowsOf({ agents, tasks }));
    const env = { ...process.env, MESOLITE_BENCH_FILE: file };
    const { stdout, status } = spawnSync(process.execPath, process.argv.slice(1), {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`the master that starts ended with ${status}`);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function start(file: string, program: string): Promise<Restarted> {
  const startedMs = performance.now();
  const { loop, store } = await openLoop(file, program, 100);
  while (!loop.state.session.isStarted) await new Promise((resolve) => setImmediate(resolve));
  const isAllThere = hasAll(loop);
  const readyS = (performance.now() - startedMs) / 1000;
  if (!isAllThere) throw new Error('not all was read');
  process.stderr.write(`ready ${readyS.toFixed(2)} s\n`);
  await comeBack(loop);
  await loop.stop();
  const memMb = process.memoryUsage.rss() / 2 ** 20;
  await store.close();
  return { readyS, memMb };
}

/** Of what a window is given; nobody keeps that, here neither. */
function hasAll(loop: Loop): boolean {
  const { rows } = loop.snapshot();
  return rows.tasks.length === tasks && rows.agents.length === agents;
}

/** Every agent says hello with all its tasks; then 100 schedulers subscribe and are offered what there is. */
async function comeBack(loop: Loop): Promise<void> {
  await helloAll(loop, agents);
  process.stderr.write(`all said hello ${Math.round(performance.now())} ms\n`);
  for (let n = 0; n < frameworks; n += 1) {
    const info = aFramework({ name: `f${n}`, roles: [`role${n}`] });
    const words = { frameworkId: frameworkId(`f${n}`), info, suppressedRoles: [], streamId: 's1' };
    const call = { kind: 'SUBSCRIBE', ...words } as const;
    const answer = await loop.command({ kind: 'call-scheduler-api', call });
    if (!answer.ok) throw new Error(JSON.stringify(answer.refusal));
  }
  while (loop.state.tables.offers.size < agents) await new Promise((resolve) => setTimeout(resolve, 50));
  process.stderr.write(`offered ${Math.round(performance.now())} ms\n`);
}
