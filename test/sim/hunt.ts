// Which planted bugs the simulation finds: each alone, seed after seed until one of them is violated. Nearly all are in one bundle
// and switched on one after the other, so that threads stay warm; the rest have bundles of their own.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { bundleAll, bundleSim } from './bundle.ts';
import type { Mutant } from './mutants/mutant.ts';
import { Thread } from './pool.ts';
import type { Failure } from './tally.ts';

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
  readonly onCatch: (mutant: Mutant, caught: Catch) => void;
};

/** One mutant a thread, so that which seed finds it first does not hang on how threads are scheduled. */
export async function hunt(options: Hunt): Promise<Catch[]> {
  const file = path.join(options.folder, 'planted.mjs');
  const alone = new Set(await bundleAll(file, options.mutants));
  const waiting = [...options.mutants];
  const found: Catch[] = [];
  const work = async (): Promise<void> => {
    const thread = new Thread(file);
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const caught = alone.has(mutant)
        ? await huntAlone(options, mutant, thread)
        : await huntOne(options, mutant, { thread, bug: mutant.id, clean: thread });
      found.push(caught);
      options.onCatch(mutant, caught);
    }
    await thread.end();
  };
  await Promise.all(Array.from({ length: options.threads }, work));
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** It stands where no switch can be. */
async function huntAlone(options: Hunt, mutant: Mutant, clean: Thread): Promise<Catch> {
  const file = path.join(options.folder, `${mutant.id}.mjs`);
  await bundleSim(file, mutant);
  const thread = new Thread(file);
  const caught = await huntOne(options, mutant, { thread, bug: null, clean });
  await thread.end();
  await rm(file);
  return caught;
}

type Place = { readonly thread: Thread; readonly bug: string | null; readonly clean: Thread };

async function huntOne({ runs, seed }: Hunt, { id }: Mutant, { thread, bug, clean }: Place): Promise<Catch> {
  const { failures } = await thread.run({ from: seed, runs, isToStopAtFirst: true, bug });
  const [first] = failures;
  if (first) await checkClean(clean, id, first);
  return {
    id,
    afterRuns: first ? first.seed - seed + 1 : null,
    how: (first?.violations[0] ?? '').slice(0, 200),
  };
}

/** A seed that fails without any planted bug too has caught nothing. */
async function checkClean(thread: Thread, id: string, { seed }: Failure): Promise<void> {
  const { failures } = await thread.run({ from: seed, runs: 1, isToStopAtFirst: false, bug: null });
  if (failures.length > 0) throw new Error(`seed ${seed} fails without ${id} too`);
}
