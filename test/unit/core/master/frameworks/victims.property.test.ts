// Who ends so that something fits, against trying out every set: as few as can be said, and never for nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseVictims, type Victim } from '../../../../../electron/core/master/frameworks/victims.ts';

type Task = Victim & { readonly cpus: number; readonly mem: number };

const aCluster = fc
  .record({
    tasks: fc.array(
      fc.record({
        cpus: fc.integer({ min: 0, max: 4 }),
        mem: fc.integer({ min: 0, max: 4 }),
        level: fc.integer({ min: 0, max: 3 }),
        sinceMs: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 7 },
    ),
    wantedCpus: fc.integer({ min: 0, max: 14 }),
    wantedMem: fc.integer({ min: 0, max: 14 }),
  })
  .map(({ tasks, ...wanted }) => ({
    ...wanted,
    tasks: tasks.map((task, at): Task => ({ ...task, id: `t${at}` })),
  }));

function subsetsOf(tasks: readonly Task[]): Task[][] {
  return Array.from({ length: 2 ** tasks.length }, (_, mask) =>
    tasks.filter((_task, at) => (mask >> at) & 1),
  );
}

describe('victims', () => {
  it('are enough, of the lowest level that is, none of them could stay, and one or two when one or two are enough', () => {
    fc.assert(
      fc.property(aCluster, ({ tasks, wantedCpus, wantedMem }) => {
        const fits = (some: readonly Task[]): boolean =>
          some.reduce((sum, { cpus }) => sum + cpus, 0) >= wantedCpus &&
          some.reduce((sum, { mem }) => sum + mem, 0) >= wantedMem;
        const chosen = chooseVictims(tasks, fits);
        const enough = subsetsOf(tasks).filter(fits);
        if (chosen === null) {
          expect(enough).toEqual([]);
          return;
        }
        const levelOf = (some: readonly Task[]): number => Math.max(-1, ...some.map(({ level }) => level));
        expect(fits(chosen)).toBe(true);
        expect(levelOf(chosen)).toBe(Math.min(...enough.map(levelOf)));
        for (const victim of chosen) expect(fits(chosen.filter((each) => each !== victim))).toBe(false);
        const lowest = enough.filter((some) => levelOf(some) <= levelOf(chosen));
        const least = Math.min(...lowest.map(({ length }) => length));
        if (least <= 2) expect(chosen).toHaveLength(least);
      }),
      { numRuns: 3000 },
    );
  });

  it('are the same in whatever order the tasks are named', () => {
    fc.assert(
      fc.property(aCluster, ({ tasks, wantedCpus }) => {
        const fits = (some: readonly Task[]): boolean =>
          some.reduce((sum, { cpus }) => sum + cpus, 0) >= wantedCpus;
        expect(chooseVictims(tasks.toReversed(), fits)).toEqual(chooseVictims(tasks, fits));
      }),
      { numRuns: 500 },
    );
  });
});
