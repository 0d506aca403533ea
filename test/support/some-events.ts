// One maker for each kind of event, over few names, so that a random walk meets every combination. The record type makes
// a new kind of event fail to compile until it is here.
import { jumpedEnrolmentSteps, removalSteps } from '../../electron/contract/enrolment.ts';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { Quota, Slice } from '../../electron/contract/role.ts';
import { taskStates } from '../../electron/contract/task.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import {
  aDemoMachine,
  agentId,
  aHello,
  aHostKey,
  anAgentTask,
  aSample,
  aStatus,
  aTask,
  frameworkId,
  machineId,
  noAnswer,
  noRoute,
  operationId,
  taskId,
} from './builders.ts';
import { someCall } from './some-calls.ts';

const machines = ['one', 'two', 'new', 'here', 'demo1'] as const;
const tasks = ['a', 'b', 'c'] as const;
const refusals: readonly (Refusal | null)[] = [
  null,
  noRoute,
  noAnswer,
  { code: 'conflict', reason: 'killed-before-launch', detail: '' },
  { code: 'not-found', reason: 'no-such-task', detail: '' },
  { code: 'unauthorized', reason: 'login-refused', detail: '' },
  { code: 'invalid', reason: 'bad', detail: '' },
];

let serial = 0;
const anOperation = () => operationId(`walk${(serial += 1)}`);

/** `pick` chooses; without it, a cycle through all values. */
export function someEvents(pick: <T>(values: readonly T[]) => T = cycle()): (() => Posted)[] {
  const machine = () => machineId(pick(machines));
  const task = () => taskId(pick(tasks));
  const refusal = () => pick(refusals);
  const makers: {
    readonly [K in Exclude<Posted['kind'], 'master-started'>]: () => Extract<Posted, { kind: K }>;
  } = {
    'add-machine': () => {
      const name = pick(machines);
      const place = { address: `${name}.lan`, port: 22, user: 'ada', name: '' };
      return {
        kind: 'add-machine',
        machineId: machineId(name),
        operationId: anOperation(),
        credentials: 'password',
        jumps: pick([[], [], [{ address: 'gate', port: 22, user: 'ada', login: { kind: 'own-key' } }]]),
        ...place,
      };
    },
    'confirm-host-key': () => ({
      kind: 'confirm-host-key',
      machineId: machine(),
      hostKey: aHostKey(pick(['k1', 'k2'])),
    }),
    'retry-add': () => ({ kind: 'retry-add', machineId: machine(), operationId: anOperation() }),
    'cancel-add': () => ({ kind: 'cancel-add', machineId: machine() }),
    'pause-add': () => ({ kind: 'pause-add', machineId: machine(), isPaused: pick([true, false]) }),
    'dismiss-lane': () => ({ kind: 'dismiss-lane', machineId: machine() }),
    'remove-machine': () => ({
      kind: 'remove-machine',
      machineId: machine(),
      operationId: anOperation(),
      tasks: pick(['stop', 'keep']),
      force: pick([false, false, true]),
    }),
    'start-demo-rack': () => ({
      kind: 'start-demo-rack',
      operationId: anOperation(),
      machines: [aDemoMachine(1, 'demo1'), aDemoMachine(2, 'demo2')],
    }),
    'remove-demo-rack': () => ({ kind: 'remove-demo-rack', operationId: anOperation() }),
    reconnect: () => ({ kind: 'reconnect', machineId: machine() }),
    'take-over': () => ({ kind: 'take-over', machineId: machine() }),
    'edit-machine': () => ({ kind: 'edit-machine', machineId: machine(), name: pick(['x', 'y']), note: '' }),
    'drain-agent': () => ({
      kind: 'drain-agent',
      machineId: machine(),
      operationId: anOperation(),
      graceMs: pick([null, 0, 1000]),
      markGone: pick([false, false, false, true]),
    }),
    'deactivate-agent': () => ({ kind: 'deactivate-agent', machineId: machine() }),
    'reactivate-agent': () => ({ kind: 'reactivate-agent', machineId: machine() }),
    'plan-maintenance': () => ({
      kind: 'plan-maintenance',
      machineId: machine(),
      window: pick([
        null,
        { startMs: 1_800_000_005_000, durationMs: 60_000, note: '' },
        { startMs: 1_800_000_090_000, durationMs: null, note: 'disk' },
      ]),
    }),
    'run-task': () => ({
      kind: 'run-task',
      machineId: pick([machine(), machine(), null]),
      operationId: anOperation(),
      info: { ...aTask(pick(tasks)), resources: { ...aTask().resources, cpusMilli: pick([500, 3000]) } },
    }),
    'kill-task': () => ({ kind: 'kill-task', taskId: task(), operationId: anOperation() }),
    'forget-task': () => ({ kind: 'forget-task', taskId: task() }),
    'call-scheduler-api': () => ({ kind: 'call-scheduler-api', call: someCall(pick) }),
    'scheduler-disconnected': () => ({
      kind: 'scheduler-disconnected',
      frameworkId: frameworkId(pick(['x', 'y'])),
      streamId: pick(['s1', 's2']),
    }),
    'set-preemption': () => ({
      kind: 'set-preemption',
      role: pick(['*', 'eng']),
      preemption: pick([null, { lowerPriority: true, aboveFairShare: pick([true, false]) }]),
    }),
    'set-weight': () => ({ kind: 'set-weight', role: pick(['*', 'eng']), weightMilli: pick([1000, 2000]) }),
    'set-quota': () => ({
      kind: 'set-quota',
      role: pick(['eng', 'ops', 'eng/dev']),
      quota: pick([null, aQuota(1000, null), aQuota(0, 2000)]),
      force: pick([true, false]),
    }),
    'change-role': () => ({
      kind: 'change-role',
      role: pick(['*', 'eng', 'eng/dev']),
      weightMilli: pick([1000, 3000]),
      quota: pick([null, aQuota(1000, null), aQuota(0, 2000)]),
      force: pick([true, false]),
    }),
    'remove-role': () => ({ kind: 'remove-role', role: pick(['eng', 'eng/dev', 'ops']) }),
    'partition-machine': () => ({
      kind: 'partition-machine',
      machineId: machine(),
      slices: pick([[], [aSlice('eng', 1000)], [aSlice('eng/dev', 500), aSlice('ops', 2000)]]),
    }),
    'teardown-framework': () => ({
      kind: 'teardown-framework',
      frameworkId: frameworkId(pick(['x', 'y', 'run'])),
    }),
    'change-settings': () => ({
      kind: 'change-settings',
      settings: { unreachableAfterMs: pick([5000, 20_000]) },
    }),
    'dismiss-fault': () => ({ kind: 'dismiss-fault', id: 'local-agent' }),
    'local-machine-found': () => ({
      kind: 'local-machine-found',
      machineId: machineId('here'),
      name: 'here',
    }),
    'deadline-passed': () => ({ kind: 'deadline-passed' }),
    'woke-up': () => ({ kind: 'woke-up', asleepMs: pick([3000, 86_400_000]) }),
    'link-up': () => {
      const name = pick(machines);
      const held = tasks
        .filter(() => pick([true, false, false]))
        .map((each) => anAgentTask(each, pick(taskStates)));
      return aHello(name, { agentId: agentId(pick([name, name, name, 'one', 'reborn'])), tasks: held });
    },
    'link-down': () => ({ kind: 'link-down', machineId: machine(), refusal: refusal() ?? noRoute }),
    'link-heard': () => ({ kind: 'link-heard', machineId: machine(), roundTripMs: pick([null, 3]) }),
    'sample-received': () => ({ kind: 'sample-received', machineId: machine(), sample: aSample() }),
    'status-update-received': () => ({
      kind: 'status-update-received',
      machineId: machine(),
      status: aStatus(pick(tasks), pick(taskStates), pick([{}, {}, { uuid: null }, { uuid: 'same' }])),
    }),
    'task-progressed': () => ({
      kind: 'task-progressed',
      machineId: machine(),
      taskId: task(),
      phase: pick(['upload', 'fetch', 'collect']),
      what: 'data.tar',
      doneBytes: pick([0, 10]),
      totalBytes: pick([null, 10]),
    }),
    'launch-answered': () => ({ kind: 'launch-answered', taskId: task(), refusal: refusal() }),
    'kill-answered': () => ({ kind: 'kill-answered', taskId: task(), refusal: refusal() }),
    'forget-answered': () => ({ kind: 'forget-answered', taskId: task(), refusal: refusal() }),
    'lane-step-finished': () => laneStep(pick, machine()),
    'lane-cleaned-up': () => ({ kind: 'lane-cleaned-up', machineId: machine(), attempt: pick([1, 2, 3]) }),
    'fault-raised': () => ({
      kind: 'fault-raised',
      fault: { id: 'local-agent', kind: 'local-agent', detail: 'x' },
    }),
  };
  return Object.values(makers);
}

