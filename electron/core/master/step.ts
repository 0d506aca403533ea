// The master: one pure step for one event. Throws only on a bug of ours; then nothing has happened.
import { ok, type Refusal, type Result } from '../../contract/errors.ts';
import type { Diff } from '../../contract/tables.ts';
import { unreachable } from '../kernel/assert.ts';
import { type Deadline, earliest } from '../kernel/deadlines.ts';
import type { IssuedEffect } from '../kernel/effects.ts';
import type { CommandEvent, FactEvent, MasterEvent } from '../kernel/events.ts';
import { onDeactivateAgent, onDrainAgent, onReactivateAgent } from './availability.ts';
import { onRemoveDemoRack, onStartDemoRack } from './demo-rack.ts';
import { Draft, type Note } from './draft.ts';
import { onLaneCleanedUp } from './enrolment.ts';
import { afterStep } from './frameworks/after-step.ts';
import { onAllocationDeadline } from './frameworks/allocation.ts';
import { onOutsideCall } from './frameworks/calls.ts';
import { onClaimDeadline, onClaimsWokeUp } from './frameworks/claims.ts';
import { nextFrameworkDeadline } from './frameworks/deadlines.ts';
import { onInverseOfferDeadlines } from './frameworks/inverse-offers.ts';
import { onOfferDeadlines } from './frameworks/offers.ts';
import { onOperationDeadlines } from './frameworks/operation-feedback.ts';
import { onPartitionMachine } from './frameworks/partition.ts';
import { onReconcileDeadlines } from './frameworks/reconciling.ts';
import { onChangeRole, onRemoveRole, onSetPreemption, onSetQuota, onSetWeight } from './frameworks/roles.ts';
import {
  onFrameworkDeadlines,
  onFrameworksWokeUp,
  onSchedulerDisconnected,
  onTeardownByPerson,
} from './frameworks/subscriptions.ts';
import { onUpdateDeadlines } from './frameworks/updates.ts';
import {
  nextLaneDeadline,
  onAddMachine,
  onCancelAdd,
  onConfirmHostKey,
  onDismissLane,
  onLaneDeadlines,
  onLaneStepFinished,
  onLanesWokeUp,
  onPauseAdd,
  onRetryAdd,
} from './lane-commands.ts';
import {
  nextLinkDeadline,
  onLinkDeadlines,
  onLinkDown,
  onLinkHeard,
  onLinkUp,
  onMasterStarted,
  onReconnect,
  onSampleReceived,
  onTakeOver,
  onWokeUp,
} from './link-events.ts';
import { onEditMachine, onLocalMachineFound } from './machines.ts';
import {
  nextMaintenanceDeadline,
  noteClocks,
  onMaintenanceDeadlines,
  onPlanMaintenance,
} from './maintenance.ts';
import { noteRefused } from './refused-operations.ts';
import { onRemoveMachine } from './removal.ts';
import { nextSendDeadline, onSendDeadlines } from './sends.ts';
import { onChangeSettings, onDismissFault, onFaultRaised } from './settings.ts';
import type { State } from './state.ts';
import {
  onForgetAnswered,
  onKillAnswered,
  onLaunchAnswered,
  onStatusUpdateReceived,
  onTaskProgressed,
} from './task-answers.ts';
import { onForgetTask, onKillTask, onRunTask } from './tasks.ts';

export type StepResult = {
  readonly state: State;
  readonly diff: Diff;
  readonly effects: readonly IssuedEffect[];
  /** For commands only. The loop gives it to the caller after the commit, never before. */
  readonly answer: Result<null> | null;
  readonly notes: readonly Note[];
};

export function step(state: State, event: MasterEvent): StepResult {
  const draft = new Draft(state, event);
  const answer = dispatch(draft, event);
  afterStep(draft);
  noteClocks(draft);
  const { state: next, diff } = draft.finish();
  return { state: next, diff, effects: draft.effects, answer, notes: draft.notes };
}

/**
 * Monotonic time of the next thing to do by itself; null: only an event wakes us. Beyond `untilMonoMs` it may say less than that
 * time, never less than `untilMonoMs`: who does not look further gets it cheaper.
 */
export function nextDeadline(state: State, untilMonoMs = Number.POSITIVE_INFINITY): Deadline {
  return earliest([
    nextLinkDeadline(state, untilMonoMs),
    nextLaneDeadline(state),
    nextSendDeadline(state),
    nextFrameworkDeadline(state),
    nextMaintenanceDeadline(state),
  ]);
}

const commandKinds: ReadonlySet<string> = new Set(
  Object.keys({
    'add-machine': true,
    'confirm-host-key': true,
    'retry-add': true,
    'cancel-add': true,
    'pause-add': true,
    'dismiss-lane': true,
    'remove-machine': true,
    'start-demo-rack': true,
    'remove-demo-rack': true,
    reconnect: true,
    'take-over': true,
    'edit-machine': true,
    'drain-agent': true,
    'deactivate-agent': true,
    'reactivate-agent': true,
    'plan-maintenance': true,
    'run-task': true,
    'kill-task': true,
    'forget-task': true,
    'call-scheduler-api': true,
    'set-preemption': true,
    'set-weight': true,
    'set-quota': true,
    'change-role': true,
    'remove-role': true,
    'partition-machine': true,
    'teardown-framework': true,
    'change-settings': true,
    'dismiss-fault': true,
  } as const satisfies Record<CommandEvent['kind'], true>),
);

