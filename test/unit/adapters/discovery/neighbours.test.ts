import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Neighbour,
  parseArpAn,
  parseArpWindows,
  parseIpNeigh,
  parseNdpAn,
  parseProcArp,
} from '../../../../electron/adapters/discovery/neighbour-tables.ts';
import { neighbourSource } from '../../../../electron/adapters/discovery/neighbours.ts';
import type { Seen } from '../../../../electron/adapters/discovery/source.ts';

const mac = 'b8:27:eb:01:02:03';

describe('a neighbour table', () => {
  it('of Linux in /proc', () => {
    const text = [
      'IP address       HW type     Flags       HW address            Mask     Device',
      '192.168.1.5      0x1         0x2         b8:27:eb:01:02:03     *        eth0',
      '192.168.1.6      0x1         0x0         00:00:00:00:00:00     *        eth0',
      '224.0.0.251      0x1         0x2         01:00:5e:00:00:fb     *        eth0',
      '',
    ].join('\n');
    expect(parseProcArp(text)).toEqual([{ address: '192.168.1.5', mac, iface: 'eth0' }]);
  });

  it('of Linux by ip(8), both families', () => {
    const rows = [
      { dst: '192.168.1.5', dev: 'eth0', lladdr: mac, state: ['REACHABLE'] },
      { dst: '192.168.1.6', dev: 'eth0', state: ['FAILED'] },
      { dst: '192.168.1.7', dev: 'eth0', lladdr: mac, state: ['FAILED'] },
      { dst: 'fe80::ba27:ebff:fe01:203', dev: 'eth0', lladdr: mac, router: null, state: ['STALE'] },
      { dst: 'FD00::5', dev: 'eth0', lladdr: mac, state: ['STALE'] },
      { dst: 'ff02::fb', dev: 'eth0', lladdr: '33:33:00:00:00:fb', state: ['NOARP'] },
      7,
      null,
    ];
    expect(parseIpNeigh(JSON.stringify(rows))).toEqual([
      { address: '192.168.1.5', mac, iface: 'eth0' },
      { address: 'fe80::ba27:ebff:fe01:203%eth0', mac, iface: 'eth0' },
      { address: 'fd00::5', mac, iface: 'eth0' },
    ]);
    expect(parseIpNeigh('')).toBeNull();
    expect(parseIpNeigh('{}')).toBeNull();
  });

  it('of macOS', () => {
    const arp = [
      '? (192.168.1.5) at b8:27:eb:1:2:3 on en0 ifscope [ethernet]',
      '? (192.168.1.6) at (incomplete) on en0 ifscope [ethernet]',
      '? (192.168.1.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]',
    ].join('\n');
    expect(parseArpAn(arp)).toEqual([{ address: '192.168.1.5', mac, iface: 'en0' }]);
    const ndp = [
      'Neighbor                        Linklayer Address  Netif Expire    St Flgs Prbs',
      'fe80::1%en0                     b8:27:eb:1:2:3     en0   23h59m58s S  R',
      'fd00::7                         (incomplete)       en0   expired   N',
    ].join('\n');
    expect(parseNdpAn(ndp)).toEqual([{ address: 'fe80::1%en0', mac, iface: 'en0' }]);
  });

  it('of Windows, in any language', () => {
    const text = [
      '接口: 192.168.1.2 --- 0x8',
      '  Internet 地址         物理地址              类型',
      '  192.168.1.5           b8-27-eb-01-02-03     动态',
      '  224.0.0.251           01-00-5e-00-00-fb     静态',
    ].join('\r\n');
    expect(parseArpWindows(text)).toEqual([{ address: '192.168.1.5', mac, iface: '' }]);
  });

  it('is never more than text, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const parse of [parseProcArp, parseArpAn, parseNdpAn, parseArpWindows]) parse(text);
        parseIpNeigh(text);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the source of neighbours', () => {
  it('tells what is there, and what is there no more', async () => {
    const tables: (readonly Neighbour[])[] = [
      [
        { address: '192.168.1.5', mac, iface: 'eth0' },
        { address: '192.168.1.6', mac: 'b8:27:eb:01:02:04', iface: 'eth0' },
      ],
      [{ address: '192.168.1.5', mac, iface: 'eth0' }],
    ];
    const stop = new AbortController();
    const seen: Seen[] = [];
    const gone: string[] = [];
    const sink = {
      seen: (what: Seen) => seen.push(what),
      gone: (key: string) => gone.push(key),
      progress: () => {},
    };
    const read = () => {
      const table = tables.shift() ?? [];
      if (tables.length === 0) stop.abort();
      return Promise.resolve(table);
    };
    expect(await neighbourSource(read, 1)(sink, stop.signal)).toBeNull();
    expect(seen.map(({ address }) => address)).toEqual(['192.168.1.5', '192.168.1.6', '192.168.1.5']);
    expect(gone).toEqual(['eth0 192.168.1.6']);
  });

  it('says so when the table cannot be read', async () => {
    const sink = { seen: () => {}, gone: () => {}, progress: () => {} };
    const answer = await neighbourSource(() => Promise.resolve(null))(sink, new AbortController().signal);
    expect(answer?.reason).toBe('neighbours-unreadable');
  });
});
