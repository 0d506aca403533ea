// The person: asks for things at random, like somebody who clicks before the last answer has come, twice, or too late.
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { MachineId, OperationId, TaskId } from '../../electron/contract/ids.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Diff, Tables } from '../../electron/contract/tables.ts';
import type { TaskInfo } from '../../electron/contract/task.ts';
import type { RestartPolicy } from '../../electron/contract/task-life.ts';
import type { CommandEvent } from '../../electron/core/kernel/events.ts';
import { aTask } from '../support/builders.ts';
import type { FakeDisk } from '../support/fake-store.ts';
import { Clicks, type Move } from './clicks.ts';
import { checkPromise } from './disk-oracles.ts';
import type { Master } from './master.ts';
import { holds } from './scheduler-oracles.ts';
import type { World } from './world.ts';

const policies: readonly (RestartPolicy | null)[] = [
  null,
  { on: 'failure', maxInRow: null },
  { on: 'failure', maxInRow: 2 },
  { on: 'always', maxInRow: null },
];

export class Person {
  readonly #world: World;
  readonly #disk: FakeDisk;
  /** When each kind was last asked, by number, so that an older answer is not held against a newer wish. */
  readonly #newest = new Map<string, number>();
  readonly #moves: readonly Move[];
  readonly #clicks: Clicks;
  /** In the end it takes machines back into service; else they stay as they are. */
  readonly #isTidy: boolean;
  readonly #isImpatient: boolean;
  readonly #isPrompt: boolean;
  #serial = 0;
  #asked = 0;
  #hasBegun = false;

