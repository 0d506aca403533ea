// Makes one file of the simulation, so that threads start at once and the code under test can be another one than that of
// the repository: a mutant replaces a piece of one source file on its way into the bundle. Nothing of it ships.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Mutant } from './mutants/mutant.ts';

const here = import.meta.dirname;
const root = path.join(here, '..', '..');

/** Throws when the place is not there exactly once: a mutant that is out of date is an error, never a pass. */
export function mutated(source: string, { id, file, find, replace }: Mutant): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`mutant ${id} is out of date: found ${places} times in ${file}`);
  return source.replace(find, () => replace);
}

const placeOf = ({ file }: Mutant): string => path.join(root, file);

export function sourceOf(mutant: Mutant): Promise<string> {
  return readFile(placeOf(mutant), 'utf8');
}

function planting(mutant: Mutant): Plugin {
  const target = placeOf(mutant);
  return {
    name: 'plant-a-bug',
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path: file }) =>
        file === target ? { contents: mutated(await sourceOf(mutant), mutant), loader: 'ts' } : null,
      );
    },
  };
}

/** `file`: where it goes. */
export async function bundleSim(file: string, mutant?: Mutant): Promise<void> {
  await build({
    entryPoints: [path.join(here, 'worker.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: mutant ? [planting(mutant)] : [],
  });
}
