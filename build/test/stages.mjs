// What `npm test` runs, in this order. A stage that finds no test has failed. Stages with `isBeside` mostly wait or take a
// fixed time on one core: they run, one after the other, beside all that comes before the window is tested.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '../lib/hash.mjs';
import { inRoot } from '../lib/paths.mjs';
import { ensureGo, goEnv } from '../steps/agent.mjs';
import { ensurePodman } from '../steps/podman.mjs';
import { parseGo, parsePlaywright, parseVitest } from './results.mjs';

const MINUTE_MS = 60_000;
const FUZZ_SECONDS = 30;
const goDir = inRoot('native', 'agent');

/**
 * @typedef {{ command: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv, report?: string,
 *   show?: 'all' | 'stderr' | 'none', counts?: number }} Run one program to run; `counts` = it is that many tests by its exit code
 * @typedef {{ filters: string[], folder: string, env: NodeJS.ProcessEnv, isQuiet?: boolean }} StageInput
 * @typedef {{ name: string, title: string, home: string, timeoutMs: number, needsLan?: boolean, needsApp?: boolean, takesFilter?: boolean,
 *   isOptional?: boolean, isOnDemand?: boolean, isBeside?: boolean, needsVm?: boolean, isTest: (file: string) => boolean, runs: (input: StageInput) => Promise<Run[]>,
 *   parse?: (text: string) => import('./results.mjs').Counts }} Stage
 */

const vitestProgram = inRoot('node_modules', 'vitest', 'vitest.mjs');
const playwrightProgram = inRoot('node_modules', '@playwright', 'test', 'cli.js');
const isVitest = (/** @type {string} */ file) => /\.test\.tsx?$/.test(file);

/** @param {string} project @returns {Stage['runs']} */
function vitest(project) {
  return async ({ filters, folder }) => {
    const report = path.join(folder, `${project}.json`);
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const quiet = filters.length > 0 ? ['--passWithNoTests'] : [];
    const args = [vitestProgram, 'run', '--project', project, ...reporters, ...quiet, ...filters];
    return [{ command: process.execPath, args, report, show: 'all' }];
  };
}

