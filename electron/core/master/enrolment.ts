// Adding a machine: a lane of steps. The ssh adapter runs each step and reports; here is decided what comes next.
// `host-key` is the person's step and `first-sample` the link's: for those two no effect is issued.
// The machine's record exists from the end of `start` on; a lane that fails later takes it away again.
import type { EnrolmentStep, LaneRecord } from '../../contract/enrolment.ts';
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { HostKey, Jump } from '../../contract/machine.ts';
import { assert, must } from '../kernel/assert.ts';
import type { LaneContext } from '../kernel/effects.ts';
import type { FactEvent, LaneJump, StepOutcome } from '../kernel/events.ts';
import type { Draft } from './draft.ts';
import { isSameKey, pinnedAt, wayTo } from './lane-places.ts';
import {
  beginNextStep,
  currentStep,
  failedLane,
  isOpen,
  laneSession,
  moveLane,
  patchLaneSession,
  stepOf,
  tookMs,
  withStep,
} from './lane-states.ts';
import { isHeldBack } from './lane-turns.ts';
import { isHardStop } from './link-states.ts';
import { addMachineRecord, dropMachine } from './machines.ts';
import { advanceOperation, refuseOperation } from './operations.ts';
import type { LaneSession } from './state.ts';

type AddSession = NonNullable<LaneSession['add']>;

const firstSampleCapMs = 15_000;
/** A clean-up that never answers must not hold a retry back for ever. */
const cleanUpCapMs = 20_000;
/** After a failure that was not about them, so that many can be tried again without being asked many times. */
export const credentialsKeptMs = 300_000;
export const loginTries = 2;

/** Goes on with the next step of a running lane, or leaves it in line. */
export function runNextStep(draft: Draft, lane: LaneRecord): void {
  if (isHeldBack(draft, lane)) {
    draft.put('lanes', lane);
    return;
  }
  const { lane: next, name } = beginNextStep(draft, lane);
  draft.put('lanes', next);
  if (name === 'host-key') checkHostKey(draft, next);
  else if (name === 'first-sample') {
    patchLaneSession(draft, lane.id, { deadlineMonoMs: draft.monoMs + firstSampleCapMs });
    keepMachine(draft, next);
  } else if (name === null) completeLane(draft, next);
  else {
    draft.issue({
      kind: 'run-enrolment-step',
      step: name as EnrolmentStep,
      context: contextOf(draft, lane.id),
    });
  }
}

export function onEnrolmentStepFinished(
  draft: Draft,
  lane: LaneRecord,
  event: Extract<FactEvent, { kind: 'lane-step-finished' }>,
): void {
  const { outcome } = event;
  const said = { ran: event.ran, answered: event.answered, tookMs: event.tookMs };
  const told = withStep(lane, event.step, said);
  const session = laneSession(draft, lane.id);
  if (session.operationId !== null) advanceOperation(draft, session.operationId, 'doing');
  if (outcome.kind === 'failed') {
    draft.put('lanes', told);
    failLane(draft, told, countLogin(draft, told, outcome.refusal));
    return;
  }
  if (event.step === 'jumps' && outcome.kind === 'done' && outcome.learned.jumpKey !== undefined) {
    return checkJumpKey(draft, told, outcome.learned.jumpKey);
  }
  if (outcome.kind === 'done') learn(draft, lane.id, outcome);
  runNextStep(draft, withStep(told, event.step, { state: outcome.kind }));
}

function learn(draft: Draft, machineId: MachineId, outcome: Extract<StepOutcome, { kind: 'done' }>): void {
  const add = addOf(draft, machineId);
  patchAdd(draft, machineId, { learned: { ...add.learned, ...outcome.learned } });
}

/** Two refused logins in a row are enough: more would feed the lock-out counters of the machine. */
function countLogin(draft: Draft, lane: LaneRecord, refusal: Refusal): Refusal {
  const step = currentStep(lane)?.name;
  if ((step !== 'login' && step !== 'jumps') || refusal.code !== 'unauthorized') return refusal;
  const loginRefusals = addOf(draft, lane.id).loginRefusals + 1;
  patchAdd(draft, lane.id, { loginRefusals });
  return loginRefusals < loginTries
    ? refusal
    : { ...refusal, code: 'exhausted', reason: 'login-refused-twice' };
}

function checkHostKey(draft: Draft, lane: LaneRecord): void {
  const add = addOf(draft, lane.id);
  const shown = add.learned.hostKey;
  if (!shown) {
    failLane(draft, lane, { code: 'internal', reason: 'no-host-key', detail: 'identify told no host key' });
    return;
  }
  const pinned = pinnedKey(draft, lane.id, add);
  const told = withStep(lane, 'host-key', { answered: `${shown.type} ${shown.fingerprint}` });
  if (pinned && !isSameKey(pinned, shown)) {
    const refused = { ...told, hostKey: shown, pinnedHostKey: pinned };
    failLane(draft, refused, {
      code: 'unauthorized',
      reason: 'host-key-changed',
      detail: `was ${pinned.fingerprint}, is ${shown.fingerprint}`,
    });
  } else if (pinned) acceptHostKey(draft, told, shown);
  else {
    const asking = moveLane(withStep(told, 'host-key', { state: 'needs-you' }), 'needs-you');
    draft.put('lanes', { ...asking, hostKey: shown });
  }
}

