// @vitest-environment node
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
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

/** As in a window that was just opened. */
async function freshRoles() {
  vi.resetModules();
  return import('../../../../renderer/store/identity.ts');
}

const roles = ['web', '*', 'nightly', 'build', 'research', 'research/vision', 'research/speech'];

it('gives twelve roles each a hue of its own, whichever is shown first', async () => {
  const one = await freshRoles();
  one.meetRoles(roles);
  const hues = roles.map(one.hueOfRole);
  expect(new Set(hues).size).toBe(roles.length);
  const other = await freshRoles();
  other.meetRoles(roles.toReversed());
  other.hueOfRole('web');
  expect(roles.map(other.hueOfRole)).toEqual(hues);
});

it('leaves a role its hue when others come, and the names of tasks do not matter', async () => {
  const { identityOf: ofTask, meetRoles, hueOfRole } = await freshRoles();
  for (let i = 0; i < 30; i += 1) ofTask(`build-${i}`);
  meetRoles(roles);
  const hues = roles.map(hueOfRole);
  meetRoles(['a', 'aa', ...roles]);
  expect(roles.map(hueOfRole)).toEqual(hues);
});
