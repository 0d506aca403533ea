// `npm test [-- WORDS]`: sets up what tests need and runs all of them, one stage after the other. Words choose stages
// (go, unit, e2e, ...) or filter by file. The very last line is `N passed, N failed, N skipped`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startDisplay } from './lib/display.mjs';
import { ensure } from './lib/ensure.mjs';
import { formatMs, say, sayFailure, Trouble } from './lib/log.mjs';
import { inRoot } from './lib/paths.mjs';
import { run, stopRunning } from './lib/run.mjs';
import { noCounts, sum, summaryLine } from './test/results.mjs';
import { choose, hasTests, stages } from './test/stages.mjs';

/** @typedef {import('./test/results.mjs').Counts} Counts */
/** @typedef {{ name: string, counts: Counts, elapsedMs: number, note: string }} Row */

const canMakeLan = process.platform === 'linux' && process.getuid?.() === 0;

/** @param {string} name @param {string} message @returns {Counts} */
const oneFailure = (name, message) => ({ ...noCounts(), failed: 1, failures: [{ name, message }] });

/** What runners print goes through a pipe: they are told whether there is a terminal at its end. @returns {NodeJS.ProcessEnv} */
function colours() {
  return process.stdout.isTTY && !process.env.NO_COLOR
    ? { FORCE_COLOR: '1' }
    : { NO_COLOR: '1', FORCE_COLOR: undefined };
}

/** @param {string} file @returns {string} */
function readReport(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Trouble('the runner wrote no report');
  }
}

/**
 * @param {import('./test/stages.mjs').Stage} stage @param {import('./test/stages.mjs').Run} item
 * @param {{ env: NodeJS.ProcessEnv, timeoutMs: number, isQuiet?: boolean | undefined }} options @returns {Promise<Counts>}
 */
async function runOne(stage, item, options) {
  const result = await run(item.command, item.args, {
    cwd: item.cwd ?? inRoot(),
    env: { ...options.env, ...item.env },
    timeoutMs: options.timeoutMs,
    show: options.isQuiet ? 'none' : (item.show ?? 'none'),
  });
  const end = result.output.trimEnd().split('\n').slice(-12).join('\n');
  if (result.timedOut)
    return oneFailure(stage.name, `took longer than ${formatMs(options.timeoutMs)}\n${end}`);
  if (item.counts !== undefined || !stage.parse) {
    return result.code === 0
      ? { ...noCounts(), passed: item.counts ?? 1 }
      : oneFailure(item.args.slice(0, 2).join(' '), end);
  }
  const counts = stage.parse(item.report ? readReport(item.report) : result.stdout);
  // The exit code knows of things that are in no report: unhandled errors, a runner that died.
  return result.code !== 0 && counts.failed === 0
    ? sum([counts, oneFailure(stage.name, `ended with code ${result.code}\n${end}`)])
    : counts;
}

/** @param {import('./test/stages.mjs').Stage} stage @param {import('./test/stages.mjs').StageInput} input @returns {Promise<Counts>} */
async function runStage(stage, input) {
  const untilMs = performance.now() + stage.timeoutMs;
  const all = [];
  try {
    for (const item of await stage.runs(input)) {
      const timeoutMs = Math.max(1000, untilMs - performance.now());
      all.push(await runOne(stage, item, { env: input.env, timeoutMs, isQuiet: input.isQuiet }));
    }
  } catch (error) {
    all.push(oneFailure(stage.name, error instanceof Error ? error.message : String(error)));
  }
  const counts = sum(all);
  const isEmpty = counts.passed + counts.failed + counts.skipped === 0;
  return isEmpty && input.filters.length === 0 ? oneFailure(stage.name, 'no test was found') : counts;
}

/** What to do about a stage without running it, if anything. @param {import('./test/stages.mjs').Stage} stage */
function standing(stage) {
  if (!hasTests(stage)) {
    return stage.isOptional
      ? { counts: noCounts(), note: 'no tests yet' }
      : { counts: oneFailure(stage.name, `no tests in ${stage.home}`), note: '' };
  }
  if (stage.needsLan && !canMakeLan) {
    return { counts: { ...noCounts(), skipped: 1 }, note: 'needs root on Linux (network namespaces)' };
  }
  return undefined;
}

