/** A machine that speaks multicast DNS, as Avahi would: its name, its address, that it has SSH, and what it is called by its address. */
import { createSocket } from 'node:dgram';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Answer } from 'dns-packet';
import multicastDns from 'multicast-dns';

type Say = (line: string) => void;

export function startMdns(name: string, address: string, say: Say): void {
  const reverse = `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  const mdns = multicastDns({ interface: address, bind: '0.0.0.0', loopback: false });
  const own: readonly Answer[] = [
    { type: 'A', name: `${name}.local`, data: address, ttl: 120 },
    { type: 'PTR', name: reverse, data: `${name}.local`, ttl: 120 },
  ];
  answer(mdns, [...serviceOf(name), ...own], say);
}

/** The same over IPv6 alone, with the link-local address of the card that has this address. */
export function startMdns6(name: string, address: string, say: Say): void {
  const { iface, info } = linkLocalBeside(address);
  const mdns = multicastDns({
    type: 'udp6',
    ip: 'ff02::fb',
    interface: `::%${iface}`,
    bind: '::',
    socket: createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true }),
    loopback: false,
  });
  const own: Answer = { type: 'AAAA', name: `${name}.local`, data: info.address, ttl: 120 };
  answer(mdns, [...serviceOf(name), own], say);
}

function serviceOf(name: string): Answer[] {
  const service = `${name}._ssh._tcp.local`;
  return [
    { type: 'PTR', name: '_ssh._tcp.local', data: service, ttl: 120 },
    { type: 'SRV', name: service, data: { target: `${name}.local`, port: 22 }, ttl: 120 },
    { type: 'TXT', name: `${name}._device-info._tcp.local`, data: [Buffer.from('model=RackMac')], ttl: 120 },
  ];
}

function linkLocalBeside(address: string): { readonly iface: string; readonly info: NetworkInterfaceInfo } {
  for (const [iface, infos = []] of Object.entries(networkInterfaces())) {
    const info = infos.find((each) => each.address.startsWith('fe80:'));
    if (info !== undefined && infos.some((each) => each.address === address)) return { iface, info };
  }
  throw new Error(`the card of ${address} has no link-local address`);
}

function answer(mdns: multicastDns.MulticastDNS, records: readonly Answer[], say: Say): void {
  mdns.on('query', ({ questions }, { address: from }) => {
    for (const question of questions ?? []) {
      say(`query ${question.type} ${question.name} from ${from}`);
      // One record an answer: that they are put together is the other side's work.
      const fitting = records.filter(({ type, name }) => type === question.type && name === question.name);
      if (fitting.length > 0) mdns.respond(fitting);
    }
  });
  mdns.on('ready', () => say('listening'));
}
