// What a step was made from, as one hash. Contents count, not times: a fresh checkout of the same commit is not work.
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', '.git']);

/** All files below the given files and folders, sorted. @param {string[]} starts @param {(file: string) => boolean} [keep] */
export function listFiles(starts, keep = () => true) {
  /** @type {string[]} */
  const files = [];
  const visit = (/** @type {string} */ item) => {
    if (!existsSync(item)) return;
    if (statSync(item).isFile()) {
      if (keep(item)) files.push(item);
      return;
    }
    for (const name of readdirSync(item)) if (!SKIPPED.has(name)) visit(path.join(item, name));
  };
  for (const start of starts) visit(start);
  return files.sort();
}

/** @param {string[]} files @param {string[]} extras things beside files that matter (versions, flags) @param {string} base */
export function hashFiles(files, extras, base) {
  const hash = createHash('sha256');
  for (const extra of extras) hash.update(`x\0${extra}\0`);
  for (const file of files) {
    const data = readFileSync(file);
    hash.update(`f\0${path.relative(base, file)}\0${data.length}\0`).update(data);
  }
  return hash.digest('hex');
}

/** @param {string} file @param {string} algorithm @param {'hex' | 'base64'} encoding @returns {Promise<string>} */
export function hashFile(file, algorithm = 'sha256', encoding = 'hex') {
  return new Promise((resolve, reject) => {
    const hash = createHash(algorithm);
    createReadStream(file)
      .on('data', (data) => hash.update(data))
      .on('error', reject)
      .on('end', () => resolve(hash.digest(encoding)));
  });
}

/** @param {string} file */
export function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** @param {string} file @param {string} text */
export function writeStamp(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${text}\n`);
  renameSync(fresh, file);
}
