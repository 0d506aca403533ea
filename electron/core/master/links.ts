// What a link can be made to do: open, connect, stop, go down with back-off, be heard. Events are in link-events.ts.
// Mesos pings each 15 s and gives up after 75 s; we hear every agent each second, so 3.5 s of silence is worth showing
// and `settings.unreachableAfterMs` (10 s) decides. Only time in which this computer was awake counts.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { LinkRecord, MachineRecord } from '../../contract/machine.ts';
import { must } from '../kernel/assert.ts';
import { backoffMs } from '../kernel/deadlines.ts';
import type { Draft } from './draft.ts';
import { isHardStop, moveLink } from './link-states.ts';
import { pauseSends } from './sends.ts';
import type { LinkSession } from './state.ts';
import { releaseBrake } from './verdicts.ts';

const firstRetryMs = 250;
const retryCapMs = 15_000;
/** A link that lived shorter does not count as a success: a flapping machine keeps its back-off. */
const steadyAfterMs = 5000;
/** The adapter has its own time limits for each rung; this one only catches an answer that got lost. */
export const connectCapMs = 60_000;

/** The row must exist for every machine. */
export function openLink(draft: Draft, machineId: MachineId): void {
  putNewLink(draft, machineId, { phase: 'down', connectByMonoMs: null });
}

/** As `openLink` and `connect`, at once: a start does it for every machine. */
export function openAndConnect(draft: Draft, machine: MachineRecord): void {
  putNewLink(draft, machine.id, { phase: 'connecting', connectByMonoMs: draft.monoMs + connectCapMs });
  draft.issue({ kind: 'connect', machine });
}

type Begin = Pick<LinkRecord, 'phase'> & Pick<LinkSession, 'connectByMonoMs'>;

function putNewLink(draft: Draft, machineId: MachineId, { phase, connectByMonoMs }: Begin): void {
  draft.put('links', {
    id: machineId,
    phase,
    sinceMs: draft.atMs,
    lastHeardAtMs: null,
    problem: null,
    nextTryAtMs: null,
    roundTripMs: null,
  });
  draft.links.set(machineId, {
    failures: 0,
    retryAtMonoMs: null,
    quietSinceMonoMs: draft.monoMs,
    liveSinceMonoMs: null,
    connectByMonoMs,
  });
}

export function connect(
  draft: Draft,
  machine: MachineRecord,
  options: { readonly takeOver?: true } = {},
): void {
  const link = linkOf(draft, machine.id);
  draft.put('links', { ...moveLink(link, 'connecting', draft.atMs), nextTryAtMs: null });
  patchSession(draft, machine.id, { retryAtMonoMs: null, connectByMonoMs: draft.monoMs + connectCapMs });
  draft.issue({ kind: 'connect', machine, ...options });
}

/** No more tries until somebody acts. The agent itself goes on. */
export function stopLink(draft: Draft, machineId: MachineId, problem: Refusal | null): void {
  const link = linkOf(draft, machineId);
  draft.put('links', {
    ...moveLink(link, 'stopped', draft.atMs),
    problem,
    nextTryAtMs: null,
    roundTripMs: null,
  });
  patchSession(draft, machineId, { retryAtMonoMs: null, connectByMonoMs: null, liveSinceMonoMs: null });
  pauseSends(draft, machineId);
}

export function dropLink(draft: Draft, machineId: MachineId): void {
  draft.drop('links', machineId);
  draft.drop('samples', machineId);
  draft.links.delete(machineId);
  pauseSends(draft, machineId);
}

/** A fresh hello at once, which is also how an answer that got lost is asked for again. */
export function reconnect(draft: Draft, machine: MachineRecord): void {
  const { phase } = linkOf(draft, machine.id);
  if (phase === 'connecting') return;
  patchSession(draft, machine.id, { failures: 0 });
  if (phase === 'live' || phase === 'silent') {
    draft.issue({ kind: 'disconnect', machineId: machine.id });
    pauseSends(draft, machine.id);
  }
  connect(draft, machine);
}

export function goDown(draft: Draft, link: LinkRecord, refusal: Refusal): void {
  if (isHardStop(refusal)) {
    stopLink(draft, link.id, refusal);
    return;
  }
  const session = sessionOf(draft, link.id);
  const livedMs = session.liveSinceMonoMs === null ? 0 : draft.monoMs - session.liveSinceMonoMs;
  const failures = livedMs >= steadyAfterMs ? 0 : session.failures;
  // Half to whole of the step: machines that vanished together do not come back in one burst.
  const delayMs = Math.round(backoffMs(failures, firstRetryMs, retryCapMs) * (0.5 + draft.random() / 2));
  draft.put('links', {
    ...moveLink(link, 'down', draft.atMs),
    problem: refusal,
    nextTryAtMs: draft.atMs + delayMs,
    roundTripMs: null,
  });
  patchSession(draft, link.id, {
    failures: failures + 1,
    retryAtMonoMs: draft.monoMs + delayMs,
    liveSinceMonoMs: null,
    connectByMonoMs: null,
  });
  pauseSends(draft, link.id);
}

/** Called when a hello was accepted. */
export function setLive(draft: Draft, machineId: MachineId, roundTripMs: number): void {
  const link = linkOf(draft, machineId);
  draft.put('links', {
    ...moveLink(link, 'live', draft.atMs),
    lastHeardAtMs: draft.atMs,
    problem: null,
    nextTryAtMs: null,
    roundTripMs,
  });
  const wasLiveSince = sessionOf(draft, machineId).liveSinceMonoMs;
  patchSession(draft, machineId, {
    retryAtMonoMs: null,
    connectByMonoMs: null,
    quietSinceMonoMs: draft.monoMs,
    liveSinceMonoMs: wasLiveSince ?? draft.monoMs,
  });
}

/** False: nothing should come over a link that is not up; a leftover of an older connection. */
export function hear(draft: Draft, machineId: MachineId, roundTripMs: number | null): boolean {
  const link = draft.get('links', machineId);
  if (!link || (link.phase !== 'live' && link.phase !== 'silent')) {
    draft.note('ignore-late-message', { machineId, phase: link?.phase ?? null });
    return false;
  }
  const { sinceMs, problem, nextTryAtMs } = moveLink(link, 'live', draft.atMs);
  // Named one by one, here and below: see `copyTables`.
  draft.put('links', {
    id: machineId,
    phase: 'live',
    sinceMs,
    lastHeardAtMs: draft.atMs,
    problem,
    nextTryAtMs,
    roundTripMs: roundTripMs ?? link.roundTripMs,
  });
  countSilenceFromNow(draft, machineId);
  if (link.phase === 'silent') releaseBrake(draft);
  return true;
}

function countSilenceFromNow(draft: Draft, machineId: MachineId): void {
  const { failures, retryAtMonoMs, liveSinceMonoMs, connectByMonoMs } = sessionOf(draft, machineId);
  const quietSinceMonoMs = draft.monoMs;
  draft.links.set(machineId, {
    failures,
    retryAtMonoMs,
    quietSinceMonoMs,
    liveSinceMonoMs,
    connectByMonoMs,
  });
}

export function linkOf(draft: Draft, machineId: MachineId): LinkRecord {
  return must(draft.get('links', machineId), `link of ${machineId}`);
}

function sessionOf(draft: Draft, machineId: MachineId): LinkSession {
  return must(draft.links.get(machineId), `session of link ${machineId}`);
}

function patchSession(draft: Draft, machineId: MachineId, patch: Partial<LinkSession>): void {
  draft.links.set(machineId, { ...sessionOf(draft, machineId), ...patch });
}
