// Who ends so that something fits, against trying out every set: as few as can be said, and never for nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseVictims,
  compareVictims,
  type Victim,
} from '../../../../../electron/core/master/frameworks/victims.ts';

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

/** Nobody has to stay, and nothing is known of what is missing. */
const anybody = { mayEnd: () => true, missing: [], gives: () => [] };
const sumBy = (some: readonly Task[], name: 'cpus' | 'mem'): number =>
  some.reduce((sum, task) => sum + task[name], 0);
const levelOf = (some: readonly Task[]): number => Math.max(-1, ...some.map(({ level }) => level));
const idsOf = (some: readonly Task[]): string[] => some.toSorted(compareVictims).map(({ id }) => id);

/** The rule, word for word: the least level, the fewest, the first in order. */
function firstOf(sets: readonly (readonly Task[])[], tasks: readonly Task[]): readonly Task[] | undefined {
  const order = tasks.toSorted(compareVictims).map(({ id }) => id);
  const places = (some: readonly Task[]): number[] => idsOf(some).map((id) => order.indexOf(id));
  return sets.toSorted((a, b) => {
    const [left, right] = [places(a), places(b)];
    const at = left.findIndex((place, index) => place !== right[index]);
    return levelOf(a) - levelOf(b) || a.length - b.length || (left[at] ?? 0) - (right[at] ?? 0);
  })[0];
}

describe('victims', () => {
  it('are the least important, of those the fewest, of those the first in order', () => {
    fc.assert(
      fc.property(aCluster, fc.integer({ min: 0, max: 14 }), fc.boolean(), (cluster, most, isKnown) => {
        const { tasks, wantedCpus, wantedMem } = cluster;
        const fits = (some: readonly Task[]): boolean =>
          sumBy(some, 'cpus') >= wantedCpus && sumBy(some, 'mem') >= wantedMem;
        // Those of the highest level are of another role, which keeps its share.
        const mayEnd = (some: readonly Task[]): boolean =>
          sumBy(
            some.filter(({ level }) => level === 3),
            'cpus',
          ) <= most;
        const missing = isKnown
          ? { missing: [wantedCpus, wantedMem], gives: ({ cpus, mem }: Task) => [cpus, mem] }
          : {};
        const chosen = chooseVictims(tasks, { ...anybody, fitsWithout: fits, mayEnd, ...missing });
        const enough = subsetsOf(tasks).filter((some) => fits(some) && mayEnd(some));
        const expected = firstOf(enough, tasks);
        expect(chosen && idsOf(chosen)).toEqual(expected ? idsOf(expected) : null);
      }),
      { numRuns: 3000 },
    );
  });

  it('are the one that is enough, though a younger one would keep it out of those that may end together', () => {
    const young: Task = { id: 'young', level: 0, sinceMs: 9, cpus: 1, mem: 0 };
    const old: Task = { id: 'old', level: 0, sinceMs: 1, cpus: 3, mem: 0 };
    const chosen = chooseVictims([young, old], {
      ...anybody,
      fitsWithout: (some) => sumBy(some, 'cpus') >= 3,
      mayEnd: (some) => sumBy(some, 'cpus') <= 3,
    });
    expect(chosen).toEqual([old]);
  });

  it('are found of very many in few questions, and none of them could stay', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 200 }),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        (sizes, wanted, isKnown) => {
          const tasks = sizes.map(
            (cpus, at): Task => ({ id: `t${at}`, level: 0, sinceMs: at % 7, cpus, mem: 0 }),
          );
          let questions = 0;
          const fitsWithout = (some: readonly Task[]): boolean => {
            questions += 1;
            return sumBy(some, 'cpus') >= wanted;
          };
          const missing = isKnown ? { missing: [wanted], gives: ({ cpus }: Task) => [cpus] } : {};
          const chosen = chooseVictims(tasks, { ...anybody, fitsWithout, ...missing });
          expect(questions).toBeLessThan(1000);
          expect(chosen === null).toBe(sumBy(tasks, 'cpus') < wanted);
          if (chosen === null) return;
          for (const victim of chosen) {
            const others = chosen.filter((each) => each !== victim);
            expect(sumBy(others, 'cpus')).toBeLessThan(wanted);
          }
          expect(sumBy(chosen, 'cpus')).toBeGreaterThanOrEqual(wanted);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are the same in whatever order the tasks are named', () => {
    fc.assert(
      fc.property(aCluster, ({ tasks, wantedCpus }) => {
        const fitsWithout = (some: readonly Task[]): boolean => sumBy(some, 'cpus') >= wantedCpus;
        const asking = { ...anybody, fitsWithout };
        expect(chooseVictims(tasks.toReversed(), asking)).toEqual(chooseVictims(tasks, asking));
      }),
      { numRuns: 500 },
    );
  });
});
