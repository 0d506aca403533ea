// What came of operations that have a name: told until it is acknowledged (at least once), when it was done; once, when it was not.
// The tables of the master are where reservations and volumes are, so an operation is done within the step of its ACCEPT or
// not at all: nobody is ever told PENDING. What is owed is in the framework's record, so it survives a restart.
import type { Refusal } from '../../../contract/errors.ts';
import type { Call, FrameworkRecord } from '../../../contract/framework.ts';
import type { AgentId, FrameworkId } from '../../../contract/ids.ts';
import type { Operation } from '../../../contract/offer.ts';
import type { OperationState, OperationStatus } from '../../../contract/operation-status.ts';
import type { ResourcePart } from '../../../contract/role.ts';
import { unreachable } from '../../kernel/assert.ts';
import { backoffMs } from '../../kernel/deadlines.ts';
import type { Draft } from '../draft.ts';
import type { AskedOperation } from './shapes.ts';
import { tell } from './tell.ts';
import { refuseCall } from './words.ts';

/** As Mesos' agents: 10 s growing to 10 min. */
const firstRetryMs = 10_000;
const retryCapMs = 600_000;
/** A framework that acknowledges none of them gets no more done under a name. */
const maxOwed = 256;

type Named = { readonly operation: Operation; readonly name: string };
/** By whom and on which agent; null: the offers did not say. */
type From = { readonly frameworkId: FrameworkId; readonly agentId: AgentId | null };

function namedOf(operations: readonly Operation[]): Named[] {
  return operations.flatMap((operation) => {
    const name = 'id' in operation ? operation.id : undefined;
    return name === undefined ? [] : [{ operation, name }];
  });
}

function owedOf(draft: Draft, frameworkId: FrameworkId): readonly OperationStatus[] {
  return draft.get('frameworks', frameworkId)?.owedOperations ?? [];
}

function isOwed(draft: Draft, frameworkId: FrameworkId, name: string): boolean {
  return owedOf(draft, frameworkId).some(({ operationId }) => operationId === name);
}

/** A name is free again when what came of it has been acknowledged. */
export function refuseNames(
  draft: Draft,
  frameworkId: FrameworkId,
  operations: readonly Operation[],
): Refusal | null {
  const names = namedOf(operations).map(({ name }) => name);
  const taken = names.find((name, at) => names.indexOf(name) !== at || isOwed(draft, frameworkId, name));
  if (taken !== undefined) return refuseCall('conflict', 'operation-exists', taken);
  const owed = owedOf(draft, frameworkId).length;
  return names.length > 0 && owed + names.length > maxOwed
    ? refuseCall('exhausted', 'operations-unacknowledged', `${owed} of at most ${maxOwed}`)
    : null;
}

export function oweFinished(draft: Draft, from: From, operations: readonly Operation[]): void {
  const framework = draft.get('frameworks', from.frameworkId);
  const fresh = namedOf(operations).map(({ operation, name }) => ({
    operationId: name,
    state: 'OPERATION_FINISHED' as const,
    message: '',
    convertedResources: convertedBy(operation),
    uuid: newUuid(draft),
    agentId: from.agentId,
  }));
  if (!framework || fresh.length === 0) return;
  putOwed(draft, framework, [...(framework.owedOperations ?? []), ...fresh]);
  for (const { operationId } of fresh) sendOwed(draft, framework.id, operationId, 0);
}

/** Nothing of the call was done. `culprit`: what was wrong, when it was one of these. */
export function tellNotDone(
  draft: Draft,
  from: From,
  call: { readonly operations: readonly Operation[]; readonly culprit: Operation | null },
  why: Refusal,
): void {
  for (const { operation, name } of namedOf(call.operations)) {
    // Under that name another one was done.
    if (isOwed(draft, from.frameworkId, name)) continue;
    const state = operation === call.culprit ? 'OPERATION_ERROR' : 'OPERATION_DROPPED';
    tellOnce(draft, from, { name, state, message: `${why.reason}: ${why.detail}` });
  }
}

function tellOnce(
  draft: Draft,
  { frameworkId, agentId }: From,
  told: { readonly name: string; readonly state: OperationState; readonly message: string },
): void {
  const { name: operationId, state, message } = told;
  const status = { operationId, state, message, convertedResources: [], uuid: null, agentId };
  tell(draft, frameworkId, { kind: 'UPDATE_OPERATION_STATUS', status });
}