/** @param {string} text a Go source file */
export function fuzzNames(text) {
  return [...text.matchAll(/^func (Fuzz\w+)\(/gm)].map((match) => match[1] ?? '');
}

/** All the time goes to the frame decoder; the corpus of every other target runs with the tests of its package. */
function fuzzTargets() {
  const files = listFiles([path.join(goDir, 'internal', 'wire')], (file) => file.endsWith('_test.go'));
  return files.flatMap((file) => {
    const folder = `./${path.relative(goDir, path.dirname(file)).split(path.sep).join('/')}`;
    return fuzzNames(readFileSync(file, 'utf8')).map((name) => ({ name, folder }));
  });
}

/** @type {Stage['runs']} */
async function goRuns() {
  const go = await ensureGo();
  const common = { cwd: goDir, env: goEnv() };
  return [
    { ...common, command: go, args: ['vet', './...'], show: 'all', counts: 1 },
    { ...common, command: go, args: ['test', '-json', '-timeout', '9m', './...'], show: 'stderr' },
  ];
}

/** @type {Stage['runs']} */
async function fuzzRuns() {
  const go = await ensureGo();
  const targets = fuzzTargets();
  const seconds = Math.max(3, Math.floor(FUZZ_SECONDS / Math.max(1, targets.length)));
  return targets.map(({ name, folder }) => ({
    command: go,
    args: ['test', '-run', '^$', '-fuzz', `^${name}$`, '-fuzztime', `${seconds}s`, '-parallel', '1', folder],
    cwd: goDir,
    env: goEnv(),
    counts: 1,
  }));
}

/** @type {Stage['runs']} */
async function containerRuns() {
  const go = await ensureGo();
  const args = [
    'test',
    '-json',
    '-tags',
    'engine,nethttpomithttp2',
    '-run',
    '^TestContainer_',
    '-timeout',
    '9m',
    './internal/e2e',
  ];
  const env = { ...goEnv(), MESOLITE_PODMAN_ROOT: await ensurePodman() };
  return [{ command: go, args, cwd: goDir, env, show: 'stderr' }];
}

/** @type {Stage['runs']} */
async function e2eRuns({ filters, folder, env }) {
  const report = path.join(folder, 'e2e.json');
  const config = ['-c', inRoot('test', 'e2e', 'playwright.config.ts'), '--reporter=list,json'];
  const quiet = filters.length > 0 ? ['--pass-with-no-tests'] : [];
  const playwright = [process.execPath, playwrightProgram, 'test', ...config, ...quiet, ...filters];
  return [
    {
      command: process.execPath,
      args: ['--import', 'tsx', inRoot('test', 'e2e', 'in-lan.ts'), ...playwright],
      env: {
        ...env,
        PLAYWRIGHT_JSON_OUTPUT_NAME: report,
        ...(env.NO_COLOR ? { NO_COLOR: undefined, FORCE_COLOR: '0' } : {}),
      },
      report,
      show: 'all',
    },
  ];
}

/** @type {Stage[]} */
export const stages = [
  {
    name: 'go',
    title: 'The agent: go vet, go test',
    home: 'native/agent',
    timeoutMs: 10 * MINUTE_MS,
    isTest: (file) => file.endsWith('_test.go'),
    runs: goRuns,
    parse: parseGo,
  },
  {
    name: 'unit',
    title: 'Unit tests',
    home: 'test/unit',
    timeoutMs: 8 * MINUTE_MS,
    takesFilter: true,
    isTest: (file) => isVitest(file) && !file.includes(`${path.sep}renderer${path.sep}`),
    runs: vitest('unit'),
    parse: parseVitest,
  },
  {
    name: 'renderer',
    title: 'Unit tests of the window',
    home: 'test/unit/renderer',
    timeoutMs: 8 * MINUTE_MS,
    takesFilter: true,
    isTest: isVitest,
    runs: vitest('renderer'),
    parse: parseVitest,
  },
  {
    name: 'sim',
    title: 'The simulator',
    home: 'test/sim',
    timeoutMs: 4 * MINUTE_MS,
    takesFilter: true,
    isOptional: true,
    isTest: isVitest,
    runs: vitest('sim'),
    parse: parseVitest,
  },
  {
    name: 'lan',
    title: 'The virtual LAN',
    home: 'test/lan',
    timeoutMs: 10 * MINUTE_MS,
    needsLan: true,
    isBeside: true,
    takesFilter: true,
    isTest: isVitest,
    runs: vitest('lan'),
    parse: parseVitest,
  },
  {
    name: 'fuzz',
    title: `The agent: ${FUZZ_SECONDS} s of fuzzing`,
    home: 'native/agent',
    timeoutMs: 3 * MINUTE_MS,
    isOptional: true,
    isBeside: true,
    isTest: (file) => file.endsWith('_test.go') && fuzzNames(readFileSync(file, 'utf8')).length > 0,
    runs: fuzzRuns,
  },
  {
    name: 'e2e',
    title: 'End to end: the real window in the virtual LAN',
    home: 'test/e2e',
    timeoutMs: 15 * MINUTE_MS,
    needsLan: true,
    needsApp: true,
    takesFilter: true,
    isTest: (file) => file.endsWith('.spec.ts'),
    runs: e2eRuns,
    parse: parsePlaywright,
  },
  {
    name: 'containers',
    title: 'Tasks in containers of a real Podman',
    home: 'native/agent/internal/e2e',
    timeoutMs: 10 * MINUTE_MS,
    isOnDemand: true,
    needsLan: true,
    isTest: (file) => file.endsWith('containers_test.go'),
    runs: containerRuns,
    parse: parseGo,
  },
  {
    name: 'vm',
    title: 'Virtual machines: power cuts, cgroup v2, systemd',
    home: 'test/vm',
    timeoutMs: 45 * MINUTE_MS,
    isOnDemand: true,
    needsVm: true,
    takesFilter: true,
    isTest: isVitest,
    runs: vitest('vm'),
    parse: parseVitest,
  },
];

/** @param {Stage} stage */
export function hasTests(stage) {
  return existsSync(inRoot(stage.home)) && listFiles([inRoot(stage.home)], stage.isTest).length > 0;
}

/**
 * Words that name stages choose stages, without any all but those on demand; other words are handed to the runners that can filter by file.
 * @param {string[]} words @param {Stage[]} all
 */
export function choose(words, all) {
  const named = all.filter((stage) => words.includes(stage.name));
  const filters = words.filter((word) => !all.some((stage) => stage.name === word));
  const chosen = named.length > 0 ? named : all.filter((stage) => !stage.isOnDemand);
  return { stages: filters.length > 0 ? chosen.filter((stage) => stage.takesFilter) : chosen, filters };
}
