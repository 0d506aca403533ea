// What a person may click besides tasks and adding machines: taking machines out of service and planning it, roles, who may end
// early for whom, slices, ending frameworks. Not everybody uses everything: each run has some of these groups (swarm testing,
// Groce et al., ISSTA 2012), so that what is rare meets what is rare often enough.
import type { MachineId, OperationId } from '../../electron/contract/ids.ts';
import type { Maintenance } from '../../electron/contract/machine.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import type { Preemption, Quota } from '../../electron/contract/role.ts';
import type { CommandEvent } from '../../electron/core/kernel/events.ts';
import type { Master } from './master.ts';
import { holds } from './scheduler-oracles.ts';
import type { World } from './world.ts';

export type Move = { readonly weight: number; readonly choose: (master: Master) => CommandEvent | null };

const groups = ['outages', 'roles', 'room', 'slices', 'endings'] as const;
type Group = (typeof groups)[number];

const roles = ['eng', 'ops', 'eng/dev', '*'] as const;

/** Roles use more than their fair share and about what they are guaranteed, and those without a role want it. */
function guaranteedRules(cpusMilli: number): CommandEvent[] {
  const guarantee = { cpusMilli, memMib: 0, diskMib: 0, gpus: 0 };
  const limit = { cpusMilli: null, memMib: null, diskMib: null, gpus: null };
  const preemption = { lowerPriority: true, aboveFairShare: true };
  const ofRole = (role: string): CommandEvent[] => [
    { kind: 'set-preemption', role, preemption },
    { kind: 'set-weight', role, weightMilli: 500 },
    { kind: 'set-quota', role, quota: { guarantee, limit }, force: true },
  ];
  return [...ofRole('eng'), ...ofRole('ops'), { kind: 'set-weight', role: '*', weightMilli: 4000 }];
}

export class Clicks {
  readonly #world: World;
  readonly #nextOperation: () => OperationId;
  readonly #groups: ReadonlySet<Group>;

  constructor(world: World, nextOperation: () => OperationId) {
    this.#world = world;
    this.#nextOperation = nextOperation;
    this.#groups = new Set(groups.filter(() => world.chance(0.3)));
  }

  /** Priorities mean nothing where nothing ends early. */
  get usesPriorities(): boolean {
    return this.#groups.has('room');
  }

