// Connections between the master and agents: in order, with delay; they stall in a cut, reset, and lose answers.
// One instance belongs to one life of the master: when that ends, its connections end too.
import type { Refusal } from '../../electron/contract/errors.ts';
import type { MachineId, TaskId } from '../../electron/contract/ids.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { TaskStatus } from '../../electron/contract/task.ts';
import type { Effect } from '../../electron/core/kernel/effects.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import { aSample } from '../support/builders.ts';
import type { FakeAgent } from '../support/fake-agent.ts';
import { checkHello } from './call-oracles.ts';
import type { Host, World } from './world.ts';

const connectCapMs = 5000;
const callCapMs = 8000;
const keepAliveMs = 4000;
const unreachable = (detail: string): Refusal => ({ code: 'unreachable', reason: 'link-lost', detail });
const silent: Refusal = { code: 'timeout', reason: 'no-answer', detail: 'nothing came' };

/** What is in it is all the same to the core, and it is never changed. */
const sample = aSample();

type Call = { readonly fail: (refusal: Refusal) => void };
type Connection = {
  readonly machineId: MachineId;
  readonly host: Host;
  readonly agent: FakeAgent;
  isOpen: boolean;
  /** Deliveries of each direction never overtake each other. */
  lastOut: number;
  lastIn: number;
  /** What is on its way and cannot pass, in the order in which it came so far. */
  stalled: (() => void)[];
  /** Somebody looks again when it may pass. */
  isWaiting: boolean;
  /** A sample is on its way: the agent makes no other until that has gone. */
  hasSample: boolean;
  readonly calls: Set<Call>;
};

export type NetworkOptions = {
  readonly world: World;
  readonly masterId: string;
  readonly epoch: number;
  readonly post: (event: Posted) => void;
  /** Asked before the agent acts on a call: write before act. */
  readonly onCall: (agent: FakeAgent, effect: AgentCall) => void;
  readonly isQuirky: () => boolean;
  readonly sampleEveryMs: number;
};

/** What goes to an agent and is carried out there. */
export type AgentCall = Extract<Effect, { kind: 'send-launch' | 'send-kill' | 'send-forget' | 'send-ack' }>;

/** Which agents have a connection now, over all lives of the master: a new hello ends the older one. */
const holders = new WeakMap<FakeAgent, { readonly network: Network; readonly machineId: MachineId }>();

