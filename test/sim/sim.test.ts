import { describe, expect, it } from 'vitest';
import { runOnce } from './run.ts';
import kept from './seeds.json' with { type: 'json' };

const runs = 200;

describe('the simulation', () => {
  it.each(kept.seeds)('seed %i, which once found a fault, finds none', async (seed) => {
    expect((await runOnce({ seed })).violations).toEqual([]);
  });

  it(`${runs} seeds break nothing`, async () => {
    const failed: Record<number, readonly string[]> = {};
    let tasks = 0;
    let lives = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const result = await runOnce({ seed });
      tasks += result.tasks;
      lives += result.lives;
      if (result.violations.length > 0) failed[seed] = result.violations;
    }
    expect(failed).toEqual({});
    // A quiet simulation proves nothing.
    expect(tasks).toBeGreaterThan(runs * 10);
    expect(lives).toBeGreaterThan(runs * 1.5);
  }, 240_000);

  it('repeats a seed to the last word', async () => {
    const [first, second] = [await runOnce({ seed: 5 }), await runOnce({ seed: 5 })];
    expect(second.trace).toEqual(first.trace);
    expect(first.trace.length).toBeGreaterThan(50);
  });
});
