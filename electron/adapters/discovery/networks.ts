// The private IPv4 networks that this computer is attached to, and which of their addresses a probe may ask. IPv6 is never
// swept: its networks are too large, and its neighbours are in the neighbour table.
import { BlockList, isIPv4 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { type AttachedNetwork, probeLimits } from '../../contract/discovery.ts';
import { ok, type Result, refuse } from '../../contract/errors.ts';
import { fromNumber, ipOf, isPrivate, toNumber } from './addresses.ts';

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

type Range = { readonly first: number; readonly size: number };
type Attached = Range & { readonly iface: string; readonly own: string; readonly prefix: number };

/** Container engines, hypervisors and VPNs, by the names that they give. */
const virtualName =
  /^(docker|br-|veth|virbr|vnet|lxc|lxd|podman|cni|flannel|cali|tap|zt|vmnet|vboxnet|bridge\d)/;

/** A tunnel, which no machine is attached to: what is sent into it goes on to somebody else's network. */
const noHardware = '00:00:00:00:00:00';

function attachedTo(interfaces: Interfaces): Attached[] {
  const found: Attached[] = [];
  for (const [iface, { address, cidr }] of realInfos(interfaces)) {
    const prefix = Number(cidr?.split('/')[1] ?? 32);
    // Two addresses are a cable between two ends, one is this computer's own.
    if (!isPrivate(address) || prefix > 30 || prefix < 8) continue;
    found.push({ iface, own: address, prefix, ...rangeOf(address, prefix) });
  }
  return found;
}

function rangeOf(address: string, prefix: number): Range {
  const size = 2 ** (32 - prefix);
  return { first: Math.floor(toNumber(address) / size) * size, size };
}

/** Real cards first. A network that is too large is offered as the part around this computer's own address. */
export function attachedNetworks(interfaces: Interfaces): AttachedNetwork[] {
  const leastPrefix = 32 - Math.log2(probeLimits.addresses);
  const networks = new Map<string, AttachedNetwork>();
  for (const { iface, own, prefix } of attachedTo(interfaces)) {
    const taken = Math.max(prefix, leastPrefix);
    const { first, size } = rangeOf(own, taken);
    const network = `${fromNumber(first)}/${taken}`;
    const partOf = taken === prefix ? null : `${fromNumber(rangeOf(own, prefix).first)}/${prefix}`;
    const isVirtual = virtualName.test(iface);
    if (!networks.has(network))
      networks.set(network, { network, iface, addresses: size - 3, partOf, isVirtual });
  }
  return [...networks.values()].sort((a, b) => Number(a.isVirtual) - Number(b.isVirtual));
}

/** The addresses that a probe of `network` asks: all of it but its ends and this computer's own. */
export function addressesOf(network: string, interfaces: Interfaces): Result<readonly string[]> {
  const [, base = '', bits = '32'] = /^([\d.]+)\/(\d{1,2})$/.exec(network) ?? [];
  const prefix = Number(bits);
  if (!isIPv4(base) || prefix > 30) {
    return refuse('invalid', 'network-not-attached', `${network} is no network`);
  }
  const { first, size } = rangeOf(base, prefix);
  if (size > probeLimits.addresses) {
    return refuse('invalid', 'network-too-large', `${network} has ${size} addresses`);
  }
  const attached = attachedTo(interfaces);
  const isWithin = attached.some((each) => first >= each.first && first + size <= each.first + each.size);
  if (!isWithin)
    return refuse('invalid', 'network-not-attached', `${network} is no private network of this computer`);
  // The ends of what was named, of the whole that it is a part of, and this computer.
  const never = new Set<number>([first, first + size - 1]);
  for (const each of attached) {
    never
      .add(toNumber(each.own))
      .add(each.first)
      .add(each.first + each.size - 1);
  }
  const all = Array.from({ length: size }, (_, at) => first + at).filter((each) => !never.has(each));
  return ok(all.map(fromNumber));
}

/** The cards whose private network it is on, each with this computer's own address there. */
export function cardsAt(
  address: string,
  interfaces: Interfaces,
): readonly { readonly iface: string; readonly own: string }[] {
  if (!isIPv4(address)) return [];
  const value = toNumber(address);
  return attachedTo(interfaces).filter(({ first, size }) => value >= first && value < first + size);
}

/** Whether it is on a network of this computer, a private one of IPv4: a machine that is heard without a router in between. */
export function isAttached(address: string, interfaces: Interfaces): boolean {
  if (isIPv4(address)) return cardsAt(address, interfaces).length > 0;
  // A link-local address is on the cable, or it is none.
  if (/^fe[89ab]/.test(address)) return true;
  const near = new BlockList();
  for (const { family, address: own, cidr } of realInfos(interfaces).map(([, info]) => info)) {
    if (family === 'IPv6') near.addSubnet(own, Number(cidr?.split('/')[1] ?? 128), 'ipv6');
  }
  return near.check(address, 'ipv6');
}

function realInfos(interfaces: Interfaces): (readonly [string, NetworkInterfaceInfo])[] {
  return Object.entries(interfaces).flatMap(([iface, infos]) =>
    (infos ?? [])
      .filter((info) => !info.internal && info.mac !== noHardware)
      .map((info) => [iface, info] as const),
  );
}

export function ownAddresses(interfaces: Interfaces): ReadonlySet<string> {
  const own = new Set<string>();
  for (const [iface, infos] of Object.entries(interfaces)) {
    for (const info of infos ?? []) {
      const address = ipOf(info.address.includes('%') ? info.address : zoned(info.address, iface));
      if (address !== null) own.add(address);
    }
  }
  return own;
}

function zoned(address: string, iface: string): string {
  return /^fe[89ab]/i.test(address) ? `${address}%${iface}` : address;
}

/** Where multicast can be sent and heard, as a socket takes it: an IPv4 address of each card, and `::%eth0` for IPv6. */
export function multicastPlaces(interfaces: Interfaces): readonly string[] {
  const places = new Map<string, string>();
  for (const [iface, { family, address, scopeid }] of realInfos(interfaces)) {
    const place = family === 'IPv4' ? address : `::%${process.platform === 'win32' ? scopeid : iface}`;
    const canBe = family === 'IPv4' || /^fe[89ab]/i.test(address);
    if (canBe && !places.has(`${family} ${iface}`)) places.set(`${family} ${iface}`, place);
  }
  return [...places.values()];
}
