// Placements through the pure core at 1,000 agents, step by step and with the checks of production: offers to ten schedulers, an
// ACCEPT for each, the launch and its answer, the update that says it runs, its acknowledgement. Nothing is written here; see
// updates.ts for the store.
import { performance } from 'node:perf_hooks';
import type { Call } from '../../electron/contract/framework.ts';
import type { OfferRecord } from '../../electron/contract/offer.ts';
import type { TaskInfo, TaskStatus } from '../../electron/contract/task.ts';
import type { IssuedEffect } from '../../electron/core/kernel/effects.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import { checkDiff } from '../../electron/core/master/invariants.ts';
import { createState, type State } from '../../electron/core/master/state.ts';
import { nextDeadline, step } from '../../electron/core/master/step.ts';
import { aHello, aMachine, aTask, frameworkId, someResources } from '../support/builders.ts';
import { noRows } from '../support/no-rows.ts';
import { aFramework } from '../support/some-calls.ts';

const agents = 1000;
const frameworks = 10;
/** What an agent holds in the end: 20 of a tenth of a core. */
const tasksEach = 20;
const room = someResources({ cpusMilli: tasksEach * 100, memMib: tasksEach * 128, diskMib: tasksEach * 10 });
const need = { cpusMilli: 100, memMib: 128, diskMib: 10, gpus: 0, ports: [] };

class Placing {
  #state: State = createState({
    ...noRows,
    machines: Array.from({ length: agents }, (_, n) => aMachine(`x${n}`)),
  });
  #seq = 0;
  #monoMs = 1000;
  placed = 0;
  accepts = 0;

  constructor() {
    this.post({ kind: 'master-started', seed: 1 });
    for (let n = 0; n < agents; n += 1) this.post(aHello(`x${n}`, { resources: room }));
    for (let n = 0; n < frameworks; n += 1) {
      const id = frameworkId(`f${n}`);
      const info = aFramework({ name: `f${n}`, roles: [`role${n}`] });
      this.#call({ kind: 'SUBSCRIBE', frameworkId: id, info, suppressedRoles: [], streamId: 's1' });
      this.#request(n);
    }
  }

  /** As the loop steps: with the look at what has changed, which throws when an invariant is broken. */
  post(event: Posted): readonly IssuedEffect[] {
    this.#seq += 1;
    const before = this.#state;
    const result = step(before, { seq: this.#seq, atMs: 1_800_000_000_000, monoMs: this.#monoMs, ...event });
    const broken = checkDiff(before.tables, result.state.tables, result.diff);
    if (broken.length > 0) throw new Error(broken.join('; '));
    if (result.answer?.ok === false) throw new Error(JSON.stringify(result.answer.refusal));
    this.#state = result.state;
    return result.effects;
  }

  #call(call: Call): readonly IssuedEffect[] {
    return this.post({ kind: 'call-scheduler-api', call });
  }

  /** One unit for each agent waits, in even parts. How many of them come in one offer is the allocator's to say. */
  #request(n: number): void {
    const requests = [{ role: `role${n}`, agentId: null, resources: need, count: agents / frameworks }];
    this.#call({ kind: 'REQUEST', frameworkId: frameworkId(`f${n}`), requests });
  }

  /** One round of offers, and everything that comes of them. */
  round(): void {
    for (let n = 0; n < frameworks; n += 1) this.#request(n);
    this.#monoMs += 100;
    const due = nextDeadline(this.#state, this.#monoMs);
    if (due === null || due > this.#monoMs) throw new Error('nothing is due');
    for (const effect of this.post({ kind: 'deadline-passed' })) {
      if (effect.kind !== 'send-scheduler-event' || effect.event.kind !== 'OFFERS') continue;
      for (const offer of effect.event.offers) this.#accept(offer);
    }
  }

  #accept(offer: OfferRecord): void {
    const cpusMilli = offer.resources.reduce((sum, { amounts }) => sum + amounts.cpusMilli, 0);
    const tasks = Array.from({ length: Math.floor(cpusMilli / need.cpusMilli) }, () => {
      this.placed += 1;
      return { info: { ...aTask(`${this.placed}`), resources: need }, uses: null };
    });
    this.accepts += 1;
    const call: Call = {
      kind: 'ACCEPT',
      frameworkId: offer.frameworkId,
      offerIds: [offer.id],
      operations: [{ kind: 'LAUNCH', tasks }],
      filters: null,
    };
    for (const effect of this.#call(call)) {
      if (effect.kind === 'send-launch') this.#launched(offer, effect.info);
    }
  }

  #launched(offer: OfferRecord, { taskId }: TaskInfo): void {
    const { machineId, agentId } = offer;
    this.post({ kind: 'launch-answered', taskId, refusal: null });
    const status: TaskStatus = {
      taskId,
      state: 'TASK_RUNNING',
      source: 'SOURCE_EXECUTOR',
      reason: null,
      message: '',
      timestampMs: 1_800_000_000_000,
      uuid: `u-${taskId}`,
      exitCode: null,
      signal: null,
    };
    const effects = this.post({ kind: 'status-update-received', machineId, status });
    for (const effect of effects) {
      if (effect.kind !== 'send-scheduler-event' || effect.event.kind !== 'UPDATE') continue;
      const { uuid } = effect.event.status;
      if (uuid === null) continue;
      this.#call({ kind: 'ACKNOWLEDGE', frameworkId: offer.frameworkId, agentId, taskId, uuid });
    }
  }

  /** All that was placed runs and is acknowledged, or nothing here is worth a figure. */
  check(): void {
    const tasks = [...this.#state.tables.tasks.values()];
    const isDone = tasks.every((task) => task.state === 'TASK_RUNNING' && task.owed === undefined);
    if (tasks.length !== this.placed || !isDone) throw new Error('something was not placed');
  }
}

export type Placements = { readonly perS: number; readonly perAccept: number };

/** As a master does it that has been at work for a while: what the engine compiles for the first of them is not counted. */
export function measurePlacements(): Placements {
  fillOnce();
  return fillOnce();
}

/** From an empty cluster to a full one. */
function fillOnce(): Placements {
  const placing = new Placing();
  const startedMs = performance.now();
  while (placing.placed < agents * tasksEach) {
    const before = placing.placed;
    placing.round();
    if (placing.placed === before) throw new Error(`stuck at ${before}`);
  }
  const tookMs = performance.now() - startedMs;
  placing.check();
  return { perS: (placing.placed / tookMs) * 1000, perAccept: placing.placed / placing.accepts };
}
