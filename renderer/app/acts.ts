// What buttons, keys and the palette do: one request each, its refusal shown in words. No domain decisions here.
import type { Channel, Request } from '../../electron/contract/channels.ts';
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { MachineId, TaskId } from '../../electron/contract/ids.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Settings } from '../../electron/contract/settings.ts';
import type { TaskInfo, TaskOptions, TaskRecord } from '../../electron/contract/task.ts';
import { call, drop } from '../bridge/bridge.ts';
import { isActive } from '../store/selectors.ts';
import { tableStore } from '../store/tables.ts';
import { toast } from '../store/toasts.ts';
import { go, openDialog, viewStore } from '../store/view.ts';
import { said } from './messages/said.ts';
import { wordsNow } from './messages/words.ts';

export function showRefusal(refusal: Refusal, subject = ''): void {
  const words = wordsNow();
  const text = words.refusal(refusal);
  toast({
    tone: 'failed',
    text: subject === '' ? text : `${subject}: ${text}`,
    detail: said(refusal.detail, words),
  });
}

/** Fire and show: true when it was accepted. */
export async function ask<C extends Channel>(
  channel: C,
  request: Request<C>,
  subject = '',
): Promise<boolean> {
  const answer = await call(channel, request);
  if (!answer.ok) showRefusal(answer.refusal, subject);
  return answer.ok;
}

export function reconnect(machine: MachineRecord): void {
  drop(ask('machine:reconnect', { machineId: machine.id }, machine.name), 'shows its own refusal');
}

export async function editMachine(
  machine: MachineRecord,
  name: string,
  note: string,
): Promise<Refusal | null> {
  const answer = await call('machine:edit', { machineId: machine.id, name, note });
  if (!answer.ok) return answer.refusal;
  const words = wordsNow();
  const isRenamed = name !== machine.name;
  toast({
    text: isRenamed ? words.t('edit.renamed', { old: machine.name, name }) : words.t('edit.noted', { name }),
    undo: () => {
      const old = { machineId: machine.id, name: machine.name, note: machine.note };
      drop(ask('machine:edit', old, machine.name), 'shows its own refusal');
    },
  });
  return null;
}

export function startDemo(): void {
  drop(ask('demo:start', {}), 'shows its own refusal');
  go({ page: 'rack' });
}

export function dismissLane(machineId: MachineId): void {
  drop(ask('machine:dismiss-lane', { machineId }), 'shows its own refusal');
}

export function cancelLane(machineId: MachineId): void {
  drop(ask('machine:cancel-add', { machineId }), 'shows its own refusal');
}

export function pauseLane({ id, title }: LaneRecord, isPaused: boolean): void {
  drop(ask('machine:pause-add', { machineId: id, isPaused }, title), 'shows its own refusal');
}

/** With what was given before, as long as that is still held. */
export function retryLane({ id, title }: LaneRecord): void {
  drop(ask('machine:retry-add', { machineId: id, credentials: null }, title), 'shows its own refusal');
}

/** The key this lane shows is the machine's, a person has said. */
export function trustKey({ id, title, hostKey }: LaneRecord): void {
  if (hostKey === null) return;
  drop(ask('machine:confirm-host-key', { machineId: id, hostKey }, title), 'shows its own refusal');
}

export function openTask(taskId: TaskId): void {
  go({ page: 'task', taskId });
}

/** What it was asked for with, to ask for it once more. */
function requestOf(
  info: TaskInfo,
  place: Pick<Request<'task:run'>, 'machineId' | 'where' | 'priority'>,
): Request<'task:run'> {
  const { cpusMilli, memMib, diskMib, gpus } = info.resources;
  return {
    ...place,
    name: info.name,
    command: info.command,
    cpusMilli,
    memMib,
    diskMib,
    gpus,
    killGraceMs: info.killPolicy.graceMs,
    options: optionsOf(info),
  };
}

/** Nothing of it was ever started, so it can be put back. */
export function cancelRuns(taskIds: readonly TaskId[]): void {
  const { runs } = tableStore.getState().tables;
  for (const run of taskIds.flatMap((id) => runs.get(id) ?? [])) {
    const { name } = run.info;
    const cancel = async () => {
      if (!(await ask('task:kill', { taskId: run.id }, name))) return;
      const { machineId, where, priority, info } = run;
      const again = requestOf(info, {
        machineId,
        priority,
        ...(where === undefined ? {} : { where }),
      });
      toast({
        text: wordsNow().t('wait.cancelled', { name }),
        undo: () => drop(ask('task:run', again, name), 'shows its own refusal'),
      });
    };
    drop(cancel(), 'shows its own refusal');
  }
}

function tasksById(taskIds: readonly TaskId[]): readonly TaskRecord[] {
  const { tasks } = tableStore.getState().tables;
  return taskIds.flatMap((id) => tasks.get(id) ?? []);
}

/** What waits loses nothing; what runs is asked about first. */
export function askKill(taskIds: readonly TaskId[]): void {
  cancelRuns(taskIds);
  if (tasksById(taskIds).some((task) => isActive(task.state))) openDialog({ kind: 'kill-tasks', taskIds });
}

export function askForget(taskIds: readonly TaskId[]): void {
  if (tasksById(taskIds).some((task) => !isActive(task.state))) openDialog({ kind: 'forget-tasks', taskIds });
}

/** Everything the person chose the first time. */
function optionsOf(info: TaskInfo): TaskOptions {
  const { labels, limits, restart, maxCompletionMs, health, readiness } = info;
  const { artifacts, results, container, logMib } = info;
  const all = {
    labels,
    limits,
    restart,
    maxCompletionMs,
    health,
    readiness,
    artifacts,
    results,
    container,
    logMib,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as unknown as TaskOptions;
}

export function runAgain(task: TaskRecord): void {
  const { info, machineId, priority, wanted } = task;
  // Placed by the scheduler, it may go anywhere again; what the master does not know the wish of stays where it was.
  const isHere = wanted?.isHere ?? true;
  const where = wanted?.where;
  const request = requestOf(info, {
    machineId: isHere ? machineId : null,
    priority,
    ...(where === undefined ? {} : { where }),
  });
  const run = async () => {
    const answer = await call('task:run', request);
    if (answer.ok) openTask(answer.value.taskId);
    else showRefusal(answer.refusal, info.name);
  };
  drop(run(), 'shows its own refusal');
}

/** The failures shown until now are put aside; undo brings the card back. */
export function dismissFailures(newestAtMs: number): void {
  viewStore.setState({ failuresSeenAtMs: newestAtMs });
}

export function changeSettings(change: Partial<Omit<Settings, 'id'>>): void {
  drop(ask('settings:set', change), 'shows its own refusal');
}

export function copyText(text: string): void {
  drop(ask('clipboard:write', { text }), 'shows its own refusal');
}
