// Removing a machine: the steps in the core's order, all over one connection of the lane's own.
//
// Tasks `stop`: they are killed first and everything of ours goes. Tasks `keep`: their processes go on without an agent,
// so the folders of those that still run stay (their output is written there, and the small process that notes how
// they end), and the answers name them; everything else goes.

import type { RemovalStep } from '../../../contract/enrolment.ts';
import { ok, type Refusal, type Result } from '../../../contract/errors.ts';
import type { MachineRecord } from '../../../contract/machine.ts';
import type { Reason } from '../../../contract/reasons.ts';
import { unplantKey } from '../authorized-keys.ts';
import { isOwnFolder } from '../folder.ts';
import { done, failed, type Lane, oddEnd, readPairs, type StepReport } from '../lane.ts';
import { quote } from '../words.ts';
import { dropFilesScript, stopAgentScript, verifyScript } from './scripts.ts';

/** A task's own grace may be long; past this the person is asked again. */
const endTasksCapMs = 60_000;
const stopAgentCapMs = 90_000;

export type RemovalRequest = {
  readonly step: RemovalStep;
  readonly machine: MachineRecord;
  readonly tasks: 'stop' | 'keep';
};
type Via = Extract<MachineRecord['via'], { kind: 'ssh' }>;

export async function runRemovalStep(lane: Lane, request: RemovalRequest): Promise<StepReport> {
  const { via } = request.machine;
  if (via.kind !== 'ssh') {
    return failed('', { code: 'invalid', reason: 'local-machine', detail: request.machine.name });
  }
  if (!isOwnFolder(via.agentDir)) {
    return failed('', { code: 'invalid', reason: 'folder-guard', detail: via.agentDir });
  }
  lane.asRoot = via.sudo;
  lane.agentDir = via.agentDir;
  const connection = await lane.ensure(via.hostKey, via.login);
  if (!connection.ok) return failed(`log in to ${lane.where}`, connection.refusal);
  switch (request.step) {
    case 'connect':
      return done(`log in to ${lane.where}`, `logged in; ${connection.value.greeting.ciphers}`);
    case 'tasks':
      return request.tasks === 'stop' ? endTasks(lane) : keepTasks(lane);
    case 'stop-agent':
      return stopAgent(lane, request.tasks);
    case 'files':
      return dropFiles(lane, request.tasks);
    case 'key':
      return dropKey(lane, via);
    case 'verify':
      return verify(lane, via, request.tasks);
  }
}

async function endTasks(lane: Lane): Promise<StepReport> {
  const ran = 'task.kill for every task, then wait until each has ended';
  const cap = AbortSignal.any([lane.abort.signal, AbortSignal.timeout(endTasksCapMs)]);
  const ended = await lane.tools.endTasks(lane.place.machineId, cap);
  if (ended.ok) return done(ran, ended.value === 0 ? 'no task ran' : `${ended.value} ended`);
  if (ended.refusal.reason === 'tasks-did-not-stop') return failed(ran, ended.refusal);
  return done(ran, 'there is no live link: they are ended together with the agent');
}

async function keepTasks(lane: Lane): Promise<StepReport> {
  const alive = await lane.tools.aliveTasks(lane.place.machineId);
  lane.keptTasks = alive.ok ? alive.value : null;
  if (!alive.ok) return done('task.list', 'not known now: the folders of all tasks stay');
  if (alive.value.length === 0) return done('task.list', 'no task runs');
  return done('task.list', `${alive.value.length} go on without an agent: ${alive.value.join(' ')}`);
}

async function stopAgent(lane: Lane, tasks: 'stop' | 'keep'): Promise<StepReport> {
  return runStep(lane, {
    script: stopAgentScript,
    args: [lane.agentDir, tasks],
    problems: { agent: ['exhausted', 'agent-did-not-stop'] },
    timeoutMs: stopAgentCapMs,
  });
}

async function dropFiles(lane: Lane, tasks: 'stop' | 'keep'): Promise<StepReport> {
  return runStep(lane, {
    script: dropFilesScript,
    args: [lane.agentDir, ...keepWords(lane, tasks)],
    problems: { guard: ['invalid', 'folder-guard'], left: ['unauthorized', 'files-left'] },
  });
}

/** `all`, or the ids whose folders stay. Ids hold no blanks or slashes (ids.ts). */
function keepWords(lane: Lane, tasks: 'stop' | 'keep'): readonly string[] {
  if (tasks === 'stop') return [];
  return lane.keptTasks ?? ['all'];
}

async function dropKey(lane: Lane, via: Via): Promise<StepReport> {
  const ran = 'remove our line from ~/.ssh/authorized_keys';
  if (!via.keyPlanted) return done(ran, 'none was added');
  const removed = await unplantKey(lane);
  if (!removed.ok) return failed(ran, removed.refusal);
  return done(ran, removed.value === 0 ? 'it was gone already' : 'removed; all other lines are as they were');
}

async function verify(lane: Lane, via: Via, tasks: 'stop' | 'keep'): Promise<StepReport> {
  const marker = via.keyPlanted ? lane.tools.keyMarker : '';
  // As the user: it is their authorized_keys. The folder's own listing needs root where it was root's.
  const keys = await lane.run({ script: verifyScript.keys, args: [marker] });
  const rest = await lane.run({ script: verifyScript.rest, args: [lane.agentDir], asRoot: lane.asRoot });
  const ran = `${verifyScript.keys}\n# ${lane.agentDir}\n${verifyScript.rest}`;
  if (!keys.ok) return failed(ran, keys.refusal);
  if (!rest.ok) return failed(ran, rest.refusal);
  const said = `${keys.value.output.toString('utf8')}${rest.value.output.toString('utf8')}`.trim();
  if (keys.value.code === 0 && rest.value.code === 0) {
    return done(ran, said === '' ? 'no file, process or key of ours is left' : said);
  }
  const isWanted =
    tasks === 'keep' && keys.value.code === 0 && (lane.keptTasks === null || lane.keptTasks.length > 0);
  if (isWanted) return done(ran, `left for the tasks that go on:\n${said}`);
  return failed(ran, { code: 'internal', reason: 'files-left', detail: quote(said) }, said);
}

type StepScript = {
  readonly script: string;
  readonly args: readonly string[];
  readonly problems: Readonly<Record<string, readonly [Refusal['code'], Reason]>>;
  readonly timeoutMs?: number;
};

async function runStep(lane: Lane, step: StepScript): Promise<StepReport> {
  const ran = `# ${step.args.join(' ')}\n${step.script}`;
  const answer = await lane.run({
    script: step.script,
    args: step.args,
    asRoot: lane.asRoot,
    timeoutMs: step.timeoutMs ?? 60_000,
  });
  const outcome = readOutcome(answer, step.problems);
  return outcome.ok ? done(ran, outcome.value) : failed(ran, outcome.refusal);
}

function readOutcome(
  answer: Awaited<ReturnType<Lane['run']>>,
  problems: StepScript['problems'],
): Result<string> {
  if (!answer.ok) return answer;
  const { code, output, errors } = answer.value;
  const said = `${output.toString('utf8')}${errors}`;
  if (code === 0) return ok(said);
  const known = problems[readPairs(output).get('problem') ?? ''];
  if (known === undefined) return { ok: false, refusal: oddEnd(answer.value) };
  return { ok: false, refusal: { code: known[0], reason: known[1], detail: quote(said) } };
}
