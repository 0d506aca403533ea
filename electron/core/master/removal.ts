// Removing a machine: a lane too. Its tasks are stopped or left, then everything of ours is taken off, and only when
// `verify` has found nothing left are the records dropped here. The wish is durable: a restart goes on with it.
import {
  demoRemovalSteps,
  type LaneRecord,
  type RemovalStep,
  removalSteps,
} from '../../contract/enrolment.ts';
import type { Refusal } from '../../contract/errors.ts';
import type { OperationId } from '../../contract/ids.ts';
import { demoSliceOf, type MachineRecord } from '../../contract/machine.ts';
import { must } from '../kernel/assert.ts';
import type { CommandEvent, FactEvent } from '../kernel/events.ts';
import { isSame } from '../kernel/tables.ts';
import { refuseRackRemoval, settleRackRemoval } from './demo-operations.ts';
import type { Draft } from './draft.ts';
import {
  beginNextStep,
  failedLane,
  isOpen,
  laneSession,
  moveLane,
  newLane,
  withStep,
} from './lane-states.ts';
import { connect, stopLink } from './links.ts';
import { dropMachine } from './machines.ts';
import { advanceOperation, openOperation, refuseOperation } from './operations.ts';
import { isLinkLive } from './sends.ts';

type TaskFate = 'stop' | 'keep';

export function onRemoveMachine(
  draft: Draft,
  event: Extract<CommandEvent, { kind: 'remove-machine' }>,
): Refusal | null {
  const machine = draft.get('machines', event.machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: event.machineId };
  const isSlice = demoSliceOf(machine) !== null;
  // The folder and the processes of a slice are on this computer: no link is needed to take them away.
  const isForced = event.force && !isSlice;
  const refusal = refuseLocal(machine, isSlice) ?? refuseBusy(draft, machine, isForced);
  if (refusal) return refusal;
  if (!isSlice && !isForced && !isWithinReach(draft, machine)) {
    const detail = draft.get('links', machine.id)?.problem?.detail ?? machine.name;
    return { code: 'unreachable', reason: 'machine-unreachable', detail };
  }
  openOperation(draft, {
    id: event.operationId,
    verb: 'remove-machine',
    subject: machine.name,
    machineId: machine.id,
    taskId: null,
  });
  if (isForced) forgetMachine(draft, machine, event.operationId);
  // A slice goes as a whole: there would be no computer left for its tasks to be kept on.
  else
    beginRemoval(draft, machine, { tasks: isSlice ? 'stop' : event.tasks, operationId: event.operationId });
  return null;
}

/** A removal that failed half way may have taken the agent already: its steps go by SSH, so it may be asked again. */
function isWithinReach(draft: Draft, machine: MachineRecord): boolean {
  const lane = draft.get('lanes', machine.id);
  // Of an agent that was declared gone there is no link any more, and the machine may well be there.
  const isGone = machine.agentId !== null && draft.get('agents', machine.agentId)?.state.kind === 'gone';
  return isLinkLive(draft, machine.id) || isGone || (lane?.kind === 'remove' && lane.state === 'failed');
}

function refuseLocal(machine: MachineRecord, isSlice: boolean): Refusal | null {
  if (machine.via.kind !== 'local' || isSlice) return null;
  return { code: 'unsupported', reason: 'local-machine-stays', detail: machine.name };
}

