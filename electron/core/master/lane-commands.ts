// Commands about lanes (add, confirm, retry, cancel, dismiss) and the dispatch of what adapters report about them.
import { enrolmentSteps, jumpedEnrolmentSteps } from '../../contract/enrolment.ts';
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import { type Deadline, isDue } from '../kernel/deadlines.ts';
import type { CommandEvent, FactEvent } from '../kernel/events.ts';
import type { Draft } from './draft.ts';
import {
  acceptHostKey,
  cleanUp,
  dropSecrets,
  loginTries,
  onEnrolmentDeadline,
  onEnrolmentStepFinished,
  patchAdd,
  runNextStep,
  startAttempt,
} from './enrolment.ts';
import { isSameKey, isSamePlace, type Place } from './lane-places.ts';
import {
  currentStep,
  isOpen,
  laneSession,
  moveLane,
  newLane,
  patchLaneSession,
  restartedLane,
  withStep,
} from './lane-states.ts';
import { isHeldBack, lanesInLine } from './lane-turns.ts';
import { openOperation, refuseOperation } from './operations.ts';
import { onRemovalStepFinished } from './removal.ts';
import type { State } from './state.ts';

type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;

export function onAddMachine(draft: Draft, event: Command<'add-machine'>): Refusal | null {
  const refusal = refuseAdd(draft, event);
  if (refusal) return refusal;
  const { machineId, operationId, name, address, port, user, jumps = [] } = event;
  const title = `${user}@${address}:${port}`;
  draft.lanes.set(machineId, {
    kind: 'add',
    operationId,
    attempt: 1,
    stepStartedMonoMs: draft.monoMs,
    deadlineMonoMs: null,
    add: {
      name,
      address,
      port,
      user,
      jumps: jumps.map((jump) => ({ ...jump, hostKey: null })),
      hostKey: null,
      learned: {},
      loginRefusals: 0,
      isCleaning: false,
      keepsSecrets: false,
      retryWanted: false,
    },
    remove: null,
  });
  openOperation(draft, {
    id: operationId,
    verb: 'add-machine',
    subject: name || title,
    machineId,
    taskId: null,
  });
  const steps = jumps.length > 0 ? jumpedEnrolmentSteps : enrolmentSteps;
  runNextStep(draft, newLane(draft, { id: machineId, kind: 'add', title, steps }));
  return null;
}

function refuseAdd(draft: Draft, event: Command<'add-machine'>): Refusal | null {
  if (draft.get('machines', event.machineId) || draft.get('lanes', event.machineId)) {
    return { code: 'conflict', reason: 'machine-exists', detail: event.machineId };
  }
  return refusePlace(draft, event, event.machineId);
}

/** One agent a machine, and one lane at a time: another user at the same address and port is the same machine. */
function refusePlace(draft: Draft, place: Place, laneId: MachineId): Refusal | null {
  for (const { name, via } of draft.rows('machines')) {
    if (via.kind === 'ssh' && isSamePlace(via, place)) {
      return { code: 'conflict', reason: 'already-added', detail: name };
    }
  }
  for (const other of draft.rows('lanes')) {
    const add = draft.lanes.get(other.id)?.add;
    if (!add || other.id === laneId || !isSamePlace(add, place)) continue;
    if (isOpen(other)) return { code: 'conflict', reason: 'lane-exists', detail: other.title };
    // Its clean-up would take away what the new lane puts there.
    if (add.isCleaning) return { code: 'conflict', reason: 'lane-cleaning', detail: other.title };
  }
  return null;
}

export function onConfirmHostKey(draft: Draft, event: Command<'confirm-host-key'>): Refusal | null {
  const lane = draft.get('lanes', event.machineId);
  if (!lane) return noLane(event.machineId);
  if (currentStep(lane)?.state !== 'needs-you' || !lane.hostKey) {
    return { code: 'conflict', reason: 'nothing-to-confirm', detail: lane.title };
  }
  if (!isSameKey(lane.hostKey, event.hostKey)) {
    return { code: 'conflict', reason: 'other-host-key', detail: lane.hostKey.fingerprint };
  }
  acceptHostKey(draft, lane, event.hostKey);
  return null;
}

export function onRetryAdd(draft: Draft, event: Command<'retry-add'>): Refusal | null {
  const lane = draft.get('lanes', event.machineId);
  const session = draft.lanes.get(event.machineId);
  if (!lane || !session?.add) return noLane(event.machineId);
  if (isOpen(lane)) return { code: 'conflict', reason: 'lane-running', detail: lane.title };
  if (session.add.loginRefusals >= loginTries) {
    return { code: 'exhausted', reason: 'login-refused-twice', detail: `${loginTries} logins were refused` };
  }
  const conflict = refusePlace(draft, session.add, lane.id);
  if (conflict) return conflict;
  patchLaneSession(draft, lane.id, { operationId: event.operationId });
  openOperation(draft, {
    id: event.operationId,
    verb: 'add-machine',
    subject: session.add.name || lane.title,
    machineId: lane.id,
    taskId: null,
  });
  const fresh = restartedLane(draft, lane);
  draft.put('lanes', fresh);
  // The clean-up of the last attempt may still be at work: begin when it is through.
  if (session.add.isCleaning) patchAdd(draft, lane.id, { retryWanted: true });
  else startAttempt(draft, fresh);
  return null;
}