function aQuota(guaranteed: number, limit: number | null): Quota {
  return {
    guarantee: { cpusMilli: guaranteed, memMib: 0, diskMib: 0, gpus: 0 },
    limit: { cpusMilli: limit, memMib: null, diskMib: null, gpus: null },
  };
}

function aSlice(role: string, cpusMilli: number): Slice {
  return { role, amounts: { cpusMilli, memMib: 64, diskMib: 0, gpus: 0 } };
}

function laneStep(
  pick: <T>(values: readonly T[]) => T,
  machine: ReturnType<typeof machineId>,
): Extract<Posted, { kind: 'lane-step-finished' }> {
  const learned = {
    hostKey: aHostKey(pick(['k1', 'k1', 'k2'])),
    login: { kind: 'own-key' },
    agentDir: '/opt/mesolite',
  } as const;
  return {
    kind: 'lane-step-finished',
    machineId: machine,
    attempt: pick([1, 1, 2, 3]),
    step: pick([...jumpedEnrolmentSteps, ...removalSteps]),
    ran: '',
    answered: '',
    tookMs: 1,
    outcome: pick([
      { kind: 'done', learned },
      { kind: 'done', learned: { ...learned, jumpKey: learned.hostKey } },
      { kind: 'skipped' },
      { kind: 'failed', refusal: { code: 'unauthorized', reason: 'login-refused', detail: '' } },
    ] as const),
  };
}

function cycle(): <T>(values: readonly T[]) => T {
  let turn = 0;
  return (values) => {
    turn += 1;
    return values[(turn * 7919 + (turn >> 3)) % values.length] as never;
  };
}