export class Network {
  readonly #options: NetworkOptions;
  readonly #open = new Map<MachineId, Connection>();
  readonly #attempts = new Map<MachineId, number>();
  #isAlive = true;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  run(effect: Effect): boolean {
    switch (effect.kind) {
      case 'connect':
        this.#connect(effect.machine, effect.takeOver === true);
        return true;
      case 'disconnect':
        this.#attempts.set(effect.machineId, this.#attemptOf(effect.machineId) + 1);
        this.#close(effect.machineId, null);
        return true;
      case 'send-configure':
        // Nothing of the simulation depends on what agents keep.
        return true;
      case 'send-launch':
      case 'send-kill':
      case 'send-forget':
      case 'send-ack':
        this.#call(effect);
        return true;
      default:
        return false;
    }
  }

  /** The master died: its sockets are closed by its system. */
  die(): void {
    this.#isAlive = false;
    for (const machineId of [...this.#open.keys()]) this.#close(machineId, null);
  }

  reset(machineId: MachineId, refusal = unreachable('connection reset')): void {
    this.#close(machineId, refusal);
  }

  /** Something that the agent at the other end of this connection never made of a task it holds. */
  lie(machineId: MachineId, status: TaskStatus): void {
    const connection = this.#open.get(machineId);
    if (connection) this.#update(connection, status);
  }

  /** Whatever kept it, it passes now where it can. */
  letThrough(): void {
    for (const connection of this.#open.values()) this.#letThrough(connection);
  }

  connections(): MachineId[] {
    return [...this.#open.keys()];
  }

  #attemptOf(machineId: MachineId): number {
    return this.#attempts.get(machineId) ?? 0;
  }

  #later(ms: number, call: () => void): void {
    this.#options.world.time.timers.after(ms, () => {
      if (this.#isAlive) call();
    });
  }

  #connect(machine: MachineRecord, takeOver: boolean): void {
    const { world } = this.#options;
    if (machine.via.kind !== 'ssh') {
      this.#later(1, () =>
        this.#post({ kind: 'link-down', machineId: machine.id, refusal: unreachable('no local agent') }),
      );
      return;
    }
    const host = world.host(machine.via.address);
    const attempt = this.#attemptOf(machine.id) + 1;
    this.#attempts.set(machine.id, attempt);
    this.#close(machine.id, null);
    const isCurrent = (): boolean => this.#attemptOf(machine.id) === attempt;
    if (!world.isReachable(host) || world.time.monoMs() < host.frozenUntilMonoMs) {
      this.#later(connectCapMs, () => {
        if (isCurrent()) this.#post({ kind: 'link-down', machineId: machine.id, refusal: silent });
      });
      return;
    }
    this.#later(world.between(20, 200), () => {
      if (isCurrent()) this.#hello(machine.id, host, takeOver);
    });
  }

  #hello(machineId: MachineId, host: Host, takeOver: boolean): void {
    const { world, masterId, epoch } = this.#options;
    const { agent } = host;
    // `attach --start`: a daemon that is not running is started by the one who wants to talk to it.
    if (agent) agent.isUp = true;
    checkHello(world, { machineId, agent, takeOver }, masterId);
    const refusal = agent ? agent.hello(masterId, epoch, takeOver) : unreachable('the agent does not answer');
    if (!agent || refusal) {
      this.#post({ kind: 'link-down', machineId, refusal: refusal ?? unreachable('no agent') });
      return;
    }
    const older = holders.get(agent);
    if (older) older.network.#close(older.machineId, unreachable('a newer connection'));
    holders.set(agent, { network: this, machineId });
    const connection: Connection = {
      machineId,
      host,
      agent,
      isOpen: true,
      lastOut: 0,
      lastIn: 0,
      stalled: [],
      isWaiting: false,
      hasSample: false,
      calls: new Set(),
    };
    this.#open.set(machineId, connection);
    const hello: Posted = {
      kind: 'link-up',
      machineId,
      agentId: agent.id,
      agentVersion: '0.1.0',
      facts: agent.facts,
      resources: agent.resources,
      tasks: agent.list(),
      roundTripMs: 1,
    };
    this.#inward(connection, () => this.#post(hello));
    agent.onUpdate = (status) => this.#update(connection, status);
    for (const status of agent.unacknowledged()) this.#update(connection, status);
    this.#sampleNowAndThen(connection);
    this.#keepAlive(connection);
    this.#resend(connection);
    world.say('hello', machineId, agent.id);
  }

  #update(connection: Connection, status: TaskStatus): void {
    const event: Posted = { kind: 'status-update-received', machineId: connection.machineId, status };
    this.#inward(connection, () => this.#post(event));
    if (this.#options.isQuirky()) this.#inward(connection, () => this.#post(event));
  }

  #resend(connection: Connection): void {
    this.#later(10_000, () => {
      if (!connection.isOpen) return;
      for (const status of connection.agent.unacknowledged()) this.#update(connection, status);
      this.#resend(connection);
    });
  }

  #sampleNowAndThen(connection: Connection): void {
    const { machineId } = connection;
    if (!connection.hasSample)
      this.#inward(connection, () => {
        connection.hasSample = false;
        this.#post({ kind: 'sample-received', machineId, sample });
      });
    connection.hasSample = true;
    this.#later(this.#options.sampleEveryMs, () => {
      if (connection.isOpen) this.#sampleNowAndThen(connection);
    });
  }

  /** A cut that lasts is found by the keep-alive; a short one only delays. */
  #keepAlive(connection: Connection): void {
    const { world } = this.#options;
    this.#later(1000, () => {
      if (!connection.isOpen) return;
      const cutForMs = connection.host.cutUntilMonoMs - world.time.monoMs();
      if (cutForMs <= 0) this.#keepAlive(connection);
      else {
        this.#later(keepAliveMs - 1000, () => {
          if (connection.isOpen && !world.isReachable(connection.host))
            this.#close(connection.machineId, silent);
          else this.#keepAlive(connection);
        });
      }
    });
  }

  #call(effect: AgentCall): void {
    const { world, isQuirky } = this.#options;
    const connection = this.#open.get(effect.machineId);
    const taskId = effect.kind === 'send-launch' ? effect.info.taskId : effect.taskId;
    let isAnswered = false;
    const answer = (refusal: Refusal | null): void => {
      if (isAnswered) return;
      isAnswered = true;
      connection?.calls.delete(call);
      const event = answerTo(effect.kind, taskId, refusal);
      if (event) this.#post(event);
    };
    const call: Call = { fail: answer };
    if (!connection) {
      this.#later(0, () => answer(unreachable('no connection')));
      return;
    }
    connection.calls.add(call);
    this.#later(callCapMs, () => answer(silent));
    const act = (): void => {
      if (isQuirky()) return; // it died between reading and acting, and is back already
      this.#options.onCall(connection.agent, effect);
      const refusal = carryOut(connection.agent, effect);
      if (isQuirky()) return; // the answer gets lost in the agent's queue
      this.#inward(connection, () => answer(refusal));
    };
    this.#outward(connection, act);
    if (isQuirky()) this.#outward(connection, act);
    world.say(effect.kind, taskId);
  }

  #outward(connection: Connection, deliver: () => void): void {
    connection.lastOut = this.#deliverAfter(connection, connection.lastOut, () => {
      if (connection.agent.isUp) deliver();
    });
  }

  #inward(connection: Connection, deliver: () => void): void {
    connection.lastIn = this.#deliverAfter(connection, connection.lastIn, deliver);
  }

  /** In order; during a cut everything waits, and it is lost when the connection ends first. */
  #deliverAfter(connection: Connection, last: number, deliver: () => void): number {
    const { world } = this.#options;
    const { time } = world;
    const at = Math.max(last + 0.001, time.monoMs() + world.between(0.2, 20));
    this.#later(at - time.monoMs(), () => {
      if (!connection.isOpen) return;
      connection.stalled.push(deliver);
      this.#letThrough(connection);
    });
    return at;
  }

  /** Cut meanwhile: it waits on. */
  #letThrough(connection: Connection): void {
    const { world } = this.#options;
    const { stalled, host } = connection;
    const waitMs = world.deafUntil(host) - world.time.monoMs();
    while (waitMs <= 0 && connection.isOpen && stalled.length > 0) stalled.shift()?.();
    if (waitMs <= 0 || connection.isWaiting) return;
    connection.isWaiting = true;
    this.#later(waitMs + 0.001, () => {
      connection.isWaiting = false;
      this.#letThrough(connection);
    });
  }

  #close(machineId: MachineId, refusal: Refusal | null): void {
    const connection = this.#open.get(machineId);
    if (!connection) return;
    this.#open.delete(machineId);
    connection.isOpen = false;
    const held = holders.get(connection.agent);
    if (held?.network === this && held.machineId === machineId) {
      connection.agent.onUpdate = null;
      holders.delete(connection.agent);
    }
    for (const call of [...connection.calls]) call.fail(unreachable('the connection ended'));
    if (refusal) this.#post({ kind: 'link-down', machineId, refusal });
  }

  #post(event: Posted): void {
    if (this.#isAlive) this.#options.post(event);
  }
}

function carryOut(agent: FakeAgent, effect: AgentCall): Refusal | null {
  switch (effect.kind) {
    case 'send-launch':
      return agent.launch(effect.info);
    case 'send-kill':
      return agent.kill(effect.taskId);
    case 'send-forget':
      return agent.forget(effect.taskId);
    case 'send-ack':
      agent.acknowledge(effect.taskId, effect.uuid);
      return null;
  }
}

function answerTo(kind: Effect['kind'], taskId: TaskId, refusal: Refusal | null): Posted | null {
  switch (kind) {
    case 'send-launch':
      return { kind: 'launch-answered', taskId, refusal };
    case 'send-kill':
      return { kind: 'kill-answered', taskId, refusal };
    case 'send-forget':
      return { kind: 'forget-answered', taskId, refusal };
    default:
      return null;
  }
}
