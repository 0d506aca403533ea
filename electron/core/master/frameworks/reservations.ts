// What is reserved on an agent, row by row: each kind of part once. Durable, so that it survives a restart of everything.
import type { ReservationRecord } from '../../../contract/role.ts';
import { assert } from '../../kernel/assert.ts';
import type { Draft } from '../draft.ts';
import { askForAllocation } from './offers.ts';
import { holds, isNothing, kindOf, minus, plus } from './parts.ts';
import type { Place, ReservationChange } from './shapes.ts';

type On = Pick<Place, 'agent' | 'machine'>;

export function applyReservations(draft: Draft, place: On, changes: readonly ReservationChange[]): void {
  for (const change of changes) applyOne(draft, place, change);
  if (changes.length > 0) askForAllocation(draft, place.agent.id);
}

function applyOne(draft: Draft, { agent, machine }: On, { part, sign }: ReservationChange): void {
  const id = `${agent.id}|${kindOf(part)}`;
  const known = draft.get('reservations', id);
  if (sign === 1) {
    const amounts = known ? plus(known.part.amounts, part.amounts) : part.amounts;
    putRow(draft, { id, agentId: agent.id, machineId: machine.id, part: { ...part, amounts } });
    return;
  }
  assert(
    known !== undefined && holds(known.part.amounts, part.amounts),
    `reservation ${id}: more taken than there is`,
  );
  const amounts = minus(known.part.amounts, part.amounts);
  if (isNothing(amounts)) draft.drop('reservations', id);
  else putRow(draft, { ...known, part: { ...known.part, amounts } });
}

function putRow(draft: Draft, row: ReservationRecord): void {
  draft.put('reservations', row);
}