/** @param {Row[]} rows */
function printTable(rows) {
  say('\n── Results');
  say(
    `${'stage'.padEnd(10)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'time'.padStart(12)}`,
  );
  for (const { name, counts, elapsedMs, note } of rows) {
    const numbers = `${String(counts.passed).padStart(8)}${String(counts.failed).padStart(8)}${String(counts.skipped).padStart(9)}`;
    say(`${name.padEnd(10)}${numbers}${formatMs(elapsedMs).padStart(12)}${note ? `  ${note}` : ''}`);
  }
}

/** @param {Counts} total */
function printFailures(total) {
  if (total.failures.length === 0) return;
  say('\n── Failed');
  for (const { name, message } of total.failures) say(`✗ ${name}\n${message.replace(/^/gm, '    ')}`);
}

/**
 * One after the other, beside what else goes on. Nothing of it is shown but its rows, and its failures at the end.
 * @param {import('./test/stages.mjs').Stage[]} lane @param {import('./test/stages.mjs').StageInput} input
 */
async function runBeside(lane, input) {
  for (const { title } of lane) say(`\n── beside what follows: ${title}`);
  /** @type {Row[]} */
  const rows = [];
  for (const stage of lane)
    rows.push({ ...(await runNow(stage, { ...input, isQuiet: true })), note: 'beside others' });
  return rows;
}

/** @param {import('./test/stages.mjs').Stage[]} chosen */
async function setUp(chosen) {
  const startedMs = performance.now();
  const needsApp = canMakeLan && chosen.some((stage) => stage.needsApp);
  const needsLan = canMakeLan && chosen.some((stage) => stage.needsLan);
  const ready = await ensure({
    sqlite: true,
    electron: needsApp,
    bundle: needsApp,
    display: needsApp,
    agent: needsLan || needsApp || chosen.some((stage) => stage.needsVm),
    tests: needsLan,
    machines: chosen.some((stage) => stage.needsVm),
  });
  say(`ok    set-up            ${formatMs(performance.now() - startedMs)}`);
  return { ready, needsApp };
}

/**
 * @param {import('./test/stages.mjs').Stage} stage @param {import('./test/stages.mjs').StageInput} input
 * @returns {Promise<Row>}
 */
async function runNow(stage, input) {
  const startedMs = performance.now();
  const known = standing(stage);
  const counts = known ? known.counts : await runStage(stage, input);
  return { name: stage.name, counts, elapsedMs: performance.now() - startedMs, note: known?.note ?? '' };
}

async function main() {
  const startedMs = performance.now();
  const { stages: chosen, filters } = choose(process.argv.slice(2), stages);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-test-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { ready, needsApp } = await setUp(chosen);
  const display = needsApp ? await startDisplay() : undefined;
  const env = { ...process.env, ...ready.env, ...display?.env, ...colours() };
  const input = { filters, folder, env };
  // A stage alone is watched.
  const waiting = chosen.filter((stage) => chosen.length > 1 && stage.isBeside && !standing(stage));
  const beside = runBeside(waiting, input);
  /** @type {Row[]} */
  const rows = [];
  for (const stage of chosen.filter((each) => !waiting.includes(each))) {
    // The window is seen as it is on a machine that has time for it.
    if (stage.needsApp) await beside;
    say(`\n── ${stage.title}`);
    const row = await runNow(stage, input);
    if (row.note) say(row.note);
    rows.push(row);
  }
  rows.push(...(await beside));
  await display?.stop();
  const total = sum(rows.map((row) => row.counts));
  if (total.passed + total.failed === 0)
    total.failures.push({ name: 'npm test', message: 'no test was run' });
  printTable(rows);
  printFailures(total);
  say(`\nin ${formatMs(performance.now() - startedMs)}`);
  say(summaryLine(total));
  return total.failures.length > 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    stopRunning(); // what runs beside a set-up that failed
    const code = sayFailure(error);
    say(summaryLine({ ...noCounts(), failed: 1 }));
    process.exit(code);
  },
);
