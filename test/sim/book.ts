// What an observer knows of schedulers: whose task is whose, what each was told and has acknowledged, how long it was away,
// and so what may be killed without a person's word.
import type { FrameworkId, TaskId } from '../../electron/contract/ids.ts';
import { priorRunId } from '../../electron/contract/run.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import { Outages } from './outages.ts';
import type { World } from './world.ts';

type Story = {
  isPartitionAware: boolean;
  failoverTimeoutMs: number;
  /** Its end was asked for, or it was away for so long once. */
  mayEnd: boolean;
  /** null: it is there. */
  awaySinceMonoMs: number | null;
};

/** The loop notices a sleep by its beat of a second, so that much of it may count as awake. */
const beatMs = 1500;

export class Book {
  readonly owners = new Map<string, FrameworkId>();
  readonly groups = new Map<string, readonly TaskId[]>();
  /** Updates (uuids) whose acknowledgement was answered with a yes. */
  readonly acked = new Set<string>();
  /** Updates that a scheduler was told, and the place of the newest in the story of its task. */
  readonly told = new Set<string>();
  readonly toldAt = new Map<string, number>();
  /** Tasks that ended in another way than by themselves and well; tasks that were out of sight once. */
  readonly failed = new Set<string>();
  readonly lostSight = new Set<string>();
  readonly outages = new Outages();
  /** Tasks that were told to end for something more important, rightly: see preemption-oracles.ts. */
  readonly preempted = new Set<string>();
  /** Grace that schedulers asked for when they killed a task, and the condition on machines that a run came with. */
  readonly graces = new Map<string, number[]>();
  readonly conditions = new Map<string, string>();
  /** Tasks that a person wanted to end, and heard a yes. */
  readonly killed = new Set<TaskId>();
  readonly #machines = new Map<string, string>();
  readonly #stories = new Map<string, Story>();
  readonly #sleeps: { readonly from: number; readonly to: number }[] = [];

  join(
    id: FrameworkId,
    known: Pick<Story, 'isPartitionAware' | 'failoverTimeoutMs'>,
    nowMonoMs: number,
  ): void {
    const story = this.#stories.get(id);
    if (story) Object.assign(story, known);
    else this.#stories.set(id, { ...known, mayEnd: false, awaySinceMonoMs: nowMonoMs });
  }

  leave(id: FrameworkId, nowMonoMs: number): void {
    const story = this.#stories.get(id);
    if (story) story.awaySinceMonoMs ??= nowMonoMs;
  }

  back(id: FrameworkId, nowMonoMs: number): void {
    const story = this.#stories.get(id);
    if (!story) return;
    story.mayEnd = this.mayEnd(id, nowMonoMs);
    story.awaySinceMonoMs = null;
  }

  askEnd(id: FrameworkId): void {
    const story = this.#stories.get(id);
    if (story) story.mayEnd = true;
  }

  sleep(from: number, to: number): void {
    this.#sleeps.push({ from, to });
  }

  /** Torn down, or away for as long as it may be, in time in which this computer was awake. */
  mayEnd(id: FrameworkId, nowMonoMs: number): boolean {
    const story = this.#stories.get(id);
    if (!story) return false;
    const { mayEnd, awaySinceMonoMs, failoverTimeoutMs } = story;
    if (mayEnd || awaySinceMonoMs === null) return mayEnd;
    let awakeMs = nowMonoMs - awaySinceMonoMs;
    for (const { from, to } of this.#sleeps)
      awakeMs -= Math.max(0, Math.min(to, nowMonoMs) - Math.max(from, awaySinceMonoMs) - beatMs);
    return awakeMs >= failoverTimeoutMs;
  }

  noteTask({ id, machineId }: Pick<TaskRecord, 'id' | 'machineId'>): void {
    this.#machines.set(id, machineId);
  }

  /** It stays with a run that has to wait again. */
  conditionOf(id: TaskId): string | undefined {
    const prior = priorRunId(id);
    return this.conditions.get(id) ?? (prior === null ? undefined : this.conditionOf(prior));
  }

  /** With the others of its group. */
  noteGrace(id: TaskId, graceMs: number): void {
    for (const each of this.groups.get(id) ?? [id])
      this.graces.set(each, [...(this.graces.get(each) ?? []), graceMs]);
  }

  /** Its machine was to be emptied. */
  mayBeDrained(id: string): boolean {
    return this.outages.mayDrain(this.#machines.get(id) ?? '');
  }

  /** I6: nothing is killed that nobody asked to kill, and whose framework has no reason to go. */
  mayBeKilled(world: World, id: string): boolean {
    const { kills } = world.asked;
    const owner = this.owners.get(id);
    if (kills.has(id) || this.preempted.has(id)) return true;
    if (owner === undefined) return false;
    if (this.mayEnd(owner, world.time.monoMs())) return true;
    if (this.lostSight.has(id) && this.#stories.get(owner)?.isPartitionAware === false) return true;
    return (this.groups.get(id) ?? []).some((other) => kills.has(other) || this.failed.has(other));
  }
}
