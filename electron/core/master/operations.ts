// Activity: what was asked and how far it came. A stage only ever goes forward:
//   asked -> accepted (committed) -> doing (the agent or the machine took it up) -> seen (the effect was observed)
// A refusal ends it at whatever stage it was. The newest 200 are kept.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId, OperationId, TaskId } from '../../contract/ids.ts';
import { type OperationRecord, operationStages } from '../../contract/operation.ts';
import type { Draft } from './draft.ts';

const keptOperations = 200;
type Stage = OperationRecord['stage'];
type Verb = OperationRecord['verb'];

export type NewOperation = {
  readonly id: OperationId;
  readonly verb: Verb;
  readonly subject: string;
  readonly machineId: MachineId | null;
  readonly taskId: TaskId | null;
  readonly change?: OperationRecord['change'];
};

/** It was asked and has happened in one step, or by itself, so nobody outside gave it an id. */
export function noteDone(
  draft: Draft,
  verb: Verb,
  about: Pick<OperationRecord, 'subject'> & Partial<Pick<OperationRecord, 'machineId' | 'change'>>,
): void {
  const id = draft.nextOperationId();
  openOperation(draft, { id, verb, machineId: null, taskId: null, ...about });
  const operation = draft.get('operations', id);
  if (operation) draft.put('operations', { ...operation, stage: 'seen' });
}

/** `accepted` holds from the commit of this step on, and nobody sees the row before that. */
export function openOperation(draft: Draft, operation: NewOperation, refusal: Refusal | null = null): void {
  draft.put('operations', {
    ...operation,
    stage: refusal ? 'asked' : 'accepted',
    refusal,
    askedAtMs: draft.atMs,
    changedAtMs: draft.atMs,
  });
  trim(draft);
}

export function isEnded(operation: OperationRecord): boolean {
  return operation.stage === 'seen' || operation.refusal !== null;
}

function advance(draft: Draft, operation: OperationRecord, stage: Stage): void {
  if (isEnded(operation) || operationStages.indexOf(stage) <= operationStages.indexOf(operation.stage))
    return;
  draft.put('operations', { ...operation, stage, changedAtMs: draft.atMs });
}

export function advanceOperation(draft: Draft, id: OperationId | null, stage: Stage): void {
  const operation = id === null ? undefined : draft.get('operations', id);
  if (operation) advance(draft, operation, stage);
}

/** It was asked without a machine, or meets another one. */
export function moveOperation(draft: Draft, id: OperationId, machineId: MachineId): void {
  const operation = draft.get('operations', id);
  if (operation && operation.machineId !== machineId) draft.put('operations', { ...operation, machineId });
}

export function refuseOperation(draft: Draft, id: OperationId | null, refusal: Refusal): void {
  const operation = id === null ? undefined : draft.get('operations', id);
  if (operation && !isEnded(operation)) {
    draft.put('operations', { ...operation, refusal, changedAtMs: draft.atMs });
  }
}

/** All open operations of one kind on one task: a second click is answered together with the first. */
function openTaskOperations(draft: Draft, verb: Verb, taskId: TaskId): OperationRecord[] {
  if (!draft.hasRows('operations')) return [];
  return draft.operationsOf(taskId).filter((operation) => operation.verb === verb && !isEnded(operation));
}

export function advanceTaskOperations(draft: Draft, verb: Verb, taskId: TaskId, stage: Stage): void {
  for (const operation of openTaskOperations(draft, verb, taskId)) advance(draft, operation, stage);
}

export function refuseTaskOperations(draft: Draft, verb: Verb, taskId: TaskId, refusal: Refusal): void {
  for (const operation of openTaskOperations(draft, verb, taskId))
    refuseOperation(draft, operation.id, refusal);
}

function openMachineOperations(draft: Draft, verb: Verb, machineId: MachineId): OperationRecord[] {
  return [...draft.rows('operations')].filter(
    (o) => o.verb === verb && o.machineId === machineId && !isEnded(o),
  );
}

export function advanceMachineOperations(draft: Draft, verb: Verb, machineId: MachineId, stage: Stage): void {
  for (const operation of openMachineOperations(draft, verb, machineId)) advance(draft, operation, stage);
}

export function refuseMachineOperations(
  draft: Draft,
  verb: Verb,
  machineId: MachineId,
  refusal: Refusal,
): void {
  for (const operation of openMachineOperations(draft, verb, machineId))
    refuseOperation(draft, operation.id, refusal);
}

function trim(draft: Draft): void {
  const all = [...draft.rows('operations')];
  const surplus = all.length - keptOperations;
  if (surplus <= 0) return;
  // Ended ones first, then the oldest; ids only break ties.
  const rank = (o: OperationRecord): number => (isEnded(o) ? 0 : 1);
  all.sort((a, b) => rank(a) - rank(b) || a.askedAtMs - b.askedAtMs || (a.id < b.id ? -1 : 1));
  for (const operation of all.slice(0, surplus)) draft.drop('operations', operation.id);
}
