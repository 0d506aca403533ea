// Issue 4, "never the slow part": cycles of the allocator beside a floor, placements through the core, updates through the loop
// and its store, a restart with 100,000 tasks and what that takes of memory. Each in a process of its own, bundled as the app is.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { bundleStoreProgram, newProgramFolder } from '../support/store-program.ts';
import type { Answer, Ask } from './allocator-child.ts';
import type { BenchReport } from './report.ts';
import { median, rounded } from './statistics.ts';

const run = promisify(execFile);

const sizes = [
  { key: 'cycle10kx1kMs', agents: 10_000, frameworks: 1000, declines: 20, times: 15 },
  { key: 'cycle1kx100Ms', agents: 1000, frameworks: 100, declines: 20, times: 100 },
  { key: 'cycle50x10Ms', agents: 50, frameworks: 10, declines: 2, times: 1000 },
] as const;
/** With a tenth of it as frameworks, as in the sizes that have a bar. */
const curveAgents = [100, 300, 1000, 3000, 10_000];
const repeats = 3;

type Say = (line: string) => void;
type AskChild = <K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>) => Promise<Answer[K]>;

type Part = (ask: AskChild, say: Say) => Promise<BenchReport>;

/** What `--only` can name. */
const parts: Readonly<Record<string, Part>> = { cycles, curve, placements, updates, restart };

/** All parts, or those that are named. */
export async function benchAllocator(say: Say, only: readonly string[] = []): Promise<BenchReport> {
  const chosen = only.length > 0 ? only : Object.keys(parts);
  const unknown = chosen.filter((name) => parts[name] === undefined);
  if (unknown.length > 0)
    throw new Error(`no ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  const folder = newProgramFolder();
  try {
    const child = await bundleStoreProgram('bench', folder);
    const program = await bundleStoreProgram('real', folder);
    const ask: AskChild = async (words) => {
      const args = ['--expose-gc', child, JSON.stringify({ ...words, program })];
      const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 20 });
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    };
    const report: Record<string, BenchReport[string]> = {};
    for (const name of chosen) Object.assign(report, await parts[name]?.(ask, say));
    return report;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function medians<T>(make: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let n = 0; n < repeats; n += 1) all.push(await make());
  return all;
}

async function cycles(ask: AskChild, say: Say): Promise<Record<string, number>> {
  const report: Record<string, number> = {};
  for (const { key, times, ...shape } of sizes) {
    const all = await medians(() => ask({ kind: 'cycle', shape, times, withFloor: true }));
    const ms = median(all.map((each) => each.ms));
    const ratio = median(all.map((each) => each.ms / (each.floorMs ?? Number.NaN)));
    report[key] = rounded(ms, 3);
    if (key === 'cycle10kx1kMs') report['floorRatio'] = rounded(ratio, 2);
    const floors = all.map((each) => each.floorMs?.toFixed(3)).join(' ');
    say(`${key} ${ms.toFixed(3)}, floors ${floors}, ratio ${ratio.toFixed(2)}`);
  }
  return report;
}

async function curve(ask: AskChild, say: Say): Promise<{ curve: number[] }> {
  const pairs: number[] = [];
  for (const agents of curveAgents) {
    const shape = { agents, frameworks: agents / 10, declines: 20 };
    const times = agents >= 10_000 ? 15 : 60;
    const all = await medians(() => ask({ kind: 'cycle', shape, times, withFloor: false }));
    const ms = median(all.map((each) => each.ms));
    pairs.push(agents, rounded(ms, 3));
    const perNLogN = (ms * 1e6) / (agents * Math.log2(agents));
    say(`${agents} agents x ${agents / 10}: ${ms.toFixed(3)} ms, ${perNLogN.toFixed(0)} ns by n log n`);
  }
  return { curve: pairs };
}

async function placements(ask: AskChild, say: Say): Promise<Record<string, number>> {
  const all = await medians(() => ask({ kind: 'placements' }));
  say(`placements a second ${all.map((each) => each.perS.toFixed(0)).join(' ')}`);
  return { placementsPerS: rounded(median(all.map((each) => each.perS))) };
}

async function updates(ask: AskChild, say: Say): Promise<Record<string, number>> {
  const all = await medians(() => ask({ kind: 'updates' }));
  say(`updates a second ${all.map((each) => each.perS.toFixed(0)).join(' ')}`);
  return { updatesPerS: rounded(median(all.map((each) => each.perS))) };
}

async function restart(ask: AskChild, say: Say): Promise<Record<string, number>> {
  const all = await medians(() => ask({ kind: 'restart' }));
  for (const each of all) say(`restart ${each.readyS.toFixed(2)} s, ${each.memMb.toFixed(0)} MB`);
  return {
    memMb: rounded(median(all.map((each) => each.memMb))),
    restart100kS: rounded(median(all.map((each) => each.readyS)), 2),
  };
}
