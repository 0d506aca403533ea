// Golden scenarios: a text of commands (`> hello one`) each followed by the exact trace of what the master did.
// `MESOLITE_UPDATE=1 npx vitest run test/unit/core/scenarios.test.ts` writes the traces anew; the diff is reviewed.
import type { EnrolmentStep, RemovalStep } from '../../electron/contract/enrolment.ts';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { Diff, TableName, Tables } from '../../electron/contract/tables.ts';
import { tableNames } from '../../electron/contract/tables.ts';
import type { TaskState } from '../../electron/contract/task.ts';
import type { Effect } from '../../electron/core/kernel/effects.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import type { StepResult } from '../../electron/core/master/step.ts';
import {
  aHello,
  aHostKey,
  aMachine,
  anAgentTask,
  aSample,
  aStatus,
  aTask,
  machineId,
  operationId,
  taskId,
} from './builders.ts';
import { CoreRig } from './core-rig.ts';

/** The same text with the trace that this code gives. Comments and blank lines stay where they are. */
export function replay(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => line === '' || line.startsWith('>') || line.startsWith('#'));
  let rig: CoreRig | null = null;
  const out: string[] = [];
  let operations = 0;
  for (const line of lines) {
    out.push(line);
    if (!line.startsWith('>')) continue;
    const [word = '', ...words] = line.slice(1).trim().split(/\s+/);
    if (word === 'start') {
      rig = new Tracer(out, { machines: words.map((name) => aMachine(name)) });
      rig.post({ kind: 'master-started', seed: 1 });
      continue;
    }
    if (!rig) throw new Error('a scenario begins with: > start MACHINE...');
    operations += 1;
    act(rig, word, words, operations);
  }
  return `${out.join('\n').trimEnd()}\n`;
}

function act(rig: CoreRig, word: string, words: readonly string[], serial: number): void {
  if (word === 'pass') {
    rig.pass(Number(words[0]));
    return;
  }
  const make = makers[word];
  if (!make) throw new Error(`no such command in a scenario: ${word}`);
  rig.post(make(words, operationId(String(serial))));
}

type Maker = (words: readonly string[], operation: ReturnType<typeof operationId>) => Posted;

/** `task:TASK_RUNNING` */
function held(word: string): ReturnType<typeof anAgentTask> {
  const [name = '', state = ''] = word.split(':');
  return anAgentTask(name, state as TaskState, { uuid: `${name}-${state}` });
}

/** `ok`, or `code:reason`. */
function refusalOf(word = 'ok'): Refusal | null {
  if (word === 'ok') return null;
  const [code = '', reason = ''] = word.split(':');
  return { code: code as Refusal['code'], reason, detail: reason };
}

const makers: Readonly<Record<string, Maker>> = {
  hello: ([name = '', ...tasks]) => aHello(name, { tasks: tasks.map(held) }),
  sample: ([name = '']) => ({ kind: 'sample-received', machineId: machineId(name), sample: aSample() }),
  down: ([name = '', reason]) => ({
    kind: 'link-down',
    machineId: machineId(name),
    refusal: refusalOf(reason) ?? { code: 'unreachable', reason: 'no-route', detail: 'no-route' },
  }),
  woke: ([ms]) => ({ kind: 'woke-up', asleepMs: Number(ms) }),
  run: ([name = '', machine = ''], operation) => ({
    kind: 'run-task',
    machineId: machineId(machine),
    operationId: operation,
    info: aTask(name),
  }),
  kill: ([name = ''], operation) => ({ kind: 'kill-task', taskId: taskId(name), operationId: operation }),
  forget: ([name = '']) => ({ kind: 'forget-task', taskId: taskId(name) }),
  update: ([name = '', machine = '', state = '']) => ({
    kind: 'status-update-received',
    machineId: machineId(machine),
    status: aStatus(name, state as TaskState, { uuid: `${name}-${state}` }),
  }),
  'launch-answered': ([name = '', word]) => ({
    kind: 'launch-answered',
    taskId: taskId(name),
    refusal: refusalOf(word),
  }),
  'kill-answered': ([name = '', word]) => ({
    kind: 'kill-answered',
    taskId: taskId(name),
    refusal: refusalOf(word),
  }),
  'forget-answered': ([name = '', word]) => ({
    kind: 'forget-answered',
    taskId: taskId(name),
    refusal: refusalOf(word),
  }),
  add: ([name = ''], operation) => ({
    kind: 'add-machine',
    machineId: machineId(name),
    operationId: operation,
    name,
    address: `${name}.lan`,
    port: 22,
    user: 'ada',
    credentials: 'password',
  }),
  confirm: ([name = '', key = 'key1']) => ({
    kind: 'confirm-host-key',
    machineId: machineId(name),
    hostKey: aHostKey(key),
  }),
  retry: ([name = ''], operation) => ({
    kind: 'retry-add',
    machineId: machineId(name),
    operationId: operation,
  }),
  cancel: ([name = '']) => ({ kind: 'cancel-add', machineId: machineId(name) }),
  cleaned: ([name = '', attempt]) => ({
    kind: 'lane-cleaned-up',
    machineId: machineId(name),
    attempt: Number(attempt),
  }),
  remove: ([name = '', tasks = 'stop', force], operation) => ({
    kind: 'remove-machine',
    machineId: machineId(name),
    operationId: operation,
    tasks: tasks === 'keep' ? 'keep' : 'stop',
    force: force === 'force',
  }),
  step: ([name = '', attempt, step = '', word = 'ok', key = 'key1']) => {
    const refusal = word === 'skipped' ? null : refusalOf(word);
    const learned = {
      hostKey: aHostKey(key),
      login: { kind: 'own-key' },
      agentDir: '/home/ada/.mesolite',
    } as const;
    return {
      kind: 'lane-step-finished',
      machineId: machineId(name),
      attempt: Number(attempt),
      step: step as EnrolmentStep | RemovalStep,
      ran: '',
      answered: '',
      tookMs: 10,
      outcome: refusal
        ? { kind: 'failed', refusal }
        : word === 'skipped'
          ? { kind: 'skipped' }
          : { kind: 'done', learned },
    };
  },
};

