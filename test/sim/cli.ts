// `npm run sim -- --runs N --seed S --json`: N runs from seed S on. `--trace` with one run prints what happened.
import { parseArgs } from 'node:util';
import { type RunResult, runOnce, shrink } from './run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

const runs = Number(values.runs);
const seed = Number(values.seed);
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: npm run sim -- --runs N --seed S [--json] [--trace]\n');
  process.exit(2);
}

const startedMs = Date.now();
const failed: RunResult[] = [];
let turns = 0;
for (let n = 0; n < runs; n += 1) {
  const result = await runOnce({ seed: seed + n });
  turns += result.turns;
  if (values.trace) process.stdout.write(`${result.trace.join('\n')}\n`);
  if (result.violations.length === 0) continue;
  failed.push(result);
  process.stdout.write(
    `seed ${result.seed} (${result.faults.join(' ')}):\n  ${result.violations.join('\n  ')}\n`,
  );
}
const [first] = failed;
if (first) {
  const small = await shrink({ seed: first.seed });
  const without = [...(small.disabled ?? [])].join(' ') || 'none';
  process.stdout.write(
    `shrunk seed ${small.seed}: without ${without}, fire ${small.fireMs ?? 'as usual'} ms\n`,
  );
}
const seconds = Math.round((Date.now() - startedMs) / 100) / 10;
const violations = failed.reduce((sum, result) => sum + result.violations.length, 0);
const summary = { runs, violations, failedSeeds: failed.map((result) => result.seed), turns, seconds, seed };
process.stdout.write(
  values.json ? `${JSON.stringify(summary)}\n` : `${runs} runs, ${violations} violations, ${seconds} s\n`,
);
process.exitCode = violations > 0 ? 1 : 0;
