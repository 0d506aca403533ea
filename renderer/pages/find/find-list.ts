// Which finds are shown, and in which order: those that can be added first, then by address. Pure.
import type { FoundMachine } from '../../../electron/contract/discovery.ts';
import { isHere, sshPortOf } from '../../parts/found.ts';
import type { FindView } from '../../store/view.ts';

export type Counts = Readonly<Record<FindView, number>>;

function viewOf(found: FoundMachine): FindView {
  if (isHere(found)) return 'here';
  return found.seenBy.includes('ssh-config') ? 'config' : 'known';
}

/** What is here and in ~/.ssh/config counts in both. */
function isIn(view: FindView, found: FoundMachine): boolean {
  return viewOf(found) === view || (view === 'config' && found.seenBy.includes('ssh-config'));
}

export function countFinds(all: Iterable<FoundMachine>): Counts {
  const counts = { here: 0, config: 0, known: 0 };
  for (const found of all) {
    for (const view of ['here', 'config', 'known'] as const) if (isIn(view, found)) counts[view] += 1;
  }
  return counts;
}

const portRank = { open: 0, said: 1, closed: 3 } as const;

function rankOf(found: FoundMachine): number {
  const port = sshPortOf(found);
  return port === null ? 2 : portRank[port.state];
}

/** `10.0.0.9` before `10.0.0.10`; names after addresses. */
function addressKey(found: FoundMachine): string {
  const [address = `~${found.title}`] = found.addresses;
  return address.replace(/\d+/g, (digits) => digits.padStart(3, '0'));
}

export function listFinds(
  all: Iterable<FoundMachine>,
  view: FindView,
  find: string,
): readonly FoundMachine[] {
  const wanted = find.trim().toLowerCase();
  const fits = (found: FoundMachine) =>
    wanted === '' ||
    [found.title, found.vendor, found.model, ...found.names, ...found.addresses, ...found.macs].some(
      (text) => text?.toLowerCase().includes(wanted) ?? false,
    );
  return [...all]
    .filter((found) => isIn(view, found) && fits(found))
    .map((found) => ({ found, rank: rankOf(found), key: addressKey(found) }))
    .sort((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ found }) => found);
}

/** Ports of the field: `22`, `22, 2222`, `22 2222`. null = not readable. */
export function readPorts(text: string): readonly number[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const ports = [...new Set(parts.map(Number))];
  const isGood = parts.length > 0 && parts.every((part) => /^\d{1,5}$/.test(part)) && ports.length <= 8;
  return isGood && ports.every((port) => port >= 1 && port <= 65_535) ? ports : null;
}
