// Planned maintenance of machines. Until it begins, offers carry when the machine will go, and frameworks with tasks there are
// asked to make room (frameworks/inverse-offers.ts). At its start the machine is drained, each task with the grace it asks for; at
// its end what it took away comes back. In Mesos an operator brings the machine down and up again by hand; here the times do,
// as nobody sits beside a shelf. One window a machine, as in Mesos.
//
//   (none) --> planned --> begun --> (none)      a person may take it back at any time
import type { Refusal } from '../../contract/errors.ts';
import type { AgentRecord, MachineRecord } from '../../contract/machine.ts';
import type { Deadline } from '../kernel/deadlines.ts';
import type { CommandEvent } from '../kernel/events.ts';
import { byId } from '../kernel/tables.ts';
import { availabilityOf, beginDrain, reactivate } from './availability.ts';
import type { Draft } from './draft.ts';
import { noteDone } from './operations.ts';
import type { State } from './state.ts';

export function onPlanMaintenance(
  draft: Draft,
  event: Extract<CommandEvent, { kind: 'plan-maintenance' }>,
): Refusal | null {
  const { machineId, window } = event;
  const machine = draft.get('machines', machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: machineId };
  if (machine.removal) return { code: 'conflict', reason: 'machine-being-removed', detail: machine.name };
  const endMs = window && endOf(window);
  if (endMs !== null && endMs <= draft.atMs) {
    return { code: 'invalid', reason: 'maintenance-over', detail: `it ended at ${endMs}` };
  }
  const about = { subject: machine.name, machineId };
  if (window) noteDone(draft, 'plan-maintenance', about);
  else if (machine.maintenance)
    noteDone(draft, machine.maintenance.hasBegun ? 'end-maintenance' : 'call-off-maintenance', about);
  if (machine.maintenance) endWindow(draft, machine);
  const now = draft.get('machines', machineId) ?? machine;
  if (window) draft.put('machines', { ...now, maintenance: { ...window, hasBegun: false } });
  noteWindows(draft);
  return null;
}

function endOf({ startMs, durationMs }: { startMs: number; durationMs: number | null }): number | null {
  return durationMs === null ? null : startMs + durationMs;
}

/** The wall clock decides: people plan by it. What it skips, asleep or set anew, is met at the next look. */
export function onMaintenanceDeadlines(draft: Draft): void {
  const { windowAtMs } = draft.plan;
  if (windowAtMs === null || windowAtMs > draft.atMs) return;
  for (const machine of byId(draft.rows('machines'))) meetWindow(draft, machine);
  noteWindows(draft);
}

function meetWindow(draft: Draft, machine: MachineRecord): void {
  const { maintenance } = machine;
  if (!maintenance) return;
  const endMs = endOf(maintenance);
  const about = { subject: machine.name, machineId: machine.id };
  if (endMs !== null && endMs <= draft.atMs) {
    // Nobody was there to begin it: nothing was taken away, nothing comes back.
    if (maintenance.hasBegun) noteDone(draft, 'end-maintenance', about);
    else draft.note('maintenance-missed', { machineId: machine.id });
    endWindow(draft, machine);
  } else if (!maintenance.hasBegun && maintenance.startMs <= draft.atMs) {
    draft.put('machines', { ...machine, maintenance: { ...maintenance, hasBegun: true } });
    noteDone(draft, 'begin-maintenance', about);
    const agent = agentOf(draft, machine);
    if (agent) takeAway(draft, agent);
  }
}

function agentOf(draft: Draft, machine: MachineRecord): AgentRecord | null {
  const agent = machine.agentId === null ? undefined : draft.get('agents', machine.agentId);
  return agent && agent.state.kind !== 'gone' ? agent : null;
}

function takeAway(draft: Draft, agent: AgentRecord): void {
  const kind = availabilityOf(agent);
  if (kind === 'draining' || kind === 'drained') return;
  // What a person paused stays with the person: the end of the window does not resume it.
  const cause = kind === 'active' ? 'maintenance' : 'person';
  beginDrain(draft, agent, { graceMs: null, markGone: false, cause });
}

function endWindow(draft: Draft, machine: MachineRecord): void {
  const { maintenance: _, ...rest } = machine;
  draft.put('machines', rest);
  const agent = agentOf(draft, machine);
  const availability = agent?.availability;
  const isOurs =
    (availability?.kind === 'draining' || availability?.kind === 'drained') &&
    availability.cause === 'maintenance';
  if (agent && isOurs) reactivate(draft, agent);
}

/** When the next window begins or ends. At a start of the master too: windows are durable, this is not. */
export function noteWindows(draft: Draft): void {
  let next: number | null = null;
  for (const { maintenance } of draft.rows('machines')) {
    if (!maintenance) continue;
    const edgeMs = maintenance.hasBegun ? endOf(maintenance) : maintenance.startMs;
    if (edgeMs !== null && (next === null || edgeMs < next)) next = edgeMs;
  }
  draft.plan.windowAtMs = next;
}

/** Once a step: how the clock on the wall stands to the one that deadlines go by. */
export function noteClocks(draft: Draft): void {
  if (draft.plan.windowAtMs !== null) draft.plan.wallLessMonoMs = draft.atMs - draft.monoMs;
}

export function nextMaintenanceDeadline({ session }: State): Deadline {
  const { windowAtMs, wallLessMonoMs } = session.plan;
  return windowAtMs === null ? null : windowAtMs - wallLessMonoMs;
}
