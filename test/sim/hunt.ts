// Which planted bugs the simulation finds: each in a bundle of its own, seed after seed until one of them is violated.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { bundleSim } from './bundle.ts';
import type { Mutant } from './mutants/mutant.ts';
import { runMany } from './pool.ts';

export type Catch = {
  readonly id: string;
  /** Runs that it took; null: it lived through all of them. */
  readonly afterRuns: number | null;
  /** The first that was violated. */
  readonly how: string;
};

export type Hunt = {
  readonly mutants: readonly Mutant[];
  /** At most, for each. */
  readonly runs: number;
  readonly seed: number;
  readonly threads: number;
  readonly folder: string;
  /** The bundle without any planted bug. A seed that fails there too has caught nothing. */
  readonly cleanFile: string;
  readonly onCatch: (mutant: Mutant, caught: Catch) => void;
};

/** One mutant a thread, so that which seed finds it first does not hang on how threads are scheduled. */
export async function hunt(options: Hunt): Promise<Catch[]> {
  const waiting = [...options.mutants];
  const found: Catch[] = [];
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const caught = await huntOne(options, mutant);
      found.push(caught);
      options.onCatch(mutant, caught);
    }
  };
  await Promise.all(Array.from({ length: options.threads }, work));
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function huntOne(options: Hunt, mutant: Mutant): Promise<Catch> {
  const { runs, seed, folder, cleanFile } = options;
  const file = path.join(folder, `${mutant.id}.mjs`);
  await bundleSim(file, mutant);
  const tally = await runMany({ file, from: seed, runs, threads: 1, isToStopAtFirst: true });
  await rm(file);
  const [first] = tally.failures;
  if (first) {
    const clean = await runMany({ file: cleanFile, from: first.seed, runs: 1, threads: 1 });
    if (clean.failures.length > 0) throw new Error(`seed ${first.seed} fails without ${mutant.id} too`);
  }
  return {
    id: mutant.id,
    afterRuns: first ? first.seed - seed + 1 : null,
    how: (first?.violations[0] ?? '').slice(0, 200),
  };
}