/** Known from this lane's earlier try, or from a machine at the same place. */
function pinnedKey(draft: Draft, machineId: MachineId, add: AddSession): HostKey | null {
  return add.hostKey ?? pinnedAt(draft, add, machineId);
}

/** The first jump host without a confirmed key has shown one. No credential has left for it. */
function checkJumpKey(draft: Draft, lane: LaneRecord, shown: HostKey): void {
  const { jumps } = addOf(draft, lane.id);
  const at = jumps.findIndex(({ hostKey }) => hostKey === null);
  const jump = must(jumps[at], `jump host of lane ${lane.id}`);
  const { address, port, user } = jump;
  const place = { address, port, user };
  const pinned = pinnedAt(draft, wayTo(jumps, at, jump), lane.id);
  if (pinned && !isSameKey(pinned, shown)) {
    failLane(
      draft,
      { ...lane, hostKey: shown, pinnedHostKey: pinned, jump: place },
      {
        code: 'unauthorized',
        reason: 'host-key-changed',
        detail: `jump host ${user}@${address}:${port}: was ${pinned.fingerprint}, is ${shown.fingerprint}`,
      },
    );
  } else if (pinned) acceptJumpKey(draft, lane, shown);
  else {
    const asking = moveLane(withStep(lane, 'jumps', { state: 'needs-you' }), 'needs-you');
    draft.put('lanes', { ...asking, hostKey: shown, jump: place });
  }
}

/** The same step goes on with the next machine of the way. */
function acceptJumpKey(draft: Draft, lane: LaneRecord, hostKey: HostKey): void {
  const { jumps } = addOf(draft, lane.id);
  const at = jumps.findIndex((jump) => jump.hostKey === null);
  patchAdd(draft, lane.id, {
    jumps: jumps.map((jump, index) => (index === at ? { ...jump, hostKey } : jump)),
  });
  const working = withStep(moveLane(lane, 'running'), 'jumps', { state: 'working' });
  draft.put('lanes', { ...working, hostKey: null, jump: null });
  draft.issue({ kind: 'run-enrolment-step', step: 'jumps', context: contextOf(draft, lane.id) });
}

export function acceptHostKey(draft: Draft, lane: LaneRecord, hostKey: HostKey): void {
  if (lane.jump) return acceptJumpKey(draft, lane, hostKey);
  patchAdd(draft, lane.id, { hostKey });
  const running = moveLane(lane, 'running');
  const done = withStep(running, 'host-key', { state: 'done', tookMs: tookMs(draft, lane.id) });
  runNextStep(draft, { ...done, hostKey });
}

/** After `start`: the agent runs there, so the machine is ours to keep and to connect to. */
function keepMachine(draft: Draft, lane: LaneRecord): void {
  const { hostKey, learned, name, address, port, user, jumps } = addOf(draft, lane.id);
  const hasWay = jumps.every((jump) => jump.hostKey !== null);
  if (!hostKey || !learned.login || !learned.agentDir || !hasWay) {
    failLane(draft, lane, {
      code: 'internal',
      reason: 'lane-incomplete',
      detail: 'no login or folder was told',
    });
    return;
  }
  addMachineRecord(draft, {
    id: lane.id,
    name: (name || learned.hostname || address).slice(0, 100),
    via: {
      kind: 'ssh',
      address,
      port,
      user,
      login: learned.login,
      hostKey,
      keyPlanted: learned.keyPlanted ?? false,
      agentDir: learned.agentDir,
      sudo: learned.sudo ?? false,
      ...(jumps.length > 0 ? { jumps: jumps.map((jump) => keptJump(jump, lane.id)) } : {}),
    },
    agentId: null,
    note: '',
    addedAtMs: draft.atMs,
    removal: null,
  });
}

function keptJump(jump: LaneJump, laneId: MachineId): Jump {
  return { ...jump, hostKey: must(jump.hostKey, `key of a jump host of lane ${laneId}`) };
}

function laneAtFirstSample(draft: Draft, machineId: MachineId): LaneRecord | null {
  const lane = draft.get('lanes', machineId);
  return lane?.kind === 'add' && currentStep(lane)?.name === 'first-sample' ? lane : null;
}

export function onFirstSample(draft: Draft, machineId: MachineId): void {
  const lane = laneAtFirstSample(draft, machineId);
  if (!lane) return;
  runNextStep(draft, withStep(lane, 'first-sample', { state: 'done', tookMs: tookMs(draft, machineId) }));
}

