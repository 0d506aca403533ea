// A lane: the steps of adding or removing one machine.
//
//   running <--> needs-you        (compare the fingerprint)
//     |  |  \________\__________
//   done failed <-- retry --> cancelled          failed and cancelled lanes of kind `add` may run again
//
// A step: waiting -> working -> done | failed | skipped, and host-key: working -> needs-you -> done | failed;
// jumps: working -> needs-you -> working ... once for each machine in between that nobody has confirmed.
import type { EnrolmentStep, LaneRecord, LaneStep, RemovalStep } from '../../contract/enrolment.ts';
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import { assert, must } from '../kernel/assert.ts';
import type { Draft } from './draft.ts';
import type { LaneSession } from './state.ts';

type LaneState = LaneRecord['state'];
type StepState = LaneStep['state'];
export type LaneStepName = EnrolmentStep | RemovalStep;

export const laneMoves: Readonly<Record<LaneState, readonly LaneState[]>> = {
  running: ['needs-you', 'done', 'failed', 'cancelled'],
  'needs-you': ['running', 'failed', 'cancelled'],
  failed: ['running'],
  cancelled: ['running'],
  done: [],
};

export const stepMoves: Readonly<Record<StepState, readonly StepState[]>> = {
  waiting: ['working', 'skipped'],
  working: ['needs-you', 'done', 'failed', 'skipped'],
  'needs-you': ['working', 'done', 'failed', 'skipped'],
  done: [],
  failed: [],
  skipped: [],
};

export function newLane(
  draft: Draft,
  lane: Pick<LaneRecord, 'id' | 'kind' | 'title'> & { readonly steps: readonly LaneStepName[] },
): LaneRecord {
  return {
    ...lane,
    state: 'running',
    steps: lane.steps.map(newStep),
    startedAtMs: draft.atMs,
    endedAtMs: null,
    hostKey: null,
    pinnedHostKey: null,
  };
}

function newStep(name: LaneStepName): LaneStep {
  return { name, state: 'waiting', startedAtMs: null, tookMs: null, ran: '', answered: '', refusal: null };
}

/** The same lane, from its first step on. */
export function restartedLane(draft: Draft, lane: LaneRecord): LaneRecord {
  return {
    ...moveLane(lane, 'running'),
    steps: lane.steps.map((step) => newStep(step.name)),
    startedAtMs: draft.atMs,
    endedAtMs: null,
    hostKey: null,
    pinnedHostKey: null,
    jump: null,
    isPaused: false,
  };
}

export function moveLane(lane: LaneRecord, state: LaneState): LaneRecord {
  if (lane.state === state) return lane;
  assert(laneMoves[lane.state].includes(state), `lane ${lane.id} cannot go from ${lane.state} to ${state}`);
  return { ...lane, state };
}

export function isOpen(lane: LaneRecord): boolean {
  return lane.state === 'running' || lane.state === 'needs-you';
}

export function stepOf(lane: LaneRecord, name: LaneStepName): LaneStep {
  return must(
    lane.steps.find((step) => step.name === name),
    `step ${name} of lane ${lane.id}`,
  );
}

/** The step that is working or waits for the person. */
export function currentStep(lane: LaneRecord): LaneStep | null {
  return lane.steps.find((step) => step.state === 'working' || step.state === 'needs-you') ?? null;
}

export function withStep(lane: LaneRecord, name: LaneStepName, patch: Partial<LaneStep>): LaneRecord {
  const before = stepOf(lane, name);
  const to = patch.state;
  assert(
    to === undefined || to === before.state || stepMoves[before.state].includes(to),
    `step ${name} of lane ${lane.id} cannot go from ${before.state} to ${to}`,
  );
  return { ...lane, steps: lane.steps.map((step) => (step === before ? { ...step, ...patch } : step)) };
}

/** Marks the next waiting step as working; its name, or null when all are through. */
export function beginNextStep(
  draft: Draft,
  lane: LaneRecord,
): { lane: LaneRecord; name: LaneStepName | null } {
  const next = lane.steps.find((step) => step.state === 'waiting');
  if (!next) return { lane, name: null };
  patchLaneSession(draft, lane.id, { stepStartedMonoMs: draft.monoMs, deadlineMonoMs: null });
  const working = withStep(lane, next.name, { state: 'working', startedAtMs: draft.atMs });
  return { lane: working, name: next.name };
}

/** The current step fails with this refusal, and the lane with it. */
export function failedLane(draft: Draft, lane: LaneRecord, refusal: Refusal): LaneRecord {
  const step = currentStep(lane);
  const marked = step
    ? withStep(lane, step.name, { state: 'failed', refusal, tookMs: step.tookMs ?? tookMs(draft, lane.id) })
    : lane;
  return { ...moveLane(marked, 'failed'), endedAtMs: draft.atMs };
}

export function tookMs(draft: Draft, machineId: MachineId): number {
  return draft.monoMs - laneSession(draft, machineId).stepStartedMonoMs;
}

export function laneSession(draft: Draft, machineId: MachineId): LaneSession {
  return must(draft.lanes.get(machineId), `session of lane ${machineId}`);
}

export function patchLaneSession(draft: Draft, machineId: MachineId, patch: Partial<LaneSession>): void {
  draft.lanes.set(machineId, { ...laneSession(draft, machineId), ...patch });
}
