// The world of one run: virtual time, the seeded dice, hosts with their agents, and the record of what was asked, written
// and violated. What it knows is what an observer outside of the master could know.
import type { AgentId, TaskId } from '../../electron/contract/ids.ts';
import type { TaskState, TaskStatus } from '../../electron/contract/task.ts';
import { createRandom } from '../../electron/core/kernel/random.ts';
import { FakeAgent } from '../support/fake-agent.ts';
import { VirtualTime } from '../support/virtual-clock.ts';
import { Book } from './book.ts';
import type { Scheduler } from './scheduler.ts';

export type Host = {
  readonly name: string;
  /** Reachable from the master's network until then, again after. */
  cutUntilMonoMs: number;
  /** Since when it cannot be reached; meaningful while it cannot. */
  cutSinceMonoMs: number;
  /** Until then its agent does nothing at all, and every connection stays open: stopped, or out of memory. */
  frozenUntilMonoMs: number;
  /** What is installed there; null: nothing of ours. */
  agent: FakeAgent | null;
  /** Which lane attempt put it there, until the lane is done. */
  installedBy: string | null;
  /** When a connection to it was last reset. */
  resetAtMonoMs: number;
  /** Until then a fault may make it look lost, rightly. */
  harmedUntilMonoMs: number;
  /** Exempt from the oracle of leftovers: forced away, or the master died while it was at work there. */
  mayHaveLeftovers: boolean;
};

/** What the person asked for; nothing else may be done to a task or a machine. */
export type Asked = {
  readonly runs: Set<string>;
  readonly kills: Set<string>;
  readonly forgets: Set<string>;
  readonly removals: Set<string>;
  /** Machines whose lease may be taken from another master, once for each time it was asked. */
  readonly takeOvers: Map<string, number>;
};

export type WorldOptions = {
  readonly hosts: number;
  /** The last address is another name of the first host. */
  readonly hasAlias: boolean;
  readonly isTraced: boolean;
  readonly wallMs?: number | undefined;
};

export class World {
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly hosts: readonly Host[];
  /** Every address that the person knows. */
  readonly addresses: readonly string[];
  readonly violations: string[] = [];
  readonly trace: string[] = [];
  readonly asked: Asked = {
    runs: new Set(),
    kills: new Set(),
    forgets: new Set(),
    removals: new Set(),
    takeOvers: new Map(),
  };
  /** Task ids and update uuids that ever were on the disk of the master. */
  readonly onDisk = new Set<string>();
  /** Tasks that ever waited there for a machine. */
  readonly waited = new Set<string>();
  readonly book = new Book();
  schedulers: readonly Scheduler[] = [];
  /** Tasks whose record was dropped, and of which machine. */
  readonly forgotten = new Map<string, string | null>();
  /** Every update that an agent really made: of which task, and its place in that task's story. */
  readonly updates = new Map<string, { readonly taskId: string; readonly at: number }>();
  /** How often the first run of a task was begun, on all agents together. */
  readonly firstRuns = new Map<string, number>();
  /** How often an agent that another master holds was asked, since something happened that allows it. */
  readonly leaseTries = new Map<string, number>();
  /** Since then nothing has kept the master from seeing what is there: awake, alive, its disk well. */
  calmSinceMonoMs = 0;
  isUnderFire = true;
  /** In the end everything is killed and every scheduler served once more, or all stays as it has come to be. */
  ending: 'killed' | 'as-it-is' = 'killed';
  readonly #byAddress = new Map<string, Host>();
  readonly #isTraced: boolean;
  #installs = 0;

  constructor(seed: number, options: WorldOptions) {
    this.time = new VirtualTime(options.wallMs);
    this.random = createRandom(seed);
    this.#isTraced = options.isTraced;
    this.addresses = Array.from({ length: options.hosts }, (_, n) => `h${n}`);
    const names = options.hasAlias ? this.addresses.slice(0, -1) : this.addresses;
    this.hosts = names.map(newHost);
    for (const host of this.hosts) this.#byAddress.set(host.name, host);
    const [first] = this.hosts;
    const alias = this.addresses.at(-1);
    if (options.hasAlias && first && alias) this.#byAddress.set(alias, first);
  }

