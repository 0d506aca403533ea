// Parsers of neighbour tables: what the system itself has learned of who is on the same cable.
import { macOf } from '../../core/discovery/mac.ts';
import { ipOf } from './addresses.ts';

export type Neighbour = { readonly address: string; readonly mac: string; readonly iface: string };

/** A table is the system's own, but what is in it comes from the cable. */
const maxNeighbours = 2048;

function neighbour(address: string, mac: string, iface: string): Neighbour[] {
  const ip = ipOf(/^fe[89ab]/i.test(address) && !address.includes('%') ? `${address}%${iface}` : address);
  const hardware = macOf(mac);
  return ip === null || hardware === null ? [] : [{ address: ip, mac: hardware, iface }];
}

/** `/proc/net/arp` (proc(5)): IPv4 only. Flags 0x0 = nobody has answered. */
export function parseProcArp(text: string): Neighbour[] {
  const lines = text.split('\n').slice(1, maxNeighbours);
  return lines.flatMap((line) => {
    const [address = '', , flags = '0x0', mac = '', , iface = ''] = line.trim().split(/\s+/);
    return Number(flags) === 0 ? [] : neighbour(address, mac, iface);
  });
}

/** `ip -json neigh` (ip-neighbour(8)): both families. What has failed or is being asked has no hardware address. */
export function parseIpNeigh(text: string): Neighbour[] | null {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(rows)) return null;
  return rows.slice(0, maxNeighbours).flatMap((row: unknown) => {
    if (typeof row !== 'object' || row === null) return [];
    const { dst, dev, lladdr, state } = row as Record<string, unknown>;
    const isGone = Array.isArray(state) && state.includes('FAILED');
    if (isGone || typeof dst !== 'string' || typeof lladdr !== 'string') return [];
    return neighbour(dst, lladdr, typeof dev === 'string' ? dev : '');
  });
}

/** `arp -an` of macOS and the BSDs: `? (192.168.1.1) at 0:1c:b3:9:85:15 on en0 ifscope [ethernet]`. */
export function parseArpAn(text: string): Neighbour[] {
  const lines = text.split('\n').slice(0, maxNeighbours);
  return lines.flatMap((line) => {
    const found = /\(([^)\s]+)\) at ([0-9a-f:]+) (?:\[\w+\] )?on (\S+)/i.exec(line);
    return found === null ? [] : neighbour(found[1] ?? '', found[2] ?? '', found[3] ?? '');
  });
}

/** `ndp -an` of macOS: `fe80::1%en0  0:1c:b3:9:85:15  en0 23h59m58s S R`. */
export function parseNdpAn(text: string): Neighbour[] {
  const lines = text.split('\n').slice(1, maxNeighbours);
  return lines.flatMap((line) => {
    const [address = '', mac = '', iface = ''] = line.trim().split(/\s+/);
    return neighbour(address, mac, iface);
  });
}

/** `arp -a` of Windows, in whatever language: the lines that hold an address and a hardware address. */
export function parseArpWindows(text: string): Neighbour[] {
  const lines = text.split('\n').slice(0, maxNeighbours);
  return lines.flatMap((line) => {
    const found = /^\s*(\d+\.\d+\.\d+\.\d+)\s+([0-9a-f]{2}(?:-[0-9a-f]{2}){5})\s/i.exec(line);
    return found === null ? [] : neighbour(found[1] ?? '', found[2] ?? '', '');
  });
}
