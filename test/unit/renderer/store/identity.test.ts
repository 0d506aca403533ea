// @vitest-environment node
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  hueCount,
  hueOfRole,
  Identities,
  identityOf,
  patternCount,
} from '../../../../renderer/store/identity.ts';

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

it('gives a role the hue of its name, whoever was seen before', () => {
  const before = ['prod', '*', 'eng/dev'].map(hueOfRole);
  for (let i = 0; i < 30; i += 1) {
    identityOf(`role prod-${i}`);
    hueOfRole(`other-${i}`);
  }
  expect(['prod', '*', 'eng/dev'].map(hueOfRole)).toEqual(before);
  fc.assert(
    fc.property(fc.string(), (role) => {
      expect(Number.isInteger(hueOfRole(role)) && hueOfRole(role) >= 0).toBe(true);
      expect(hueOfRole(role)).toBeLessThan(hueCount);
    }),
  );
});

it.each([
  [['*', 'prod', 'dev', 'test', 'staging', 'batch', 'ci', 'ops', 'eng', 'research', 'web', 'ml']],
  [['eng', 'eng/dev', 'eng/ml', 'lab', '*']],
  [['prod', 'production', 'development', '*']],
  [['team-a', 'team-b', 'team-c', '*']],
  [['media', 'home', 'backup', '*']],
  [['gpu', 'cpu', '*']],
])('keeps the roles apart that most clusters have: %j', (roles) => {
  expect(new Set(roles.map(hueOfRole)).size).toBe(roles.length);
});
