// Bundles main, preload and renderer into dist/, each only when what it is made from changed.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { hashFiles, listFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { Trouble } from '../lib/log.mjs';
import { distDir, inRoot, root, stampDir } from '../lib/paths.mjs';
import { mustRun } from '../lib/run.mjs';
import { parts } from './bundle-config.mjs';

const common = [
  'package.json',
  'package-lock.json',
  'build/steps/bundle-config.mjs',
  'build/steps/bundle-part.mjs',
  'build/steps/bundle.mjs',
  'build/steps/mac-vendors.mjs',
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

/** @param {import('./bundle-config.mjs').Part} part */
async function bundle(part) {
  for (const entry of part.entries) {
    if (!existsSync(inRoot(entry))) throw new Trouble(`${entry} does not exist`);
  }
  const hash = hashOf(part);
  const fresh = path.join(distDir, `.making-${part.name}-${process.pid}`);
  const target = path.join(distDir, part.outDir);
  try {
    await mustRun(process.execPath, [inRoot('build/steps/bundle-part.mjs'), part.name, fresh], {
      cwd: root,
      what: `bundling ${part.name}`,
    });
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
