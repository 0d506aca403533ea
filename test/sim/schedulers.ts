// All schedulers of a run: they join, come back after each end of a stream, act, misbehave, and in the end want one task more.
import type { Call } from '../../electron/contract/framework.ts';
import type { AgentId, FrameworkId, OfferId, TaskId } from '../../electron/contract/ids.ts';
import { noResources } from '../../electron/contract/resources.ts';
import type { Master } from './master.ts';
import { Scheduler } from './scheduler.ts';
import { drawSize, launchOf } from './scheduler-plans.ts';
import type { World } from './world.ts';

export class Schedulers {
  readonly all: readonly Scheduler[];
  readonly #world: World;
  readonly #masterOf: () => Master;

  /** `past`: those that were there before, and remember. They are back sooner than new ones come. */
  constructor(world: World, count: number, masterOf: () => Master, past: readonly Scheduler[] = []) {
    this.#world = world;
    this.#masterOf = masterOf;
    const all = Math.max(past.length, Math.min(3, past.length + count));
    this.all = Array.from({ length: all }, (_, n) => new Scheduler(world, `s${n}`, past[n]));
    const [soonMs, lateMs] = past.length > 0 ? ([1, 15] as const) : ([50, 1500] as const);
    for (const scheduler of this.all) this.#comeBack(scheduler, world.between(soonMs, lateMs));
  }

  act(): void {
    this.#world.pick(this.all)?.act();
  }

  /** Now and at each look until everything has settled. */
  finish(): void {
    for (const scheduler of this.all) scheduler.finish();
  }

  /** Tries until it is in, and looks again for as long as the run lasts. */
  #comeBack(scheduler: Scheduler, ms: number): void {
    const world = this.#world;
    world.time.timers.after(ms, () => {
      if (scheduler.phase === 'over') return;
      const master = this.#masterOf();
      if (master.isAlive && !master.isAsleep) scheduler.join(master.streams);
      this.#comeBack(scheduler, world.isUnderFire ? world.between(200, 2500) : 500);
    });
  }
}

/** A call that is wrong in one way: it must be refused, and nothing of it may be done. */
export function badCall(world: World, scheduler: Scheduler, master: Master): void {
  const { tables } = master.loop.state;
  const offer = world.pick([...tables.offers.values()]);
  const foreign = world.pick(
    [...tables.offers.values()].filter(({ frameworkId }) => frameworkId !== scheduler.id),
  );
  const task = world.pick(
    [...tables.tasks.values()].filter(({ frameworkId }) => frameworkId !== scheduler.id),
  );
  const bad = world.pick([
    { ...noResources, cpusMilli: -100 },
    { ...noResources, memMib: Number.NaN },
    { ...noResources, cpusMilli: 0.5 },
    { ...noResources, cpusMilli: 1_000_000 },
  ]);
  const taskId = `t-bad-${Math.floor(world.random() * 2 ** 31)}` as TaskId;
  const launch = (
    offerId: OfferId,
    size = bad ?? noResources,
  ): Omit<Extract<Call, { kind: 'ACCEPT' }>, 'frameworkId'> => ({
    kind: 'ACCEPT',
    offerIds: [offerId],
    operations: [{ kind: 'LAUNCH', tasks: [launchOf(taskId, size)] }],
    filters: null,
  });
  const uuid = task?.owed?.[0] ?? 'nothing';
  const agentId = task?.agentId ?? ('a-nobody' as AgentId);
  const calls = [
    (): void => scheduler.say(launch(foreign?.id ?? ('offer-0-1' as OfferId))),
    (): void => scheduler.say(launch(offer?.id ?? ('offer-0-1' as OfferId))),
    (): void => scheduler.say(launch(foreign?.id ?? ('offer-0-1' as OfferId), drawSize(world))),
    (): void =>
      scheduler.say({ kind: 'DECLINE', offerIds: ['offer-0-1' as OfferId], filters: { refuseMs: -1 } }),
    (): void => scheduler.say({ kind: 'KILL', taskId: task?.id ?? taskId, agentId: null, graceMs: null }),
    (): void => scheduler.say({ kind: 'ACKNOWLEDGE', agentId, taskId: task?.id ?? taskId, uuid }),
    (): void => scheduler.say({ kind: 'RECONCILE', tasks: [{ taskId: task?.id ?? taskId, agentId }] }),
    (): void => master.streams.call({ kind: 'TEARDOWN', frameworkId: 'f-run' as FrameworkId }),
    (): void => comeBackFromTheEnd(world, master),
    // Once more, since it takes two schedulers and an offer that lies there.
    (): void => scheduler.say(launch(foreign?.id ?? ('offer-0-1' as OfferId), drawSize(world))),
  ];
  world.pick(calls)?.();
}

/** Whoever was ended stays ended. */
function comeBackFromTheEnd(world: World, master: Master): void {
  const frameworks = [...master.loop.state.tables.frameworks.values()];
  const ended = world.pick(frameworks.filter(({ completedAtMs }) => completedAtMs !== null));
  if (!ended) return;
  const { id: frameworkId, info } = ended;
  const call: Call = {
    kind: 'SUBSCRIBE',
    frameworkId,
    info,
    suppressedRoles: [],
    streamId: `${frameworkId}-late`,
  };
  master.streams.call(call, ({ ok }) => {
    if (ok) world.violate(`I13 ${frameworkId} was taken in again after its end`);
  });
}
