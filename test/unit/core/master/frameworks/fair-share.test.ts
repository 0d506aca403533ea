// Three machines and four frameworks that never have enough, in virtual time through the real core: joining one after the
// other, tasks that come and go, every call and update on its way. The bar: reference issue 4, "Must hold".
import { describe, expect, it } from 'vitest';
import type { FrameworkId } from '../../../../../electron/contract/ids.ts';
import type { OfferRecord } from '../../../../../electron/contract/offer.ts';
import type { TaskState } from '../../../../../electron/contract/task.ts';
import { holdsResources } from '../../../../../electron/core/master/task-states.ts';
import { aStatus, aTask, frameworkId } from '../../../../support/builders.ts';
import { FrameworkRig } from '../../../../support/framework-rig.ts';

const machines = ['one', 'two', 'three'];
const totalCpus = 12_000;
const totalMem = 3 * 8192;
const tickMs = 50;

type Size = { readonly cpusMilli: number; readonly memMib: number };
type Scheduler = { readonly id: FrameworkId; readonly size: Size; readonly answers: boolean };

/** Agents that run whatever they are sent for `taskMs`, and schedulers that fill every offer with tasks of their size. */
class Cluster {
  readonly rig = FrameworkRig.live(machines);
  readonly #schedulers = new Map<string, Scheduler>();
  readonly #ends: { readonly name: string; readonly atMonoMs: number }[] = [];
  readonly #taskMs: number;
  #serial = 0;

  constructor(taskMs: number) {
    this.#taskMs = taskMs;
  }

  join(name: string, size: Size, answers = true): void {
    const id = frameworkId(name);
    this.#schedulers.set(id, { id, size, answers });
    this.rig.subscribe({ roles: [name] }, id, `stream-${name}`);
  }

  run(ms: number, look: () => void = () => undefined): void {
    for (let left = ms; left > 0; left -= tickMs) {
      this.rig.keepLive(tickMs, ...machines);
      while (this.#ends[0] && this.#ends[0].atMonoMs <= this.rig.monoMs) {
        this.#say(this.#ends.shift()?.name ?? '', 'TASK_FINISHED');
      }
      this.#carryOut();
      look();
    }
  }

  #carryOut(): void {
    for (let effects = this.rig.take(); effects.length > 0; effects = this.rig.take()) {
      for (const effect of effects) {
        if (effect.kind === 'send-launch') {
          const name = effect.info.taskId.slice(2);
          this.rig.post({ kind: 'launch-answered', taskId: effect.info.taskId, refusal: null });
          this.#say(name, 'TASK_RUNNING');
          this.#ends.push({ name, atMonoMs: this.rig.monoMs + this.#taskMs });
        }
        if (effect.kind !== 'send-scheduler-event') continue;
        const { event } = effect;
        const scheduler = this.#schedulers.get(effect.frameworkId);
        if (event.kind === 'OFFERS' && scheduler?.answers)
          for (const offer of event.offers) this.#fill(scheduler, offer);
        if (event.kind === 'UPDATE' && event.status.uuid !== null && event.status.agentId !== null) {
          const { taskId, agentId, uuid } = event.status;
          this.rig.call({ kind: 'ACKNOWLEDGE', frameworkId: effect.frameworkId, taskId, agentId, uuid });
        }
      }
    }
  }

  #fill({ id, size }: Scheduler, offer: OfferRecord): void {
    const { cpusMilli = 0, memMib = 0 } = offer.resources[0]?.amounts ?? {};
    const count = Math.floor(Math.min(cpusMilli / size.cpusMilli, memMib / size.memMib));
    const tasks = Array.from({ length: count }, () => {
      this.#serial += 1;
      const resources = { ...size, diskMib: 0, gpus: 0, ports: [] };
      return { info: { ...aTask(`${id.slice(2)}${this.#serial}`), resources }, uses: null };
    });
    const filters = { refuseMs: 0 };
    if (count === 0) this.rig.call({ kind: 'DECLINE', frameworkId: id, offerIds: [offer.id], filters });
    else {
      const operations = [{ kind: 'LAUNCH' as const, tasks }];
      const call = { kind: 'ACCEPT', frameworkId: id, offerIds: [offer.id], operations, filters } as const;
      if (this.rig.call({ ...call, offerIds: [offer.id], operations }) !== null)
        throw new Error('an offer that could not be used');
    }
  }

  #say(name: string, state: TaskState): void {
    const { machineId } = this.rig.row('tasks', `t-${name}`);
    const status = aStatus(name, state, { uuid: `${name}-${state}` });
    this.rig.post({ kind: 'status-update-received', machineId, status });
  }

  /** Of what it has in tasks and offers, the greater part of the cluster. */
  share(name: string): number {
    let cpus = 0;
    let mem = 0;
    const { tasks, offers } = this.rig.state.tables;
    for (const task of tasks.values()) {
      if (task.frameworkId !== frameworkId(name) || !holdsResources(task)) continue;
      cpus += task.info.resources.cpusMilli;
      mem += task.info.resources.memMib;
    }
    for (const offer of offers.values()) {
      if (offer.frameworkId !== frameworkId(name)) continue;
      for (const { amounts } of offer.resources) {
        cpus += amounts.cpusMilli;
        mem += amounts.memMib;
      }
    }
    return Math.max(cpus / totalCpus, mem / totalMem);
  }
}