  /** What it clicks at first: work that fills the machines, where some of it may have to go again. */
  opening(run: () => CommandEvent): CommandEvent[] {
    if (!this.#groups.has('room')) return [];
    const runs = Array.from({ length: 4 + Math.floor(this.#world.random() * 3) }, run);
    const rules = this.#world.chance(0.3)
      ? guaranteedRules(this.#pick([300, 800, 1500]))
      : [this.#setPreemption(), this.#setPreemption()];
    return [...rules, ...runs];
  }

  get moves(): Move[] {
    const of: Readonly<Record<Group, Move[]>> = {
      outages: [
        { weight: 5, choose: (master) => this.#drain(master) },
        { weight: 5, choose: (master) => this.#onMachine(master, 'deactivate-agent') },
        { weight: 10, choose: (master) => this.#reactivate(master) },
        { weight: 12, choose: (master) => this.#plan(master) },
      ],
      roles: [
        { weight: 6, choose: () => this.#changeRole() },
        { weight: 4, choose: () => this.#setQuota() },
        { weight: 3, choose: () => this.#setWeight() },
        { weight: 5, choose: (master) => this.#removeRole(master) },
      ],
      room: [
        { weight: 12, choose: () => this.#setPreemption() },
        { weight: 4, choose: () => this.#setWeight() },
        { weight: 4, choose: () => this.#setQuota() },
        { weight: 12, choose: (master) => this.#killVictim(master) },
      ],
      slices: [{ weight: 10, choose: (master) => this.#partition(master) }],
      endings: [
        { weight: 4, choose: (master) => this.#tearDown(master) },
        { weight: 8, choose: (master) => this.#remove(master) },
      ],
    };
    return [
      { weight: 2, choose: () => this.#setQuota() },
      { weight: 1, choose: () => this.#setWeight() },
      ...[...this.#groups].flatMap((group) => of[group]),
    ];
  }

  #pick<T>(values: readonly [T, ...T[]]): T {
    return this.#world.pick(values) ?? values[0];
  }

  #machine(master: Master): MachineId | undefined {
    return this.#world.pick([...master.loop.state.tables.machines.values()])?.id;
  }

  #onMachine(master: Master, kind: 'deactivate-agent'): CommandEvent | null {
    const machineId = this.#machine(master);
    return machineId === undefined ? null : { kind, machineId };
  }

  #drain(master: Master): CommandEvent | null {
    const machineId = this.#machine(master);
    if (machineId === undefined) return null;
    const graceMs = this.#pick([null, 0, 1000, 10_000]);
    const markGone = this.#world.chance(0.25);
    return { kind: 'drain-agent', machineId, operationId: this.#nextOperation(), graceMs, markGone };
  }

  #reactivate(master: Master): CommandEvent | null {
    const { agents } = master.loop.state.tables;
    const out = [...agents.values()].filter(({ availability }) => availability !== undefined);
    const agent = this.#world.pick(out);
    return agent ? { kind: 'reactivate-agent', machineId: agent.machineId } : null;
  }

  #plan(master: Master): CommandEvent | null {
    const machineId = this.#machine(master);
    if (machineId === undefined) return null;
    const inMs = this.#pick([-500, 300, 2000, 5000, 60_000]);
    const window: Maintenance = {
      startMs: Math.round(this.#world.time.nowMs() + inMs),
      durationMs: this.#pick([null, 700, 2500, 6000]),
      note: '',
    };
    return { kind: 'plan-maintenance', machineId, window: this.#world.chance(0.2) ? null : window };
  }

  #quota(): Quota | null {
    if (this.#world.chance(0.3)) return null;
    const some = (cpusMilli: number, memMib: number) => ({ cpusMilli, memMib, diskMib: 0, gpus: 0 });
    const limit = { cpusMilli: this.#pick([500, 1500, null]), memMib: null, diskMib: null, gpus: null };
    const guarantee = this.#pick([
      ...([some(0, 0), some(0, 0), some(500, 256)] as const),
      ...([some(400, 4096), some(2500, 4096)] as const),
    ]);
    return { guarantee, limit: guarantee.memMib > 256 ? { ...limit, cpusMilli: null } : limit };
  }

  #setQuota(): CommandEvent {
    const force = this.#world.chance(0.3);
    return { kind: 'set-quota', role: this.#pick(['eng', 'ops']), quota: this.#quota(), force };
  }

  #setWeight(): CommandEvent {
    return { kind: 'set-weight', role: this.#pick(roles), weightMilli: this.#pick([500, 1000, 4000]) };
  }

  #changeRole(): CommandEvent {
    const change = { weightMilli: this.#pick([500, 1000, 4000]), quota: this.#quota() };
    const role = this.#pick(['eng', 'ops', 'spare']);
    return { kind: 'change-role', role, ...change, force: this.#world.chance(0.5) };
  }

  /** One that the page shows, or one that is there no more. */
  #removeRole(master: Master): CommandEvent {
    const shown = this.#world.pick([...master.loop.state.tables.roles.values()])?.id;
    return { kind: 'remove-role', role: shown ?? this.#pick(['eng', 'ops', 'spare']) };
  }

  /** What has to go anyway is not wanted any more either. */
  #killVictim(master: Master): CommandEvent | null {
    const victims = [...master.loop.state.tables.tasks.values()].filter(
      (task) => task.madeRoomFor !== undefined && holds(task),
    );
    const victim = this.#world.pick(victims);
    return victim ? { kind: 'kill-task', taskId: victim.id, operationId: this.#nextOperation() } : null;
  }

  #setPreemption(): CommandEvent {
    const preemption = this.#pick<Preemption | null>([
      { lowerPriority: true, aboveFairShare: true },
      { lowerPriority: true, aboveFairShare: true },
      { lowerPriority: true, aboveFairShare: false },
      { lowerPriority: false, aboveFairShare: true },
      { lowerPriority: false, aboveFairShare: false },
      null,
    ]);
    return { kind: 'set-preemption', role: this.#pick(roles), preemption };
  }

  #partition(master: Master): CommandEvent | null {
    const machineId = this.#machine(master);
    if (machineId === undefined) return null;
    const wanted = (['eng', 'ops', 'eng/dev'] as const).filter(() => this.#world.chance(0.4));
    const slices = wanted.map((role) => {
      const size = this.#pick<Pick<Resources, 'cpusMilli' | 'memMib'>>([
        { cpusMilli: 500, memMib: 256 },
        { cpusMilli: 1000, memMib: 1024 },
        { cpusMilli: 2500, memMib: 4096 },
      ]);
      return { role, amounts: { ...size, diskMib: 1000, gpus: 0 } };
    });
    return { kind: 'partition-machine', machineId, slices };
  }

  #remove(master: Master): CommandEvent | null {
    const machineId = this.#machine(master);
    if (machineId === undefined) return null;
    const operationId = this.#nextOperation();
    return { kind: 'remove-machine', machineId, operationId, tasks: 'stop', force: false };
  }

  #tearDown(master: Master): CommandEvent | null {
    const framework = this.#world.pick([...master.loop.state.tables.frameworks.values()]);
    return framework ? { kind: 'teardown-framework', frameworkId: framework.id } : null;
  }
}