/** A lost link is tried again within the cap of the step; a hard stop ends the lane at once. */
export function onLaneLinkDown(draft: Draft, machineId: MachineId, refusal: Refusal): void {
  const lane = laneAtFirstSample(draft, machineId);
  if (lane && isHardStop(refusal)) failLane(draft, lane, refusal);
}

function completeLane(draft: Draft, lane: LaneRecord): void {
  draft.put('lanes', { ...moveLane(lane, 'done'), endedAtMs: draft.atMs });
  const { jumps } = addOf(draft, lane.id);
  draft.issue({
    kind: 'drop-secrets',
    machineId: lane.id,
    ...(jumps.length > 0 ? { keepsJumps: true as const } : {}),
  });
  advanceOperation(draft, laneSession(draft, lane.id).operationId, 'seen');
  draft.lanes.delete(lane.id);
}

function failLane(draft: Draft, lane: LaneRecord, refusal: Refusal): void {
  draft.put('lanes', failedLane(draft, lane, refusal));
  refuseOperation(draft, laneSession(draft, lane.id).operationId, refusal);
  cleanUp(draft, lane.id, { keepsSecrets: refusal.code !== 'unauthorized' && refusal.code !== 'exhausted' });
}

/** Takes away what this attempt put on the machine, and the record if there was one already. */
export function cleanUp(
  draft: Draft,
  machineId: MachineId,
  { keepsSecrets }: { readonly keepsSecrets: boolean },
): void {
  draft.issue({ kind: 'clean-up-lane', context: contextOf(draft, machineId), keepsSecrets });
  if (draft.get('machines', machineId)) dropMachine(draft, machineId);
  patchAdd(draft, machineId, { isCleaning: true, keepsSecrets });
  // A later answer of this attempt is of no use to anybody.
  patchLaneSession(draft, machineId, { deadlineMonoMs: draft.monoMs + cleanUpCapMs });
}

/** Starts the lane's next attempt; nothing that was learned survives but the confirmed host key. */
export function startAttempt(draft: Draft, lane: LaneRecord): void {
  const session = laneSession(draft, lane.id);
  patchLaneSession(draft, lane.id, { attempt: session.attempt + 1, deadlineMonoMs: null });
  patchAdd(draft, lane.id, { isCleaning: false, keepsSecrets: false, retryWanted: false, learned: {} });
  runNextStep(draft, lane);
}

export function onLaneCleanedUp(draft: Draft, event: Extract<FactEvent, { kind: 'lane-cleaned-up' }>): void {
  const session = draft.lanes.get(event.machineId);
  if (session?.add?.isCleaning && session.attempt === event.attempt) endCleaning(draft, event.machineId);
}

function endCleaning(draft: Draft, machineId: MachineId): void {
  const lane = must(draft.get('lanes', machineId), `lane ${machineId}`);
  const { retryWanted, keepsSecrets } = addOf(draft, machineId);
  patchLaneSession(draft, machineId, {
    deadlineMonoMs: keepsSecrets ? draft.monoMs + credentialsKeptMs : null,
  });
  if (retryWanted) startAttempt(draft, lane);
  else patchAdd(draft, machineId, { isCleaning: false });
}

/** Nobody tried again in time, or nobody will. */
export function dropSecrets(draft: Draft, machineId: MachineId): void {
  draft.issue({ kind: 'drop-secrets', machineId });
  patchLaneSession(draft, machineId, { deadlineMonoMs: null });
  patchAdd(draft, machineId, { keepsSecrets: false });
}

export function onEnrolmentDeadline(draft: Draft, lane: LaneRecord): void {
  if (addOf(draft, lane.id).isCleaning) {
    draft.note('clean-up-unanswered', { machineId: lane.id });
    endCleaning(draft, lane.id);
    return;
  }
  if (!isOpen(lane)) {
    dropSecrets(draft, lane.id);
    return;
  }
  assert(isOpen(lane) && stepOf(lane, 'first-sample').state === 'working', `deadline of lane ${lane.id}`);
  const problem = draft.get('links', lane.id)?.problem;
  const detail = `nothing came for ${firstSampleCapMs} ms`;
  failLane(draft, lane, problem ?? { code: 'timeout', reason: 'no-first-sample', detail });
}

function addOf(draft: Draft, machineId: MachineId): AddSession {
  return must(laneSession(draft, machineId).add, `enrolment of ${machineId}`);
}

export function patchAdd(draft: Draft, machineId: MachineId, patch: Partial<AddSession>): void {
  patchLaneSession(draft, machineId, { add: { ...addOf(draft, machineId), ...patch } });
}

function contextOf(draft: Draft, machineId: MachineId): LaneContext {
  const { attempt } = laneSession(draft, machineId);
  const { address, port, user, jumps, hostKey, learned } = addOf(draft, machineId);
  const way = jumps.length > 0 ? { jumps } : {};
  return { machineId, attempt, address, port, user, ...way, hostKey, learned };
}
