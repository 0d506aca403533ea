// A scripted scheduler on the driver, over the real loop: what it is told, in which order, and what its calls do.
import { describe, expect, it } from 'vitest';
import type { Result } from '../../../electron/contract/errors.ts';
import type { SchedulerEvent } from '../../../electron/contract/framework.ts';
import type { FrameworkId } from '../../../electron/contract/ids.ts';
import type { OfferRecord } from '../../../electron/contract/offer.ts';
import { type Driver, isSchedulerEffect, Schedulers } from '../../../electron/shell/schedulers.ts';
import { aHello, aStatus, frameworkId, machineId } from '../../support/builders.ts';
import { launch } from '../../support/framework-rig.ts';
import { Bench } from '../../support/loop-bench.ts';
import { aFramework } from '../../support/some-calls.ts';

class Scheduler {
  readonly bench = new Bench().up();
  readonly heard: SchedulerEvent[] = [];
  readonly schedulers: Schedulers;
  closed = 0;
  #serial = 0;

  constructor() {
    this.schedulers = new Schedulers({
      master: this.bench.loop,
      ids: {
        framework: () => frameworkId(`new${++this.#serial}`),
        stream: () => `stream${++this.#serial}`,
      },
      timers: this.bench.time.timers,
      log: (line) => this.bench.lines.push(line),
    });
    this.bench.runAlso = (effect) => {
      if (isSchedulerEffect(effect)) this.schedulers.run(effect);
    };
  }

  /** Whatever is promised comes to its end, in virtual time. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    this.bench.time.settle();
    return promise;
  }

  async connect(id: FrameworkId | null = null, roles = ['*']): Promise<Driver> {
    const info = aFramework({ roles });
    const asked = { frameworkId: id, info, suppressedRoles: [] };
    const answer = await this.settled(
      this.schedulers.connect(asked, {
        onEvent: (event) => this.heard.push(event),
        onClose: () => {
          this.closed += 1;
        },
      }),
    );
    if (!answer.ok) throw new Error(answer.refusal.reason);
    return answer.value;
  }

  kinds(): string[] {
    return this.heard.splice(0).map((event) => event.kind);
  }

  /** Time passes while the machine is heard of. */
  live(ms: number): void {
    for (let left = ms; left > 0; left -= 500) {
      this.bench.time.advance(500);
      this.bench.loop.post({ kind: 'link-heard', machineId: machineId('one'), roundTripMs: 1 });
      this.bench.time.settle();
    }
  }
}

const reasonOf = (answer: Result<unknown>): string => (answer.ok ? 'accepted' : answer.refusal.reason);

