// Which of the six state glyphs a machine, a task or a lane step gets, and why. Pure; tested case by case.
// Unknown is never shown as fine: only a live link with an active agent is healthy.
import type { LaneRecord, LaneStep } from '../../electron/contract/enrolment.ts';
import type { Refusal, RefusalCode } from '../../electron/contract/errors.ts';
import type { AgentRecord, LinkRecord, MachineRecord } from '../../electron/contract/machine.ts';
import type { TaskState } from '../../electron/contract/task.ts';

export type GlyphState = 'healthy' | 'working' | 'waiting' | 'failed' | 'unknown' | 'stopped' | 'done';

export type MachineHealth = {
  readonly glyph: GlyphState;
  readonly word:
    | 'live'
    | 'connecting'
    | 'registering'
    | 'silent'
    | 'unreachable'
    | 'refused'
    | 'stopped'
    | 'gone'
    | 'removing'
    | 'paused'
    | 'draining'
    | 'drained';
  /** Since when the last known values are old; null while they are live. */
  readonly staleSinceMs: number | null;
  readonly problem: Refusal | null;
  readonly isFresh: boolean;
};

/** Somebody else looks after it: nothing failed, but a person may want it back. */
const heldElsewhere: ReadonlySet<string> = new Set(['lease-held', 'lease-lost']);

/** Refusals that no waiting will cure: a person has to act. */
const needsPerson: ReadonlySet<RefusalCode> = new Set(['unauthorized', 'conflict', 'invalid', 'unsupported']);

export function machineHealth(
  machine: MachineRecord,
  agent: AgentRecord | undefined,
  link: LinkRecord | undefined,
): MachineHealth {
  const staleSinceMs = link?.lastHeardAtMs ?? agent?.lastHelloAtMs ?? machine.addedAtMs;
  const problem = link?.problem ?? null;
  const old = { staleSinceMs, problem, isFresh: false } as const;
  if (agent?.state.kind === 'gone') return { ...old, glyph: 'failed', word: 'gone' };
  if (machine.removal !== null) return { ...old, glyph: 'working', word: 'removing' };
  if (link === undefined) return { ...old, glyph: 'unknown', word: 'connecting' };
  const health = linkHealth(link, agent?.state.kind, old);
  return health.isFresh ? { ...health, ...outOfService(agent) } : health;
}

/** A machine that is well, but takes no new work because somebody wanted it so. */
function outOfService(agent: AgentRecord | undefined): Partial<MachineHealth> {
  switch (agent?.availability?.kind) {
    case 'deactivated':
      return { glyph: 'stopped', word: 'paused' };
    case 'draining':
      return { glyph: 'working', word: 'draining' };
    case 'drained':
      return { glyph: 'stopped', word: 'drained' };
    case undefined:
      return {};
  }
}

function linkHealth(
  link: LinkRecord,
  state: AgentRecord['state']['kind'] | undefined,
  old: Pick<MachineHealth, 'staleSinceMs' | 'problem' | 'isFresh'>,
): MachineHealth {
  const { problem } = old;
  const isHeld = problem !== null && heldElsewhere.has(problem.reason);
  switch (link.phase) {
    case 'live':
      if (state !== 'active') return { ...old, glyph: 'working', word: 'registering' };
      return { glyph: 'healthy', word: 'live', staleSinceMs: null, problem: null, isFresh: true };
    case 'connecting':
      if (state === 'unreachable') return { ...old, glyph: 'unknown', word: 'unreachable' };
      return { ...old, glyph: link.lastHeardAtMs === null ? 'working' : 'unknown', word: 'connecting' };
    case 'silent':
      return { ...old, glyph: 'unknown', word: 'silent' };
    case 'down':
      if (isHeld) return { ...old, glyph: 'waiting', word: 'refused' };
      return problem !== null && needsPerson.has(problem.code)
        ? { ...old, glyph: 'failed', word: 'refused' }
        : { ...old, glyph: 'unknown', word: 'unreachable' };
    case 'stopped':
      if (isHeld) return { ...old, glyph: 'waiting', word: 'refused' };
      // Stopped by what it met (a changed host key), not on purpose: nobody else will mend it.
      return problem !== null
        ? { ...old, glyph: 'failed', word: 'refused' }
        : { ...old, glyph: 'stopped', word: 'stopped' };
  }
}

export const taskGlyphs: Readonly<Record<TaskState, GlyphState>> = {
  TASK_STAGING: 'waiting',
  TASK_STARTING: 'working',
  TASK_RUNNING: 'healthy',
  TASK_KILLING: 'working',
  TASK_FINISHED: 'done',
  TASK_FAILED: 'failed',
  TASK_KILLED: 'stopped',
  TASK_ERROR: 'failed',
  TASK_DROPPED: 'failed',
  TASK_LOST: 'failed',
  TASK_UNREACHABLE: 'unknown',
  TASK_GONE: 'failed',
  TASK_GONE_BY_OPERATOR: 'unknown',
  TASK_UNKNOWN: 'unknown',
};

/** A task that should run on a machine we do not hear is not known to run: its last state is shown as unknown. */
export function taskGlyph(state: TaskState, isMachineFresh: boolean): GlyphState {
  const glyph = taskGlyphs[state];
  const isMoving = glyph === 'healthy' || glyph === 'working' || glyph === 'waiting';
  return isMoving && !isMachineFresh ? 'unknown' : glyph;
}

export const stepGlyphs: Readonly<Record<LaneStep['state'], GlyphState>> = {
  waiting: 'stopped',
  working: 'working',
  'needs-you': 'waiting',
  done: 'healthy',
  failed: 'failed',
  skipped: 'stopped',
};

/** `in-line`: its next step waits for its turn. `pausing`: the step at work still ends. */
export type LaneStanding = LaneRecord['state'] | 'in-line' | 'pausing' | 'paused';

export function standingOfLane({ kind, state, steps, isPaused }: LaneRecord): LaneStanding {
  if (kind === 'remove' || state !== 'running') return state;
  const isAtWork = steps.some((step) => step.state === 'working');
  if (isPaused === true) return isAtWork ? 'pausing' : 'paused';
  return isAtWork ? 'running' : 'in-line';
}

export const laneGlyphs: Readonly<Record<LaneStanding, GlyphState | 'past'>> = {
  'in-line': 'past',
  pausing: 'working',
  paused: 'stopped',
  running: 'working',
  'needs-you': 'waiting',
  done: 'healthy',
  failed: 'failed',
  cancelled: 'stopped',
};
