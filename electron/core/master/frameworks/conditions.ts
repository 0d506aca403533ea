// Conditions on machines: whether one can be read at all, and whether it holds of an offer. They mean what the allocator's
// constraints mean, because they are those.
import { readCondition } from '../../../contract/condition.ts';
import type { OfferConstraints } from '../../../contract/constraints.ts';
import type { Refusal } from '../../../contract/errors.ts';
import type { OfferRecord } from '../../../contract/offer.ts';
import { noResources } from '../../../contract/resources.ts';
import { compileConstraints } from '../../allocator/constraints.ts';
import { refuseCall } from './words.ts';

export function refuseConstraints(constraints: OfferConstraints): Refusal | null {
  const compiled = compileConstraints(constraints);
  return compiled.ok ? null : refuseCall('invalid', 'constraints-wrong', compiled.refusal.detail);
}

/** Where it is wrong and how; the pattern is the one thing that only the allocator can judge. */
export function refuseCondition(text: string): Refusal | null {
  const read = readCondition(text);
  if (!read.ok) {
    return {
      code: 'invalid',
      reason: 'condition-wrong',
      detail: `${read.fault.problem}: ${read.fault.near}`,
    };
  }
  const compiled = read.constraints && compileConstraints(read.constraints);
  if (!compiled || compiled.ok) return null;
  return { code: 'invalid', reason: 'condition-wrong', detail: `pattern: ${compiled.refusal.detail}` };
}

export function holdsOnOffer(text: string, { attributes, hostname, agentId }: OfferRecord): boolean {
  const read = readCondition(text);
  if (!read.ok) return false;
  const compiled = read.constraints && compileConstraints(read.constraints);
  if (!compiled) return true;
  return compiled.ok && compiled.value.test({ ...anAgent, agentId, hostname, attributes });
}

/** Constraints look at the name of the host and at attributes only. */
const anAgent = { resources: noResources, reservations: [], mode: 'active', unavailability: null } as const;
