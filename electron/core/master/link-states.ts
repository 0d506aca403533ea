// Phases of a link.
//
//   connecting --> live <--> silent      silent: connected, but nothing was heard for 3.5 s
//        ^  \       |           |
//        |   `--> down <--------'        tried again, with back-off
//        |          |
//        `-------- stopped               not tried again by itself: a person has to act, or it is being removed

import type { Refusal } from '../../contract/errors.ts';
import type { LinkRecord } from '../../contract/machine.ts';
import { assert } from '../kernel/assert.ts';

export type LinkPhase = LinkRecord['phase'];

/** A live link that was not heard for that long is silent. */
export const silentAfterMs = 3500;

export const linkMoves: Readonly<Record<LinkPhase, readonly LinkPhase[]>> = {
  connecting: ['live', 'down', 'stopped'],
  live: ['silent', 'connecting', 'down', 'stopped'],
  silent: ['live', 'connecting', 'down', 'stopped'],
  // `live`: the adapter's hello came although we had given the attempt up.
  down: ['connecting', 'live', 'stopped'],
  stopped: ['connecting'],
};

export function moveLink(link: LinkRecord, phase: LinkPhase, atMs: number): LinkRecord {
  if (link.phase === phase) return link;
  assert(linkMoves[link.phase].includes(phase), `link ${link.id} cannot go from ${link.phase} to ${phase}`);
  return { ...link, phase, sinceMs: atMs };
}

/** Trying again by ourselves would not help, and could lock the account or fight with another master. */
const hardStops: ReadonlySet<string> = new Set([
  'host-key-changed',
  'login-refused',
  'jump-password-gone',
  'lease-held',
  'lease-lost',
  'lease-old-epoch',
  'wire-version',
  'already-added',
  'agent-gone',
]);

export function isHardStop(refusal: Refusal): boolean {
  return hardStops.has(refusal.reason) || refusal.code === 'unauthorized';
}
