// The notices of everything the packaged app contains: the packages its sources import with all they depend on, SQLite
// inside better-sqlite3, and the Go library inside the agent. `npm run dist` puts them beside the program as
// THIRD-PARTY.txt. A package without a known permissive licence stops the packaging.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { listFiles } from './lib/hash.mjs';
import { say, sayFailure, Trouble } from './lib/log.mjs';
import { distDir, inRoot, root } from './lib/paths.mjs';

const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'OFL-1.1',
  'Unlicense',
  'CC0-1.0',
]);
const provided = ['electron']; // brings its own notices
const tables = ['oui-data']; // its lists are in dist/main/mac-vendors.txt
const width = 78;

/** @typedef {{ name: string, version: string, licence: string, text: string }} Notice */

/** The packages a source imports: `@a/b/c` counts as `@a/b`. @param {string} text @returns {string[]} */
export function importedPackages(text) {
  const names = [];
  for (const match of text.matchAll(
    /(?:\bfrom|\bimport|@import|\brequire\(|\bimport\()\s*['"]([^'"\n]+)['"]/g,
  )) {
    const parts = match[1].split('/');
    if (match[1].startsWith('.') || match[1].startsWith('node:') || match[1].startsWith('/')) continue;
    names.push(parts[0].startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]);
  }
  return [...new Set(names)];
}

/** Whether one of the alternatives, or all of the parts, of an SPDX expression are allowed. @param {string} expression @returns {boolean} */
export function isAllowed(expression) {
  const plain = expression.replace(/[()]/g, '');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((one) => allowed.has(one.trim())));
}

/**
 * Where Node would find a package, seen from the place of another one.
 * @param {Record<string, unknown>} packages of the lockfile @param {string} from @param {string} name
 */
export function resolvePlace(packages, from, name) {
  const parts = from ? from.split('/node_modules/') : [];
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const place = [...parts.slice(0, depth), name].join('/node_modules/');
    const full = place.startsWith('node_modules/') ? place : `node_modules/${place}`;
    if (full in packages) return full;
  }
  return undefined;
}

/** Places of the named packages and of all they need. @param {Record<string, any>} packages @param {string[]} names */
export function closure(packages, names) {
  /** @type {Set<string>} */
  const places = new Set();
  const waiting = names.map((name) => ({ from: '', name }));
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const place = resolvePlace(packages, next.from, next.name);
    if (!place || places.has(place)) continue;
    places.add(place);
    const { dependencies = {}, optionalDependencies = {} } = packages[place];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies }))
      waiting.push({ from: place, name });
  }
  return [...places].sort();
}

/** @param {string} place @returns {Notice | undefined} */
function readNotice(place) {
  const folder = inRoot(place);
  if (!existsSync(path.join(folder, 'package.json'))) return undefined; // optional, not for this system
  const about = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const licence =
    typeof about.license === 'string' ? about.license : (about.licenses?.[0]?.type ?? about.license?.type);
  if (!licence || !isAllowed(licence))
    throw new Trouble(`${about.name} has the licence ${licence ?? 'none'}`);
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)([-.].*)?$/i.test(name));
  const texts = files.sort().map((name) => readFileSync(path.join(folder, name), 'utf8').trim());
  const author =
    typeof about.author === 'string' ? about.author : (about.author?.name ?? `the authors of ${about.name}`);
  return {
    name: about.name,
    version: about.version,
    licence,
    text: texts.join('\n\n') || `${licence}, by ${author}`,
  };
}

/** @param {string} file */
const isShipped = (file) => /\.(ts|tsx|css|html)$/.test(file) && !file.endsWith('.config.ts');

/** @returns {Notice[]} */
export function collectNotices() {
  const sources = listFiles([inRoot('electron'), inRoot('renderer')], isShipped);
  const names = sources.flatMap((file) => importedPackages(readFileSync(file, 'utf8')));
  const { packages } = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8'));
  const declared = Object.keys(JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).dependencies);
  const wanted = [...new Set([...names, ...declared, ...tables])].filter((name) => !provided.includes(name));
  const notices = closure(packages, wanted)
    .map(readNotice)
    .filter((one) => one !== undefined);
  const go = readFileSync(inRoot('build', 'texts', 'go-license.txt'), 'utf8').trim();
  return [
    ...notices,
    {
      name: 'SQLite',
      version: 'inside better-sqlite3',
      licence: 'public domain',
      text: 'The authors disclaim copyright.',
    },
    { name: 'Go', version: 'standard library, inside mesolite-agent', licence: 'BSD-3-Clause', text: go },
  ];
}

/** @param {Notice[]} notices */
export function formatNotices(notices) {
  const line = '='.repeat(width);
  const parts = notices.map(
    (one) => `${line}\n${one.name} (${one.version})  ${one.licence}\n${line}\n${one.text}\n`,
  );
  return `Mesolite contains the following software of others.\n\n${parts.join('\n')}`;
}

/** Writes dist/THIRD-PARTY.txt. @returns {{ file: string, count: number }} */
export function writeNotices() {
  const notices = collectNotices();
  const file = path.join(distDir, 'THIRD-PARTY.txt');
  mkdirSync(distDir, { recursive: true });
  writeFileSync(file, formatNotices(notices));
  return { file, count: notices.length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { file, count } = writeNotices();
    say(`${path.relative(root, file)}: ${count} notices`);
  } catch (error) {
    process.exitCode = sayFailure(error);
  }
}
