// Events about links: start, hello, loss, silence, samples, wake-up. What a link can be made to do is in links.ts.
import type { Refusal } from '../../contract/errors.ts';
import type { AgentId, MachineId } from '../../contract/ids.ts';
import { demoSliceOf, type MachineRecord } from '../../contract/machine.ts';
import { assert, must } from '../kernel/assert.ts';
import { type Deadline, isDue } from '../kernel/deadlines.ts';
import type { FactEvent } from '../kernel/events.ts';
import { byId } from '../kernel/tables.ts';
import { markAgentUnreachable, registerAgent } from './agents.ts';
import { refuseRackStart, settleRackStart } from './demo-operations.ts';
import { narrowToSlice } from './demo-rack.ts';
import type { Draft } from './draft.ts';
import { onFirstSample, onLaneLinkDown } from './enrolment.ts';
import { resumeRuns } from './frameworks/built-in.ts';
import { reopenClaims } from './frameworks/claims.ts';
import { reopenFrameworks } from './frameworks/subscriptions.ts';
import { moveLink, silentAfterMs } from './link-states.ts';
import {
  connect,
  connectCapMs,
  goDown,
  hear,
  linkOf,
  openAndConnect,
  openLink,
  reconnect,
  setLive,
  stopLink,
} from './links.ts';
import { noteWindows } from './maintenance.ts';
import { reconcile } from './reconcile.ts';
import { resumeRemoval } from './removal.ts';
import { configureAgent } from './settings.ts';
import { type State, settingsOf } from './state.ts';
import { mayJudge, releaseBrake } from './verdicts.ts';

type Fact<K extends FactEvent['kind']> = Extract<FactEvent, { kind: K }>;

/** Writes nothing durable: links come up even when the store can only be read. */
export function onMasterStarted(draft: Draft, event: Fact<'master-started'>): void {
  assert(!draft.isStarted, 'the master started twice');
  draft.start(event.seed);
  reopenFrameworks(draft);
  reopenClaims(draft);
  resumeRuns(draft);
  noteWindows(draft);
  for (const machine of byId(draft.rows('machines'))) {
    if (machine.removal) {
      openLink(draft, machine.id);
      resumeRemoval(draft, machine);
    } else openAndConnect(draft, machine);
  }
}

/** A hello: who answers there, what it has, and every task it holds. */
export function onLinkUp(draft: Draft, event: Fact<'link-up'>): void {
  const machine = draft.get('machines', event.machineId);
  const link = draft.get('links', event.machineId);
  if (!machine || !link || link.phase === 'stopped') {
    // Asked to stop while the connection was being made.
    draft.note('refuse-late-hello', { machineId: event.machineId, agentId: event.agentId });
    draft.issue({ kind: 'disconnect', machineId: event.machineId });
    return;
  }
  const refusal = refuseAgent(draft, machine, event.agentId);
  if (refusal) {
    draft.issue({ kind: 'disconnect', machineId: machine.id });
    stopLink(draft, machine.id, refusal);
    onLaneLinkDown(draft, machine.id, refusal);
    return;
  }
  setLive(draft, machine.id, event.roundTripMs);
  releaseBrake(draft);
  registerAgent(draft, machine, event);
  // Before any launch, so that it meets what it was told to keep.
  configureAgent(draft, machine.id);
  reconcile(draft, machine.id, event.agentId, event.tasks);
}

/** Identity is host key and agent id together: a copied disk or a second address of a known machine must not mix. */
function refuseAgent(draft: Draft, machine: MachineRecord, agentId: AgentId): Refusal | null {
  const known = draft.get('agents', agentId);
  if (known?.state.kind === 'gone') {
    // Its tasks were declared gone for good. Removing the machine and adding it again adopts what it really holds.
    return { code: 'conflict', reason: 'agent-gone', detail: agentId };
  }
  if (!known || known.machineId === machine.id) return null;
  const name = draft.get('machines', known.machineId)?.name ?? known.machineId;
  return { code: 'conflict', reason: 'already-added', detail: name };
}

