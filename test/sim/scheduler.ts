// A scheduler behind a transport, as somebody's program would be: it remembers its tasks over its own crashes, answers offers
// as its manners say, and once everything is healed it asks for one last task, to show that it is still served.
import type { Result } from '../../electron/contract/errors.ts';
import type { Call, FrameworkInfo, SchedulerEvent } from '../../electron/contract/framework.ts';
import type { AgentId, FrameworkId, OfferId, TaskId } from '../../electron/contract/ids.ts';
import type { OfferRecord, Operation } from '../../electron/contract/offer.ts';
import type { OperationStatus } from '../../electron/contract/operation-status.ts';
import { type TaskState, terminalTaskStates } from '../../electron/contract/task.ts';
import { KnownOperations } from './scheduler-operations.ts';
import {
  answerInverse,
  byPlace,
  drawInfo,
  drawManners,
  drawUnit,
  type Manners,
  planOffers,
  probeOf,
} from './scheduler-plans.ts';
import { type Acknowledgement, type Said, wordsOf } from './scheduler-words.ts';
import type { Streams } from './streams.ts';
import type { World } from './world.ts';

type Known = { readonly agentId: AgentId; state: TaskState; isEnded: boolean };

/** For an offer that it has no use for any more. */
const longMs = 600_000;
const refusalsMs = 3500;

export class Scheduler {
  readonly id: FrameworkId;
  /** `over`: it may never come back. */
  phase: 'away' | 'joining' | 'here' | 'over' = 'away';
  /** Its process is down until then. */
  downUntilMonoMs = 0;
  readonly offers = new Map<OfferId, OfferRecord>();
  readonly tasks = new Map<TaskId, Known>();
  readonly #operations: KnownOperations;
  readonly #world: World;
  readonly #manners: Manners;
  #info: FrameworkInfo;
  #streams: Streams | null = null;
  #streamId: string | null = null;
  #serial = 0;
  #finish: 'no' | 'wants' | 'asked' | 'done' = 'no';
  /** Before its last task it refuses everything for long, then asks for offers again: who does that is served all the same. */
  #refusesUntilMonoMs: number | null;
  #probe: TaskId | null = null;

  /** `past`: what it was and knew before it came here. */
  constructor(world: World, name: string, past?: Scheduler) {
    this.#world = world;
    this.id = `f-${name}` as FrameworkId;
    this.#manners = drawManners(world);
    this.#refusesUntilMonoMs = world.chance(0.3) ? Number.POSITIVE_INFINITY : null;
    this.#info = past ? past.#info : drawInfo(world, name);
    this.#serial = past ? past.#serial : 0;
    this.#operations = new KnownOperations(past ? past.#operations : undefined);
    for (const [id, known] of past?.tasks ?? []) this.tasks.set(id, { ...known });
  }

  /** Nothing is left that it waits for. */
  get isDone(): boolean {
    return (
      this.phase === 'over' ||
      (this.phase === 'here' &&
        this.#finish === 'done' &&
        this.#open().every((id) => this.#isAsTold(id)) &&
        this.#operations.areTold)
    );
  }

  /** Everything is refused for long: it has had its last task, or does not want it (yet). */
  get #hasNoUse(): boolean {
    return this.#probe !== null || this.#refusesUntilMonoMs !== null || this.#finish === 'done';
  }

  /** What the master may go by when it is away. */
  get terms(): { readonly isPartitionAware: boolean; readonly failoverTimeoutMs: number } {
    const { capabilities, failoverTimeoutMs } = this.#info;
    return { isPartitionAware: capabilities.includes('PARTITION_AWARE'), failoverTimeoutMs };
  }

  get roles(): readonly string[] {
    return this.#info.roles;
  }

  join(streams: Streams): void {
    const { time } = this.#world;
    if (this.phase !== 'away' || time.monoMs() < this.downUntilMonoMs) return;
    this.#serial += 1;
    const streamId = `${this.id}-${this.#serial}`;
    this.phase = 'joining';
    this.#streams = streams;
    this.#streamId = streamId;
    const isMine = (): boolean => this.#streamId === streamId;
    streams.open(streamId, {
      frameworkId: this.id,
      hear: (event) => {
        if (isMine()) this.#hear(event);
      },
      onClosed: () => {
        if (isMine()) this.#lose();
      },
    });
    this.#world.book.join(this.id, this.terms, time.monoMs());
    const call: Call = {
      kind: 'SUBSCRIBE',
      frameworkId: this.id,
      info: this.#info,
      suppressedRoles: [],
      streamId,
    };
    streams.call(call, (answer) => {
      if (answer.ok || !isMine()) return;
      streams.abandon(streamId, 0);
      this.#lose();
      if (answer.refusal.reason === 'framework-completed') this.#end();
    });
  }

