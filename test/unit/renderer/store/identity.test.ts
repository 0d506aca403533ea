// @vitest-environment node
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hueCount, Identities, patternCount } from '../../../../renderer/store/identity.ts';

it('gives a name the same hue and pattern for ever', () => {
  const identities = new Identities();
  const first = identities.of('train-17');
  for (let i = 0; i < 50; i += 1) identities.of(`other-${i}`);
  expect(identities.of('train-17')).toBe(first);
});

it('gives a first name the same identity in every session', () => {
  expect(new Identities().of('web')).toEqual(new Identities().of('web'));
});

it('keeps twelve names apart, and spreads any number evenly', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 60 }), (names) => {
      const identities = new Identities();
      const uses = new Map<number, number>();
      for (const name of names) {
        const { hue, pattern } = identities.of(name);
        expect(hue).toBeLessThan(hueCount);
        expect(pattern).toBeLessThan(patternCount);
        uses.set(hue, (uses.get(hue) ?? 0) + 1);
      }
      expect(Math.max(...uses.values())).toBe(Math.ceil(names.length / hueCount));
    }),
  );
});