export function isCommand(event: CommandEvent | FactEvent): event is CommandEvent {
  return commandKinds.has(event.kind);
}

function dispatch(draft: Draft, event: MasterEvent): Result<null> | null {
  if (!isCommand(event)) {
    onFact(draft, event);
    return null;
  }
  const refusal = onCommand(draft, event);
  if (!refusal) return ok(null);
  // Shown in the activity list, so that nothing that was asked just disappears.
  noteRefused(draft, event, refusal);
  return { ok: false, refusal };
}

function onCommand(draft: Draft, event: CommandEvent): Refusal | null {
  switch (event.kind) {
    case 'add-machine':
      return onAddMachine(draft, event);
    case 'confirm-host-key':
      return onConfirmHostKey(draft, event);
    case 'retry-add':
      return onRetryAdd(draft, event);
    case 'cancel-add':
      return onCancelAdd(draft, event);
    case 'pause-add':
      return onPauseAdd(draft, event);
    case 'dismiss-lane':
      return onDismissLane(draft, event);
    case 'remove-machine':
      return onRemoveMachine(draft, event);
    case 'start-demo-rack':
      return onStartDemoRack(draft, event);
    case 'remove-demo-rack':
      return onRemoveDemoRack(draft, event);
    case 'reconnect':
      return onReconnect(draft, event);
    case 'take-over':
      return onTakeOver(draft, event);
    case 'edit-machine':
      return onEditMachine(draft, event);
    case 'drain-agent':
      return onDrainAgent(draft, event);
    case 'deactivate-agent':
      return onDeactivateAgent(draft, event);
    case 'reactivate-agent':
      return onReactivateAgent(draft, event);
    case 'plan-maintenance':
      return onPlanMaintenance(draft, event);
    case 'run-task':
      return onRunTask(draft, event);
    case 'kill-task':
      return onKillTask(draft, event);
    case 'forget-task':
      return onForgetTask(draft, event);
    case 'call-scheduler-api':
      return onOutsideCall(draft, event);
    case 'set-preemption':
      return onSetPreemption(draft, event);
    case 'set-weight':
      return onSetWeight(draft, event);
    case 'set-quota':
      return onSetQuota(draft, event);
    case 'change-role':
      return onChangeRole(draft, event);
    case 'remove-role':
      return onRemoveRole(draft, event);
    case 'partition-machine':
      return onPartitionMachine(draft, event);
    case 'teardown-framework':
      return onTeardownByPerson(draft, event);
    case 'change-settings':
      return onChangeSettings(draft, event);
    case 'dismiss-fault':
      return onDismissFault(draft, event);
    default:
      return unreachable(event);
  }
}

function onFact(draft: Draft, event: FactEvent): void {
  switch (event.kind) {
    case 'master-started':
      return onMasterStarted(draft, event);
    case 'local-machine-found':
      return onLocalMachineFound(draft, event);
    case 'deadline-passed':
      onLinkDeadlines(draft);
      onLaneDeadlines(draft);
      onSendDeadlines(draft);
      onUpdateDeadlines(draft);
      onOperationDeadlines(draft);
      onReconcileDeadlines(draft);
      onFrameworkDeadlines(draft);
      onClaimDeadline(draft);
      onOfferDeadlines(draft);
      onInverseOfferDeadlines(draft);
      onMaintenanceDeadlines(draft);
      return onAllocationDeadline(draft);
    case 'woke-up':
      onLanesWokeUp(draft, event.asleepMs);
      onFrameworksWokeUp(draft, event.asleepMs);
      onClaimsWokeUp(draft, event.asleepMs);
      return onWokeUp(draft);
    case 'link-up':
      return onLinkUp(draft, event);
    case 'link-down':
      return onLinkDown(draft, event);
    case 'link-heard':
      return onLinkHeard(draft, event);
    case 'sample-received':
      return onSampleReceived(draft, event);
    case 'status-update-received':
      return onStatusUpdateReceived(draft, event);
    case 'task-progressed':
      return onTaskProgressed(draft, event);
    case 'scheduler-disconnected':
      return onSchedulerDisconnected(draft, event);
    case 'launch-answered':
      return onLaunchAnswered(draft, event);
    case 'kill-answered':
      return onKillAnswered(draft, event);
    case 'forget-answered':
      return onForgetAnswered(draft, event);
    case 'lane-step-finished':
      return onLaneStepFinished(draft, event);
    case 'lane-cleaned-up':
      return onLaneCleanedUp(draft, event);
    case 'fault-raised':
      return onFaultRaised(draft, event);
    default:
      return unreachable(event);
  }
}
