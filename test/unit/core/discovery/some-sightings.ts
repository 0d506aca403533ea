// Random sightings out of a small world, so that they meet: few addresses, few names, few keys.
import fc from 'fast-check';
import { findSources } from '../../../../electron/contract/discovery.ts';
import { type RawSighting, type Sighting, sighting } from '../../../../electron/core/discovery/sighting.ts';

const address = fc.integer({ min: 1, max: 9 }).map((last) => `10.0.0.${last}`);
const mac = fc.integer({ min: 1, max: 6 }).map((last) => `b8:27:eb:00:00:0${last}`);
const name = fc.constantFrom('nas', 'nas.local', 'gpu', 'gpu.local', 'gpu.lab', 'pi.local', 'pi');
const hostKey = fc.constantFrom('SHA256:a', 'SHA256:b', 'SHA256:c').map((fingerprint) => ({
  type: 'ssh-ed25519',
  fingerprint,
  port: 22,
  mark: 'key' as const,
}));

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 2 });

/** As the sources make them: only the neighbour table has seen a hardware address. */
const raw: fc.Arbitrary<Omit<RawSighting, 'key'>> = fc.record({
  source: fc.constantFrom(...findSources),
  atMs: fc.constant(1000),
  address: some(address),
  claims: fc.array(address, { maxLength: 2 }),
  mac: some(mac),
  names: fc.array(name, { maxLength: 2 }),
  label: some(fc.string({ unit: 'binary', maxLength: 300 })),
  model: some(fc.string({ unit: 'binary', maxLength: 300 })),
  hostKeys: fc.array(hostKey, { maxLength: 2 }),
});

export const someSightings: fc.Arbitrary<Sighting[]> = fc
  .array(raw, { maxLength: 14 })
  .map((all) => all.map((each, at) => sighting({ ...each, key: String(at) })));
