// Events to schedulers. One of this program hears them within the same step; one behind a transport by an effect, after the
// commit. What a scheduler that is away would have heard is not kept: updates are sent again, offers are made anew.
import type { SchedulerEvent } from '../../../contract/framework.ts';
import type { FrameworkId } from '../../../contract/ids.ts';
import type { Draft } from '../draft.ts';

/** Mesos: 15 s. The transport beats; the master has nothing to say by it. */
export const heartbeatIntervalMs = 15_000;

export function tell(draft: Draft, frameworkId: FrameworkId, event: SchedulerEvent): void {
  const kind = draft.get('frameworks', frameworkId)?.kind;
  if (kind === 'built-in') {
    draft.heard.push({ frameworkId, event });
    return;
  }
  const streamId = draft.get('subscriptions', frameworkId)?.streamId ?? null;
  if (streamId !== null) draft.issue({ kind: 'send-scheduler-event', frameworkId, streamId, event });
}

/** The last word on a connection that is not the one any more. */
export function closeStream(
  draft: Draft,
  frameworkId: FrameworkId,
  streamId: string,
  message: string | null,
): void {
  if (message !== null) {
    const event = { kind: 'ERROR', message } as const;
    draft.issue({ kind: 'send-scheduler-event', frameworkId, streamId, event });
  }
  draft.issue({ kind: 'close-scheduler-stream', frameworkId, streamId });
}
