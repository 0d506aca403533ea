// Proves that the fences stand: builds a small house in a temporary folder with our configs, plants one fault a file,
// and expects every tool to find each of them by its rule and nothing else. A tool that sees nothing is the fault this
// is for. Done again only when a config, a fault or a tool changed.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkGo } from '../check/go.mjs';
import { findSecrets } from '../check/secrets.mjs';
import { readLayers, readLint, readTypes, runCruiser, runPackage } from '../check/tools.mjs';
import { hashFiles, listFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { inRoot, root, stampDir } from '../lib/paths.mjs';
import { lintFaults } from './lint-faults.mjs';
import {
  deadEntry,
  deadFaults,
  formatFaults,
  goFaults,
  goHouse,
  innocent,
  layerFaults,
  layerHelp,
  secretFaults,
  typeFaults,
} from './other-faults.mjs';

/** @typedef {import('./lint-faults.mjs').Fault} Fault */
/** @typedef {{ file: string, rule: string }} Found */

const configs = [
  '.oxlintrc.json',
  '.dependency-cruiser.cjs',
  'biome.json',
  'knip.json',
  'build/tsconfig.base.json',
  'build/lint/house.mjs',
  'electron/contract/tsconfig.json',
  'electron/core/tsconfig.json',
  'electron/tsconfig.json',
  'renderer/tsconfig.json',
  'test/tsconfig.json',
];

/** @param {string} folder @param {Record<string, string>} files */
function writeAll(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** @param {string} name @param {Fault[]} faults @param {Record<string, string>} [more] */
function buildHouse(name, faults, more = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), `mesolite-selftest-${name}-`));
  for (const config of configs) cpSync(inRoot(config), path.join(folder, config));
  symlinkSync(inRoot('node_modules'), path.join(folder, 'node_modules'));
  cpSync(inRoot('package.json'), path.join(folder, 'package.json'));
  const planted = Object.fromEntries(faults.map((fault) => [fault.file, `${fault.text}\n`]));
  writeAll(folder, { ...innocent, ...more, ...planted });
  return folder;
}

