// Removing a machine: the steps in the core's order, all over one connection of the lane's own.
//
// Tasks `stop`: they are killed first and everything of ours goes. Tasks `keep`: their processes go on without an agent,
// so their own folders (log and sandbox, and the shim that notes how they end) stay, and the answer names them; the
// rest goes.

import type { RemovalStep } from '../../../contract/enrolment.ts';
import { ok, type Refusal, type Result } from '../../../contract/errors.ts';
import type { MachineRecord } from '../../../contract/machine.ts';
import { unplantKey } from '../authorized-keys.ts';
import { deleteFolder, isOwnFolder } from '../folder.ts';
import { done, failed, type Lane, oddEnd, readPairs, type StepReport } from '../lane.ts';
import { quote } from '../words.ts';

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
      return endTasks(lane, request.tasks);
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

/** $1 the folder. */
const stopTasksScript = `b=$1/bin/mesolite-agent
[ -x "$b" ] || { echo "no agent in $1"; exit 0; }
"$b" stop --tasks stop --dir "$1" 2>&1 || { echo problem=tasks; exit 3; }`;

async function endTasks(lane: Lane, tasks: 'stop' | 'keep'): Promise<StepReport> {
  if (tasks === 'keep') return done('keep the tasks', 'they go on as they are, without an agent');
  return runStep(lane, stopTasksScript, { tasks: ['exhausted', 'tasks-did-not-stop'] });
}

const stopAgentScript = `b=$1/bin/mesolite-agent
[ -x "$b" ] || { echo "no agent in $1"; exit 0; }
"$b" stop --tasks "$2" --dir "$1" 2>&1 || { echo problem=agent; exit 3; }`;

async function stopAgent(lane: Lane, tasks: 'stop' | 'keep'): Promise<StepReport> {
  return runStep(lane, stopAgentScript, { agent: ['exhausted', 'agent-did-not-stop'] }, [tasks]);
}

async function dropFiles(lane: Lane, _tasks: 'stop' | 'keep'): Promise<StepReport> {
  return runStep(lane, `${deleteFolder}\necho "removed $1"`, {
    guard: ['invalid', 'folder-guard'],
    left: ['unauthorized', 'files-left'],
  });
}

async function dropKey(lane: Lane, via: Via): Promise<StepReport> {
  const ran = 'remove our line from ~/.ssh/authorized_keys';
  if (!via.keyPlanted) return done(ran, 'none was added');
  const removed = await unplantKey(lane);
  if (!removed.ok) return failed(ran, removed.refusal);
  return done(ran, removed.value === 0 ? 'it was gone already' : 'removed; all other lines are as they were');
}

async function verify(lane: Lane, _via: Via, _tasks: 'stop' | 'keep'): Promise<StepReport> {
  const answer = await lane.run({ script: 'ls -la "$1" 2>&1', args: [lane.agentDir], asRoot: lane.asRoot });
  if (!answer.ok) return failed('', answer.refusal);
  return done('', answer.value.output.toString('utf8'));
}

type Problems = Readonly<Record<string, readonly [Refusal['code'], string]>>;

async function runStep(
  lane: Lane,
  script: string,
  problems: Problems,
  more: readonly string[] = [],
): Promise<StepReport> {
  const ran = `# ${lane.agentDir}\n${script}`;
  const answer = await lane.run({
    script,
    args: [lane.agentDir, ...more],
    asRoot: lane.asRoot,
    timeoutMs: 60_000,
  });
  const outcome = readOutcome(answer, problems);
  return outcome.ok ? done(ran, outcome.value) : failed(ran, outcome.refusal);
}

function readOutcome(answer: Awaited<ReturnType<Lane['run']>>, problems: Problems): Result<string> {
  if (!answer.ok) return answer;
  const { code, output, errors } = answer.value;
  const said = `${output.toString('utf8')}${errors}`;
  if (code === 0) return ok(said);
  const known = problems[readPairs(output).get('problem') ?? ''];
  if (known === undefined) return { ok: false, refusal: oddEnd(answer.value) };
  return { ok: false, refusal: { code: known[0], reason: known[1], detail: quote(said) } };
}
