import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Group, groupSightings } from '../../../../electron/core/discovery/groups.ts';
import type { Sighting } from '../../../../electron/core/discovery/sighting.ts';
import { someSightings } from './some-sightings.ts';

const shapeOf = (groups: readonly Group[]) =>
  groups.map(({ sightings }) => sightings.map(({ source, key }) => `${source} ${key}`).sort()).sort();

const seenMacs = (sightings: readonly Sighting[]) =>
  new Set(sightings.flatMap(({ source, mac }) => (source === 'neighbours' && mac !== null ? [mac] : [])));

describe('which sightings are of one machine', () => {
  it('does not depend on the order in which they came', () => {
    fc.assert(
      fc.property(
        someSightings.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expect(shapeOf(groupSightings(shuffled))).toEqual(shapeOf(groupSightings(all)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps each sighting, once', () => {
    fc.assert(
      fc.property(someSightings, (all) => {
        const kept = groupSightings(all).flatMap(({ sightings }) => sightings);
        expect(kept).toHaveLength(all.length);
        expect(new Set(kept)).toEqual(new Set(all));
      }),
    );
  });

  it('never has one address that was seen on two cards', () => {
    fc.assert(
      fc.property(someSightings, (all) => {
        const owners = new Map<string, Group>();
        for (const group of groupSightings(all)) {
          for (const { address } of group.sightings) {
            if (address === null) continue;
            expect(owners.get(address) ?? group).toBe(group);
            owners.set(address, group);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lets no claim bring two network cards together that were seen apart', () => {
    const withoutClaims = (each: Sighting): Sighting => ({ ...each, claims: [], names: [], hostKeys: [] });
    fc.assert(
      fc.property(someSightings, (all) => {
        // What was seen may join them: one address that two network cards answered for.
        const bySight = groupSightings(all.map(withoutClaims)).map((group) => seenMacs(group.sightings));
        for (const group of groupSightings(all)) {
          const macs = seenMacs(group.sightings);
          if (macs.size > 1)
            expect(bySight.some((seen) => [...macs].every((mac) => seen.has(mac)))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
