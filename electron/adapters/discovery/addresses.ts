// IP addresses as text: one form for each, so that two sources mean the same machine by the same words.
import { isIP, isIPv4, SocketAddress } from 'node:net';

/** Canonical, or null for what is no address of one machine. A link-local one keeps its zone: without it it means nothing. */
export function ipOf(text: string): string | null {
  const kind = isIP(text);
  if (kind === 0) return null;
  if (kind === 4) return isOneMachine(text) ? text : null;
  const [, zone = ''] = text.split('%');
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (mapped !== null) return ipOf(mapped[1] ?? '');
  if (address.startsWith('ff') || address === '::' || address === '::1') return null;
  if (!/^fe[89ab]/.test(address)) return address;
  return /^[\w.-]{1,32}$/.test(zone) ? `${address}%${zone}` : null;
}

function isOneMachine(v4: string): boolean {
  const first = Number(v4.split('.')[0]);
  return first !== 0 && first !== 127 && first < 224;
}

export function toNumber(v4: string): number {
  return v4.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function fromNumber(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** RFC 1918, section 3. */
export function isPrivate(v4: string): boolean {
  return isIPv4(v4) && /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(v4);
}
