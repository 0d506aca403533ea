// How far the demo rack has come, as one line in the activity list: it stands when every slice has sent a sample, and
// it is away when the last one is.
import type { Refusal } from '../../contract/errors.ts';
import { demoSliceOf, type MachineRecord } from '../../contract/machine.ts';
import type { OperationRecord } from '../../contract/operation.ts';
import { byId } from '../kernel/tables.ts';
import type { Draft } from './draft.ts';
import { advanceOperation, isEnded, refuseOperation } from './operations.ts';

type RackVerb = Extract<OperationRecord['verb'], 'start-demo-rack' | 'remove-demo-rack'>;

export function demoMachines(draft: Draft): MachineRecord[] {
  return byId([...draft.rows('machines')].filter((machine) => demoSliceOf(machine) !== null));
}

function openOf(draft: Draft, verb: RackVerb): OperationRecord[] {
  return [...draft.rows('operations')].filter((each) => each.verb === verb && !isEnded(each));
}

export function settleRackStart(draft: Draft): void {
  const open = openOf(draft, 'start-demo-rack');
  if (open.length === 0) return;
  const isWhole = demoMachines(draft).every((machine) => draft.get('samples', machine.id) !== undefined);
  for (const { id } of open) advanceOperation(draft, id, isWhole ? 'seen' : 'doing');
}

export function refuseRackStart(draft: Draft, refusal: Refusal): void {
  for (const { id } of openOf(draft, 'start-demo-rack')) refuseOperation(draft, id, refusal);
}

export function settleRackRemoval(draft: Draft): void {
  const stage = demoMachines(draft).length === 0 ? 'seen' : 'doing';
  for (const { id } of openOf(draft, 'remove-demo-rack')) advanceOperation(draft, id, stage);
}

export function refuseRackRemoval(draft: Draft, refusal: Refusal): void {
  for (const { id } of openOf(draft, 'remove-demo-rack')) refuseOperation(draft, id, refusal);
}
