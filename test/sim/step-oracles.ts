// What must hold after each single step, looked at only where the step changed something; the core's own `checkState` looks
// at everything, at every step of some runs and now and then in all. Nothing here asks the core what it thinks.
import type { Result } from '../../electron/contract/errors.ts';
import type { AgentRecord, MachineRecord } from '../../electron/contract/machine.ts';
import { durableTables, type Tables } from '../../electron/contract/tables.ts';
import { type TaskRecord, terminalTaskStates } from '../../electron/contract/task.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import { scalarNames } from '../../electron/core/master/resources.ts';
import type { State } from '../../electron/core/master/state.ts';
import type { StepResult } from '../../electron/core/master/step.ts';
import { checkAvailability } from './availability-oracles.ts';
import { checkPreemption, checkRunsAgain } from './preemption-oracles.ts';
import { checkRoles } from './role-oracles.ts';
import { checkAgent, checkLimits, checkTruth, holds } from './scheduler-oracles.ts';
import type { World } from './world.ts';

/** What an offer may outlive its time by: the beat of the loop, and a commit that is under way. */
const offerLateMs = 5000;

export type Stepping = { readonly before: State; readonly event: MasterEvent; readonly result: StepResult };

export function checkStep(world: World, stepping: Stepping, violate: (what: string) => void): void {
  const { before, event, result } = stepping;
  const { state, diff, answer, effects } = result;
  if (answer && !answer.ok) checkRefused(result, violate);
  checkAgents(stepping, violate);
  if (event.kind === 'run-task' && answer) checkFit(before.tables, event, answer, violate);
  if (state.tables.roles.size > 0) checkLimits(before.tables, state.tables, violate);
  checkAvailability(world, stepping, violate);
  checkPreemption(world, stepping, violate);
  checkRoles(stepping, violate);
  checkTimes(world, stepping, violate);
  for (const id of diff.offers?.drop ?? []) checkTakenBack(stepping, id, violate);
  for (const effect of effects)
    if (effect.kind === 'send-scheduler-event') checkTruth(world, state.tables, effect, violate);
  if (state.session.sends !== before.session.sends) checkSends(state, violate);
}

/** Who asks for one machine is refused at once when that can never give it, and never because it is full: then the task waits. */
function checkFit(
  tables: Tables,
  { machineId, info }: Extract<MasterEvent, { kind: 'run-task' }>,
  answer: Result<null>,
  violate: (what: string) => void,
): void {
  const machines: ReadonlyMap<string, MachineRecord> = tables.machines;
  const agent = tables.agents.get(machines.get(machineId ?? '')?.agentId ?? '');
  if (!agent) return;
  const short = scalarNames.find((name) => info.resources[name] > agent.resources[name]);
  if (answer.ok && short !== undefined) violate(`${info.taskId} was taken in and can never fit: ${short}`);
  if (answer.ok && agent.availability)
    violate(`${info.taskId} was taken in by ${agent.id}, which is ${agent.availability.kind}`);
  if (answer.ok || short !== undefined || answer.refusal.reason === 'not-enough-ports') return;
  if (answer.refusal.reason.startsWith('not-enough'))
    violate(`I8 ${info.taskId} was refused where it could wait: ${answer.refusal.detail}`);
}

function checkAgents(stepping: Stepping, violate: (what: string) => void): void {
  const { state, diff } = stepping.result;
  if (!diff.agents && !diff.tasks && !diff.offers && !diff.reservations) return;
  for (const id of agentsOf(stepping)) checkAgent(state.tables, id, violate);
  for (const task of diff.tasks?.put ?? []) {
    checkReach(task, state.tables.agents.get(task.agentId), violate);
    const why = checkRunsAgain(state.tables, stepping.before.tables.tasks.get(task.id), task);
    if (why !== null) violate(why);
  }
  for (const { id } of diff.agents?.put ?? []) {
    checkReachOf(state.tables, id, violate);
    checkLostSight(stepping, id, violate);
  }
}

