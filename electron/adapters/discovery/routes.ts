// Which addresses the kernel reaches without a router in between. A card may have 192.168.1.2/24 and a VPN the route to half of
// that: what is sent there leaves by the tunnel, to a network that is somebody else's.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { toNumber } from './addresses.ts';

export type Route = {
  readonly first: number;
  readonly prefix: number;
  readonly iface: string;
  /** A router, or nowhere at all, is next. */
  readonly isIndirect: boolean;
  readonly metric: number;
};

const routeFlags = { up: 0x1, gateway: 0x2, reject: 0x200 } as const;
const toolTimeoutMs = 3000;

/** `/proc/net/route` (proc(5), route(8)): the main table; addresses are hexadecimal in the order of a little-endian machine. */
export function parseProcRoute(text: string): Route[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [iface = '', to = '', , flagText = '', , , metric = '', mask = ''] = line.split('\t');
      const flags = Number.parseInt(flagText, 16);
      if (!/^[0-9A-F]{8}$/i.test(to) || !/^[0-9A-F]{8}$/i.test(mask) || (flags & routeFlags.up) === 0)
        return [];
      const prefix = [...mask].reduce((sum, digit) => sum + bitsOf(Number.parseInt(digit, 16)), 0);
      const isIndirect = (flags & (routeFlags.gateway | routeFlags.reject)) !== 0;
      return [{ first: littleEndian(to), prefix, iface: iface.trim(), isIndirect, metric: Number(metric) }];
    });
}

function bitsOf(digit: number): number {
  return (digit & 1) + ((digit >> 1) & 1) + ((digit >> 2) & 1) + ((digit >> 3) & 1);
}

function littleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE();
}

/** `netstat -rn -f inet` of macOS and the BSDs: `192.168.1/24  link#6  UCS  en0`, `10.8/16  10.8.0.1  UGSc  utun3`. */
export function parseNetstat(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [to = '', , flags = '', iface = ''] = line.trim().split(/\s+/);
    const [, base = '', bits] =
      /^(\d+(?:\.\d+){0,3})(?:\/(\d{1,2}))?$/.exec(to === 'default' ? '0/0' : to) ?? [];
    if (base === '' || !flags.includes('U')) return [];
    const parts = base.split('.');
    // What is left away of an address without a length are the zeros of an old class; four numbers are one machine.
    const prefix = bits === undefined ? parts.length * 8 : Number(bits);
    const first = toNumber([...parts, '0', '0', '0'].slice(0, 4).join('.'));
    return [{ first, prefix, iface, isIndirect: flags.includes('G'), metric: 0 }];
  });
}

/** Whether the best route to it, the longest and then the cheapest, ends at one of these cards. */
export function leadsTo(cards: readonly string[], address: string, routes: readonly Route[]): boolean {
  if (!isIPv4(address)) return false;
  const value = toNumber(address);
  const best = routes
    .filter(
      ({ first, prefix }) =>
        Math.floor(value / 2 ** (32 - prefix)) === Math.floor(first / 2 ** (32 - prefix)),
    )
    .reduce<Route | null>((a, b) => (a === null || isBetter(b, a) ? b : a), null);
  return best !== null && !best.isIndirect && cards.includes(best.iface);
}

function isBetter(a: Route, b: Route): boolean {
  return a.prefix > b.prefix || (a.prefix === b.prefix && a.metric < b.metric);
}

/** null = they cannot be read here. */
export async function systemRoutes(): Promise<readonly Route[] | null> {
  if (process.platform === 'linux') {
    const text = await readFile('/proc/net/route', 'utf8').catch(() => null);
    return text === null ? null : parseProcRoute(text);
  }
  if (process.platform === 'win32') return null;
  const options = { timeout: toolTimeoutMs, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve) => {
    execFile('/usr/sbin/netstat', ['-rn', '-f', 'inet'], options, (error, stdout) =>
      resolve(error === null ? parseNetstat(stdout) : null),
    );
  });
}