describe('a scheduler behind a connection', () => {
  it('is told that it is subscribed, that the line is alive, and what is offered', async () => {
    const scheduler = new Scheduler();
    const driver = await scheduler.connect();
    expect(driver.frameworkId).toBe('f-new1');
    expect(scheduler.kinds()).toEqual(['SUBSCRIBED', 'HEARTBEAT', 'OFFERS']);
    scheduler.live(14_500);
    expect(scheduler.kinds()).toEqual([]);
    scheduler.live(1000);
    expect(scheduler.kinds()).toContain('HEARTBEAT');
  });

  it('launches a task, hears of it after it is on the disk, and acknowledges', async () => {
    const scheduler = new Scheduler();
    const driver = await scheduler.connect();
    scheduler.live(500);
    const offers = scheduler.heard.flatMap((event) => (event.kind === 'OFFERS' ? event.offers : []));
    const [offer] = offers as [OfferRecord];
    const { frameworkId: id } = driver;
    const accept = { kind: 'ACCEPT', frameworkId: id, offerIds: [offer.id], filters: null } as const;
    const operations = [launch('job')];
    expect(
      reasonOf(await scheduler.settled(driver.call({ ...accept, offerIds: [offer.id], operations }))),
    ).toBe('accepted');
    scheduler.heard.length = 0;
    const status = aStatus('job', 'TASK_RUNNING', { uuid: 'u1' });
    scheduler.bench.loop.post({ kind: 'status-update-received', machineId: machineId('one'), status });
    scheduler.bench.time.settle();
    expect(scheduler.heard).toMatchObject([
      { kind: 'UPDATE', status: { state: 'TASK_RUNNING', uuid: 'u1' } },
    ]);
    const { taskId, agentId } = { taskId: status.taskId, agentId: offer.agentId };
    const acknowledge = { kind: 'ACKNOWLEDGE', frameworkId: id, taskId, agentId, uuid: 'u1' } as const;
    expect(reasonOf(await scheduler.settled(driver.call(acknowledge)))).toBe('accepted');
    expect(reasonOf(await scheduler.settled(driver.call(acknowledge)))).toBe('update-unknown');
  });

  it('that fails over keeps its tasks: the older connection is told and closed, and its calls count no more', async () => {
    const scheduler = new Scheduler();
    const first = await scheduler.connect();
    scheduler.kinds();
    const second = await scheduler.connect(first.frameworkId);
    expect(scheduler.closed).toBe(1);
    expect(scheduler.kinds()).toEqual(['ERROR', 'SUBSCRIBED', 'HEARTBEAT']);
    const revive = { kind: 'REVIVE', frameworkId: first.frameworkId, roles: [] } as const;
    expect(reasonOf(await scheduler.settled(first.call({ ...revive, roles: [] })))).toBe('stream-old');
    expect(reasonOf(await scheduler.settled(second.call({ ...revive, roles: [] })))).toBe('accepted');
    // The older one ends after it was replaced: nobody is away.
    first.close();
    scheduler.bench.time.settle();
    expect(scheduler.bench.loop.state.tables.subscriptions.get(first.frameworkId)?.phase).toBe('subscribed');
  });

  it('that goes is away, hears nothing more, and may come back in time', async () => {
    const scheduler = new Scheduler();
    const driver = await scheduler.connect();
    driver.close();
    driver.close();
    scheduler.bench.time.settle();
    expect(scheduler.closed).toBe(1);
    expect(scheduler.bench.loop.state.tables.subscriptions.get(driver.frameworkId)?.phase).toBe(
      'disconnected',
    );
    scheduler.kinds();
    scheduler.live(20_000);
    expect(scheduler.kinds()).toEqual([]);
    await scheduler.connect(driver.frameworkId);
    expect(scheduler.kinds()).toEqual(['SUBSCRIBED', 'HEARTBEAT', 'OFFERS']);
  });

  it('that is torn down is closed, and may not come back', async () => {
    const scheduler = new Scheduler();
    const driver = await scheduler.connect();
    const teardown = { kind: 'TEARDOWN', frameworkId: driver.frameworkId } as const;
    expect(reasonOf(await scheduler.settled(driver.call(teardown)))).toBe('accepted');
    expect(scheduler.closed).toBe(1);
    await expect(scheduler.connect(driver.frameworkId)).rejects.toThrow('framework-completed');
  });

  it('says nothing in a wrong shape, in the name of another, or of a framework of this program', async () => {
    const scheduler = new Scheduler();
    const driver = await scheduler.connect();
    const { frameworkId: id } = driver;
    const wrong = { kind: 'DECLINE', frameworkId: id, offerIds: [], filters: null } as const;
    expect(reasonOf(await scheduler.settled(driver.call({ ...wrong, offerIds: [] })))).toBe('wrong-shape');
    const foreign = { kind: 'TEARDOWN', frameworkId: frameworkId('other') } as const;
    expect(reasonOf(await scheduler.settled(driver.call(foreign)))).toBe('framework-unknown');
    await expect(scheduler.connect(null, ['a//b'])).rejects.toThrow('role-name');
    const run = { kind: 'run-task', machineId: null, operationId: 'o-x' as never } as const;
    const info = {
      ...(launch('job') as Extract<ReturnType<typeof launch>, { kind: 'LAUNCH' }>).tasks[0]?.info,
    };
    await scheduler.bench.ask({ ...run, info: info as never });
    await expect(scheduler.connect('f-run' as FrameworkId)).rejects.toThrow('framework-built-in');
  });

  it('that throws when it is told something harms nobody', async () => {
    const scheduler = new Scheduler();
    const asked = { frameworkId: null, info: aFramework(), suppressedRoles: [] };
    const bad = () => {
      throw new Error('a fault of theirs');
    };
    const answer = await scheduler.settled(
      scheduler.schedulers.connect(asked, { onEvent: bad, onClose: () => undefined }),
    );
    expect(answer.ok).toBe(true);
    expect(scheduler.bench.lines.map(({ verb }) => verb)).toContain('scheduler-failed');
    scheduler.bench.loop.post(aHello('one'));
    scheduler.bench.time.settle();
    expect(scheduler.bench.faults()).toEqual([]);
  });
});
