// How a connection to an address is opened: from this computer, or by a jump host (jumps.ts).
import type { Duplex } from 'node:stream';
import type { Refusal, Result } from '../../contract/errors.ts';
import { type Address, openTcp } from './tcp.ts';

export type Way = {
  open(to: Address, signal: AbortSignal): Promise<Result<Duplex>>;
  /** The jump host that ended what was opened last, or null. */
  whyBroken(): Refusal | null;
};

export const direct: Way = { open: openTcp, whyBroken: () => null };

/** A channel of ssh2 tells that it has closed only when it was read to its end, and nobody reads this one any more. */
export function hangUp(stream: Duplex): void {
  stream.resume();
  stream.destroy();
}