/** I9: out of sight is not dead: nothing has ended there because nobody sees it. */
function checkLostSight({ before, result }: Stepping, id: string, violate: (what: string) => void): void {
  const { agents, tasks } = result.state.tables;
  const isLost = agents.get(id)?.state.kind === 'unreachable';
  if (!isLost || before.tables.agents.get(id)?.state.kind !== 'active') return;
  for (const task of before.tables.tasks.values()) {
    if (task.agentId !== id || !holds(task)) continue;
    const state = tasks.get(task.id)?.state ?? 'dropped';
    if (state !== 'TASK_UNREACHABLE') violate(`I9 ${task.id} is ${state} because ${id} is out of reach`);
  }
}

/** Those of which more is held now, or which have less. */
function agentsOf({ before, result: { diff } }: Stepping): ReadonlySet<string> {
  const agents = new Set<string>(diff.agents?.put.map(({ id }) => id));
  for (const task of diff.tasks?.put ?? []) {
    const old = before.tables.tasks.get(task.id);
    if (holds(task) && !(old && holds(old))) agents.add(task.agentId);
  }
  for (const { agentId } of [...(diff.offers?.put ?? []), ...(diff.reservations?.put ?? [])])
    agents.add(agentId);
  return agents;
}

/** Nothing expires while the master sleeps, or waits for its disk. */
function checkTimes(world: World, { event, result }: Stepping, violate: (what: string) => void): void {
  if (result.state.tables.offers.size === 0) return;
  for (const { id, expiresAtMonoMs } of result.state.tables.offers.values()) {
    const lateMs =
      event.monoMs - Math.max(expiresAtMonoMs ?? Number.POSITIVE_INFINITY, world.calmSinceMonoMs);
    if (lateMs > offerLateMs) violate(`offer ${id} is held for ${Math.round(lateMs)} ms too long`);
  }
}

/** Whoever still listens is told that an offer is no more, unless it was its own word that ended it. */
function checkTakenBack(
  { before, event, result }: Stepping,
  id: string,
  violate: (what: string) => void,
): void {
  const offer = before.tables.offers.get(id);
  if (!offer || before.tables.frameworks.get(offer.frameworkId)?.kind !== 'remote') return;
  const { frameworkId } = offer;
  const isOwnWord = event.kind === 'call-scheduler-api' && event.call.frameworkId === frameworkId;
  const then = before.tables.subscriptions.get(frameworkId)?.streamId ?? null;
  const now = result.state.tables.subscriptions.get(frameworkId)?.streamId ?? null;
  if (isOwnWord || then === null || then !== now) return;
  const isTold = result.effects.some(
    (effect) =>
      effect.kind === 'send-scheduler-event' &&
      effect.event.kind === 'RESCIND' &&
      effect.event.offerId === id,
  );
  if (!isTold) violate(`${frameworkId} was not told that ${id} is taken back`);
}

/** A refusal changes nothing but the activity list, and sends nothing but its own words to a scheduler. */
function checkRefused({ diff, effects }: StepResult, violate: (what: string) => void): void {
  if (effects.some(({ kind }) => kind !== 'send-scheduler-event'))
    violate('I12 a refused command had effects');
  if (durableTables.some((table) => diff[table] !== undefined)) violate('I12 a refused command was written');
}

/** I9: its tasks are lost to sight together with it. */
function checkReachOf(tables: Tables, id: string, violate: (what: string) => void): void {
  const agent = tables.agents.get(id);
  for (const task of tables.tasks.values()) if (task.agentId === id) checkReach(task, agent, violate);
}

function checkReach(task: TaskRecord, agent: AgentRecord | undefined, violate: (what: string) => void): void {
  if (!agent) return violate(`task ${task.id} without agent`);
  const isAway = task.state === 'TASK_UNREACHABLE';
  if (agent.state.kind === 'unreachable' && holds(task) && !isAway)
    violate(`I9 ${task.id} is ${task.state} on an unreachable agent`);
  if (agent.state.kind === 'active' && isAway) violate(`I9 ${task.id} is unreachable on an active agent`);
}

function checkSends({ tables, session }: State, violate: (what: string) => void): void {
  for (const { taskId, kind } of session.sends.values()) {
    const task = tables.tasks.get(taskId);
    if (!task) violate(`${kind} for no task ${taskId}`);
    else if (kind === 'launch' && terminalTaskStates.has(task.state)) violate(`I4 launch of ended ${taskId}`);
  }
}
