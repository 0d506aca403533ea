import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNumber } from '../../../../electron/adapters/discovery/addresses.ts';
import {
  leadsTo,
  parseNetstat,
  parseProcRoute,
  type Route,
} from '../../../../electron/adapters/discovery/routes.ts';

/** A desk with a card, a VPN that has half of the card's network, and a machine that is reached by another. */
const linux = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
eth0	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
wlan0	0001A8C0	00000000	0001	0	0	600	00FFFFFF	0	0	0
tun0	8001A8C0	00000000	0001	0	0	50	80FFFFFF	0	0	0
eth0	0901A8C0	0301A8C0	0007	0	0	0	FFFFFFFF	0	0	0
*	0A01A8C0	00000000	0205	0	0	0	FFFFFFFF	0	0	0
eth0	0B01A8C0	0301A8C0	0006	0	0	0	FFFFFFFF	0	0	0
torn line
`;
const mac = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
default            link#21            UCSIg               utun3
127                127.0.0.1          UCS                   lo0
192.168.1          link#6             UCS                   en0      !
192.168.1.9/32     192.168.1.3        UGSc                  en0
192.168.1.128/25   10.8.0.1           UGSc                utun3
192.168.1.21       b8:27:eb:20:31:7a  UHLWIi                en0   1155
172.16             link#9             UC                    en1
`;

const said = (routes: readonly Route[]) =>
  routes.map(
    ({ first, prefix, iface, isIndirect }) =>
      `${fromNumber(first)}/${prefix} ${isIndirect ? 'by' : 'on'} ${iface}`,
  );

describe('routes', () => {
  it('are read from /proc/net/route, but for those that are down', () => {
    expect(said(parseProcRoute(linux))).toEqual([
      '0.0.0.0/0 by eth0',
      '192.168.1.0/24 on eth0',
      '192.168.1.0/24 on wlan0',
      '192.168.1.128/25 on tun0',
      '192.168.1.9/32 by eth0',
      '192.168.1.10/32 by *',
    ]);
  });

  it('are read from netstat, with what it leaves away', () => {
    expect(said(parseNetstat(mac))).toEqual([
      '0.0.0.0/0 by en0',
      '0.0.0.0/0 on utun3',
      '127.0.0.0/8 on lo0',
      '192.168.1.0/24 on en0',
      '192.168.1.9/32 by en0',
      '192.168.1.128/25 by utun3',
      '192.168.1.21/32 on en0',
      '172.16.0.0/16 on en1',
    ]);
  });

  it('are none in a text that is something else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseProcRoute(`head\n${text}`)).toEqual([]);
      }),
    );
    expect(parseProcRoute('')).toEqual([]);
    expect(parseNetstat('netstat: no such family\n')).toEqual([]);
  });
});

describe.each([
  ['linux', parseProcRoute(linux), ['eth0']],
  ['mac', parseNetstat(mac), ['en0']],
])('an address of the network, on %s,', (_system, routes, cards) => {
  it.each([
    ['192.168.1.21', true, 'is on the cable'],
    ['192.168.1.9', false, 'is behind another machine'],
    ['192.168.1.200', false, 'is in the tunnel'],
    ['192.168.2.1', false, 'is behind the router'],
    ['8.8.8.8', false, 'is anywhere'],
    ['fd00::1', false, 'is of the other family'],
  ])('%s: %s, it %s', (address, expected) => {
    expect(leadsTo(cards, address, routes)).toBe(expected);
  });

  it('is on no cable that it does not belong to', () => {
    expect(leadsTo([], '192.168.1.21', routes)).toBe(false);
  });
});

it('the cheaper of two routes counts, and one that leads nowhere is none', () => {
  const routes = parseProcRoute(linux);
  expect(leadsTo(['wlan0'], '192.168.1.21', routes)).toBe(false);
  expect(
    leadsTo(
      ['wlan0'],
      '192.168.1.21',
      routes.filter(({ iface }) => iface !== 'eth0'),
    ),
  ).toBe(true);
  expect(leadsTo(['*', 'eth0'], '192.168.1.10', routes)).toBe(false);
  expect(leadsTo(['eth0'], '192.168.1.21', [])).toBe(false);
});
