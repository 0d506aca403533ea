// The stages of `npm run check`. Each answers with what it found; an empty text is good.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '../lib/hash.mjs';
import { inRoot, root, stampDir } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { selftest } from '../selftest/selftest.mjs';
import { checkGo } from './go.mjs';
import { scanFiles } from './secrets.mjs';
import { listFindings, readLayers, readLint, readTypes, runCruiser, runPackage, unseen } from './tools.mjs';

/** @typedef {import('./pool.mjs').Finding} Finding */

const typeProjects = ['electron/contract', 'electron/core', 'electron', 'renderer', 'test', 'build'];
const sourceFolders = ['electron', 'renderer', 'test', 'build'];

/** Files git knows or would add: what a commit can contain. In an unpacked archive of the sources: all files. @param {RegExp} [keep] */
async function ownFiles(keep = /./) {
  const which = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const args = ['-c', 'safe.directory=*', ...which];
  const answer = await run('git', args, { cwd: root, timeoutMs: 20_000 }).catch(() => undefined);
  const files =
    answer?.code === 0
      ? answer.stdout.split('\0')
      : listFiles([root]).map((file) => path.relative(root, file).split(path.sep).join('/'));
  return files.filter((file) => file && keep.test(file) && existsSync(inRoot(file)));
}

/** @returns {Promise<Finding>} */
async function format() {
  const args = ['ci', '--colors=off', '--max-diagnostics=30', '--reporter=default', '.'];
  const answer = await runPackage({ name: '@biomejs/biome', bin: 'biome', args });
  const count = /Checked (\d+) files/.exec(answer.output)?.[1];
  if (answer.code !== 0) return { failures: `${answer.output}\nto mend: npx biome check --write` };
  return Number(count) > 0 ? { failures: '', note: `${count} files` } : { failures: 'biome saw no files' };
}

/** @returns {Promise<Finding>} */
async function lint() {
  const args = ['--type-aware', '--format', 'json', ...sourceFolders];
  const answer = await runPackage({ name: 'oxlint', args });
  if (!answer.stdout.startsWith('{')) return { failures: answer.output || 'oxlint said nothing' };
  const { findings, files } = readLint(answer.stdout);
  if (findings.length > 0) return { failures: listFindings(findings) };
  if (answer.code !== 0) return { failures: answer.output };
  return files > 0 ? { failures: '', note: `${files} files` } : { failures: 'oxlint saw no files' };
}

/** @param {string} project @returns {Promise<string>} */
async function compile(project) {
  // What was right and has not changed is not looked at again.
  const memory = path.join(stampDir, `types-${project.replace('/', '-')}.tsbuildinfo`);
  const args = ['-p', project, '--pretty', 'false', '--incremental', '--tsBuildInfoFile', memory];
  const answer = await runPackage({ name: 'typescript', bin: 'tsc', args });
  const errors = readTypes(answer.stdout);
  if (errors.length > 0) return listFindings(errors);
  return answer.code === 0 ? '' : `${project}: ${answer.output}`;
}

/** @returns {Promise<Finding>} */
async function types() {
  const failures = [];
  for (const project of typeProjects) failures.push(await compile(project));
  const text = failures.filter(Boolean).join('\n');
  // The same fault shows in every project that reaches the file.
  return { failures: [...new Set(text.split('\n'))].join('\n'), note: `${typeProjects.length} projects` };
}

/** @returns {Promise<Finding>} */
async function layers() {
  const files = await ownFiles(/^(electron|renderer|test)\/.*\.tsx?$/);
  const answer = await runCruiser();
  if (!answer.stdout.startsWith('{')) return { failures: answer.output || 'dependency-cruiser said nothing' };
  const { violations, modules } = readLayers(answer.stdout);
  const missed = unseen(files, modules);
  const lines = violations.map((one) => `${one.from} -> ${one.to}: ${one.rule}`);
  if (missed.length > 0)
    lines.push(`the cruiser did not see ${missed.length} files: ${missed.slice(0, 5).join(' ')}`);
  return { failures: lines.join('\n'), note: `${modules.length} modules` };
}

/** @returns {Promise<Finding>} */
async function deadCode() {
  const answer = await runPackage({ name: 'knip', args: ['--no-progress', '--reporter', 'compact'] });
  return { failures: answer.code === 0 ? '' : answer.output || 'knip failed' };
}

/** @returns {Promise<Finding>} */
async function tidy() {
  const args = ['run', '--reporter=dot', 'test/unit/tidy'];
  const answer = await runPackage({ name: 'vitest', args });
  const count = /Tests\s+(\d+) passed/.exec(answer.output)?.[1];
  if (answer.code !== 0) return { failures: answer.output };
  return count ? { failures: '', note: `${count} rules` } : { failures: 'no tidy test ran' };
}

/** @returns {Promise<Finding>} */
async function secrets() {
  const files = await ownFiles();
  return { failures: scanFiles(files, root).join('\n'), note: `${files.length} files` };
}

// The slow ones first, so that two of them run beside each other.
/** @type {import('./pool.mjs').Stage[]} */
export const stages = [
  { name: 'go', run: () => checkGo() },
  { name: 'types', run: types },
  { name: 'lint', run: lint },
  { name: 'tidy', run: tidy },
  { name: 'dead code', run: deadCode },
  { name: 'layers', run: layers },
  { name: 'format', run: format },
  { name: 'secrets', run: secrets },
  { name: 'self-test', run: selftest },
];