/** @template T @param {string} name @param {Fault[]} faults @param {(folder: string) => Promise<T>} work @param {Record<string, string>} [more] */
async function inHouse(name, faults, work, more) {
  const folder = buildHouse(name, faults, more);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Faults that were not found, and innocent files that were blamed.
 * @param {string} tool @param {Fault[]} faults @param {Found[]} found @returns {string[]}
 */
export function compare(tool, faults, found) {
  const missed = faults.filter(
    (fault) => !found.some((one) => one.file === fault.file && one.rule === fault.rule),
  );
  const blamed = found.filter((one) => one.file in innocent);
  return [
    ...missed.map((fault) => {
      const others = found.filter((one) => one.file === fault.file).map((one) => one.rule);
      return `${tool} does not find ${fault.rule} in ${fault.file} (it finds ${others.join(', ') || 'nothing'})`;
    }),
    ...blamed.map((one) => `${tool} blames an innocent file: ${one.file} ${one.rule}`),
  ];
}

const lint = () =>
  inHouse('lint', lintFaults, async (folder) => {
    const args = ['--type-aware', '--format', 'json', 'electron', 'renderer', 'test'];
    const answer = await runPackage({ name: 'oxlint', args, cwd: folder });
    if (!answer.stdout.startsWith('{')) return [`lint: ${answer.output}`];
    return compare('lint', lintFaults, readLint(answer.stdout).findings);
  });

const types = () =>
  inHouse('types', typeFaults, async (folder) => {
    /** @type {Found[]} */
    const found = [];
    for (const project of ['electron/core', 'electron', 'renderer']) {
      const args = ['-p', project, '--pretty', 'false'];
      const answer = await runPackage({ name: 'typescript', bin: 'tsc', args, cwd: folder });
      found.push(...readTypes(answer.stdout));
    }
    return compare('types', typeFaults, found);
  });

const layers = () =>
  inHouse(
    'layers',
    layerFaults,
    async (folder) => {
      const answer = await runCruiser(folder);
      if (!answer.stdout.startsWith('{')) return [`layers: ${answer.output}`];
      const found = readLayers(answer.stdout).violations.map((one) => ({ file: one.from, rule: one.rule }));
      return compare('layers', layerFaults, found);
    },
    layerHelp,
  );

const dead = () =>
  inHouse(
    'dead',
    deadFaults,
    async (folder) => {
      const args = ['--no-progress', '--reporter', 'json', '--include', 'files,exports,types'];
      const answer = await runPackage({ name: 'knip', args, cwd: folder });
      if (!answer.stdout.startsWith('{')) return [`dead code: ${answer.output}`];
      return compare('dead code', deadFaults, readDead(answer.stdout));
    },
    deadEntry,
  );

/** What `knip --reporter json` says. @param {string} text @returns {Found[]} */
function readDead(text) {
  /** @type {Found[]} */
  const found = [];
  for (const issue of JSON.parse(text).issues) {
    for (const rule of ['files', 'exports', 'types'])
      if (issue[rule]?.length > 0) found.push({ file: issue.file, rule });
  }
  return found;
}

const format = () =>
  inHouse('format', formatFaults, async (folder) => {
    const args = [
      'ci',
      '--vcs-enabled=false',
      '--colors=off',
      '--max-diagnostics=100',
      'electron',
      'renderer',
    ];
    const answer = await runPackage({ name: '@biomejs/biome', bin: 'biome', args, cwd: folder });
    const lines = answer.output.matchAll(/^(\S+\.tsx?)(?::\d+:\d+)? (\S+) /gm);
    const found = [...lines].map((match) => ({ file: match[1] ?? '', rule: match[2] ?? '' }));
    return compare('format', formatFaults, found);
  });

const secrets = async () => {
  const found = secretFaults.flatMap((fault) =>
    findSecrets(fault.text).map(({ rule }) => ({ file: fault.file, rule })),
  );
  return compare('secrets', secretFaults, found);
};

const goCode = async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-selftest-go-'));
  try {
    const planted = Object.fromEntries(goFaults.map((fault) => [fault.file, `${fault.text}\n`]));
    writeAll(folder, { ...goHouse, ...planted });
    const { failures } = await checkGo(folder);
    const lines = failures.split('\n');
    const found = goFaults.flatMap((fault) =>
      lines.some((line) => line.includes(fault.file) && line.includes(fault.rule)) ? [fault] : [],
    );
    const blamed = lines
      .filter((line) => line.includes('clean.go'))
      .map((line) => `go blames an innocent file: ${line}`);
    return [...compare('go', goFaults, found), ...blamed];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const tools = { go: goCode, lint, types, layers, 'dead code': dead, format, secrets };
const stampFile = path.join(stampDir, 'selftest');

/** Everything the answer depends on. */
function fingerprint() {
  const files = listFiles([
    ...configs.map((config) => inRoot(config)),
    inRoot('build/selftest'),
    inRoot('build/check'),
  ]);
  const versions = readFileSync(inRoot('package-lock.json'), 'utf8');
  return hashFiles(files, [versions, process.version], root);
}

/** @returns {Promise<import('../check/pool.mjs').Finding>} */
export async function selftest() {
  const hash = fingerprint();
  const count = [lintFaults, typeFaults, layerFaults, deadFaults, formatFaults, secretFaults, goFaults].flat()
    .length;
  if (readStamp(stampFile) === hash) return { failures: '', note: `${count} planted faults, as before` };
  const failures = [];
  for (const work of Object.values(tools)) failures.push(...(await work()));
  if (failures.length > 0) return { failures: failures.join('\n') };
  writeStamp(stampFile, hash);
  return { failures: '', note: `${count} planted faults found` };
}
