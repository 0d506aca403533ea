// The scenes: what the fake cluster looks like at the start.
import type { MachineId, OperationId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import type { OperationRecord } from '../../../electron/contract/operation.ts';
import { confirmKey, newLane, walkLane } from './lanes.ts';
import { addLife } from './life.ts';
import { gib, specs } from './machines.ts';
import { randomFrom } from './random.ts';
import { aLink, aMachine, anAgent, aTask, endTask, type MachineSpec, type TaskSpec } from './records.ts';
import type { FakeTables } from './tables.ts';
import { addWaiting } from './waiting.ts';

export const sceneNames = [
  'busy',
  'calm',
  'adding',
  'adding-many',
  'adding-done',
  'empty',
  'faults',
  'large',
  'life',
  'shared',
  'waiting',
] as const;
export type SceneName = (typeof sceneNames)[number];

type Plan = Omit<TaskSpec, 'machine'> & { readonly on: string };
const minute = 60_000;
const plans: readonly Plan[] = [
  {
    on: 'this-computer',
    name: 'notebook',
    line: 'jupyter lab --no-browser',
    cpusMilli: 2000,
    memMib: 4096,
    startedAgoMs: 190 * minute,
  },
  {
    on: 'this-computer',
    name: 'web',
    line: 'python3 -m http.server 8080',
    cpusMilli: 500,
    memMib: 256,
    startedAgoMs: 2900 * minute,
  },
  {
    on: 'gpu-2',
    name: 'train-17',
    line: 'python3 -u train.py --epochs 90 --batch 64 --data /srv/images',
    cpusMilli: 6000,
    memMib: 24 * gib,
    startedAgoMs: 84 * minute,
  },
  {
    on: 'gpu-2',
    name: 'embed',
    line: 'python3 embed.py --shard 3/8',
    cpusMilli: 2500,
    memMib: 12 * gib,
    startedAgoMs: 31 * minute,
  },
  {
    on: 'gpu-2',
    name: 'web',
    line: 'python3 -m http.server 8080',
    cpusMilli: 500,
    memMib: 256,
    startedAgoMs: 2890 * minute,
  },
  {
    on: 'nas',
    name: 'backup',
    line: 'restic backup /srv --exclude-caches',
    cpusMilli: 1500,
    memMib: 2048,
    startedAgoMs: 17 * minute,
  },
  {
    on: 'nas',
    name: 'web',
    line: 'python3 -m http.server 8080',
    cpusMilli: 500,
    memMib: 256,
    startedAgoMs: 2885 * minute,
  },
  {
    on: 'pi-4',
    name: 'sensors',
    line: './sensors --mqtt tcp://nas:1883',
    cpusMilli: 400,
    memMib: 128,
    startedAgoMs: 9000 * minute,
  },
  {
    on: 'build-1',
    name: 'compile',
    line: 'make -j16 world',
    cpusMilli: 16_000,
    memMib: 32 * gib,
    startedAgoMs: 6 * minute,
  },
  {
    on: 'build-1',
    name: 'fuzz-parser',
    line: './fuzz --corpus seeds/ parser',
    cpusMilli: 4000,
    memMib: 6 * gib,
    startedAgoMs: 480 * minute,
  },
  {
    on: 'build-1',
    name: 'fuzz-wire',
    line: './fuzz --corpus seeds/ wire',
    cpusMilli: 4000,
    memMib: 6 * gib,
    startedAgoMs: 480 * minute,
  },
  {
    on: 'build-1',
    name: 'web',
    line: 'python3 -m http.server 8080',
    cpusMilli: 500,
    memMib: 256,
    startedAgoMs: 2880 * minute,
  },
];

function addMachine(tables: FakeTables, spec: MachineSpec, nowMs: number, index: number): MachineRecord {
  const machine = aMachine(spec, nowMs - 86_400_000 * 9 + index * 1000);
  tables.put('machines', machine);
  tables.put('agents', anAgent(spec, machine, nowMs));
  tables.put('links', aLink(machine, nowMs));
  return machine;
}

function addTasks(tables: FakeTables, nowMs: number): void {
  const byName = new Map(tables.all('machines').map((machine) => [machine.name, machine]));
  for (const plan of plans) {
    const machine = byName.get(plan.on);
    if (machine !== undefined) tables.put('tasks', aTask({ ...plan, machine }, nowMs));
  }
  const ended = [
    {
      on: 'gpu-2',
      name: 'hello',
      line: 'for i in 1 2 3; do echo hello $i; sleep 1; done',
      agoMs: 3 * minute,
      state: 'TASK_FINISHED',
      code: 0,
    },
    {
      on: 'this-computer',
      name: 'hello',
      line: 'for i in 1 2 3; do echo hello $i; sleep 1; done',
      agoMs: 4 * minute,
      state: 'TASK_FINISHED',
      code: 0,
    },
    {
      on: 'pi-4',
      name: 'index-photos',
      line: 'python3 index.py /media/photos',
      agoMs: 12 * minute,
      state: 'TASK_FAILED',
      code: 3,
    },
    {
      on: 'build-1',
      name: 'compile',
      line: 'make -j16 world',
      agoMs: 95 * minute,
      state: 'TASK_KILLED',
      code: null,
    },
    {
      on: 'gpu-2',
      name: 'train-16',
      line: 'python3 -u train.py --epochs 90 --batch 48',
      agoMs: 210 * minute,
      state: 'TASK_FINISHED',
      code: 0,
    },
    {
      on: 'build-1',
      name: 'lint',
      line: 'npm run check',
      agoMs: 300 * minute,
      state: 'TASK_FINISHED',
      code: 0,
    },
  ] as const;
  for (const each of ended) {
    const machine = byName.get(each.on);
    if (machine === undefined) continue;
    const task = aTask(
      { ...each, machine, cpusMilli: 500, memMib: 256, startedAgoMs: each.agoMs + 48_000 },
      nowMs,
    );
    const message =
      each.code === null ? 'ended by signal 15 after it was asked to stop' : `exited with code ${each.code}`;
    tables.put(
      'tasks',
      endTask(task, each.state, nowMs - each.agoMs, {
        exitCode: each.code,
        signal: each.code === null ? 15 : null,
        message,
      }),
    );
  }
}

function silence(tables: FakeTables, name: string, nowMs: number): void {
  const id = `m-${name}`;
  tables.change('links', id, { phase: 'silent', sinceMs: nowMs - 38_000, lastHeardAtMs: nowMs - 42_000 });
}

function anOperation(
  change: Partial<OperationRecord> & Pick<OperationRecord, 'verb' | 'subject'>,
  index: number,
  nowMs: number,
): OperationRecord {
  const askedAtMs = nowMs - 4000 - index * 47_000;
  return {
    id: `o-${index}` as OperationId,
    machineId: null,
    taskId: null,
    stage: 'seen',
    refusal: null,
    askedAtMs,
    changedAtMs: askedAtMs + 640 + index * 90,
    ...change,
  };
}

function addOperations(tables: FakeTables, nowMs: number): void {
  const compile = tables.all('tasks').find((task) => task.info.name === 'compile');
  const list = [
    anOperation({ verb: 'run-task', subject: 'train-18', stage: 'doing' }, 0, nowMs),
    anOperation({ verb: 'run-task', subject: 'compile', taskId: compile?.id ?? null }, 1, nowMs),
    anOperation({ verb: 'run-task', subject: 'hello' }, 2, nowMs),
    anOperation({ verb: 'kill-task', subject: 'compile' }, 3, nowMs),
    anOperation(
      {
        verb: 'run-task',
        subject: 'gpu-job',
        stage: 'accepted',
        refusal: {
          code: 'exhausted',
          reason: 'not-enough-room',
          detail: 'wants 12 cpus, 3.5 are free on gpu-2',
        },
      },
      4,
      nowMs,
    ),
    anOperation({ verb: 'add-machine', subject: 'nas', machineId: 'm-nas' as MachineId }, 5, nowMs),
  ];
  for (const operation of list) tables.put('operations', operation);
}

function addLanes(tables: FakeTables, nowMs: number): void {
  const lane = (name: string, title: string, moves: number, agoMs: number) =>
    walkLane(newLane(`m-${name}` as MachineId, 'add', title, nowMs - agoMs), moves, nowMs);
  tables.put('lanes', lane('shelf-1', 'ada@192.168.1.71:22', 40, 9000));
  const confirmed = confirmKey(lane('shelf-2', 'ada@192.168.1.72:22', 40, 6800));
  tables.put('lanes', walkLane(confirmed, 7, nowMs));
  tables.put('lanes', lane('wrongkey', 'root@wrongkey.lan:22', 5, 700));
  const failing = confirmKey(lane('wrongkey', 'root@wrongkey.lan:22', 40, 5400));
  tables.put('lanes', walkLane(failing, 40, nowMs));
}

/** A rack on its way in: some live, some at work, in line, paused, waiting for the person, failed, skipped. */
function addRack(tables: FakeTables, nowMs: number, isOver: boolean): void {
  const names = [
    'node-1',
    'node-2',
    'node-3',
    'node-4',
    'node-5',
    'node-6',
    'node-7',
    'wrongkey-1',
    'closed-1',
  ];
  const fresh = (name: string, at: number) =>
    newLane(`m-${name}` as MachineId, 'add', `lab@${name}.lan:22`, nowMs - 9000 - at);
  for (const [at, name] of names.entries()) {
    const asking = walkLane(fresh(name, names.length - at), 40, nowMs);
    const isAsking = !isOver && (at === 3 || at === 4);
    tables.put(
      'lanes',
      isAsking ? asking : walkLane(confirmKey(asking), isOver || at < 2 ? 40 : at * 2 + 1, nowMs),
    );
  }
  const skipped = fresh('node-8', 0);
  tables.put('lanes', { ...skipped, state: 'cancelled', endedAtMs: nowMs });
  if (isOver) return;
  tables.put('lanes', { ...walkLane(fresh('node-6', 4), 1, nowMs), isPaused: true });
  tables.put('lanes', fresh('node-9', 0));
}

/** More than the product is made for: what the lists have to bear. */
const manyMachines = 200;
const tasksOfEach = 25;

function addMany(tables: FakeTables, nowMs: number): readonly MachineSpec[] {
  const random = randomFrom(5);
  const many = Array.from({ length: manyMachines }, (_, index): MachineSpec => {
    const base = specs[index % specs.length] ?? specs[0];
    if (base === undefined) throw new Error('no spec');
    return index === 0
      ? base
      : {
          ...base,
          name: `rack-${String(index).padStart(3, '0')}`,
          address: `10.0.0.${index + 1}`,
          cpus: 64,
          memMib: 256 * gib,
        };
  });
  for (const [index, spec] of many.entries()) {
    const machine = addMachine(tables, spec, nowMs, index);
    for (let i = 0; i < tasksOfEach; i += 1) {
      const name = `job-${Math.floor(random() * 30)}`;
      const cpusMilli = Math.floor((spec.cpus * 900) / tasksOfEach);
      tables.put(
        'tasks',
        aTask(
          { name, machine, line: `./work ${i}`, cpusMilli, memMib: 64, startedAgoMs: random() * 9_000_000 },
          nowMs,
        ),
      );
    }
  }
  return many;
}

/** Fills the tables and says which machines send samples. */
export function setScene(tables: FakeTables, scene: SceneName, nowMs: number): readonly MachineSpec[] {
  tables.put('settings', {
    id: 'settings',
    theme: 'system',
    language: 'system',
    onQuit: 'ask',
    unreachableAfterMs: 10_000,
    offerTimeoutMs: 15_000,
    keeping: { logMibPerTask: 64, logMibTotal: 2048, keepDays: 14, cacheMib: 2048 },
  });
  if (scene === 'large') return addMany(tables, nowMs);
  const chosen = scene === 'empty' ? specs.slice(0, 1) : specs;
  for (const [index, spec] of chosen.entries()) addMachine(tables, spec, nowMs, index);
  if (scene === 'empty') return chosen;
  tables.change('machines', 'm-nas', { note: 'Basement shelf, left. Ask Bo before a restart.' });
  addTasks(tables, nowMs);
  addOperations(tables, nowMs);
  if (scene !== 'calm' && scene !== 'life' && scene !== 'shared') silence(tables, 'nas', nowMs);
  if (scene === 'adding') addLanes(tables, nowMs);
  if (scene === 'adding-many' || scene === 'adding-done') addRack(tables, nowMs, scene === 'adding-done');
  if (scene === 'life') addLife(tables, nowMs);
  if (scene === 'waiting') addWaiting(tables, nowMs);
  if (scene === 'faults') {
    tables.put('faults', {
      id: 'store-read-only',
      kind: 'store-read-only',
      detail: 'SQLITE_READONLY: attempt to write a readonly database (/home/me/.config/mesolite/state.db)',
      sinceMs: nowMs,
    });
    tables.change('links', 'm-build-1', {
      phase: 'down',
      sinceMs: nowMs - 95_000,
      lastHeardAtMs: nowMs - 97_000,
      nextTryAtMs: nowMs + 9000,
      problem: {
        code: 'conflict',
        reason: 'host-key-changed',
        detail: 'pinned SHA256:5yq1… offered SHA256:mPq7…',
      },
    });
    tables.change('agents', 'a-build-1', { state: { kind: 'unreachable', sinceMs: nowMs - 85_000 } });
  }
  return chosen;
}