  constructor(world: World, disk: FakeDisk) {
    this.#world = world;
    this.#disk = disk;
    this.#clicks = new Clicks(world, () => this.#operation());
    this.#isTidy = world.chance(0.75);
    this.#isImpatient = world.chance(0.4);
    this.#isPrompt = world.chance(0.5);
    const machine = (make: (id: MachineId) => CommandEvent) => (master: Master) =>
      orNull(world.pick([...master.loop.state.tables.machines.keys()]) as MachineId | undefined, make);
    const task = (make: (id: TaskId) => CommandEvent) => (master: Master) =>
      orNull(world.pick([...master.loop.state.tables.tasks.keys()]) as TaskId | undefined, make);
    const waiting = (make: (id: TaskId) => CommandEvent) => (master: Master) =>
      orNull(world.pick([...master.loop.state.tables.runs.keys()]) as TaskId | undefined, make);
    this.#moves = [
      { weight: 30, choose: machine((id) => this.#run(id)) },
      { weight: this.#clicks.usesPriorities ? 24 : 12, choose: (master) => this.#runAnywhere(master) },
      { weight: 15, choose: task((id) => this.#kill(id)) },
      { weight: 3, choose: waiting((id) => this.#kill(id)) },
      { weight: 5, choose: (master) => this.#forget(master) },
      { weight: 10, choose: (master) => this.#add(master) },
      { weight: 16, choose: (master) => this.#onLane(master) },
      { weight: 3, choose: machine((id) => this.#remove(id)) },
      { weight: 3, choose: machine((machineId) => ({ kind: 'reconnect', machineId })) },
      { weight: 2, choose: machine((machineId) => ({ kind: 'take-over', machineId })) },
      { weight: 2, choose: machine((machineId) => this.#edit(machineId)) },
      { weight: 4, choose: () => this.#changeSettings() },
      ...this.#clicks.moves,
    ];
  }

  /** One click, or several rows marked and one click for all of them. A yes must already be on the disk when it arrives. */
  act(master: Master): void {
    const opening = this.#hasBegun ? [] : this.#clicks.opening(() => this.#runAnywhere(master));
    const added = this.#isPrompt && !this.#hasBegun ? this.#add(master) : null;
    this.#hasBegun = true;
    for (const command of [...opening, ...(added ? [added] : [])]) this.#ask(master, command);
    // Who sees that nothing happens clicks on everything.
    const isStuck = master.store.failAfterWrite || master.store.failure !== null;
    const some = isStuck ? 8 : 3;
    const clicks = this.#world.chance(isStuck ? 0.6 : 0.05) ? some + Math.floor(this.#world.random() * 6) : 1;
    for (let n = 0; n < clicks && master.isAlive; n += 1) this.#click(master);
  }

  /** Looks at the page all the time: answers what is asked, and says again what has not happened yet. */
  see(master: Master, { links, lanes }: Diff, before: Tables): void {
    if (!this.#world.isUnderFire) return;
    for (const { id, phase } of links?.put ?? [])
      if (this.#isImpatient && phase === 'live' && before.links.get(id)?.phase !== 'live')
        this.#killAgain(master, id);
    for (const lane of lanes?.put ?? [])
      if (this.#isPrompt && lane.state === 'needs-you' && lane.hostKey) this.#confirmSoon(master, lane);
  }

  /** A machine is back: whoever wanted something ended there says so once more, just when the master does. */
  #killAgain(master: Master, machineId: MachineId): void {
    this.#world.time.timers.after(this.#world.between(0, 30), () => {
      if (!master.isAlive) return;
      for (const task of master.loop.state.tables.tasks.values())
        if (task.machineId === machineId && task.killAskedAtMs !== null && holds(task))
          this.#ask(master, this.#kill(task.id));
    });
  }

  /** So that the machine is really set up while there is fire; and then it was not wanted after all. */
  #confirmSoon(master: Master, { id: machineId, hostKey }: LaneRecord): void {
    const world = this.#world;
    world.time.timers.after(world.between(20, 500), () => {
      if (!master.isAlive || !hostKey) return;
      this.#ask(master, { kind: 'confirm-host-key', machineId, hostKey });
      if (world.chance(0.4)) this.#thinkAgain(master, machineId, 3000);
    });
  }

  #click(master: Master): void {
    const command = this.#choose(master);
    if (!command) return;
    this.#ask(master, command);
    // The same command with the same ids, at once or late: an impatient click, a client that asks again.
    if (!this.#world.chance(0.05)) return;
    this.#world.time.timers.after(this.#world.random() ** 2 * 3000, () => {
      if (master.isAlive && !this.#isOver(command)) this.#ask(master, command);
    });
  }

  /** An id is used once: whoever had the record dropped, or took it back while it waited, does not ask again under the same. */
  #isOver(command: CommandEvent): boolean {
    if (command.kind !== 'run-task') return false;
    const { taskId } = command.info;
    return this.#world.forgotten.has(taskId) || this.#world.asked.kills.has(taskId);
  }

  /** The person at the end: compares the fingerprints that still wait, and takes back what another master has, or what it set. */
  confirmAll(master: Master): void {
    const { tables } = master.loop.state;
    for (const lane of tables.lanes.values()) {
      if (lane.hostKey && lane.state === 'needs-you')
        this.#ask(master, { kind: 'confirm-host-key', machineId: lane.id, hostKey: lane.hostKey });
    }
    for (const { id: role, quota } of tables.roles.values())
      if (quota) this.#ask(master, { kind: 'set-quota', role, quota: null, force: false });
    if (this.#isTidy) this.#tidyUp(master);
    for (const link of tables.links.values()) {
      if (link.phase === 'stopped' && link.problem?.reason.startsWith('lease-'))
        this.#ask(master, { kind: 'take-over', machineId: link.id });
    }
  }

  #tidyUp(master: Master): void {
    const { machines, agents } = master.loop.state.tables;
    for (const { id: machineId, maintenance } of machines.values())
      if (maintenance && !this.#isSoon(maintenance))
        this.#ask(master, { kind: 'plan-maintenance', machineId, window: null });
    for (const { machineId, availability, state } of agents.values())
      if (availability && state.kind !== 'gone') this.#ask(master, { kind: 'reactivate-agent', machineId });
  }

  /** It begins, or is over, by itself: whoever waits for that needs no click. */
  #isSoon({ startMs, durationMs, hasBegun }: NonNullable<MachineRecord['maintenance']>): boolean {
    const endMs = durationMs === null ? Number.POSITIVE_INFINITY : startMs + durationMs;
    return (hasBegun ? endMs : startMs) < this.#world.time.nowMs() + 5000;
  }

  /** What nobody has asked to kill yet; what was asked during the fire must end without a second word. */
  killAll(master: Master): void {
    for (const task of master.loop.state.tables.tasks.values()) {
      if (task.killAskedAtMs !== null || !holds(task)) continue;
      this.#ask(master, this.#kill(task.id));
    }
  }

  #ask(master: Master, command: CommandEvent): void {
    const world = this.#world;
    world.say('person:', command.kind, 'taskId' in command ? command.taskId : '');
    this.#noteWish(master, command);
    const key = [topics[command.kind] ?? command.kind, subjectOf(command)].join(' ');
    this.#asked += 1;
    const at = this.#asked;
    this.#newest.set(key, at);
    master.ask(command, (answer) => {
      // A write whose fate nobody knows yet may be on the disk: it is taken back later.
      const isNewest = this.#newest.get(key) === at && !master.loop.isReadOnly;
      checkPromise(world, this.#disk, { command, answer, isNewest });
      if (answer.ok && command.kind === 'kill-task') world.book.killed.add(command.taskId);
      if (answer.ok && command.kind === 'add-machine' && world.chance(0.4))
        this.#thinkAgain(master, command.machineId);
      if (answer.ok && command.kind === 'drain-agent' && command.markGone && world.chance(0.6))
        this.#callBack(master, command.machineId);
    });
  }

  /** That it was asked is enough: the answer may get lost with the master. */
  #noteWish(master: Master, command: CommandEvent): void {
    const { asked, book } = this.#world;
    book.outages.note(command);
    if (command.kind === 'run-task') this.#noteRun(command);
    else if (command.kind === 'teardown-framework') book.askEnd(command.frameworkId);
    else if (command.kind === 'kill-task') asked.kills.add(command.taskId);
    else if (command.kind === 'forget-task') asked.forgets.add(command.taskId);
    else if (command.kind === 'reconnect' || command.kind === 'retry-add')
      this.#world.allowLeaseTry(command.machineId);
    else if (command.kind === 'take-over') {
      asked.takeOvers.set(command.machineId, (asked.takeOvers.get(command.machineId) ?? 0) + 1);
      this.#world.allowLeaseTry(command.machineId);
    } else if (command.kind === 'remove-machine') {
      asked.removals.add(command.machineId);
      const via = master.loop.state.tables.machines.get(command.machineId)?.via;
      // Its files stay there.
      if (command.force && via?.kind === 'ssh') this.#world.host(via.address).mayHaveLeftovers = true;
    }
  }

  #noteRun({ info, where }: Extract<CommandEvent, { kind: 'run-task' }>): void {
    this.#world.asked.runs.add(info.taskId);
    if (where !== undefined) this.#world.book.conditions.set(info.taskId, where);
  }

  /** Cancels a lane in its middle, and often wants it after all. */
  #thinkAgain(master: Master, machineId: MachineId, withinMs = 20_000): void {
    const { timers } = this.#world.time;
    timers.after(this.#world.between(10, withinMs), () => {
      this.#ask(master, { kind: 'cancel-add', machineId });
      if (this.#world.chance(0.5)) return;
      timers.after(this.#world.between(1, 100), () => {
        this.#ask(master, { kind: 'retry-add', machineId, operationId: this.#operation() });
      });
    });
  }

  /** Mostly one that has ended, as the page offers it for those only. */
  #forget(master: Master): CommandEvent | null {
    const tasks = [...master.loop.state.tables.tasks.values()];
    const ended = tasks.filter((task) => !holds(task));
    const isUsual = ended.length > 0 && this.#world.chance(0.8);
    return orNull(this.#world.pick(isUsual ? ended : tasks)?.id, (taskId) => ({
      kind: 'forget-task',
      taskId,
    }));
  }

  /** What was given up for good is wanted after all: too late. */
  #callBack(master: Master, machineId: MachineId): void {
    this.#world.time.timers.after(this.#world.between(10, 8000), () => {
      if (master.isAlive) this.#ask(master, { kind: 'reconnect', machineId });
    });
  }

  #choose(master: Master): CommandEvent | null {
    const all = this.#moves.reduce((sum, move) => sum + move.weight, 0);
    let dice = this.#world.random() * all;
    for (const move of this.#moves) {
      dice -= move.weight;
      if (dice < 0) return move.choose(master);
    }
    return null;
  }

