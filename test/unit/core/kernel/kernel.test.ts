import { describe, expect, it } from 'vitest';
import { assert, must, unreachable } from '../../../../electron/core/kernel/assert.ts';
import { backoffMs, earliest, isDue } from '../../../../electron/core/kernel/deadlines.ts';
import { createRandom, nextRandom } from '../../../../electron/core/kernel/random.ts';

describe('the random stream', () => {
  it('repeats from the same seed and differs from another', () => {
    const take = (seed: number): number[] => Array.from({ length: 5 }, createRandom(seed));
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('stays within [0, 1) and is spread evenly', () => {
    const random = createRandom(3);
    const values = Array.from({ length: 20_000 }, random);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeGreaterThan(0.49);
    expect(mean).toBeLessThan(0.51);
  });

  it('is one number of state', () => {
    const first = nextRandom(1);
    expect(nextRandom(first.state)).toEqual(nextRandom(first.state));
  });
});

describe('deadlines', () => {
  it('earliest ignores what never comes', () => {
    expect(earliest([null, 5, 3, null])).toBe(3);
    expect(earliest([])).toBeNull();
  });
  it('is due at its very moment, and never when there is none', () => {
    expect([isDue(10, 9), isDue(10, 10), isDue(null, 10)]).toEqual([false, true, false]);
  });
  it('back-off doubles up to its cap and survives any number of failures', () => {
    expect([0, 1, 2, 6, 500].map((attempt) => backoffMs(attempt, 250, 15_000))).toEqual([
      250, 500, 1000, 15_000, 15_000,
    ]);
  });
});

describe('assertions', () => {
  it('throw with the words that say what is broken', () => {
    expect(() => assert(false, 'two suns')).toThrow('broken invariant: two suns');
    expect(() => must(undefined, 'sun')).toThrow('no sun');
    expect(() => unreachable('moon' as never)).toThrow('unhandled "moon"');
    expect(must(0, 'number')).toBe(0);
  });
});
