/** A machine that speaks multicast DNS, as Avahi would: its name, its address, that it has SSH, and what it is called by its address. */
import type { Answer } from 'dns-packet';
import multicastDns from 'multicast-dns';

type Say = (line: string) => void;

export function startMdns(name: string, address: string, say: Say): void {
  const host = `${name}.local`;
  const service = `${name}._ssh._tcp.local`;
  const reverse = `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  const records: readonly Answer[] = [
    { type: 'PTR', name: '_ssh._tcp.local', data: service, ttl: 120 },
    { type: 'SRV', name: service, data: { target: host, port: 22 }, ttl: 120 },
    { type: 'TXT', name: `${name}._device-info._tcp.local`, data: [Buffer.from('model=RackMac')], ttl: 120 },
    { type: 'A', name: host, data: address, ttl: 120 },
    { type: 'PTR', name: reverse, data: host, ttl: 120 },
  ];
  const mdns = multicastDns({ interface: address, bind: '0.0.0.0', loopback: false });
  mdns.on('query', ({ questions }, { address: from }) => {
    for (const question of questions ?? []) {
      say(`query ${question.type} ${question.name} from ${from}`);
      // One record an answer: that they are put together is the other side's work.
      const fitting = records.filter(
        (record) => record.type === question.type && record.name === question.name,
      );
      if (fitting.length > 0) mdns.respond(fitting);
    }
  });
  mdns.on('ready', () => say('listening'));
}
