// Makers of network cards by the first half of a hardware address. The table is made at build time of the lists of the
// IEEE (build/steps/mac-vendors.mjs): one line a prefix, sorted, so that it is searched as it lies and never taken apart.
import { readFile } from 'node:fs/promises';
import type { VendorOf } from '../../core/discovery/card.ts';

/** Hex digits of the three lists: MA-S, MA-M, MA-L. The longest that fits is the owner's. */
const prefixLengths = [9, 7, 6] as const;

/** Nothing is known of any when the file is not there. */
export async function loadVendors(path: string): Promise<VendorOf> {
  const table = await readFile(path).catch(() => Buffer.alloc(0));
  return (mac) => {
    const digits = mac.replaceAll(':', '').toUpperCase();
    for (const length of prefixLengths) {
      const vendor = find(table, digits.slice(0, length));
      if (vendor !== null) return vendor;
    }
    return null;
  };
}

const newline = 0x0a;

/** Binary search over lines `PREFIX<tab>vendor`. */
function find(table: Buffer, prefix: string): string | null {
  let low = 0;
  let high = table.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const start = middle === 0 ? 0 : table.lastIndexOf(newline, middle - 1) + 1;
    const lineEnd = table.indexOf(newline, start);
    const end = lineEnd < 0 ? table.length : lineEnd;
    const line = table.toString('utf8', start, end);
    const tab = line.indexOf('\t');
    const own = line.slice(0, tab);
    if (own === prefix) return line.slice(tab + 1);
    if (own < prefix) low = end + 1;
    else high = start;
  }
  return null;
}
