// The table of makers of network cards for adapters/discovery/vendors.ts, out of the IEEE's lists as oui-data has them:
// one line a prefix, sorted by code unit, the maker's name only.
import { readFileSync, writeFileSync } from 'node:fs';
import { inRoot } from '../lib/paths.mjs';

const source = inRoot('node_modules', 'oui-data', 'index.json');

/** @param {Record<string, string>} registry @returns {string} */
export function vendorLines(registry) {
  const lines = Object.entries(registry).map(([prefix, entry]) => {
    const name = (entry.split('\n')[0] ?? '').replace(/\s+/g, ' ').trim();
    return `${prefix}\t${name}`;
  });
  return `${lines.sort().join('\n')}\n`;
}

/** @param {string} file */
export function writeVendors(file) {
  writeFileSync(file, vendorLines(JSON.parse(readFileSync(source, 'utf8'))));
}
