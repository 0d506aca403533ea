// Who looks after a machine instead of us, as its agent says. Pure.
import type { Refusal } from '../../electron/contract/errors.ts';

const idShown = 8;

/** The other master's id, '' when it was not named; null when nobody else holds it. */
export function holderOf(problem: Refusal | null): string | null {
  if (problem?.reason !== 'lease-held' && problem?.reason !== 'lease-lost') return null;
  return /([\w-]{6,64})\W*$/.exec(problem.detail)?.[1] ?? '';
}

export function shortHolder(id: string): string {
  return id.slice(0, idShown);
}