  /** Its process dies, and with it the stream: the master may hear of that much later. */
  crash(downMs: number, noticedAfterMs: number): void {
    if (this.#streamId !== null) this.#streams?.abandon(this.#streamId, noticedAfterMs);
    this.#lose();
    this.downUntilMonoMs = this.#world.time.monoMs() + downMs;
  }

  /** A second instance takes over while the first one still has its stream. */
  failOver(): void {
    const streams = this.#streams;
    if (this.phase !== 'here' || !streams?.isAlive) return;
    this.#streamId = null;
    this.phase = 'away';
    this.offers.clear();
    this.join(streams);
  }

  /** Something it does unasked. */
  act(): void {
    if (this.phase !== 'here') return;
    const world = this.#world;
    const role = world.pick(this.roles) ?? '*';
    const taskId = world.pick(this.#open());
    const unit = drawUnit(world, role);
    const dice = world.random();
    if (dice < 0.2) this.say({ kind: 'REQUEST', requests: world.chance(0.3) ? [] : [unit] });
    else if (dice < 0.3) this.say({ kind: 'SUPPRESS', roles: world.chance(0.5) ? [] : [role] });
    else if (dice < 0.5) this.say({ kind: 'REVIVE', roles: world.chance(0.5) ? [] : [role] });
    else if (dice < 0.65) {
      this.#reconcile(world.chance(0.5));
      this.say({ kind: 'RECONCILE_OPERATIONS', operations: [] });
    } else if (dice < 0.75) this.#changeRoles();
    else if (taskId) this.#kill(taskId);
  }

  /** No more tasks are wanted (a person kills what runs), and one last probe is asked for. */
  finish(): void {
    if (this.#finish === 'no') this.#wantLast();
    this.downUntilMonoMs = 0;
    if (this.phase !== 'here') return;
    // With its machine goes its last task: then another one.
    if (this.#finish === 'asked' && this.#probe !== null && !this.#open().includes(this.#probe))
      [this.#probe, this.#finish] = [null, 'wants'];
    if (this.#finish !== 'wants') {
      // What it still does not know the end of: asked for until it does, as Mesos says.
      if (!this.isDone) this.#reconcile(false);
      return;
    }
    if (this.#isRefusing()) return;
    this.#finish = 'asked';
    this.#decline([...this.offers.keys()], 0);
    this.say({ kind: 'REQUEST', requests: [] });
    this.say({ kind: 'REVIVE', roles: [] }, ({ ok }) => {
      // A disk that takes no writes: at the next look.
      if (!ok && this.#finish === 'asked') this.#finish = 'wants';
    });
  }

  #isRefusing(): boolean {
    const nowMonoMs = this.#world.time.monoMs();
    if (this.#refusesUntilMonoMs === null) return false;
    if (this.#refusesUntilMonoMs === Number.POSITIVE_INFINITY) {
      this.#refusesUntilMonoMs = nowMonoMs + refusalsMs;
      this.#decline([...this.offers.keys()], longMs);
      this.say({ kind: 'REVIVE', roles: [] });
    }
    if (nowMonoMs < this.#refusesUntilMonoMs) return true;
    this.#refusesUntilMonoMs = null;
    return false;
  }

  #wantLast(): void {
    const isServedOnceMore = this.#world.ending === 'killed';
    this.#finish = isServedOnceMore ? 'wants' : 'done';
    if (isServedOnceMore || this.phase !== 'here') return;
    this.#decline([...this.offers.keys()], longMs);
    this.say({ kind: 'SUPPRESS', roles: [] });
  }

  /** In its own name, as it is. */
  say(call: Said, onAnswer?: (answer: Result<null>) => void): void {
    this.#streams?.call({ ...call, frameworkId: this.id }, onAnswer);
  }

  teardown(): void {
    if (this.phase !== 'here') return;
    this.#world.book.askEnd(this.id);
    this.say({ kind: 'TEARDOWN' });
  }

  /** Of a machine that is no more nobody can say more than that it cannot be reached. */
  #open(): TaskId[] {
    const isThere = (agentId: AgentId): boolean =>
      this.#world.hosts.some(({ agent }) => agent?.id === agentId);
    const open = [...this.tasks].filter(([, { isEnded, agentId }]) => !isEnded && isThere(agentId));
    return open.map(([id]) => id);
  }

  #isAsTold(id: TaskId): boolean {
    const known = this.tasks.get(id);
    return known !== undefined && this.#world.mayStay(known.agentId, id, known.state);
  }

  #lose(): void {
    const { book, time } = this.#world;
    this.#streamId = null;
    if (this.phase !== 'over') this.phase = 'away';
    this.offers.clear();
    book.leave(this.id, time.monoMs());
  }

  #end(): void {
    const { book, time } = this.#world;
    this.phase = 'over';
    if (!book.mayEnd(this.id, time.monoMs())) this.#world.violate(`I13 ${this.id} was ended for nothing`);
  }

  #hear(event: SchedulerEvent): void {
    const { book, time } = this.#world;
    this.#world.say('told', this.id, wordsOf(event));
    if (event.kind === 'SUBSCRIBED') {
      book.back(this.id, time.monoMs());
      this.phase = 'here';
      if (this.#world.chance(0.3)) this.#reconcile(this.#world.chance(0.5));
      if (this.#finish === 'asked') this.#finish = 'wants';
      if (this.#finish !== 'no') this.finish();
    } else if (event.kind === 'OFFERS') this.#consider(event.offers);
    else if (event.kind === 'RESCIND') this.offers.delete(event.offerId);
    else if (event.kind === 'INVERSE_OFFERS')
      for (const call of answerInverse(this.#world, event.inverseOffers)) this.say(call);
    else if (event.kind === 'UPDATE') this.#learn(event.status);
    else if (event.kind === 'UPDATE_OPERATION_STATUS') this.#learnOperation(event.status);
    else if (event.kind === 'FAILURE') this.#reconcile(false);
  }

  #consider(offers: readonly OfferRecord[]): void {
    const world = this.#world;
    for (const offer of offers) this.offers.set(offer.id, offer);
    const isGood = this.#finish !== 'no';
    const answerMs = isGood ? ([1, 50] as const) : this.#manners.answerMs;
    if (!answerMs) return;
    const streamId = this.#streamId;
    for (const some of byPlace(offers)) {
      world.time.timers.after(world.between(...answerMs), () => {
        // Some answer late, to what was taken back in between.
        const there = world.chance(0.1) ? some : some.filter(({ id }) => this.offers.has(id));
        if (there.length > 0 && this.#streamId === streamId && this.phase === 'here') this.#answer(there);
      });
    }
  }

  #answer(offers: readonly OfferRecord[]): void {
    const world = this.#world;
    const operations = this.#planFor(offers);
    if (operations.length === 0) {
      const drawnMs = world.pick([0, 1000, 5000, longMs, longMs, longMs]) ?? 0;
      const refuseMs = this.#finish === 'no' ? drawnMs : this.#hasNoUse ? longMs : 0;
      const ids = offers.map(({ id }) => id);
      return this.#decline(ids, refuseMs);
    }
    this.#accept(offers, operations);
  }

  #planFor(offers: readonly OfferRecord[]): Operation[] {
    const world = this.#world;
    const nextTask = (): TaskId => {
      this.#serial += 1;
      return `t-${this.id}-${this.#serial}` as TaskId;
    };
    if (this.#finish === 'asked' && this.#probe === null) {
      const probe = probeOf(nextTask(), offers);
      if (probe?.kind !== 'LAUNCH') return [];
      this.#probe = probe.tasks[0]?.info.taskId ?? null;
      return [probe];
    }
    if (this.#finish !== 'no' || world.chance(this.#manners.declines)) return [];
    const wanted = Math.max(0, this.#manners.mostTasks - this.tasks.size);
    return planOffers({ world, manners: this.#manners, nextTask, wanted }, offers);
  }

  #accept(offers: readonly OfferRecord[], operations: readonly Operation[]): void {
    const { asked, book } = this.#world;
    const launches = operations.flatMap((each) => ('tasks' in each ? each.tasks : []));
    const [offer] = offers;
    if (!offer) return;
    const ids = launches.map(({ info }) => info.taskId);
    for (const taskId of ids) {
      asked.runs.add(taskId);
      book.owners.set(taskId, this.id);
      this.tasks.set(taskId, { agentId: offer.agentId, state: 'TASK_STAGING', isEnded: false });
    }
    for (const each of operations) {
      const group = each.kind === 'LAUNCH_GROUP' ? each.tasks.map(({ info }) => info.taskId) : [];
      for (const taskId of group) book.groups.set(taskId, group);
    }
    for (const { id } of offers) this.offers.delete(id);
    const offerIds = offers.map(({ id }) => id);
    const refuseMs = this.#world.pick([0, 1000, 5000]) ?? 0;
    this.say({ kind: 'ACCEPT', offerIds, operations: [...operations], filters: { refuseMs } }, (answer) =>
      this.#onAccepted(ids, operations, answer),
    );
  }

  #onAccepted(ids: readonly TaskId[], operations: readonly Operation[], answer: Result<null>): void {
    const world = this.#world;
    if (answer.ok) {
      this.#operations.accepted(operations);
      const missing = ids.find((id) => !world.onDisk.has(id));
      if (missing) world.violate(`I1 ${missing} was accepted and is not on the disk`);
      if (this.#probe !== null && ids.includes(this.#probe)) this.say({ kind: 'SUPPRESS', roles: [] });
      return;
    }
    // None will ever run, but where nobody knows what was written. What came meanwhile was refused for long: it asks anew for its last.
    for (const id of ids) {
      this.tasks.delete(id);
      if (answer.refusal.reason !== 'store-read-only') world.asked.runs.delete(id);
      if (id === this.#probe) [this.#probe, this.#finish] = [null, 'wants'];
    }
  }

  #learn(status: Extract<SchedulerEvent, { kind: 'UPDATE' }>['status']): void {
    const { taskId, uuid, state, agentId } = status;
    const known = this.tasks.get(taskId);
    if (uuid !== null && agentId !== null) this.#acknowledge({ kind: 'ACKNOWLEDGE', agentId, taskId, uuid });
    if (!known) return;
    known.state = state;
    // Not known to the master: there is nothing there to wait for.
    const isGivenUp = state === 'TASK_UNKNOWN' || state === 'TASK_GONE_BY_OPERATOR';
    known.isEnded ||= terminalTaskStates.has(state) || isGivenUp;
    if (taskId !== this.#probe) return;
    if (known.isEnded) this.#finish = 'done';
    else if (state === 'TASK_RUNNING') this.#kill(taskId);
  }

  #learnOperation(status: OperationStatus): void {
    const wrong = this.#operations.learn(status);
    if (wrong !== null) this.#world.violate(wrong);
    const { operationId, uuid, agentId } = status;
    if (uuid !== null)
      this.#acknowledge({ kind: 'ACKNOWLEDGE_OPERATION_STATUS', agentId, operationId, uuid });
  }

  #acknowledge(call: Acknowledgement): void {
    const world = this.#world;
    // The rest is told again, after a while.
    if (this.#finish === 'no' && !world.chance(this.#manners.acknowledges)) return;
    this.say(call, ({ ok }) => {
      if (ok) world.book.acked.add(call.uuid);
    });
  }

  #kill(taskId: TaskId): void {
    this.#world.asked.kills.add(taskId);
    const agentId = this.#world.chance(0.5) ? (this.tasks.get(taskId)?.agentId ?? null) : null;
    const graceMs = this.#world.chance(0.3) ? 100 : null;
    if (graceMs !== null) this.#world.book.noteGrace(taskId, graceMs);
    this.say({ kind: 'KILL', taskId, agentId, graceMs });
  }

  #reconcile(isImplicit: boolean): void {
    const tasks = this.#open().map((taskId) => ({
      taskId,
      agentId: this.tasks.get(taskId)?.agentId ?? null,
    }));
    if (isImplicit || tasks.length > 0) this.say({ kind: 'RECONCILE', tasks: isImplicit ? [] : tasks });
  }

  #decline(offerIds: OfferId[], refuseMs: number): void {
    for (const id of offerIds) this.offers.delete(id);
    if (offerIds.length > 0) this.say({ kind: 'DECLINE', offerIds, filters: { refuseMs } });
  }

  /** What it loses with a role is taken back. */
  #changeRoles(): void {
    const roles = this.#world.pick([['*'], ['eng'], ['ops', 'eng']]) ?? ['*'];
    this.#info = { ...this.#info, roles, offerFilters: {} };
    this.say({ kind: 'UPDATE_FRAMEWORK', info: this.#info, suppressedRoles: [] });
  }
}
