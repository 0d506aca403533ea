// Things that are made once and then only read: built in a folder beside their place and moved in by one rename,
// so an interrupt leaves either nothing or all of it. A lock keeps two set-ups from doing the same work.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Trouble } from './log.mjs';

const OLD_MS = 24 * 3600 * 1000;

/**
 * @param {string} place the folder wanted
 * @param {(fresh: string) => Promise<void>} make fills the fresh folder
 * @returns {Promise<boolean>} whether it had to be made
 */
export async function ensureFolder(place, make) {
  if (existsSync(place)) return false;
  const parent = path.dirname(place);
  mkdirSync(parent, { recursive: true });
  removeLeftovers(parent);
  const fresh = mkdtempSync(path.join(parent, '.making-'));
  const drop = () => rmSync(fresh, { recursive: true, force: true });
  process.once('exit', drop);
  try {
    await make(fresh);
    if (!existsSync(place)) renameSync(fresh, place);
  } finally {
    drop();
    process.off('exit', drop);
  }
  return true;
}

/** What a killed set-up left behind. @param {string} parent */
function removeLeftovers(parent) {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith('.making-')) continue;
    const item = path.join(parent, name);
    if (Date.now() - statSync(item).mtimeMs > OLD_MS) rmSync(item, { recursive: true, force: true });
  }
}

/** Who runs: a pid alone may belong to somebody else by now, so its start time goes with it. @param {number} pid */
export function processMark(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return `${pid} -`;
  }
}

/** @param {string} mark */
function isAlive(mark) {
  const pid = Number(mark.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  return mark.endsWith(' -') || processMark(pid) === mark;
}

/** @param {string} place */
function readHolder(place) {
  try {
    return readFileSync(path.join(place, 'holder'), 'utf8');
  } catch {
    return undefined;
  }
}

/** @param {string} place @returns {boolean} */
function tryLock(place) {
  const fresh = mkdtempSync(`${place}.`);
  writeFileSync(path.join(fresh, 'holder'), processMark(process.pid));
  try {
    // A folder with something in it is never replaced by a rename: that makes this the one atomic step.
    renameSync(fresh, place);
    return true;
  } catch {
    rmSync(fresh, { recursive: true, force: true });
    return false;
  }
}

/** Takes away the lock of a process that is gone. @param {string} place */
function breakStale(place) {
  const holder = readHolder(place);
  if (holder === undefined || isAlive(holder)) return;
  const aside = mkdtempSync(`${place}.`);
  const gone = path.join(aside, 'gone');
  try {
    renameSync(place, gone);
    // Somebody else was quicker and this is the new holder's lock: give it back.
    if (readHolder(gone) !== holder) renameSync(gone, place);
  } catch {
    // The lock went away by itself.
  }
  rmSync(aside, { recursive: true, force: true });
}

/**
 * @template T
 * @param {string} place a folder that exists while the work goes on
 * @param {() => Promise<T>} work
 * @param {{ timeoutMs?: number, onWait?: (pid: string) => void }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(place, work, options = {}) {
  mkdirSync(path.dirname(place), { recursive: true });
  const untilMs = Date.now() + (options.timeoutMs ?? 20 * 60_000);
  let hasSaid = false;
  while (!tryLock(place)) {
    breakStale(place);
    const holder = readHolder(place);
    if (holder && !hasSaid) {
      hasSaid = true;
      options.onWait?.(holder.split(' ')[0] ?? '?');
    }
    if (Date.now() > untilMs)
      throw new Trouble(`another set-up (process ${holder}) holds ${place} for too long`);
    await wait(hasSaid ? 200 : 5);
  }
  const release = () => {
    if (readHolder(place) !== processMark(process.pid)) return;
    // Away in one step: whoever waits would take the folder between the end of the file in it and its own.
    const aside = mkdtempSync(`${place}.`);
    renameSync(place, path.join(aside, 'gone'));
    rmSync(aside, { recursive: true, force: true });
  };
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}