export function onCancelAdd(draft: Draft, event: Command<'cancel-add'>): Refusal | null {
  const lane = draft.get('lanes', event.machineId);
  const session = draft.lanes.get(event.machineId);
  if (!lane || !session?.add) return noLane(event.machineId);
  if (!isOpen(lane)) return { code: 'conflict', reason: 'lane-ended', detail: lane.title };
  const step = currentStep(lane);
  const stopped = step ? withStep(lane, step.name, { state: 'skipped' }) : lane;
  draft.put('lanes', { ...moveLane(stopped, 'cancelled'), endedAtMs: draft.atMs });
  const refusal: Refusal = { code: 'conflict', reason: 'cancelled', detail: 'cancelled by a person' };
  refuseOperation(draft, session.operationId, refusal);
  if (session.add.isCleaning) patchAdd(draft, lane.id, { retryWanted: false });
  else cleanUp(draft, lane.id, { keepsSecrets: false });
  giveTurns(draft);
  return null;
}

export function onPauseAdd(draft: Draft, event: Command<'pause-add'>): Refusal | null {
  const lane = draft.get('lanes', event.machineId);
  if (!lane || !draft.lanes.get(event.machineId)?.add) return noLane(event.machineId);
  if (!isOpen(lane)) return { code: 'conflict', reason: 'lane-ended', detail: lane.title };
  draft.put('lanes', { ...lane, isPaused: event.isPaused });
  giveTurns(draft);
  return null;
}

/** Whoever is in line and may go on does. */
function giveTurns(draft: Draft): void {
  for (const lane of lanesInLine(draft)) if (!isHeldBack(draft, lane)) runNextStep(draft, lane);
}

export function onDismissLane(draft: Draft, event: Command<'dismiss-lane'>): Refusal | null {
  const lane = draft.get('lanes', event.machineId);
  if (!lane) return noLane(event.machineId);
  if (isOpen(lane)) return { code: 'conflict', reason: 'lane-running', detail: lane.title };
  const add = draft.lanes.get(lane.id)?.add;
  if (add?.isCleaning) return { code: 'conflict', reason: 'lane-cleaning', detail: lane.title };
  // Those of its jump hosts are kept over every retry.
  if (add && (add.keepsSecrets || add.jumps.length > 0)) dropSecrets(draft, lane.id);
  draft.drop('lanes', lane.id);
  draft.lanes.delete(lane.id);
  return null;
}

function noLane(machineId: string): Refusal {
  return { code: 'not-found', reason: 'no-such-lane', detail: machineId };
}

/** Only the answer of the step that is at work now, of the attempt that is at work now, means anything. */
export function onLaneStepFinished(
  draft: Draft,
  event: Extract<FactEvent, { kind: 'lane-step-finished' }>,
): void {
  const lane = draft.get('lanes', event.machineId);
  const session = draft.lanes.get(event.machineId);
  const step = lane ? currentStep(lane) : null;
  const isCurrent =
    session?.attempt === event.attempt && step?.name === event.step && step.state === 'working';
  if (!lane || !session || !isCurrent || lane.state !== 'running') {
    draft.note('ignore-late-step', { machineId: event.machineId, step: event.step, attempt: event.attempt });
    return;
  }
  if (session.kind !== 'add') return onRemovalStepFinished(draft, lane, event);
  onEnrolmentStepFinished(draft, lane, event);
  giveTurns(draft);
}

export function onLaneDeadlines(draft: Draft): void {
  for (const [machineId, session] of draft.lanes.entries()) {
    const lane = draft.get('lanes', machineId);
    if (lane && session.add && isDue(session.deadlineMonoMs, draft.monoMs)) onEnrolmentDeadline(draft, lane);
  }
}

/** Sleep of this computer is no reason to give up on a machine: the caps begin anew. */
export function onLanesWokeUp(draft: Draft, asleepMs: number): void {
  for (const [machineId, session] of draft.lanes.entries()) {
    if (session.deadlineMonoMs === null) continue;
    const deadlineMonoMs = Math.max(session.deadlineMonoMs, draft.monoMs) + Math.min(asleepMs, 15_000);
    draft.lanes.set(machineId, { ...laneSession(draft, machineId), deadlineMonoMs });
  }
}

export function nextLaneDeadline(state: State): Deadline {
  return state.session.lanes.earliest();
}