const small: Size = { cpusMilli: 500, memMib: 256 };
/** As the machines are, so that nothing is left that only one could use: that may be offered beyond a share. */
const even: Size = { cpusMilli: 500, memMib: 1024 };
const shareOf = ({ cpusMilli, memMib }: Size): number => Math.max(cpusMilli / totalCpus, memMib / totalMem);

describe('three machines and four frameworks with endless demand', () => {
  it.each<[string, readonly [Size, Size, Size, Size]]>([
    ['of the same kind', [small, small, small, small]],
    [
      'of which two want memory and two want CPU',
      [small, { cpusMilli: 250, memMib: 1024 }, { cpusMilli: 250, memMib: 1024 }, small],
    ],
    ['of which one has large tasks', [small, { cpusMilli: 1000, memMib: 512 }, small, small]],
  ])('%s: each has its fair share within one task, 2 s after the last has joined', (_, sizes) => {
    const cluster = new Cluster(1000);
    const names = ['a', 'b', 'c', 'd'];
    names.forEach((name, at) => {
      cluster.join(name, sizes[at] ?? small);
      if (at < 3) cluster.run(300);
    });
    cluster.run(2000);
    const shares = names.map((name) => cluster.share(name));
    const most = Math.max(...shares);
    names.forEach((name, at) => {
      const one = shareOf(sizes[at] ?? small);
      expect(cluster.share(name), `${name} of ${shares.join(' ')}`).toBeGreaterThanOrEqual(
        Math.min(1 / 4, most) - one - 1e-9,
      );
    });
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(0.9);
  });

  it('one that never answers holds no more than its share beyond the offer timeout, and the others have the rest', () => {
    const cluster = new Cluster(1000);
    cluster.rig.ask({ kind: 'change-settings', settings: { offerTimeoutMs: 2000 } });
    // It comes first, so it is offered everything.
    cluster.join('mute', even, false);
    cluster.run(200);
    expect(cluster.share('mute')).toBe(1);
    for (const name of ['a', 'b', 'c']) cluster.join(name, even);
    cluster.run(2000);
    const sums = new Map(['a', 'b', 'c'].map((name) => [name, 0]));
    const looks = 160;
    cluster.run(looks * tickMs, () => {
      expect(cluster.share('mute')).toBeLessThanOrEqual(1 / 4 + shareOf(even));
      for (const [name, sum] of sums) sums.set(name, sum + cluster.share(name));
    });
    // On average: tasks end and begin all the while.
    for (const sum of sums.values()) expect(sum / looks).toBeGreaterThanOrEqual(1 / 4 - shareOf(even));
  });
});