  host(address: string): Host {
    const host = this.#byAddress.get(address);
    if (!host) throw new Error(`no host ${address}`);
    return host;
  }

  isReachable(host: Host): boolean {
    return this.time.monoMs() >= host.cutUntilMonoMs;
  }

  /** Nothing passes until then. A cut that is on goes on. */
  cut(host: Host, untilMonoMs: number): void {
    if (this.isReachable(host)) host.cutSinceMonoMs = this.time.monoMs();
    host.cutUntilMonoMs = Math.max(host.cutUntilMonoMs, untilMonoMs);
  }

  /** Where nothing is ended in the end, a task may go on that is there what it is here. */
  mayStay(agentId: AgentId, taskId: TaskId, state: TaskState): boolean {
    if (this.ending === 'killed') return false;
    const agent = this.hosts.find((host) => host.agent?.id === agentId)?.agent;
    return agent?.tasks.get(taskId)?.status.state === state;
  }

  /** Nothing reaches its agent, and nothing comes from it, before that. */
  deafUntil({ cutUntilMonoMs, frozenUntilMonoMs }: Host): number {
    return Math.max(cutUntilMonoMs, frozenUntilMonoMs);
  }

  install(host: Host): FakeAgent {
    this.#installs += 1;
    if (host.agent) return host.agent;
    const agent = new FakeAgent({
      id: `a-${host.name}-${this.#installs}` as AgentId,
      name: host.name,
      after: (ms, call) => void this.time.timers.after(ms, call),
      nowMs: this.time.nowMs,
      random: this.random,
      onFirstRun: (taskId) => this.#noteFirstRun(taskId),
      onReport: (status) => this.#noteReport(status),
    });
    host.agent = agent;
    return agent;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  /** Time until the next of something that happens every so often by chance. */
  untilNext(everyMs: number): number {
    return -Math.log(1 - this.random()) * everyMs;
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.random() * values.length)];
  }

  /** What was asked may be tried later, all of it together; but not for ever. */
  allowLeaseTry(machineId: string): void {
    this.leaseTries.set(machineId, Math.max(-3, Math.min(0, this.leaseTries.get(machineId) ?? 0) - 1));
  }

  /** What this would add to the violations; nothing is added. */
  probe(check: () => void): number {
    const before = this.violations.length;
    check();
    return this.violations.splice(before).length;
  }

  violate(what: string): void {
    if (this.violations.length < 20) this.violations.push(`${Math.round(this.time.monoMs())} ms: ${what}`);
    this.say('VIOLATION', what);
  }

  /** A line of the trace. Made of its parts only when somebody reads it. */
  say(verb: string, one: unknown = '', other: unknown = ''): void {
    if (!this.#isTraced || this.trace.length >= 20_000) return;
    this.trace.push(`${Math.round(this.time.monoMs())} ${[verb, one, other].join(' ').trimEnd()}`);
  }

  /** I2: an attempt runs at most once, wherever. I5, I6: nothing runs that nobody asked for. */
  #noteFirstRun(taskId: TaskId): void {
    const times = (this.firstRuns.get(taskId) ?? 0) + 1;
    this.firstRuns.set(taskId, times);
    if (times > 1) this.violate(`I2 ${taskId} was started ${times} times`);
    if (!this.asked.runs.has(taskId)) this.violate(`I2 ${taskId} was started and nobody asked for it`);
  }

  #noteReport({ uuid, taskId }: TaskStatus): void {
    if (uuid !== null) this.updates.set(uuid, { taskId, at: this.updates.size });
  }
}

function newHost(name: string): Host {
  return {
    name,
    cutUntilMonoMs: 0,
    cutSinceMonoMs: 0,
    frozenUntilMonoMs: 0,
    agent: null,
    installedBy: null,
    resetAtMonoMs: Number.NEGATIVE_INFINITY,
    harmedUntilMonoMs: 0,
    mayHaveLeftovers: false,
  };
}