export function onReconnect(draft: Draft, event: { readonly machineId: MachineId }): Refusal | null {
  const machine = draft.get('machines', event.machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: event.machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
  reconnect(draft, machine);
  return null;
}

const heldElsewhere: ReadonlySet<string> = new Set(['lease-held', 'lease-lost']);

/** For one hello only: when that fails, later tries ask like anybody else. A lost lease is never fought for. */
export function onTakeOver(draft: Draft, event: { readonly machineId: MachineId }): Refusal | null {
  const machine = draft.get('machines', event.machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: event.machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
  const { problem } = linkOf(draft, machine.id);
  if (!problem || !heldElsewhere.has(problem.reason)) {
    return { code: 'conflict', reason: 'nothing-to-take-over', detail: machine.name };
  }
  draft.note('take-over', { machineId: machine.id, holder: problem.detail });
  connect(draft, machine, { takeOver: true });
  return null;
}

export function onLinkDown(draft: Draft, event: Fact<'link-down'>): void {
  const link = draft.get('links', event.machineId);
  if (!link || link.phase === 'stopped') {
    draft.note('ignore-link-down', { machineId: event.machineId, reason: event.refusal.reason });
    return;
  }
  goDown(draft, link, event.refusal);
  const machine = draft.get('machines', event.machineId);
  if (machine && demoSliceOf(machine)) refuseRackStart(draft, event.refusal);
  onLaneLinkDown(draft, event.machineId, event.refusal);
}

export function onLinkHeard(draft: Draft, event: Fact<'link-heard'>): void {
  hear(draft, event.machineId, event.roundTripMs);
}

export function onSampleReceived(draft: Draft, event: Fact<'sample-received'>): void {
  if (!hear(draft, event.machineId, null)) return;
  const machine = draft.get('machines', event.machineId);
  const slice = machine ? demoSliceOf(machine) : null;
  const sample = slice ? narrowToSlice(event.sample, slice) : event.sample;
  draft.put('samples', { id: event.machineId, sample, receivedAtMs: draft.atMs });
  if (slice) settleRackStart(draft);
  onFirstSample(draft, event.machineId);
}

/** Silence while this computer slept means nothing: all clocks of silence start anew, and lost links are tried at once. */
export function onWokeUp(draft: Draft): void {
  draft.plan.verdictAtMonoMs = null;
  for (const [machineId, session] of draft.links.entries()) {
    draft.links.set(machineId, {
      ...session,
      quietSinceMonoMs: draft.monoMs,
      connectByMonoMs: session.connectByMonoMs === null ? null : draft.monoMs + connectCapMs,
    });
    const link = linkOf(draft, machineId);
    const machine = draft.get('machines', machineId);
    if (link.phase === 'down' && machine && !machine.removal) connect(draft, machine);
  }
}

export function onLinkDeadlines(draft: Draft): void {
  for (const [machineId, session] of draft.links.due(draft.monoMs).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const link = linkOf(draft, machineId);
    const quietMs = draft.monoMs - session.quietSinceMonoMs;
    if (link.phase === 'live' && quietMs >= silentAfterMs) {
      draft.put('links', moveLink(link, 'silent', draft.atMs));
    } else if (isDue(session.connectByMonoMs, draft.monoMs)) {
      draft.issue({ kind: 'disconnect', machineId });
      goDown(draft, link, {
        code: 'timeout',
        reason: 'connect-timeout',
        detail: `no answer for ${connectCapMs} ms`,
      });
    } else if (isDue(session.retryAtMonoMs, draft.monoMs)) {
      connect(draft, must(draft.get('machines', machineId), `machine ${machineId}`));
    }
    if (quietMs >= draft.settings.unreachableAfterMs) giveUpOn(draft, machineId);
  }
}

function isActiveOn(draft: Draft, machineId: MachineId): boolean {
  const agentId = draft.get('machines', machineId)?.agentId;
  return agentId ? draft.get('agents', agentId)?.state.kind === 'active' : false;
}

/** A connection that was silent for that long is no good either: only a fresh hello may bring the agent back. */
function giveUpOn(draft: Draft, machineId: MachineId): void {
  if (!isActiveOn(draft, machineId) || !mayJudge(draft)) return;
  if (!markAgentUnreachable(draft, machineId)) return;
  const machine = must(draft.get('machines', machineId), `machine ${machineId}`);
  const { phase } = linkOf(draft, machineId);
  if (phase === 'live' || phase === 'silent') reconnect(draft, machine);
}

/** What is later than `untilMonoMs` need not be known exactly: with all links live nobody looks at them one by one. */
export function nextLinkDeadline(state: State, untilMonoMs: number): Deadline {
  const { unreachableAfterMs } = settingsOf(state.tables);
  const { verdictAtMonoMs } = state.session.plan;
  let next: Deadline = null;
  const meet = (deadline: Deadline): void => {
    if (deadline !== null && (next === null || deadline < next)) next = deadline;
  };
  for (const [machineId, session] of state.session.links.due(untilMonoMs)) {
    const { retryAtMonoMs, connectByMonoMs, quietSinceMonoMs } = session;
    meet(retryAtMonoMs);
    meet(connectByMonoMs);
    if (state.tables.links.get(machineId)?.phase === 'live') meet(quietSinceMonoMs + silentAfterMs);
    const agentId = state.tables.machines.get(machineId)?.agentId;
    const isActive = agentId && state.tables.agents.get(agentId)?.state.kind === 'active';
    if (isActive) meet(Math.max(quietSinceMonoMs + unreachableAfterMs, verdictAtMonoMs ?? 0));
  }
  return next;
}
