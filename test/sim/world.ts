// The world of one run: virtual time, the seeded dice, hosts with their agents, and the record of what was violated.
import type { AgentId } from '../../electron/contract/ids.ts';
import { createRandom } from '../../electron/core/kernel/random.ts';
import { FakeAgent } from '../support/fake-agent.ts';
import { VirtualTime } from '../support/virtual-clock.ts';

export type Host = {
  readonly name: string;
  /** Reachable from the master's network until then, again after. */
  cutUntilMonoMs: number;
  /** What is installed there; null: nothing of ours. */
  agent: FakeAgent | null;
  /** Which lane attempt put it there, until the lane is done. */
  installedBy: string | null;
  /** Until then a fault may make it look lost, rightly. */
  harmedUntilMonoMs: number;
  /** Exempt from the oracle of leftovers: forced away, or the master died while it was at work there. */
  mayHaveLeftovers: boolean;
};

export class World {
  readonly time = new VirtualTime();
  readonly random: () => number;
  readonly hosts: Host[];
  readonly violations: string[] = [];
  readonly trace: string[] = [];
  /** Task ids and update uuids that ever were on the disk of the master. */
  readonly onDisk = new Set<string>();
  /** Tasks whose record was dropped, and of which machine. */
  readonly forgotten = new Map<string, string | null>();
  /** All that ever ran, also those that were wiped or uninstalled. */
  readonly agents: FakeAgent[] = [];
  #installs = 0;

  constructor(seed: number, hosts: number) {
    this.random = createRandom(seed);
    this.hosts = Array.from({ length: hosts }, (_, n) => ({
      name: `h${n}`,
      cutUntilMonoMs: 0,
      agent: null,
      installedBy: null,
      harmedUntilMonoMs: 0,
      mayHaveLeftovers: false,
    }));
  }

  host(address: string): Host {
    const host = this.hosts.find((each) => each.name === address);
    if (!host) throw new Error(`no host ${address}`);
    return host;
  }

  isReachable(host: Host): boolean {
    return this.time.monoMs() >= host.cutUntilMonoMs;
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
    });
    host.agent = agent;
    this.agents.push(agent);
    return agent;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.random() * values.length)];
  }

  /** What this would add to the violations; nothing is added. */
  probe(check: () => void): number {
    const before = this.violations.length;
    check();
    return this.violations.splice(before).length;
  }

  violate(what: string): void {
    if (this.violations.length < 20) this.violations.push(`${Math.round(this.time.monoMs())} ms: ${what}`);
  }

  say(what: string): void {
    if (this.trace.length < 20_000) this.trace.push(`${Math.round(this.time.monoMs())} ${what}`);
  }
}
