// Where machines are, and which host key is known of a place. The way belongs to the place: the same address behind two
// jump hosts is two machines.
import type { HostKey } from '../../contract/machine.ts';
import type { Draft } from './draft.ts';

export type Spot = { readonly address: string; readonly port: number };
export type Place = Spot & {
  /** The way there; absent = directly. */
  readonly jumps?: readonly Spot[] | undefined;
};

export function isSamePlace(a: Place, b: Place): boolean {
  const [mine, theirs] = [a.jumps ?? [], b.jumps ?? []];
  if (!isSameSpot(a, b) || mine.length !== theirs.length) return false;
  return mine.every((spot, at) => isSameSpot(spot, theirs[at]));
}

function isSameSpot(a: Spot, b: Spot | undefined): boolean {
  return b !== undefined && a.port === b.port && a.address.toLowerCase() === b.address.toLowerCase();
}

export function isSameKey(a: HostKey, b: HostKey): boolean {
  return a.type === b.type && a.key === b.key && a.fingerprint === b.fingerprint;
}

/** What a machine of ours has pinned for it, as the machine itself or as one in between. */
export function pinnedAt(draft: Draft, place: Place, except: string): HostKey | null {
  for (const { id, via } of draft.rows('machines')) {
    if (id === except || via.kind !== 'ssh') continue;
    if (isSamePlace(via, place)) return via.hostKey;
    const { jumps = [] } = via;
    for (const [at, jump] of jumps.entries()) {
      if (isSamePlace(wayTo(jumps, at, jump), place)) return jump.hostKey;
    }
  }
  return null;
}

/** The machine at `at` of a way, as a place of its own. */
export function wayTo(jumps: readonly Spot[], at: number, { address, port }: Spot): Place {
  return { address, port, jumps: jumps.slice(0, at) };
}