function convertedBy(operation: Operation): ResourcePart[] {
  switch (operation.kind) {
    case 'RESERVE':
      return operation.resources;
    case 'UNRESERVE':
      return operation.resources.map((part) => ({ ...part, reservation: part.reservation.slice(0, -1) }));
    case 'CREATE':
      return operation.volumes;
    case 'DESTROY':
      return operation.volumes.map((part) => ({ ...part, volume: null }));
    case 'LAUNCH':
    case 'LAUNCH_GROUP':
      return [];
    default:
      return unreachable(operation);
  }
}

/** 16 bytes in hex, as the wire of Mesos has it. */
function newUuid(draft: Draft): string {
  const word = (): string =>
    Math.floor(draft.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return word() + word() + word() + word();
}

function putOwed(draft: Draft, framework: FrameworkRecord, owed: readonly OperationStatus[]): void {
  const { owedOperations: _, ...rest } = framework;
  draft.put('frameworks', owed.length === 0 ? rest : { ...rest, owedOperations: [...owed] });
}

function sendOwed(draft: Draft, frameworkId: FrameworkId, name: string, attempt: number): void {
  const key = `${frameworkId}|${name}`;
  const status = owedOf(draft, frameworkId).find(({ operationId }) => operationId === name);
  if (!status || draft.get('subscriptions', frameworkId)?.phase !== 'subscribed') {
    draft.owingOperations.delete(key);
    return;
  }
  const retryAtMonoMs = draft.monoMs + backoffMs(attempt, firstRetryMs, retryCapMs);
  draft.owingOperations.set(key, { frameworkId, name, attempt, retryAtMonoMs });
  tell(draft, frameworkId, { kind: 'UPDATE_OPERATION_STATUS', status });
}

export function onAcknowledgeOperation(
  draft: Draft,
  call: Extract<Call, { kind: 'ACKNOWLEDGE_OPERATION_STATUS' }>,
): Refusal | null {
  const { frameworkId, operationId, uuid, agentId } = call;
  const framework = draft.get('frameworks', frameworkId);
  const owed = framework?.owedOperations ?? [];
  const found = owed.find((each) => each.operationId === operationId && each.uuid === uuid);
  if (!framework || !found || (agentId !== null && agentId !== found.agentId))
    return refuseCall('not-found', 'update-unknown', `${uuid} of ${operationId}`);
  putOwed(
    draft,
    framework,
    owed.filter((each) => each !== found),
  );
  draft.owingOperations.delete(`${frameworkId}|${operationId}`);
  return null;
}

/** At each subscription: what was not acknowledged before begins anew. */
export function resendOperations(draft: Draft, frameworkId: FrameworkId): void {
  for (const { operationId } of owedOf(draft, frameworkId)) sendOwed(draft, frameworkId, operationId, 0);
}

export function onOperationDeadlines(draft: Draft): void {
  const due = draft.owingOperations.due(draft.monoMs).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, { frameworkId, name, attempt }] of due) sendOwed(draft, frameworkId, name, attempt + 1);
}

/** It has ended: nobody will acknowledge anything. */
export function withoutOwed(draft: Draft, framework: FrameworkRecord): FrameworkRecord {
  const { owedOperations = [], ...rest } = framework;
  for (const { operationId } of owedOperations) draft.owingOperations.delete(`${rest.id}|${operationId}`);
  return rest;
}

/** RECONCILE_OPERATIONS: of one that is owed what came of it, of another what can be said. Never to be acknowledged. */
export function reconcileOperation(
  draft: Draft,
  frameworkId: FrameworkId,
  { operationId, agentId }: AskedOperation,
): void {
  const known = owedOf(draft, frameworkId).find((each) => each.operationId === operationId);
  if (known) {
    tell(draft, frameworkId, { kind: 'UPDATE_OPERATION_STATUS', status: { ...known, uuid: null } });
    return;
  }
  const state = stateOfUnknown(draft, agentId);
  tellOnce(
    draft,
    { frameworkId, agentId },
    { name: operationId, state, message: 'Reconciliation: the operation is not known' },
  );
}

function stateOfUnknown(draft: Draft, agentId: AgentId | null): OperationState {
  const kind = agentId === null ? undefined : draft.get('agents', agentId)?.state.kind;
  if (kind === 'gone') return 'OPERATION_GONE_BY_OPERATOR';
  return kind === 'unreachable' ? 'OPERATION_UNREACHABLE' : 'OPERATION_UNKNOWN';
}

export function askedOfOwed(draft: Draft, frameworkId: FrameworkId): AskedOperation[] {
  return owedOf(draft, frameworkId).map(({ operationId, agentId }) => ({ operationId, agentId }));
}
