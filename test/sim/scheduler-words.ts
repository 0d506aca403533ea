// What a scheduler says and what it is told; the latter also in the words of the trace.
import type { Call, SchedulerEvent } from '../../electron/contract/framework.ts';

type CallOf<K extends Call['kind']> = Omit<Extract<Call, { kind: K }>, 'frameworkId'>;
/** Without its name. SUBSCRIBE is said by `join` alone. */
export type Said = { [K in Exclude<Call['kind'], 'SUBSCRIBE'>]: CallOf<K> }[Exclude<
  Call['kind'],
  'SUBSCRIBE'
>];
export type Acknowledgement = CallOf<'ACKNOWLEDGE'> | CallOf<'ACKNOWLEDGE_OPERATION_STATUS'>;

/** What it is about, in short. */
export function wordsOf(event: SchedulerEvent): string {
  if (event.kind === 'OFFERS') return `OFFERS ${event.offers.map(({ id }) => id).join(' ')}`;
  if (event.kind === 'RESCIND') return `RESCIND ${event.offerId}`;
  if (event.kind === 'UPDATE_OPERATION_STATUS') return `${event.status.operationId} ${event.status.state}`;
  if (event.kind !== 'UPDATE') return event.kind;
  const { taskId, state, uuid, reason } = event.status;
  return ['UPDATE', taskId, state, uuid ?? reason ?? ''].join(' ');
}
