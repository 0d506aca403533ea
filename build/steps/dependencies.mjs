// The npm packages, from the lockfile, without install scripts.
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { hashFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { inRoot, root } from '../lib/paths.mjs';
import { mustRun, npmCommand } from '../lib/run.mjs';

const lockFile = inRoot('package-lock.json');
const hiddenLock = inRoot('node_modules', '.package-lock.json');
const stamp = inRoot('node_modules', '.mesolite-lock');

/** @typedef {Record<string, { version?: string, optional?: boolean, devOptional?: boolean, integrity?: string }>} LockPackages */

/**
 * Whether what npm says it installed is what the lockfile asks for. Optional packages of other systems may be absent.
 * @param {LockPackages} wanted @param {LockPackages} installed
 */
export function matchesLock(wanted, installed) {
  for (const [place, entry] of Object.entries(wanted)) {
    if (place === '') continue;
    const found = installed[place];
    if (!found && !entry.optional) return false;
    if (found && (found.version !== entry.version || found.integrity !== entry.integrity)) return false;
  }
  return Object.keys(installed).every((place) => place in wanted);
}

/**
 * npm empties a folder before it installs into it, also one that belongs to another checkout and is only linked here.
 * @param {string} folder
 */
export function unlinkFolder(folder) {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(folder);
}

const lockHash = () => hashFiles([lockFile], [], root);

/** @returns {boolean} */
function isInstalled() {
  if (!existsSync(hiddenLock)) return false;
  if (readStamp(stamp) === lockHash()) return true;
  // Somebody ran npm by hand: if the outcome is right there is nothing to do.
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(hiddenLock, 'utf8')).packages;
  if (!matchesLock(wanted, installed)) return false;
  writeStamp(stamp, lockHash());
  return true;
}

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const dependencies = {
  name: 'dependencies',
  quick: () => (isInstalled() ? 'up to date' : undefined),
  work: async () => {
    const npm = npmCommand();
    unlinkFolder(inRoot('node_modules'));
    rmSync(stamp, { force: true });
    const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await mustRun(npm.command, [...npm.args, ...flags], {
      cwd: root,
      timeoutMs: 15 * 60_000,
      what: 'npm ci',
    });
    writeStamp(stamp, lockHash());
  },
};
