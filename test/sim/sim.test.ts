import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleAll, bundleSim, sourceOf } from './bundle.ts';
import { hunt } from './hunt.ts';
import { mutants } from './mutants/all.ts';
import { mutated } from './planting.ts';
import { runMany } from './pool.ts';
import { runOnce } from './run.ts';
import kept from './seeds.json' with { type: 'json' };
import type { Tally } from './tally.ts';

const runs = 600;
const threads = os.availableParallelism();
/** Of different kinds; `npm run sim -- --mutants` has them all. */
const some = ['ack-not-the-end', 'effects-before-commit', 'sleep-unnoticed', 'no-fit', 'unreachable-is-lost'];

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'mesolite-sim-'));
  file = path.join(folder, 'sim.mjs');
  await bundleSim(file);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const violationsOf = ({ failures }: Tally): Readonly<Record<number, readonly string[]>> =>
  Object.fromEntries(failures.map(({ seed, violations }) => [seed, violations]));

describe('the simulation', () => {
  it.each(kept.seeds)('seed %i, which once found a fault, finds none', async (seed) => {
    expect((await runOnce({ seed })).violations).toEqual([]);
  });

  it(`${runs} seeds break nothing`, async () => {
    const tally = await runMany({ file, from: 1, runs, threads });
    expect(violationsOf(tally)).toEqual({});
    // A quiet simulation proves nothing.
    expect(tally.runs).toBe(runs);
    expect(tally.events).toBeGreaterThan(runs * 30);
    expect(tally.tasks).toBeGreaterThan(runs * 2);
    expect(tally.lives).toBeGreaterThan(runs * 1.02);
    expect(tally.long).toBeGreaterThan(runs / 300);
  }, 200_000);

  it('says the same of the same seeds, however many threads share them', async () => {
    const [one, three] = await Promise.all(
      [1, 3].map((n) => runMany({ file, from: 1, runs: 60, threads: n })),
    );
    expect(three).toEqual(one);
  });

  it('repeats a seed to the last word', async () => {
    const [first, second] = [
      await runOnce({ seed: 5, isTraced: true }),
      await runOnce({ seed: 5, isTraced: true }),
    ];
    expect(second.trace).toEqual(first.trace);
    expect(first.trace.length).toBeGreaterThan(20);
  });
});

describe('planted bugs', () => {
  it('are at least thirty, each with a name of its own', () => {
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
    expect(mutants.length).toBeGreaterThanOrEqual(30);
  });

  it.each(mutants)('$id still fits the code', async (mutant) => {
    expect(mutated(await sourceOf(mutant), mutant)).not.toBe(await sourceOf(mutant));
  });

  it('that are out of date are an error', () => {
    const stale = { id: 'stale', file: 'x.ts', find: 'gone', replace: '', why: '' };
    expect(() => mutated('something else', stale)).toThrow(
      'mutant stale is out of date: found 0 times in x.ts',
    );
    expect(() => mutated('gone and gone', stale)).toThrow('found 2 times');
  });

  it('change nothing while none of them is on', async () => {
    const planted = path.join(folder, 'all.mjs');
    const alone = await bundleAll(planted, mutants);
    const [one, other] = await Promise.all(
      [file, planted].map((each) => runMany({ file: each, from: 1, runs: 60, threads: 1 })),
    );
    expect(other).toEqual(one);
    // Each of those costs a bundle and a cold thread.
    expect(alone.length).toBeLessThan(mutants.length / 10);
  });

  it('of some kinds are caught', async () => {
    const chosen = mutants.filter(({ id }) => some.includes(id));
    const caught = await hunt({
      ...{ mutants: chosen, runs: 500, seed: 1, threads, folder },
      onCatch: () => {},
    });
    expect(caught.filter(({ afterRuns }) => afterRuns !== null).map(({ id }) => id)).toEqual(
      [...some].sort(),
    );
  }, 120_000);
});