function refuseBusy(draft: Draft, machine: MachineRecord, isForced: boolean): Refusal | null {
  const lane = draft.get('lanes', machine.id);
  if (!lane || !isOpen(lane)) return null;
  if (lane.kind === 'add') return { code: 'conflict', reason: 'lane-running', detail: lane.title };
  return isForced ? null : { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
}

/** At a start of the master: the wish of an earlier run. Every step may be repeated. */
export function resumeRemoval(draft: Draft, machine: MachineRecord): void {
  const tasks = must(machine.removal, `removal of ${machine.id}`).tasks;
  beginRemoval(draft, machine, { tasks, operationId: null });
}

export function beginRemoval(
  draft: Draft,
  machine: MachineRecord,
  wish: { readonly tasks: TaskFate; readonly operationId: OperationId | null },
): void {
  const asked = {
    ...machine,
    removal: { askedAtMs: machine.removal?.askedAtMs ?? draft.atMs, tasks: wish.tasks },
  };
  // A removal that is resumed is on the disk already: no write, so that it works at a read-only start too.
  if (!isSame(machine, asked)) draft.put('machines', asked);
  openRemovalLane(draft, machine, wish);
  runNextStep(draft, newRemovalLane(draft, machine), asked);
}

function openRemovalLane(
  draft: Draft,
  machine: MachineRecord,
  wish: { readonly tasks: TaskFate; readonly operationId: OperationId | null },
): void {
  draft.lanes.set(machine.id, {
    kind: 'remove',
    operationId: wish.operationId,
    attempt: (draft.lanes.get(machine.id)?.attempt ?? 0) + 1,
    stepStartedMonoMs: draft.monoMs,
    deadlineMonoMs: null,
    add: null,
    remove: { tasks: wish.tasks },
  });
}

function newRemovalLane(draft: Draft, machine: MachineRecord): LaneRecord {
  const { via } = machine;
  const title = via.kind === 'ssh' ? `${via.user}@${via.address}:${via.port}` : machine.name;
  const steps = demoSliceOf(machine) === null ? removalSteps : demoRemovalSteps;
  return newLane(draft, { id: machine.id, kind: 'remove', title, steps });
}

function runNextStep(draft: Draft, lane: LaneRecord, machine: MachineRecord): void {
  const { lane: next, name } = beginNextStep(draft, lane);
  if (name === null) {
    draft.put('lanes', { ...moveLane(next, 'done'), endedAtMs: draft.atMs });
    finish(draft, machine);
    return;
  }
  draft.put('lanes', next);
  // From here on the agent goes away on purpose: the link must not take that for a loss.
  if (name === 'stop-agent') {
    stopLink(draft, machine.id, null);
    draft.issue({ kind: 'disconnect', machineId: machine.id });
  }
  const session = laneSession(draft, machine.id);
  draft.issue({
    kind: 'run-removal-step',
    step: name as RemovalStep,
    machine,
    attempt: session.attempt,
    tasks: session.remove?.tasks ?? 'keep',
  });
}

export function onRemovalStepFinished(
  draft: Draft,
  lane: LaneRecord,
  event: Extract<FactEvent, { kind: 'lane-step-finished' }>,
): void {
  const machine = must(draft.get('machines', lane.id), `machine ${lane.id}`);
  const told = withStep(lane, event.step, { ran: event.ran, answered: event.answered, tookMs: event.tookMs });
  const { operationId } = laneSession(draft, lane.id);
  advanceOperation(draft, operationId, 'doing');
  if (event.outcome.kind === 'failed') {
    draft.put('lanes', failedLane(draft, told, event.outcome.refusal));
    refuseOperation(draft, operationId, event.outcome.refusal);
    if (demoSliceOf(machine) !== null) refuseRackRemoval(draft, event.outcome.refusal);
    giveUp(draft, machine);
    return;
  }
  runNextStep(draft, withStep(told, event.step, { state: event.outcome.kind }), machine);
}

/** The machine stays ours: back to a normal link, and the person may ask again or force it. */
function giveUp(draft: Draft, machine: MachineRecord): void {
  const kept = { ...machine, removal: null };
  draft.put('machines', kept);
  // The session stays, so that the next attempt has another number than answers still on their way.
  const keeps = machine.via.kind === 'ssh' && machine.via.jumps !== undefined;
  draft.issue({
    kind: 'drop-secrets',
    machineId: machine.id,
    ...(keeps ? { keepsJumps: true as const } : {}),
  });
  const phase = draft.get('links', machine.id)?.phase;
  if (phase === 'stopped' || phase === 'down') connect(draft, kept);
}

function finish(draft: Draft, machine: MachineRecord): void {
  advanceOperation(draft, laneSession(draft, machine.id).operationId, 'seen');
  draft.lanes.delete(machine.id);
  draft.issue({ kind: 'drop-secrets', machineId: machine.id });
  dropMachine(draft, machine.id);
  if (demoSliceOf(machine) === null) return;
  // Nothing was left elsewhere that a finished lane would have to tell of.
  draft.drop('lanes', machine.id);
  settleRackRemoval(draft);
}

/** It cannot be reached: only the records here go. The lane says what stays there. */
function forgetMachine(draft: Draft, machine: MachineRecord, operationId: OperationId): void {
  openRemovalLane(draft, machine, { tasks: 'keep', operationId });
  let lane = newRemovalLane(draft, machine);
  for (const name of removalSteps)
    lane = withStep(lane, name, { state: 'skipped', answered: leftover(machine, name) });
  draft.put('lanes', { ...moveLane(lane, 'done'), endedAtMs: draft.atMs });
  finish(draft, machine);
}

function leftover(machine: MachineRecord, step: RemovalStep): string {
  if (machine.via.kind !== 'ssh') return '';
  if (step === 'files') return machine.via.agentDir;
  return step === 'key' && machine.via.keyPlanted ? '~/.ssh/authorized_keys' : '';
}
