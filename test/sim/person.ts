// The person: asks for things at random, like somebody who clicks before the last answer has come.
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { MachineId, OperationId, TaskId } from '../../electron/contract/ids.ts';
import { terminalTaskStates } from '../../electron/contract/task.ts';
import type { RestartPolicy } from '../../electron/contract/task-life.ts';
import type { CommandEvent } from '../../electron/core/kernel/events.ts';
import { aTask } from '../support/builders.ts';
import type { Master } from './master.ts';
import type { World } from './world.ts';

export class Person {
  readonly #world: World;
  #serial = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** One click. A positive answer to run-task must already be on the disk when it arrives. */
  async act(master: Master): Promise<void> {
    const command = this.#choose(master);
    if (!command) return;
    this.#world.say(`person: ${command.kind}`);
    const address = addressOf(master, command);
    // Its files stay there, and the answer may get lost with the master: that it was asked is enough.
    if (address !== null) this.#world.host(address).mayHaveLeftovers = true;
    const answer = await master.ask(command);
    if (!answer?.ok) return;
    if (command.kind === 'add-machine' && this.#world.chance(0.4))
      this.#thinkAgain(master, command.machineId);
    if (command.kind === 'run-task' && !this.#world.onDisk.has(command.info.taskId)) {
      this.#world.violate(`I1 ${command.info.taskId} was confirmed but is not on the disk`);
    }
  }

  /** Cancels a lane in its middle, and often wants it after all. */
  #thinkAgain(master: Master, machineId: MachineId): void {
    const { timers } = this.#world.time;
    timers.after(this.#world.between(10, 20_000), () => {
      drop(master.ask({ kind: 'cancel-add', machineId }));
      if (this.#world.chance(0.5)) return;
      timers.after(this.#world.between(1, 100), () => {
        drop(master.ask({ kind: 'retry-add', machineId, operationId: this.#operation() }));
      });
    });
  }

  /** The person at the end: compares the fingerprints that still wait. */
  async confirmAll(master: Master): Promise<void> {
    for (const lane of master.loop.state.tables.lanes.values()) {
      if (lane.hostKey && lane.state === 'needs-you') {
        await master.ask({ kind: 'confirm-host-key', machineId: lane.id, hostKey: lane.hostKey });
      }
    }
  }

  /** What nobody has asked to kill yet; what was asked during the fire must end without a second word. */
  async killAll(master: Master): Promise<void> {
    for (const task of master.loop.state.tables.tasks.values()) {
      if (task.killAskedAtMs !== null || terminalTaskStates.has(task.state)) continue;
      await master.ask({ kind: 'kill-task', taskId: task.id, operationId: this.#operation() });
    }
  }

  #choose(master: Master): CommandEvent | null {
    const world = this.#world;
    const { tables } = master.loop.state;
    const dice = world.random();
    if (dice < 0.4) return withSome(world.pick([...tables.machines.values()]), ({ id }) => this.#run(id));
    if (dice < 0.6)
      return withSome(world.pick([...tables.tasks.values()]), ({ id }) => this.#onTask(id, dice));
    if (dice < 0.72) return this.#add();
    if (dice < 0.9)
      return withSome(world.pick([...tables.lanes.values()]), (lane) => this.#onLane(lane, dice));
    if (dice < 0.96)
      return withSome(world.pick([...tables.machines.values()]), ({ id }) => this.#onMachine(id, dice));
    return {
      kind: 'change-settings',
      settings: { unreachableAfterMs: world.pick([5000, 10_000, 20_000]) ?? 10_000 },
    };
  }

  #onTask(taskId: TaskId, dice: number): CommandEvent {
    return dice < 0.55
      ? { kind: 'kill-task', taskId, operationId: this.#operation() }
      : { kind: 'forget-task', taskId };
  }

  #onMachine(machineId: MachineId, dice: number): CommandEvent {
    return dice < 0.93 ? this.#remove(machineId) : { kind: 'reconnect', machineId };
  }

  #onLane(lane: LaneRecord, dice: number): CommandEvent | null {
    const machineId = lane.id;
    if (dice >= 0.88) return { kind: 'dismiss-lane', machineId };
    if (dice >= 0.82) return { kind: 'cancel-add', machineId };
    if (lane.state === 'needs-you' && lane.hostKey) {
      return { kind: 'confirm-host-key', machineId, hostKey: lane.hostKey };
    }
    return lane.state === 'running' ? null : { kind: 'retry-add', machineId, operationId: this.#operation() };
  }

  #run(machineId: MachineId): CommandEvent {
    const taskId = `t-${this.#next()}` as TaskId;
    const resources = { ...aTask().resources, cpusMilli: this.#world.pick([100, 500, 2000]) ?? 100 };
    const restart = this.#world.pick<RestartPolicy | null>([
      null,
      { on: 'failure', maxInRow: null },
      { on: 'failure', maxInRow: 2 },
      { on: 'always', maxInRow: null },
    ]);
    const info = { ...aTask('x', { resources, ...(restart ? { restart } : {}) }), taskId };
    return { kind: 'run-task', machineId, operationId: this.#operation(), info };
  }

  #add(): CommandEvent | null {
    const host = this.#world.pick(this.#world.hosts);
    if (!host) return null;
    return {
      kind: 'add-machine',
      machineId: `m-${this.#next()}` as MachineId,
      operationId: this.#operation(),
      name: '',
      address: host.name,
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

function withSome<T>(value: T | undefined, make: (value: T) => CommandEvent | null): CommandEvent | null {
  return value === undefined ? null : make(value);
}

/** Of the machine that is to be forgotten although nothing is taken off it. */
function addressOf(master: Master, command: CommandEvent): string | null {
  if (command.kind !== 'remove-machine' || !command.force) return null;
  const via = master.loop.state.tables.machines.get(command.machineId)?.via;
  return via?.kind === 'ssh' ? via.address : null;
}

/** An answer that nobody waits for; commands never reject. */
function drop(answer: Promise<unknown>): void {
  void answer;
}
