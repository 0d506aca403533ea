// What a scheduler is told, in the words of the trace.
import type { SchedulerEvent } from '../../electron/contract/framework.ts';

/** What it is about, in short. */
export function wordsOf(event: SchedulerEvent): string {
  if (event.kind === 'OFFERS') return `OFFERS ${event.offers.map(({ id }) => id).join(' ')}`;
  if (event.kind === 'RESCIND') return `RESCIND ${event.offerId}`;
  if (event.kind === 'UPDATE_OPERATION_STATUS') return `${event.status.operationId} ${event.status.state}`;
  if (event.kind !== 'UPDATE') return event.kind;
  const { taskId, state, uuid, reason } = event.status;
  return ['UPDATE', taskId, state, uuid ?? reason ?? ''].join(' ');
}
