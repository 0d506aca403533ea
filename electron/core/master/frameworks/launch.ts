// Tasks come to be here and nowhere else: out of accepted offers. Written as TASK_STAGING before anything is sent.
import type { TaskRecord } from '../../../contract/task.ts';
import type { Draft } from '../draft.ts';
import { send } from '../sends.ts';
import type { Place, PlannedLaunch } from './shapes.ts';
import { runFrameworkId } from './words.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function launchAll(draft: Draft, place: Place, launches: readonly PlannedLaunch[]): void {
  for (const planned of launches) {
    draft.put('tasks', stagingRecord(draft, place, planned));
    send(draft, 'launch', planned.launch.info.taskId);
  }
}

function stagingRecord(draft: Draft, place: Place, { launch, uses, groupId }: PlannedLaunch): TaskRecord {
  const { info } = launch;
  const isPlain = uses.every((part) => part.reservation.length === 0 && part.volume === null);
  const record: Writable<TaskRecord> = {
    id: info.taskId,
    machineId: place.machine.id,
    agentId: place.agent.id,
    info,
    state: 'TASK_STAGING',
    statuses: [
      {
        taskId: info.taskId,
        state: 'TASK_STAGING',
        source: 'SOURCE_MASTER',
        reason: null,
        message: '',
        timestampMs: draft.atMs,
        uuid: null,
        exitCode: null,
        signal: null,
      },
    ],
    createdAtMs: draft.atMs,
    startedAtMs: null,
    endedAtMs: null,
    killAskedAtMs: null,
  };
  // As a row from before frameworks, when there is nothing else to say.
  if (place.frameworkId !== runFrameworkId) record.frameworkId = place.frameworkId;
  if (place.role !== '*') record.role = place.role;
  if (!isPlain) record.uses = [...uses];
  if (groupId !== null) record.groupId = groupId;
  if (launch.priority !== undefined && launch.priority !== 0) record.priority = launch.priority;
  return record;
}
