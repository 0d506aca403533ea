import type { NetworkInterfaceInfo } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNumber, ipOf, isPrivate, toNumber } from '../../../../electron/adapters/discovery/addresses.ts';
import {
  addressesOf,
  attachedNetworks,
  cardsAt,
  isAttached,
  multicastPlaces,
  ownAddresses,
} from '../../../../electron/adapters/discovery/networks.ts';

const card = (cidr: string, internal = false): NetworkInterfaceInfo => {
  const [address = ''] = cidr.split('/');
  const rest = { address, cidr, internal, mac: '02:00:00:00:00:01', netmask: '' };
  return address.includes(':') ? { ...rest, family: 'IPv6', scopeid: 0 } : { ...rest, family: 'IPv4' };
};
const home = {
  lo: [card('127.0.0.1/8', true), card('::1/128', true)],
  docker0: [card('172.17.0.1/16')],
  eth0: [card('192.168.1.2/24'), card('fe80::2/64'), card('fd00::2/64')],
  wan: [card('203.0.113.9/24')],
  ppp0: [card('10.8.0.2/32')],
  corp: [{ ...card('10.9.0.2/24'), mac: '00:00:00:00:00:00' }],
};

describe('networks that can be probed', () => {
  it('are the private ones of this computer, real cards first', () => {
    expect(attachedNetworks(home)).toEqual([
      { network: '192.168.1.0/24', iface: 'eth0', addresses: 253, partOf: null, isVirtual: false },
      {
        network: '172.17.0.0/22',
        iface: 'docker0',
        addresses: 1021,
        partOf: '172.17.0.0/16',
        isVirtual: true,
      },
    ]);
  });

  it('are asked whole, but for their ends and this computer', () => {
    const answer = addressesOf('192.168.1.0/24', home);
    const asked = answer.ok ? answer.value : [];
    expect(asked).toHaveLength(253);
    for (const never of ['192.168.1.0', '192.168.1.2', '192.168.1.255']) expect(asked).not.toContain(never);
  });

  it.each([
    ['192.168.2.0/24', 'network-not-attached'],
    ['203.0.113.0/24', 'network-not-attached'],
    ['127.0.0.0/24', 'network-not-attached'],
    ['192.168.0.0/23', 'network-not-attached'],
    ['172.17.0.0/16', 'network-too-large'],
    ['172.17.0.0/21', 'network-too-large'],
    ['10.8.0.0/24', 'network-not-attached'],
    ['10.9.0.0/24', 'network-not-attached'],
    ['192.168.1.0/31', 'network-not-attached'],
    ['192.168.1.0', 'network-not-attached'],
    ['192.168.1.0/', 'network-not-attached'],
    ['192.168.1.0/24/24', 'network-not-attached'],
    ['fd00::/120', 'network-not-attached'],
    ['0.0.0.0/0', 'network-too-large'],
    ['$(reboot)/24', 'network-not-attached'],
  ])('%s is refused: %s', (network, reason) => {
    const answer = addressesOf(network, home);
    expect(answer.ok ? answer.value : answer.refusal.reason).toBe(reason);
  });

  it('never lead to an address outside, whatever is asked', () => {
    const asked = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 40 })).map(([ip, bits]) => `${ip}/${bits}`);
    const near = fc
      .tuple(
        fc.constantFrom('192.168.1.', '172.17.3.', '172.17.250.'),
        fc.nat(255),
        fc.integer({ min: 20, max: 32 }),
      )
      .map(([start, last, bits]) => `${start}${last}/${bits}`);
    fc.assert(
      fc.property(fc.oneof(asked, near), (network) => {
        const answer = addressesOf(network, home);
        if (!answer.ok) return;
        expect(answer.value.length).toBeLessThanOrEqual(1024);
        const bits = Number(network.split('/')[1]);
        const start = Math.floor(toNumber(network.split('/')[0] ?? '') / 2 ** (32 - bits)) * 2 ** (32 - bits);
        const asNumbers = answer.value.map(toNumber);
        const [first = '', last = ''] = [answer.value[0], answer.value.at(-1)];
        expect([first, last].map((address) => isPrivate(address) && isAttached(address, home))).toEqual([
          true,
          true,
        ]);
        // Ascending, so that nothing lies outside of the two.
        expect(asNumbers.every((value, at) => at === 0 || value > (asNumbers[at - 1] ?? 0))).toBe(true);
        expect(toNumber(first)).toBeGreaterThan(start);
        expect(toNumber(last)).toBeLessThan(start + 2 ** (32 - bits) - 1);
      }),
      { numRuns: 2000 },
    );
  });

  it('can be a part, whose ends are asked when they are no ends of the whole', () => {
    const answer = addressesOf('172.17.1.0/24', home);
    expect(answer.ok && answer.value.length).toBe(254);
  });

  it('know this computer', () => {
    expect([...ownAddresses(home)]).toEqual([
      '172.17.0.1',
      '192.168.1.2',
      'fe80::2%eth0',
      'fd00::2',
      '203.0.113.9',
      '10.8.0.2',
      '10.9.0.2',
    ]);
    expect(multicastPlaces(home)).toEqual([
      '172.17.0.1',
      '192.168.1.2',
      '::%eth0',
      '203.0.113.9',
      '10.8.0.2',
    ]);
    expect(cardsAt('192.168.1.77', home)).toMatchObject([{ iface: 'eth0', own: '192.168.1.2' }]);
    expect(cardsAt('10.9.0.3', home)).toEqual([]);
  });
});

it.each([
  ['192.168.1.77', true],
  ['192.168.2.77', false],
  ['203.0.113.10', false],
  ['10.9.0.3', false],
  ['fe80::77%eth0', true],
  ['fd00::77', true],
  ['fd00:0:0:1::77', false],
  ['2001:db8::1', false],
])('%s is on a network of this computer: %s', (address, expected) => {
  expect(isAttached(address, home)).toBe(expected);
});

describe('an address', () => {
  it.each([
    ['192.168.1.5', '192.168.1.5'],
    ['010.0.0.1', null],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['fe80::1', null],
    ['fe80::1%$(id)', null],
    ['127.0.0.1', null],
    ['::1', null],
    ['0.0.0.0', null],
    ['224.0.0.251', null],
    ['255.255.255.255', null],
    ['ff02::fb', null],
    ['nas.local', null],
    ['', null],
  ])('%s is %s', (text, address) => {
    expect(ipOf(text)).toBe(address);
  });

  it('of four bytes is a number and back', () => {
    fc.assert(fc.property(fc.ipV4(), (ip) => fromNumber(toNumber(ip)) === ip));
  });
});
