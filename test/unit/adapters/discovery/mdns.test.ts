import dnsPacket, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MdnsHears, MdnsSource } from '../../../../electron/adapters/discovery/mdns.ts';
import { MdnsRecords, type Question } from '../../../../electron/adapters/discovery/mdns-records.ts';
import type { Seen } from '../../../../electron/adapters/discovery/source.ts';
import { until } from '../../../support/wait.ts';

const ptr = (name: string, data: string, ttl = 120): Answer => ({ type: 'PTR', name, data, ttl });
const srv = (name: string, target: string, port: number): Answer => ({
  type: 'SRV',
  name,
  data: { target, port },
});
const a = (name: string, data: string, ttl = 120): Answer => ({ type: 'A', name, data, ttl });
const txt = (name: string, ...data: string[]): Answer => ({
  type: 'TXT',
  name,
  data: data.map((each) => Buffer.from(each)),
});

const ssh = 'Attic Pi._ssh._tcp.local';
const whole = [ptr('_ssh._tcp.local', ssh), srv(ssh, 'Pi.local', 22), a('Pi.local', '192.168.1.5')];

/** null = what multicast-dns throws away. */
function decoded(bytes: Buffer): dnsPacket.Packet | null {
  try {
    return dnsPacket.decode(bytes);
  } catch {
    return null;
  }
}

