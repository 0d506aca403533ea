// Bundles main, preload and renderer into dist/, each only when what it is made from changed.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { hashFiles, listFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { Trouble } from '../lib/log.mjs';
import { distDir, inRoot, root, stampDir } from '../lib/paths.mjs';
import { parts } from './bundle-config.mjs';

// The renderer's configuration is TypeScript in a CommonJS package; vite reads it well and warns all the same.
process.env.VITE_CONFIG_NATIVE_IGNORE_WARNING = 'true';

const common = [
  'package.json',
  'package-lock.json',
  'build/steps/bundle-config.mjs',
  'build/steps/bundle.mjs',
];
const isSource = (/** @type {string} */ file) => !/(\.test\.tsx?|README\.md)$/.test(file);

/** @param {import('./bundle-config.mjs').Part} part */
function hashOf(part) {
  const starts = [...part.inputs, ...common].map((item) => inRoot(item));
  return hashFiles(listFiles(starts, isSource), [], root);
}

/** @param {import('./bundle-config.mjs').Part} part */
const stampOf = (part) => path.join(stampDir, `bundle-${part.name}`);

function stale() {
  return parts.filter(
    (part) => !existsSync(path.join(distDir, part.outDir)) || readStamp(stampOf(part)) !== hashOf(part),
  );
}

/** What the bundler says without the stack of its own inside. @param {unknown} error */
function errorLines(error) {
  const text = error instanceof Error ? error.message : String(error);
  const end = text.search(/\n(Stack backtrace|\s+at )/);
  return stripVTControlCharacters(end < 0 ? text : text.slice(0, end))
    .trim()
    .split('\n')
    .slice(0, 25);
}

/** @param {import('./bundle-config.mjs').Part} part */
async function bundle(part) {
  for (const entry of part.entries) {
    if (!existsSync(inRoot(entry))) throw new Trouble(`${entry} does not exist`);
  }
  const { build } = await import('vite');
  const hash = hashOf(part);
  const fresh = path.join(distDir, `.making-${part.name}-${process.pid}`);
  const target = path.join(distDir, part.outDir);
  try {
    for (const config of part.configs(fresh)) {
      await build(config).catch((error) => {
        throw new Trouble(`${part.name} could not be bundled`, errorLines(error));
      });
    }
    mkdirSync(distDir, { recursive: true });
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  writeStamp(stampOf(part), hash);
}

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const bundleStep = {
  name: 'app',
  when: (context) => context.wants.bundle,
  quick: () => (stale().length === 0 ? 'up to date' : undefined),
  work: async () => {
    const work = stale();
    for (const part of work) await bundle(part);
    return work.map((part) => part.name).join(', ');
  },
};
