// The one door of the scheduler API. Whoever calls comes through here: what is refused here has changed nothing.
import type { Refusal } from '../../../contract/errors.ts';
import type { Call } from '../../../contract/framework.ts';
import { unreachable } from '../../kernel/assert.ts';
import type { Draft } from '../draft.ts';
import { onAccept, onDecline, onMessage } from './accept.ts';
import { onInverseOffersAnswered } from './inverse-offers.ts';
import { onAcknowledgeOperation } from './operation-feedback.ts';
import { onReconcile, onReconcileOperations } from './reconciling.ts';
import {
  onRequest,
  onRevive,
  onSubscribe,
  onSuppress,
  onTeardown,
  onUpdateFramework,
} from './subscriptions.ts';
import { onAcknowledge, onKill } from './updates.ts';
import { refuseCall } from './words.ts';

/** From outside: by a connection that is still the one, in the name of a framework that is behind one. */
export function onOutsideCall(
  draft: Draft,
  { call, streamId }: { readonly call: Call; readonly streamId?: string },
): Refusal | null {
  const { frameworkId } = call;
  if (draft.get('frameworks', frameworkId)?.kind === 'built-in')
    return refuseCall('unauthorized', 'framework-built-in', frameworkId);
  const current = draft.get('subscriptions', frameworkId)?.streamId ?? null;
  const isOld = streamId !== undefined && current !== null && streamId !== current;
  if (isOld && call.kind !== 'SUBSCRIBE') return refuseCall('unauthorized', 'stream-old', streamId);
  return onCall(draft, call);
}

export function onCall(draft: Draft, call: Call): Refusal | null {
  if (call.kind === 'SUBSCRIBE') return onSubscribe(draft, call);
  const framework = draft.get('frameworks', call.frameworkId);
  if (!framework) return refuseCall('not-found', 'framework-unknown', call.frameworkId);
  if (framework.completedAtMs !== null) return refuseCall('conflict', 'framework-completed', framework.id);
  if (draft.get('subscriptions', framework.id)?.phase !== 'subscribed') {
    return refuseCall('unauthorized', 'framework-disconnected', framework.id);
  }
  switch (call.kind) {
    case 'TEARDOWN':
      return onTeardown(draft, framework);
    case 'ACCEPT':
      return call.operations.length === 0 ? onDecline(draft, call) : onAccept(draft, call);
    case 'DECLINE':
      return onDecline(draft, call);
    case 'REVIVE':
      return onRevive(draft, call, framework);
    case 'SUPPRESS':
      return onSuppress(draft, call, framework);
    case 'REQUEST':
      return onRequest(draft, call, framework);
    case 'KILL':
      return onKill(draft, call);
    case 'ACKNOWLEDGE':
      return onAcknowledge(draft, call);
    case 'RECONCILE':
      return onReconcile(draft, call);
    case 'ACKNOWLEDGE_OPERATION_STATUS':
      return onAcknowledgeOperation(draft, call);
    case 'RECONCILE_OPERATIONS':
      return onReconcileOperations(draft, call);
    case 'SHUTDOWN':
    case 'MESSAGE':
      return onMessage(call);
    case 'UPDATE_FRAMEWORK':
      return onUpdateFramework(draft, call);
    case 'ACCEPT_INVERSE_OFFERS':
    case 'DECLINE_INVERSE_OFFERS':
      return onInverseOffersAnswered(draft, call);
    default:
      return unreachable(call);
  }
}
