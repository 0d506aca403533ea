// The in-process driver: schedulers of this program call through the same door as everybody, hear the same events, and do both
// within the step that caused them. So what they decide is in the same commit.
import type { Refusal } from '../../../contract/errors.ts';
import type { SchedulerEvent } from '../../../contract/framework.ts';
import type { MachineId, OperationId, TaskId } from '../../../contract/ids.ts';
import { nextRunId, type RunRecord } from '../../../contract/run.ts';
import { askForOffers, onEvent, type RunDriver, runFramework } from '../../frameworks/run/scheduler.ts';
import { assert } from '../../kernel/assert.ts';
import { openTasksOf } from '../agents.ts';
import type { Draft } from '../draft.ts';
import { moveOperation, openOperation, refuseTaskOperations } from '../operations.ts';
import { onCall } from './calls.ts';
import { holdsOnOffer } from './conditions.ts';
import { subscribeBuiltIn } from './subscriptions.ts';
import { frameworkOf, runFrameworkId } from './words.ts';

type Hear = (draft: Draft, event: SchedulerEvent) => void;

const schedulers: Readonly<Record<string, Hear>> = {
  [runFrameworkId]: (draft, event) => onEvent(runDriver(draft), runFrameworkId, event),
};

/** True: somebody heard something. */
export function hearBuiltIn(draft: Draft): boolean {
  if (draft.heard.length === 0) return false;
  const news = draft.heard.splice(0);
  for (const { frameworkId, event } of news) {
    const hear = schedulers[frameworkId];
    assert(hear !== undefined, `no scheduler ${frameworkId}`);
    hear(draft, event);
  }
  return true;
}

function runDriver(draft: Draft): RunDriver {
  return {
    call: (call) => onCall(draft, call),
    waiting: () =>
      [...draft.rows('runs')].sort(
        (a, b) =>
          (b.priority ?? 0) - (a.priority ?? 0) || a.askedAtMs - b.askedAtMs || (a.id < b.id ? -1 : 1),
      ),
    mayRunOn: (run, offer) => run.where === undefined || holdsOnOffer(run.where, offer),
    onPlaced: (run, offer) => {
      draft.drop('runs', run.id);
      moveOperation(draft, run.operationId, offer.machineId);
      noteWanted(draft, run);
    },
    onPreempted: (taskId) => runAgain(draft, taskId),
    openTasksOn: (agentId) =>
      openTasksOf(draft, { id: agentId }).filter((task) => frameworkOf(task) === runFrameworkId),
    onImpossible: (run, why) => dropRun(draft, run, why),
  };
}

const anywhere = { isHere: false };

/** What the run knew and the task does not: needed when it has to wait again, or is run once more. */
function noteWanted(draft: Draft, { id, place, where }: RunRecord): void {
  const task = draft.get('tasks', id);
  if (!task) return;
  const isPlain = !place && where === undefined;
  const wanted = isPlain ? anywhere : { isHere: place !== null, ...(where === undefined ? {} : { where }) };
  draft.put('tasks', { ...task, wanted });
}

/** Only what may be started again by what its owner said; it keeps its turn. Should somebody else have the id, it does not run again. */
function runAgain(draft: Draft, taskId: TaskId): void {
  const task = draft.get('tasks', taskId);
  const id = nextRunId(taskId);
  const isRestartable = (task?.info.restart?.on ?? 'never') !== 'never';
  if (!task || !isRestartable || draft.get('tasks', id) || draft.get('runs', id)) return;
  const { info, machineId, agentId, wanted, priority, createdAtMs } = task;
  const place = wanted?.isHere === true ? { machineId, agentId } : null;
  const operationId = `o-${id.slice(2)}` as OperationId;
  const machine = place === null ? null : machineId;
  openOperation(draft, {
    id: operationId,
    verb: 'run-task',
    subject: info.name,
    machineId: machine,
    taskId: id,
  });
  submitRun(draft, {
    id,
    info: { ...info, taskId: id },
    place,
    machineId: machine,
    ...(wanted?.where === undefined ? {} : { where: wanted.where }),
    ...(priority === undefined ? {} : { priority }),
    operationId,
    askedAtMs: createdAtMs,
  });
}

/** Waits from now on; whether it is placed in this step is the allocator's to say. */
export function submitRun(draft: Draft, run: RunRecord): void {
  subscribeBuiltIn(draft, runFrameworkId, runFramework);
  draft.put('runs', run);
  askForOffers(runDriver(draft), runFrameworkId);
}

/** Nobody waits for it any more. */
export function withdrawRun(draft: Draft, taskId: TaskId, why: Refusal): void {
  const run = draft.get('runs', taskId);
  if (!run) return;
  dropRun(draft, run, why);
  askForOffers(runDriver(draft), runFrameworkId);
}

function dropRun(draft: Draft, run: RunRecord, why: Refusal): void {
  draft.drop('runs', run.id);
  refuseTaskOperations(draft, 'run-task', run.id, why);
}

export function withdrawRunsOf(draft: Draft, machineId: MachineId, why: Refusal): void {
  for (const run of [...draft.rows('runs')]) if (run.machineId === machineId) withdrawRun(draft, run.id, why);
}

/** At a start of the master: what waited waits on, and asks anew. Writes nothing durable. */
export function resumeRuns(draft: Draft): void {
  if (draft.get('subscriptions', runFrameworkId)) askForOffers(runDriver(draft), runFrameworkId);
}