class Tracer extends CoreRig {
  readonly #out: string[];

  constructor(out: string[], rows: ConstructorParameters<typeof CoreRig>[0]) {
    super(rows, { start: false });
    this.#out = out;
  }

  override post(event: Posted): StepResult {
    const before = this.state.tables;
    const result = super.post(event);
    if (event.kind === 'deadline-passed') this.#out.push(`at ${this.monoMs - 1000} ms`);
    if (result.answer && !result.answer.ok) {
      this.#out.push(`  refused ${result.answer.refusal.code} ${result.answer.refusal.reason}`);
    }
    this.#out.push(
      ...changes(before, result.diff),
      ...result.effects.map((effect) => `  -> ${words(effect)}`),
    );
    for (const note of result.notes) this.#out.push(`  note ${note.verb}`);
    return result;
  }
}

/** What people would see of each changed row, not every field. */
const shown: { readonly [T in TableName]?: (row: never) => string } = {
  tasks: (row: { state: string; killAskedAtMs: number | null }) =>
    `${row.state}${row.killAskedAtMs === null ? '' : ' (kill asked)'}`,
  agents: (row: { state: { kind: string } }) => row.state.kind,
  machines: (row: { agentId: string | null; removal: object | null }) =>
    `${row.agentId ?? 'no agent'}${row.removal ? ' (removal)' : ''}`,
  links: (row: { phase: string; problem: Refusal | null }) =>
    `${row.phase}${row.problem ? ` (${row.problem.reason})` : ''}`,
  lanes: (row: { state: string; steps: readonly { name: string; state: string }[] }) => {
    const at = row.steps.find((step) => ['working', 'needs-you', 'failed'].includes(step.state));
    return `${row.state}${at ? ` at ${at.name} (${at.state})` : ''}`;
  },
  operations: (row: { verb: string; stage: string; refusal: Refusal | null }) =>
    `${row.verb} ${row.stage}${row.refusal ? ` (${row.refusal.reason})` : ''}`,
};

function changes(before: Tables, diff: Diff): string[] {
  const lines: string[] = [];
  for (const table of tableNames) {
    const show = shown[table] as ((row: unknown) => string) | undefined;
    for (const row of diff[table]?.put ?? []) {
      const old = before[table].get(row.id);
      const now = show?.(row) ?? 'changed';
      if (old === undefined || show?.(old) !== now) lines.push(`  ${table} ${row.id}: ${now}`);
    }
    for (const id of diff[table]?.drop ?? []) lines.push(`  ${table} ${id}: dropped`);
  }
  return lines;
}

function words(effect: Effect): string {
  switch (effect.kind) {
    case 'connect':
      return `connect ${effect.machine.id}`;
    case 'send-launch':
      return `send-launch ${effect.info.taskId} to ${effect.machineId}`;
    case 'send-ack':
      return `send-ack ${effect.uuid}`;
    case 'send-kill':
      return `send-kill ${effect.taskId} grace ${effect.graceMs}`;
    case 'send-forget':
      return `send-forget ${effect.taskId}`;
    case 'run-enrolment-step':
      return `run ${effect.step} attempt ${effect.context.attempt}`;
    case 'run-removal-step':
      return `run ${effect.step} attempt ${effect.attempt}`;
    case 'clean-up-lane':
      return `clean-up-lane attempt ${effect.context.attempt}`;
    default:
      return effect.kind;
  }
}
