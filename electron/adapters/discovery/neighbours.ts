// The neighbour table of this computer, read again and again while a search is open: a probe and everything else that
// speaks to a machine fills it. Reading it sends nothing.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import {
  type Neighbour,
  parseArpAn,
  parseArpWindows,
  parseIpNeigh,
  parseNdpAn,
  parseProcArp,
} from './neighbour-tables.ts';
import { type Source, waitFor } from './source.ts';

const everyMs = 2000;
const toolTimeoutMs = 3000;
const maxToolBytes = 1024 * 1024;

/** null = it could not be read. */
export type ReadNeighbours = () => Promise<readonly Neighbour[] | null>;

export function neighbourSource(read: ReadNeighbours = systemNeighbours, pauseMs = everyMs): Source {
  return async (sink, signal) => {
    const known = new Set<string>();
    do {
      // One table after the other, never two at once: each is of its own moment.
      const neighbours = await read();
      if (neighbours === null) {
        return {
          code: 'unsupported',
          reason: 'neighbours-unreadable',
          detail: 'no tool that lists neighbours',
        };
      }
      const now = new Set<string>();
      for (const { address, mac, iface } of neighbours) {
        const key = `${iface} ${address}`;
        now.add(key);
        sink.seen({ key, address, mac });
      }
      for (const key of known) if (!now.has(key)) sink.gone(key);
      known.clear();
      for (const key of now) known.add(key);
    } while (await waitFor(pauseMs, signal));
    return null;
  };
}

async function systemNeighbours(): Promise<readonly Neighbour[] | null> {
  switch (process.platform) {
    case 'linux':
      return (
        (await runFirst(['ip', '/usr/sbin/ip', '/sbin/ip'], ['-json', 'neigh'], parseIpNeigh)) ??
        readProcArp()
      );
    case 'win32':
      return runFirst(['arp'], ['-a'], parseArpWindows);
    default: {
      const v4 = await runFirst(['arp', '/usr/sbin/arp'], ['-an'], parseArpAn);
      const v6 = await runFirst(['ndp', '/usr/sbin/ndp'], ['-an'], parseNdpAn);
      return v4 === null ? v6 : [...v4, ...(v6 ?? [])];
    }
  }
}

async function readProcArp(): Promise<readonly Neighbour[] | null> {
  const text = await readFile('/proc/net/arp', 'utf8').catch(() => null);
  return text === null ? null : parseProcArp(text);
}

type Parse = (text: string) => readonly Neighbour[] | null;

/** The answer of the first that is there. /sbin is not in every person's path. */
async function runFirst(programs: readonly string[], args: readonly string[], parse: Parse) {
  for (const program of programs) {
    const text = await output(program, args);
    const parsed = text === null ? null : parse(text);
    if (parsed !== null) return parsed;
  }
  return null;
}

function output(program: string, args: readonly string[]): Promise<string | null> {
  const options = { timeout: toolTimeoutMs, maxBuffer: maxToolBytes, env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout) => resolve(error === null ? stdout : null));
  });
}
