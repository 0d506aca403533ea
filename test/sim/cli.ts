// `npm run sim -- --runs N --seed S --json`: N runs from seed S on. With `--trace` one run tells what happened; `--mutants`
// runs the planted bugs instead. What a shrunk failure names is given back with `--without` and `--fire`.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundleSim } from './bundle.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { hunt } from './hunt.ts';
import { mutants } from './mutants/all.ts';
import { runMany } from './pool.ts';
import { type RunOptions, runOnce } from './run.ts';
import { shrink } from './shrink.ts';
import { count, emptyTally, type Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    json: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    fire: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const usualRuns = 100;
/** At most for each mutant. */
const mutantRuns = 4000;

const out = (text: string): void => void process.stdout.write(`${text}\n`);
const startedMs = Date.now();

function numberOf(text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(
    'usage: npm run sim -- [--runs N] [--seed S] [--threads N] [--json] [--trace] [--without FAULT,...] [--fire MS]\n' +
      '       npm run sim -- --mutants [--only ID,...] [--runs N] [--json]\n',
  );
  process.exit(2);
}

const seed = numberOf(values.seed, 0);
const threads = numberOf(values.threads, 1);

function finish(summary: Readonly<Record<string, unknown>>, line: string, isGood: boolean): void {
  const seconds = Math.round((Date.now() - startedMs) / 100) / 10;
  const { user, system } = process.cpuUsage();
  const cpuSeconds = Math.round((user + system) / 1e5) / 10;
  out(
    values.json
      ? JSON.stringify({ ...summary, seconds, cpuSeconds, threads, seed })
      : `${line}, ${seconds} s`,
  );
  process.exitCode = isGood ? 0 : 1;
}

/** What `--without` and `--fire` say, for the runs that are made here and not in a thread. */
function limits(): Omit<RunOptions, 'seed'> {
  const names = values.without.split(',').filter((name) => name !== '');
  const disabled = new Set(names.map((name) => faultKinds.find((kind) => kind === name)));
  if (disabled.has(undefined)) throw new Error(`faults are: ${faultKinds.join(' ')}`);
  return {
    disabled: disabled as Set<FaultKind>,
    ...(values.fire === undefined ? {} : { fireMs: numberOf(values.fire, 1) }),
  };
}

async function runHere(runs: number): Promise<Tally> {
  const tally = emptyTally();
  for (let at = seed; at < seed + runs; at += 1) {
    const result = await runOnce({ ...limits(), seed: at, isTraced: values.trace });
    if (values.trace) out(result.trace.join('\n'));
    count(tally, result);
  }
  return tally;
}

async function runSeeds(folder: string, runs: number): Promise<void> {
  const isHere = values.trace || values.without !== '' || values.fire !== undefined;
  const file = path.join(folder, 'sim.mjs');
  if (!isHere) await bundleSim(file);
  const tally = isHere ? await runHere(runs) : await runMany({ file, from: seed, runs, threads });
  for (const { seed: bad, faults, violations } of tally.failures.slice(0, 10))
    out(`seed ${bad} (${faults.join(' ')}):\n  ${violations.join('\n  ')}`);
  const [first] = tally.failures;
  if (first && !isHere) out(`the first again, smaller: ${await shrink({ seed: first.seed })}`);
  const violations = tally.failures.reduce((sum, failure) => sum + failure.violations.length, 0);
  const { failures, ...sums } = tally;
  const summary = {
    ...sums,
    violations,
    failedSeeds: failures.slice(0, 100).map((failure) => failure.seed),
    meanFireMs: Math.round(tally.fireMs / tally.runs),
    meanEvents: Math.round((tally.events / tally.runs) * 10) / 10,
    mutants: mutants.length,
    mutantsCaught: null,
  };
  finish(summary, `${runs} runs, ${violations} violations`, violations === 0);
}

async function runMutants(folder: string, runs: number): Promise<void> {
  const only = values.only?.split(',');
  const chosen = mutants.filter(({ id }) => !only || only.includes(id));
  const caught = await hunt({
    mutants: chosen,
    runs,
    seed,
    threads,
    folder,
    onCatch: ({ id, why }, { afterRuns, how }) =>
      out(
        afterRuns === null
          ? `MISSED ${id}: ${why}, not seen in ${runs} runs`
          : `caught ${id} after ${afterRuns} runs: ${how}`,
      ),
  });
  const uncaught = caught.filter(({ afterRuns }) => afterRuns === null).map(({ id }) => id);
  const mutantsCaught = caught.length - uncaught.length;
  const most = Math.max(0, ...caught.map(({ afterRuns }) => afterRuns ?? 0));
  const summary = { runs, mutants: chosen.length, mutantsCaught, uncaught, mostRunsNeeded: most };
  const line = `${mutantsCaught} of ${chosen.length} planted bugs caught, within ${most} runs`;
  finish({ ...summary, violations: uncaught.length }, line, uncaught.length === 0 && chosen.length > 0);
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'mesolite-sim-'));
try {
  const asked = values.runs === undefined ? null : numberOf(values.runs, 1);
  if (values.mutants) await runMutants(folder, asked ?? mutantRuns);
  else await runSeeds(folder, asked ?? (values.trace ? 1 : usualRuns));
} finally {
  await rm(folder, { recursive: true, force: true });
}
