import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vendorLines } from '../../../../build/steps/mac-vendors.mjs';
import { NamesSource, parseHosts } from '../../../../electron/adapters/discovery/names.ts';
import type { Seen } from '../../../../electron/adapters/discovery/source.ts';
import { loadVendors } from '../../../../electron/adapters/discovery/vendors.ts';
import { until } from '../../../support/wait.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesolite-names-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('names of addresses', () => {
  it('stand in the hosts file', () => {
    const text =
      '127.0.0.1 localhost\n192.168.1.5\tnas nas.lan # the big one\n#192.168.1.6 no\nFD00::5 six\nbad name\n';
    expect([...parseHosts(text)]).toEqual([
      ['192.168.1.5', ['nas', 'nas.lan']],
      ['fd00::5', ['six']],
    ]);
  });

  it('are asked of a near server only for near addresses, each once', async () => {
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, '192.168.1.5 nas\n');
    const asked: string[] = [];
    const isNear = (address: string) => address.startsWith('192.168.1.');
    const lookup = (address: string) => {
      asked.push(address);
      return address.endsWith('.7') ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(['nas.lab']);
    };
    const source = new NamesSource(isNear, () => Promise.resolve(lookup), hosts);
    const seen: Seen[] = [];
    const stop = new AbortController();
    const sink = { seen: (what: Seen) => seen.push(what), gone: () => undefined, progress: () => undefined };
    const end = source.run(sink, stop.signal);
    for (const address of ['192.168.1.7', '10.0.0.9', 'fd00::5', '192.168.1.5', '192.168.1.5'])
      source.ask(address);
    await until(() => seen.length === 2, { what: 'both names are told' });
    stop.abort();
    expect(await end).toBeNull();
    expect(asked).toEqual(['192.168.1.7', '192.168.1.5']);
    expect(seen).toEqual([
      { key: 'file 192.168.1.5', address: '192.168.1.5', names: ['nas'] },
      { key: 'asked 192.168.1.5', address: '192.168.1.5', names: ['nas.lab'] },
    ]);
  });

  it('are not asked for when no server is near', async () => {
    const source = new NamesSource(
      () => true,
      () => Promise.resolve(null),
      join(folder, 'missing'),
    );
    const stop = new AbortController();
    const nothing = () => expect.unreachable('there is nobody to ask');
    const end = source.run({ seen: nothing, gone: nothing, progress: nothing }, stop.signal);
    source.ask('192.168.1.5');
    stop.abort();
    expect(await end).toBeNull();
  });
});

describe('makers of network cards', () => {
  const registry = {
    B827EB: 'Raspberry Pi Foundation\nMitchell Wood House\nCambridge',
    '001132': 'Synology  Incorporated\nTaipei',
    '70B3D5': 'IEEE Registration Authority\nPiscataway',
    '70B3D5123': 'Small Maker GmbH\nBerlin',
    '0055DA7': 'Middle Maker\nOslo',
    FFFFFE: 'The last one',
    '000000': 'The first one',
  };

  it('are found by the longest prefix that fits', async () => {
    const file = join(folder, 'vendors.txt');
    writeFileSync(file, vendorLines(registry));
    const vendorOf = await loadVendors(file);
    expect(vendorOf('b8:27:eb:01:02:03')).toBe('Raspberry Pi Foundation');
    expect(vendorOf('00:11:32:01:02:03')).toBe('Synology Incorporated');
    expect(vendorOf('70:b3:d5:12:34:56')).toBe('Small Maker GmbH');
    expect(vendorOf('70:b3:d5:99:99:99')).toBe('IEEE Registration Authority');
    expect(vendorOf('00:55:da:71:02:03')).toBe('Middle Maker');
    expect(vendorOf('00:00:00:00:00:01')).toBe('The first one');
    expect(vendorOf('ff:ff:fe:00:00:01')).toBe('The last one');
    expect(vendorOf('aa:aa:aa:00:00:01')).toBeNull();
  });

  it('are not known when there is no table', async () => {
    const vendorOf = await loadVendors(join(folder, 'none'));
    expect(vendorOf('b8:27:eb:01:02:03')).toBeNull();
  });
});
