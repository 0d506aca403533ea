import { describe, expect, it } from 'vitest';
import type { KnownHostKey } from '../../../../electron/contract/discovery.ts';
import { groupSightings } from '../../../../electron/core/discovery/groups.ts';
import { type RawSighting, sighting } from '../../../../electron/core/discovery/sighting.ts';

let made = 0;
const seen = (source: RawSighting['source'], part: Partial<RawSighting>) =>
  sighting({ source, key: String((made += 1)), atMs: 0, ...part });
const neighbour = (address: string, mac: string) => seen('neighbours', { address, mac });
const aKey = (fingerprint: string, mark: KnownHostKey['mark'] = 'key'): KnownHostKey => ({
  type: 'ssh-ed25519',
  fingerprint,
  port: 22,
  mark,
});

const pi = 'b8:27:eb:00:00:01';
const nas = '00:11:32:00:00:02';

const machines = (...all: ReturnType<typeof sighting>[]) => groupSightings(all).length;

describe('one machine', () => {
  it('is what answers for one address, and for one hardware address', () => {
    expect(
      machines(neighbour('10.0.0.5', pi), neighbour('fd00::5', pi), seen('probe', { address: '10.0.0.5' })),
    ).toBe(1);
  });

  it('is known by its name in mDNS and in the files of ssh', () => {
    const found = machines(
      neighbour('10.0.0.5', pi),
      seen('mdns', { address: '10.0.0.5', names: ['pi.local'] }),
      seen('ssh-config', { names: ['pi.local'] }),
      seen('known-hosts', { names: ['pi'], hostKeys: [aKey('SHA256:a')] }),
    );
    expect(found).toBe(1);
  });

  it('is taken together by its host key when nothing speaks against it', () => {
    const found = machines(
      seen('known-hosts', { names: ['attic'], hostKeys: [aKey('SHA256:a')] }),
      seen('known-hosts', { claims: ['10.0.0.5'], hostKeys: [aKey('SHA256:a')] }),
      neighbour('10.0.0.5', pi),
    );
    expect(found).toBe(1);
  });
});

describe('two machines', () => {
  it('stay two when one says that it has the address or the name of the other', () => {
    const found = groupSightings([
      neighbour('10.0.0.5', pi),
      neighbour('10.0.0.6', nas),
      seen('mdns', { address: '10.0.0.5', names: ['nas.local'], claims: ['10.0.0.6'] }),
      seen('mdns', { address: '10.0.0.6', names: ['nas.local'] }),
    ]);
    expect(found).toHaveLength(2);
  });

  it('stay two with one host key, each with what known_hosts has for it, and each says so of the other', () => {
    const groups = groupSightings([
      neighbour('10.0.0.5', pi),
      neighbour('10.0.0.6', nas),
      seen('known-hosts', { claims: ['10.0.0.5'], hostKeys: [aKey('SHA256:a')] }),
      seen('known-hosts', { claims: ['10.0.0.6'], hostKeys: [aKey('SHA256:a')] }),
    ]);
    const [one, other] = groups;
    const places = groups.map(({ sightings }) =>
      sightings.flatMap(({ address, claims }) => address ?? claims),
    );
    expect(places.sort()).toEqual([
      ['10.0.0.5', '10.0.0.5'],
      ['10.0.0.6', '10.0.0.6'],
    ]);
    expect(one?.sharesKeyWith).toEqual([other]);
    expect(other?.sharesKeyWith).toEqual([one]);
  });

  it('are not joined by an authority that has signed the keys of both', () => {
    const both = machines(
      seen('known-hosts', { names: ['one.lab'], hostKeys: [aKey('SHA256:ca', 'authority')] }),
      seen('known-hosts', { names: ['two.lab'], hostKeys: [aKey('SHA256:ca', 'authority')] }),
    );
    expect(both).toBe(2);
  });

  it('are not joined by an address that known_hosts still has from another time', () => {
    const old = seen('known-hosts', {
      names: ['nas.local'],
      claims: ['10.0.0.5'],
      hostKeys: [aKey('SHA256:a')],
    });
    const groups = groupSightings([
      neighbour('10.0.0.5', pi),
      neighbour('10.0.0.6', nas),
      seen('mdns', { address: '10.0.0.6', names: ['nas.local'] }),
      old,
    ]);
    expect(groups).toHaveLength(2);
    const holder = groups.find(({ sightings }) => sightings.includes(old));
    expect(holder?.sightings.some(({ mac }) => mac === nas)).toBe(true);
  });

  it('share a short name with a third that is known by nothing else, which then is neither', () => {
    const found = machines(
      neighbour('10.0.0.5', pi),
      seen('mdns', { address: '10.0.0.5', names: ['box.local'] }),
      neighbour('10.0.0.6', nas),
      seen('names', { address: '10.0.0.6', names: ['box.lab'] }),
      seen('known-hosts', { names: ['box'] }),
    );
    expect(found).toBe(3);
  });
});

describe('a hardware address that is no machine', () => {
  it('is that of a router that answers for a whole network', () => {
    const all = [1, 2, 3, 4, 5, 6].map((last) => neighbour(`10.0.0.${last}`, pi));
    expect(machines(...all)).toBe(6);
  });

  it('is one that wanders between routers', () => {
    const shared = '00:00:5e:00:01:0a';
    expect(machines(neighbour('10.0.0.1', shared), neighbour('10.0.0.2', shared))).toBe(2);
  });

  it('is one that a machine only says it has', () => {
    const found = machines(
      seen('mdns', { address: '10.0.0.5', mac: nas, names: ['pi.local'] }),
      neighbour('10.0.0.5', pi),
      neighbour('10.0.0.6', nas),
    );
    expect(found).toBe(2);
  });
});