  #onLane(master: Master): CommandEvent | null {
    const lane = this.#world.pick([...master.loop.state.tables.lanes.values()]);
    if (!lane) return null;
    const machineId = lane.id;
    const dice = this.#world.random();
    if (dice < 0.1) return { kind: 'dismiss-lane', machineId };
    return dice < 0.4 ? { kind: 'cancel-add', machineId } : this.#goOn(lane);
  }

  #goOn(lane: LaneRecord): CommandEvent | null {
    const machineId = lane.id;
    if (lane.state === 'needs-you' && lane.hostKey)
      return { kind: 'confirm-host-key', machineId, hostKey: lane.hostKey };
    return lane.state === 'running' ? null : { kind: 'retry-add', machineId, operationId: this.#operation() };
  }

  /** null: on any machine. Some are too big for every one of them. */
  #run(machineId: MachineId | null): Extract<CommandEvent, { kind: 'run-task' }> {
    const world = this.#world;
    const taskId = `t-${this.#next()}` as TaskId;
    const begin = 31_000 + Math.floor(world.random() * 4) * 10;
    const resources = {
      ...aTask().resources,
      cpusMilli:
        world.pick(machineId === null ? [100, 500, 2000, 3500, 9000] : [100, 500, 2000, 9000]) ?? 100,
      memMib: world.pick([64, 256, 4096]) ?? 64,
      ports: world.chance(0.2) ? [{ begin, end: begin + 9 }] : [],
    };
    const restart = world.pick(policies);
    const info: TaskInfo = { ...aTask('x', { resources, ...(restart ? { restart } : {}) }), taskId };
    return { kind: 'run-task', machineId, operationId: this.#operation(), info: Object.freeze(info) };
  }

  #runAnywhere(master: Master): CommandEvent {
    const world = this.#world;
    const run = this.#run(null);
    const name = world.pick([...master.loop.state.tables.machines.values()])?.name ?? 'nowhere';
    const where = world.pick([`machine=${name}`, `machine!=${name}`, 'machine=nowhere']) ?? '';
    const priority = this.#clicks.usesPriorities ? (world.pick([0, 0, 1, 50]) ?? 0) : 0;
    return { ...run, ...(world.chance(0.2) ? { where } : {}), ...(priority === 0 ? {} : { priority }) };
  }

  #kill(taskId: TaskId): CommandEvent {
    return { kind: 'kill-task', taskId, operationId: this.#operation() };
  }

  #edit(machineId: MachineId): CommandEvent {
    return { kind: 'edit-machine', machineId, name: machineId, note: `note ${this.#next()}` };
  }

  #changeSettings(): CommandEvent {
    const unreachableAfterMs = this.#world.pick([5000, 10_000, 20_000]) ?? 10_000;
    const offerTimeoutMs = this.#world.pick([2000, 5000, 15_000]) ?? 15_000;
    return { kind: 'change-settings', settings: { unreachableAfterMs, offerTimeoutMs } };
  }

  /** Mostly one that is not there yet. */
  #add(master: Master): CommandEvent | null {
    const known = [...master.loop.state.tables.machines.values()].map(({ via }) =>
      via.kind === 'ssh' ? via.address : '',
    );
    const fresh = this.#world.addresses.filter((address) => !known.includes(address));
    const isFresh = fresh.length > 0 && this.#world.chance(0.6);
    const address = this.#world.pick(isFresh ? fresh : this.#world.addresses);
    if (address === undefined) return null;
    return {
      kind: 'add-machine',
      machineId: `m-${this.#next()}` as MachineId,
      operationId: this.#operation(),
      name: '',
      address,
      port: 22,
      user: 'ada',
      credentials: 'password',
    };
  }

  #remove(machineId: MachineId): CommandEvent {
    const force = this.#world.chance(0.2);
    return { kind: 'remove-machine', machineId, operationId: this.#operation(), tasks: 'stop', force };
  }

  #operation(): OperationId {
    return `o-${this.#next()}` as OperationId;
  }

  #next(): number {
    this.#serial += 1;
    return this.#serial;
  }
}

/** Commands that take back what another of them has set. */
const topics: Readonly<Partial<Record<CommandEvent['kind'], string>>> = {
  'set-quota': 'role',
  'set-weight': 'role',
  'set-preemption': 'role',
  'change-role': 'role',
  'remove-role': 'role',
  'drain-agent': 'service',
  'deactivate-agent': 'service',
  'reactivate-agent': 'service',
};

/** What a later command of the same kind would say anew. */
function subjectOf(command: CommandEvent): string {
  if ('machineId' in command) return command.machineId ?? '';
  return 'role' in command ? command.role : '';
}

function orNull<T>(value: T | undefined, make: (value: T) => CommandEvent): CommandEvent | null {
  return value === undefined ? null : make(value);
}
