// Makes one file of the simulation, so that threads start at once and the code under test can be another one than that of
// the repository: planted bugs are put in on the way into the bundle. Nothing of it ships.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Mutant } from './mutants/mutant.ts';
import { mutated, plantAll } from './planting.ts';

const here = import.meta.dirname;
const root = path.join(here, '..', '..');

const placeOf = ({ file }: Mutant): string => path.join(root, file);

export function sourceOf(mutant: Mutant): Promise<string> {
  return readFile(placeOf(mutant), 'utf8');
}

/** `change`: what becomes of the source of one of these files, and which. */
function changing(files: ReadonlySet<string>, change: (file: string, source: string) => string): Plugin {
  return {
    name: 'plant-bugs',
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path: file }) =>
        files.has(file) ? { contents: change(file, await readFile(file, 'utf8')), loader: 'ts' } : null,
      );
    },
  };
}

async function bundle(file: string, plugins: Plugin[]): Promise<void> {
  await build({
    entryPoints: [path.join(here, 'worker.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins,
  });
}

/** `file`: where it goes. The bug is always on. */
export async function bundleSim(file: string, mutant?: Mutant): Promise<void> {
  const plant = (bug: Mutant): Plugin =>
    changing(new Set([placeOf(bug)]), (_, source) => mutated(source, bug));
  await bundle(file, mutant ? [plant(mutant)] : []);
}

/** All in one, each behind its switch. Answers with those that need a bundle of their own. */
export async function bundleAll(file: string, mutants: readonly Mutant[]): Promise<readonly Mutant[]> {
  const left: Mutant[] = [];
  const plant = (place: string, source: string): string => {
    const planted = plantAll(
      source,
      mutants.filter((mutant) => placeOf(mutant) === place),
    );
    left.push(...planted.left);
    return planted.source;
  };
  await bundle(file, [changing(new Set(mutants.map(placeOf)), plant)]);
  return left;
}