describe('records of multicast DNS', () => {
  it('make a machine of one packet', () => {
    const { seen } = new MdnsRecords().take(whole, '192.168.1.5');
    expect(seen).toEqual([
      {
        key: ssh.toLowerCase(),
        label: 'Attic Pi',
        address: '192.168.1.5',
        claims: ['192.168.1.5'],
        names: ['pi.local'],
        mac: null,
        model: null,
        services: ['_ssh._tcp'],
        ports: [{ port: 22, state: 'said', banner: null }],
      },
    ]);
  });

  it('make the same machine of packets in any order', () => {
    const model = txt('Attic Pi._device-info._tcp.local', 'osxvers=19', 'model=RackMac');
    // A place or words of a service that nobody has named are asked for again, so the pointer comes first here.
    const rest = fc.shuffledSubarray([...whole.slice(1), model], { minLength: 3 });
    fc.assert(
      fc.property(rest, (order) => {
        const records = new MdnsRecords();
        let last: Seen | undefined;
        for (const record of [whole[0], ...order]) {
          last = record === undefined ? last : (records.take([record], '192.168.1.5').seen.at(-1) ?? last);
        }
        expect(last).toMatchObject({ address: '192.168.1.5', model: 'RackMac', names: ['pi.local'] });
        expect(records.openQuestions()).toEqual([]);
      }),
    );
  });

  it('say what is still to be asked', () => {
    const records = new MdnsRecords();
    records.take([ptr('_ssh._tcp.local', ssh)], '192.168.1.5');
    expect(records.openQuestions().map(({ type }) => type)).toEqual(['SRV', 'TXT']);
    records.take([srv(ssh, 'pi.local', 22)], '192.168.1.5');
    expect(records.openQuestions().map(({ name, type }) => `${type} ${name}`)).toContain('AAAA pi.local');
  });

  it('do not put a machine where it was only heard from', () => {
    const { seen } = new MdnsRecords().take(whole, '192.168.1.1');
    expect(seen[0]).toMatchObject({ address: null, claims: ['192.168.1.5'] });
  });

  it('let nobody take over the address of another', () => {
    const records = new MdnsRecords();
    records.take(whole, '192.168.1.5');
    const { seen } = records.take(
      [a('pi.local', '192.168.1.5', 0), a('pi.local', '192.168.1.9')],
      '192.168.1.66',
    );
    expect(seen[0]).toMatchObject({ address: '192.168.1.5', claims: ['192.168.1.5', '192.168.1.9'] });
  });

  it('tell when a service says good-bye', () => {
    const records = new MdnsRecords();
    records.take(whole, '192.168.1.5');
    expect(records.take([ptr('_ssh._tcp.local', ssh, 0)], '192.168.1.5')).toEqual({
      seen: [],
      gone: [ssh.toLowerCase()],
    });
  });

  it('have the hardware address in the name of a workstation', () => {
    const { seen } = new MdnsRecords().take(
      [ptr('_workstation._tcp.local', 'pi [b8:27:eb:01:02:03]._workstation._tcp.local')],
      '192.168.1.5',
    );
    expect(seen[0]).toMatchObject({ label: 'pi', mac: 'b8:27:eb:01:02:03', services: ['_workstation._tcp'] });
  });

  it('believe the name of an address only of who has it', () => {
    const records = new MdnsRecords();
    const name = ptr('5.1.168.192.in-addr.arpa', 'Pi.local');
    expect(records.take([name], '192.168.1.6').seen).toEqual([]);
    expect(records.take([name], '192.168.1.5').seen).toEqual([
      { key: 'address 192.168.1.5', address: '192.168.1.5', names: ['pi.local'] },
    ]);
  });

  it('hold no more than they may, and never throw, whatever a stranger sends', () => {
    const records = new MdnsRecords();
    for (let at = 0; at < 3000; at += 1) {
      records.take(
        [ptr('_ssh._tcp.local', `n${at}._ssh._tcp.local`), a(`n${at}.local`, '192.168.1.5')],
        '192.168.1.5',
      );
    }
    expect(records.openQuestions().length).toBeLessThanOrEqual(2 * 1024);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const packet = decoded(Buffer.from(bytes));
        if (packet === null) return;
        records.take([...(packet.answers ?? []), ...(packet.additionals ?? [])], '192.168.1.5');
      }),
      { numRuns: 2000 },
    );
  });

  it('survive every damage to a true packet', () => {
    const bytes = dnsPacket.encode({ type: 'response', answers: [...whole, txt(ssh, 'model=x')] });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        const answers = decoded(damaged)?.answers ?? [];
        const { seen, gone } = new MdnsRecords().take(answers, '192.168.1.5');
        expect(seen.length + gone.length).toBeLessThanOrEqual(answers.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the source of multicast DNS', () => {
  function start(places: readonly string[] = ['192.168.1.2']) {
    const asked: Question[] = [];
    const ears: MdnsHears[] = [];
    let open = 0;
    const source = new MdnsSource({
      places: () => places,
      isNear: (address) => /^(192\.168\.1\.|fe80::)/.test(address),
      open: (_card, hears) => {
        ears.push(hears);
        open += 1;
        return { ask: (questions) => void asked.push(...questions), close: () => void (open -= 1) };
      },
      askAtMs: [1],
      pauseMs: 2,
    });
    const seen: Seen[] = [];
    const gone: string[] = [];
    const names: Seen[] = [];
    const nothing = () => undefined;
    source.names = { seen: (what) => names.push(what), gone: nothing, progress: nothing };
    const stop = new AbortController();
    const sink = {
      seen: (what: Seen) => seen.push(what),
      gone: (key: string) => gone.push(key),
      progress: nothing,
    };
    return {
      source,
      asked,
      ears,
      seen,
      gone,
      names,
      stop,
      open: () => open,
      end: source.run(sink, stop.signal),
    };
  }

  it('asks for the services, then for what is missing of an answer', async () => {
    const { asked, ears, seen, stop, end, open } = start();
    await until(() => asked.length >= 4, { what: 'the first questions were asked' });
    expect(asked.slice(0, 4).map(({ name }) => name)).toEqual([
      '_ssh._tcp.local',
      '_sftp-ssh._tcp.local',
      '_workstation._tcp.local',
      '_device-info._tcp.local',
    ]);
    ears[0]?.records([ptr('_ssh._tcp.local', ssh)], '192.168.1.5');
    await until(() => asked.some(({ type, name }) => type === 'SRV' && name === ssh.toLowerCase()), {
      what: 'the place was asked for',
    });
    expect(seen).toHaveLength(1);
    stop.abort();
    expect(await end).toBeNull();
    expect(open()).toBe(0);
  });

  it('does not hear who is on no network of this computer', async () => {
    const { ears, seen, stop, end } = start();
    ears[0]?.records(whole, '203.0.113.9');
    stop.abort();
    await end;
    expect(seen).toEqual([]);
  });

  it('hears IPv6, and knows on which card a link-local address is', async () => {
    const { ears, seen, stop, end } = start(['192.168.1.2', '::%eth0']);
    const aaaa: Answer = { type: 'AAAA', name: 'pi.local', data: 'FE80:0:0::5' };
    ears[0]?.records([...whole, aaaa], '192.168.1.5');
    expect(seen.at(-1)).toMatchObject({ address: '192.168.1.5', claims: ['192.168.1.5'] });
    ears[1]?.records([...whole, aaaa], 'fe80::5%eth0');
    expect(seen.at(-1)).toMatchObject({ address: '192.168.1.5', claims: ['192.168.1.5', 'fe80::5%eth0'] });
    stop.abort();
    await end;
  });

  it('asks each thing a few times only, and nothing that fits into no packet', async () => {
    const { source, asked, names, ears, stop, end } = start();
    const long = `${'x'.repeat(70)}._ssh._tcp.local`;
    ears[0]?.records([ptr('_ssh._tcp.local', long), ptr('_ssh._tcp.local', ssh)], '192.168.1.5');
    source.askName('192.168.1.5');
    source.askName('fe80::1%eth0');
    await until(() => asked.filter(({ type }) => type === 'SRV').length === 3, {
      what: 'it has asked three times',
    });
    await until(() => asked.some(({ name }) => name === '5.1.168.192.in-addr.arpa'), {
      what: 'the name was asked for',
    });
    expect(asked.some(({ name }) => name.includes('xxx'))).toBe(false);
    ears[0]?.records([ptr('5.1.168.192.in-addr.arpa', 'pi.local')], '192.168.1.5');
    expect(names).toEqual([{ key: 'address 192.168.1.5', address: '192.168.1.5', names: ['pi.local'] }]);
    stop.abort();
    await end;
    expect(asked.filter(({ type }) => type === 'SRV')).toHaveLength(3);
  });

  it('says so when no card can be listened to', async () => {
    const { ears, asked, end } = start(['192.168.1.2', '10.0.0.2']);
    ears[0]?.failed('bind EADDRINUSE');
    ears[0]?.failed('bind EADDRINUSE');
    await until(() => asked.length > 0, { what: 'the other goes on' });
    ears[1]?.failed('bind EADDRINUSE');
    expect(await end).toMatchObject({ reason: 'mdns-unavailable', detail: 'bind EADDRINUSE' });
    expect(await start([]).end).toMatchObject({ reason: 'network-down' });
  });
});
