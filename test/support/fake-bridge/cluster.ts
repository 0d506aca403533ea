// The fake cluster: samples each second, tasks that start and end, lanes that walk.
import type {
  Answers,
  AppInfo,
  Channel,
  PushChannel,
  Pushes,
  Request,
} from '../../../electron/contract/channels.ts';
import { ok, type Result, refuse } from '../../../electron/contract/errors.ts';
import type { MachineId, OperationId, TaskId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import type { OperationRecord } from '../../../electron/contract/operation.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import type { FilterSession } from '../../../electron/core/master/frameworks/shapes.ts';
import { demoSlices } from './demo.ts';
import { FakeFinding } from './finding.ts';
import { advanceLane, confirmKey, newLane, retryLane } from './lanes.ts';
import { FakeLogs } from './logs.ts';
import { randomFrom } from './random.ts';
import { aLink, aMachine, anAgent, aStatus, aTask, endTask, type MachineSpec } from './records.ts';
import { SampleSource } from './samples.ts';
import { type SceneName, setScene } from './scenes.ts';
import { addShared } from './shared.ts';
import { FakeTables } from './tables.ts';
import { placeFor, runOf } from './waits.ts';

const sampleMs = 1000;
const historyShown = 120;

type Listeners = { [P in PushChannel]: Set<(push: Pushes[P]) => void> };

export class FakeCluster {
  readonly tables = new FakeTables();
  readonly logs: FakeLogs;
  readonly finding: FakeFinding;
  /** No table of the master either. */
  readonly filters: ReadonlyMap<string, FilterSession>;
  /** Every request that came in, for tests. */
  readonly asked: { readonly channel: Channel; readonly request: unknown }[] = [];
  readonly #listeners: Listeners = {
    'state:patch': new Set(),
    'log:chunk': new Set(),
    'log:end': new Set(),
    'app:quit-asked': new Set(),
    'discovery:change': new Set(),
  };
  readonly #sources = new Map<string, SampleSource>();
  readonly #random = randomFrom(7);
  readonly #clock: () => number;
  #lastOperation = 100;
  #lastRun = 0;

  constructor(scene: SceneName, clock: () => number = () => Date.now()) {
    this.#clock = clock;
    this.finding = new FakeFinding(this);
    this.logs = new FakeLogs((channel, push) => this.push(channel, push));
    for (const spec of setScene(this.tables, scene, clock())) this.#addSource(spec);
    this.filters = scene === 'shared' ? addShared(this.tables, clock()) : new Map();
    this.sampleAll(clock() - (historyShown + 1) * sampleMs);
    this.tables.takePatch();
  }

  #addSource(spec: MachineSpec): void {
    this.#sources.set(
      `m-${spec.name}`,
      new SampleSource(spec, randomFrom(spec.name.length * 97 + spec.cpus)),
    );
  }

  push<P extends PushChannel>(channel: P, push: Pushes[P]): void {
    for (const listener of this.#listeners[channel]) listener(push);
  }

  flush(): void {
    const patch = this.tables.takePatch();
    if (patch !== null) this.push('state:patch', patch);
  }

  sampleAll(atMs: number): void {
    const tasks = this.tables.all('tasks');
    for (const machine of this.tables.all('machines')) this.#sample(machine, tasks, atMs);
  }

  #sample(machine: MachineRecord, tasks: readonly TaskRecord[], atMs: number): void {
    const source = this.#sources.get(machine.id);
    const link = this.tables.get('links', machine.id);
    if (source === undefined || link === undefined) return;
    const isLive = link.phase === 'live';
    if (!isLive && this.tables.get('samples', machine.id) !== undefined && atMs > (link.lastHeardAtMs ?? 0))
      return;
    const own = tasks.filter((task) => task.machineId === machine.id && task.state === 'TASK_RUNNING');
    this.tables.put('samples', {
      id: machine.id,
      sample: source.next(machine, own, atMs),
      receivedAtMs: atMs,
    });
    if (isLive) this.tables.put('links', { ...link, lastHeardAtMs: atMs });
  }

  /** Two minutes of samples at once, so that charts are full from the start. */
  backfill(): void {
    const nowMs = this.#clock();
    for (let back = historyShown; back > 0; back -= 1) {
      this.sampleAll(nowMs - back * sampleMs);
      this.flush();
    }
    this.sampleAll(nowMs);
    this.flush();
  }

  /** Starts to live; returns the function that stops it. */
  start(): () => void {
    let beat = 0;
    const timer = setInterval(() => {
      beat += 1;
      const nowMs = this.#clock();
      const machines = this.tables.all('machines');
      const tasks = this.tables.all('tasks');
      // Each quarter of a second a quarter of the machines reports.
      for (const [index, machine] of machines.entries())
        if (index % 4 === beat % 4) this.#sample(machine, tasks, nowMs);
      if (beat % 2 === 0) this.#walk(nowMs);
      this.logs.tick((id) => {
        const task = this.tables.get('tasks', id);
        return task !== undefined && task.endedAtMs === null ? task : undefined;
      });
      this.flush();
    }, 250);
    return () => clearInterval(timer);
  }

  #walk(nowMs: number): void {
    for (const lane of this.tables.all('lanes')) {
      if (lane.state !== 'running') continue;
      const next = advanceLane(lane, nowMs);
      this.tables.put('lanes', next);
      if (next.state === 'done') this.#landed(next.id, next.kind, next.title, nowMs);
      const stage = next.state === 'done' ? 'seen' : 'doing';
      for (const operation of this.tables.all('operations')) {
        if (operation.machineId === lane.id && operation.stage !== 'seen')
          this.tables.put('operations', { ...operation, stage, changedAtMs: nowMs });
      }
    }
  }

  #landed(id: MachineId, kind: 'add' | 'remove', title: string, nowMs: number): void {
    if (kind === 'remove') {
      for (const table of ['machines', 'links', 'samples'] as const) this.tables.drop(table, id);
      return;
    }
    const address = title.replace(/^.*@/, '').replace(/:\d+$/, '');
    const spec: MachineSpec = {
      name: id.slice(2),
      address,
      cpus: 8,
      memMib: 32_768,
      cpuModel: 'Intel Core i5-8500',
      os: 'Debian GNU/Linux 12 (bookworm)',
      diskMib: 400_000,
    };
    const machine = aMachine(spec, nowMs);
    this.tables.put('machines', machine);
    this.tables.put('agents', anAgent(spec, machine, nowMs));
    this.tables.put('links', aLink(machine, nowMs));
    this.#addSource(spec);
  }

  operation(change: Pick<OperationRecord, 'verb' | 'subject'> & Partial<OperationRecord>): OperationId {
    this.#lastOperation += 1;
    const id = `o-${this.#lastOperation}` as OperationId;
    const nowMs = this.#clock();
    this.tables.put('operations', {
      id,
      machineId: null,
      taskId: null,
      stage: 'asked',
      refusal: null,
      askedAtMs: nowMs,
      changedAtMs: nowMs,
      ...change,
    });
    return id;
  }

  #stage(id: OperationId, stage: OperationRecord['stage'], afterMs: number): void {
    setTimeout(() => this.tables.change('operations', id, { stage, changedAtMs: this.#clock() }), afterMs);
  }

  addMachine(request: Request<'machine:add'>): Result<Answers['machine:add']> {
    const title = `${request.user}@${request.address}:${request.port}`;
    if (this.tables.all('lanes').some((lane) => lane.title === title && lane.state === 'running')) {
      return refuse('conflict', 'machine-exists', `${title} is being added already`);
    }
    const machineId =
      `m-${request.name === '' ? request.address.replaceAll('.', '-') : request.name}` as MachineId;
    this.tables.put('lanes', newLane(machineId, 'add', title, this.#clock()));
    const operationId = this.operation({ verb: 'add-machine', subject: title, machineId, stage: 'accepted' });
    return ok({ machineId, operationId });
  }

  startDemo(): Result<Answers['demo:start']> {
    const nowMs = this.#clock();
    for (const { spec, machine } of demoSlices(nowMs)) {
      this.tables.put('machines', machine);
      this.tables.put('agents', anAgent(spec, machine, nowMs));
      this.tables.put('links', aLink(machine, nowMs));
      this.#addSource(spec);
    }
    return ok({ operationId: this.operation({ verb: 'start-demo-rack', subject: '', stage: 'seen' }) });
  }

  removeDemo(): Result<Answers['demo:remove']> {
    for (const { machine } of demoSlices(0)) {
      for (const table of ['machines', 'links', 'samples'] as const) this.tables.drop(table, machine.id);
    }
    return ok({ operationId: this.operation({ verb: 'remove-demo-rack', subject: '', stage: 'seen' }) });
  }

  runTask(request: Request<'task:run'>): Result<Answers['task:run']> {
    const { machineId } = request;
    const machine = placeFor(this.tables, request);
    if (machine === undefined) return refuse('not-found', 'machine-not-found', machineId ?? '');
    if (machine === null) return this.#wait(request);
    const nowMs = this.#clock();
    const name = request.name === '' ? (request.command.value.split(/\s+/)[0] ?? 'task') : request.name;
    const made = aTask(
      {
        name,
        machine,
        line: request.command.value,
        cpusMilli: request.cpusMilli,
        memMib: request.memMib,
        startedAgoMs: 0,
      },
      nowMs,
    );
    const staging: TaskRecord = {
      ...made,
      info: { ...made.info, command: request.command },
      state: 'TASK_STAGING',
      startedAtMs: null,
      createdAtMs: nowMs,
      statuses: [aStatus(made.id, 'TASK_STAGING', nowMs)],
    };
    this.tables.put('tasks', staging);
    const operationId = this.operation({
      verb: 'run-task',
      subject: name,
      taskId: made.id,
      machineId: machine.id,
      stage: 'accepted',
    });
    this.#stage(operationId, 'doing', 300);
    this.#stage(operationId, 'seen', 900);
    setTimeout(() => {
      const startedAtMs = this.#clock();
      this.tables.put('tasks', {
        ...staging,
        state: 'TASK_RUNNING',
        startedAtMs,
        statuses: [...staging.statuses, aStatus(made.id, 'TASK_RUNNING', startedAtMs)],
      });
      if (name === 'hello') setTimeout(() => this.#end(staging, 'TASK_FINISHED', 0), 3200);
    }, 700);
    return ok({ taskId: made.id, operationId });
  }

  #wait(request: Request<'task:run'>): Result<Answers['task:run']> {
    this.#lastRun += 1;
    const agentId = this.tables.get('machines', request.machineId ?? '')?.agentId ?? null;
    const run = runOf(request, `t-run-${this.#lastRun}` as TaskId, this.#clock(), agentId);
    this.tables.put('runs', run);
    const subject = run.info.name;
    const operationId = this.operation({ verb: 'run-task', subject, taskId: run.id, stage: 'accepted' });
    return ok({ taskId: run.id, operationId });
  }

  #end(task: TaskRecord, state: TaskRecord['state'], code: number | null): void {
    const current = this.tables.get('tasks', task.id);
    if (current === undefined || current.endedAtMs !== null) return;
    const message = code === null ? 'ended by signal 15' : `exited with code ${code}`;
    this.tables.put(
      'tasks',
      endTask(current, state, this.#clock(), { exitCode: code, signal: code === null ? 15 : null, message }),
    );
  }

  killTask(taskId: string): Result<Answers['task:kill']> {
    const run = this.tables.get('runs', taskId);
    if (run !== undefined) {
      this.tables.drop('runs', taskId);
      return ok({
        operationId: this.operation({ verb: 'kill-task', subject: run.info.name, stage: 'seen' }),
      });
    }
    const task = this.tables.get('tasks', taskId);
    if (task === undefined) return refuse('not-found', 'task-not-found', taskId);
    if (task.endedAtMs !== null) return refuse('conflict', 'task-ended', 'it has ended already');
    const nowMs = this.#clock();
    this.tables.put('tasks', {
      ...task,
      state: 'TASK_KILLING',
      killAskedAtMs: nowMs,
      statuses: [...task.statuses, aStatus(task.id, 'TASK_KILLING', nowMs)],
    });
    const operationId = this.operation({
      verb: 'kill-task',
      subject: task.info.name,
      taskId: task.id,
      stage: 'doing',
    });
    setTimeout(() => this.#end(task, 'TASK_KILLED', null), 1500 + this.#random() * 1000);
    this.#stage(operationId, 'seen', 2600);
    return ok({ operationId });
  }

  removeMachine(request: Request<'machine:remove'>): Result<Answers['machine:remove']> {
    const machine = this.tables.get('machines', request.machineId);
    if (machine === undefined || machine.via.kind !== 'ssh')
      return refuse('invalid', 'local-machine', 'this computer cannot be removed');
    const title = `${machine.via.user}@${machine.via.address}:${machine.via.port}`;
    this.tables.put('lanes', newLane(machine.id, 'remove', title, this.#clock()));
    return ok({
      operationId: this.operation({
        verb: 'remove-machine',
        subject: machine.name,
        machineId: machine.id,
        stage: 'accepted',
      }),
    });
  }

  changeLane(id: string, what: 'confirm' | 'retry' | 'cancel' | 'dismiss'): Result<null> {
    const lane = this.tables.get('lanes', id);
    if (lane === undefined) return refuse('not-found', 'lane-not-found', id);
    const nowMs = this.#clock();
    if (what === 'confirm') this.tables.put('lanes', confirmKey(lane));
    else if (what === 'retry') this.tables.put('lanes', retryLane(lane, nowMs));
    else if (what === 'cancel') this.tables.put('lanes', { ...lane, state: 'cancelled', endedAtMs: nowMs });
    else this.tables.drop('lanes', id);
    return ok(null);
  }

  readonly info: AppInfo = {
    version: '0.1.0',
    electron: '45.4.1',
    node: '24.11.1',
    platform: 'linux x64',
    dataFolder: '/home/me/.config/mesolite',
    keyFiles: ['/home/me/.ssh/id_ed25519', '/home/me/.ssh/id_rsa'],
    hasSshAgent: true,
    user: 'me',
    ownPublicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH1fLkq0ZbM2vTn8xQdPz6cYw4eRs9uJgKoBiVhXaTmE mesolite',
    systemLocale: 'en',
  };

  subscribe<P extends PushChannel>(channel: P, listener: (push: Pushes[P]) => void): () => void {
    this.#listeners[channel].add(listener);
    return () => this.#listeners[channel].delete(listener);
  }
}
