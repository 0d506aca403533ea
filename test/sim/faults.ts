// The faults of a run. Each run takes a part of them (swarm), so that rare pairs meet often enough.
import type { MachineId, TaskId } from '../../electron/contract/ids.ts';
import type { TaskState, TaskStatus } from '../../electron/contract/task.ts';
import { uninstall } from './lanes.ts';
import type { Fate, Master } from './master.ts';
import { badCall } from './schedulers.ts';
import type { Host, World } from './world.ts';

export const faultKinds = [
  'cut',
  'flap',
  'freeze',
  'reset',
  'agent-crash',
  'reboot',
  'wipe',
  'amnesia',
  'liar',
  'rival',
  'master-crash',
  'disk-full',
  'disk-slow',
  'disk-hang',
  'store-lost',
  'sleep',
  'wall-clock',
  'scheduler-crash',
  'scheduler-failover',
  'teardown',
  'bad-calls',
  'quirky-network',
  'quirky-lane',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** These are asked for by the adapters themselves, call by call. */
const quirks: ReadonlySet<FaultKind> = new Set(['quirky-network', 'quirky-lane']);
const takesAway: ReadonlySet<FaultKind> = new Set([
  'cut',
  'flap',
  'freeze',
  'agent-crash',
  'reboot',
  'wipe',
  'rival',
]);
/** Longest back-off and connect cap after the fault is over. */
const recoveryMs = 30_000;

export type Chosen = { readonly all: ReadonlySet<FaultKind>; readonly sudden: readonly FaultKind[] };

/** A run without any is no waste: it shows what goes wrong in calm weather. */
export function chooseFaults(world: World, disabled: ReadonlySet<FaultKind>): Chosen {
  const share = world.pick([0.1, 0.25, 0.5]) ?? 0.5;
  const all = faultKinds.filter((kind) => world.chance(share) && !disabled.has(kind));
  return { all: new Set(all), sudden: all.filter((kind) => !quirks.has(kind)) };
}

/** Lets one fault of this kind happen now. */
export function inflict(world: World, master: Master, kind: FaultKind): void {
  const host = world.pick(world.hosts);
  if (!host) return;
  world.say('fault', kind, host.name);
  faults[kind](world, master, host);
  if (takesAway.has(kind)) {
    host.harmedUntilMonoMs =
      Math.max(host.harmedUntilMonoMs, world.deafUntil(host), world.time.monoMs()) + recoveryMs;
  }
}

type Fault = (world: World, master: Master, host: Host) => void;

const faults: Readonly<Record<FaultKind, Fault>> = {
  cut: (world, master, host) => {
    const ms = world.random() ** 2 * 40_000;
    world.cut(host, world.time.monoMs() + ms);
    world.time.timers.after(Math.max(0, ms - 1), () => judgeSilence(world, master, host));
  },
  flap: (world, _, host) => {
    const { time } = world;
    for (let n = 0; n < 3; n += 1) time.timers.after(n * 2000, () => world.cut(host, time.monoMs() + 900));
  },
  freeze: (world, _, host) => {
    host.frozenUntilMonoMs = world.time.monoMs() + world.between(2000, 25_000);
  },
  reset: (world, master) => {
    const machineId = world.pick(master.network.connections());
    if (!machineId) return;
    master.network.reset(machineId);
    const host = hostOf(world, master, machineId);
    if (!host) return;
    const now = world.time.monoMs();
    // Once is met by the next try. Again and again is a flapping machine, and its back-off grows.
    if (now - host.resetAtMonoMs < recoveryMs)
      host.harmedUntilMonoMs = Math.max(host.harmedUntilMonoMs, now + recoveryMs);
    host.resetAtMonoMs = now;
  },
  'agent-crash': (world, master, host) => {
    if (host.agent) host.agent.isUp = false;
    endConnections(world, master, host);
  },
  reboot: (world, master, host) => {
    world.cut(host, world.time.monoMs() + 5000);
    endConnections(world, master, host);
    host.agent?.reboot();
  },
  // The state folder is lost and the agent starts anew in it: another agent id.
  wipe: (world, master, host) => {
    if (!host.agent || host.installedBy !== null) return;
    endConnections(world, master, host);
    uninstall(host);
    world.install(host);
  },
  // A restored backup, a torn file: the agent does not know a task any more that the master has heard of.
  amnesia: (world, master, host) => {
    const { tasks } = master.loop.state.tables;
    const told = [...(host.agent?.tasks.keys() ?? [])].filter((id) =>
      tasks.get(id)?.statuses.some(({ uuid }) => uuid !== null),
    );
    const taskId = world.pick(told);
    if (taskId === undefined || !host.agent?.tasks.delete(taskId)) return;
    endConnections(world, master, host);
  },
  liar: tellLies,
  rival: letRivalIn,
  'master-crash': (world, master) => {
    if (world.chance(0.3)) master.die();
    else
      master.willDie({
        at: world.pick(['before-commit', 'after-commit', 'effect'] as const) ?? 'effect',
        left: 1 + Math.floor(world.random() * 4),
      } satisfies Fate);
  },
  'disk-full': (world, master) => {
    master.store.failure = 'SQLITE_FULL: database or disk is full';
    world.time.timers.after(world.between(500, 8000), () => {
      master.store.failure = null;
    });
  },
  'disk-slow': (world, master) => master.slowDown(world.between(500, 20_000)),
  // Whatever stalls a disk may stall a connection as well.
  'disk-hang': (world, master, host) => {
    master.hang(3000 + world.random() ** 2 * 15_000);
    if (!world.chance(0.5)) return;
    world.time.timers.after(world.between(0, 3000), () => {
      if (master.isAlive) faults.reset(world, master, host);
    });
  },
  'store-lost': (world, master) => master.loseStore(world.between(500, 8000)),
  sleep: fallAsleep,
  'wall-clock': (world) => world.time.setWall(world.time.nowMs() + world.between(-3_600_000, 3_600_000)),
  'scheduler-crash': (world) => {
    const noticedAfterMs = world.chance(0.3) ? world.between(1000, 15_000) : world.between(0, 50);
    world.pick(world.schedulers)?.crash(world.random() ** 2 * 30_000, noticedAfterMs);
  },
  'scheduler-failover': (world) => world.pick(world.schedulers)?.failOver(),
  teardown: (world) => {
    if (world.chance(0.7)) world.pick(world.schedulers)?.teardown();
  },
  'bad-calls': (world, master) => {
    const scheduler = world.pick(world.schedulers);
    for (let n = 0; scheduler && n < 5; n += 1) badCall(world, scheduler, master);
  },
  'quirky-network': () => {},
  'quirky-lane': () => {},
};

/** Harm that was there when it fell asleep is met again when it wakes up: only awake time heals. */
function fallAsleep(world: World, master: Master): void {
  if (master.isAsleep) return;
  const ms = world.between(3000, 120_000);
  for (const host of world.hosts) {
    if (host.harmedUntilMonoMs > world.time.monoMs()) host.harmedUntilMonoMs += ms;
  }
  // Programs on this computer lose their connections when it falls asleep, and may need a while to come back.
  if (world.chance(0.5)) world.pick(world.schedulers)?.crash(ms + world.between(0, 2000), 0);
  world.time.timers.after(1, () => {
    const kind = world.chance(0.5) ? 'seen' : 'unseen';
    if (master.isAlive && world.isUnderFire) master.sleep(ms, kind);
  });
}

function endConnections(world: World, master: Master, host: Host): void {
  for (const machineId of master.network.connections()) {
    if (hostOf(world, master, machineId) === host) master.network.reset(machineId);
  }
}

function hostOf(world: World, master: Master, machineId: MachineId): Host | null {
  const via = master.loop.state.tables.machines.get(machineId)?.via;
  return via?.kind === 'ssh' ? world.host(via.address) : null;
}

/** Another master takes the agent: only a person may take it back. */
function letRivalIn(world: World, master: Master, host: Host): void {
  if (!host.agent) return;
  host.agent.lease = { masterId: 'master-rival', epoch: 99 };
  const { machines } = master.loop.state.tables;
  for (const { id } of machines.values()) if (hostOf(world, master, id) === host) world.leaseTries.delete(id);
  for (const machineId of master.network.connections()) {
    if (hostOf(world, master, machineId) !== host) continue;
    master.network.reset(machineId, { code: 'conflict', reason: 'lease-lost', detail: 'master-rival' });
  }
}

/** States that an agent cannot say, of its own task and of others', and stories about tasks that are nobody's. */
function tellLies(world: World, master: Master): void {
  const machineId = world.pick(master.network.connections());
  const task = world.pick([...master.loop.state.tables.tasks.values()]);
  if (!machineId || !task) return;
  const isOwn = task.machineId === machineId;
  const state: TaskState = isOwn
    ? (world.pick(['TASK_UNREACHABLE', 'TASK_GONE', 'TASK_GONE_BY_OPERATOR', 'TASK_UNKNOWN'] as const) ??
      'TASK_GONE')
    : (world.pick(['TASK_RUNNING', 'TASK_FINISHED', 'TASK_LOST'] as const) ?? 'TASK_RUNNING');
  const taskId = world.chance(0.2) ? (`t-nobody` as TaskId) : task.id;
  master.network.lie(machineId, aLie(world, taskId, state));
}

function aLie(world: World, taskId: TaskId, state: TaskState): TaskStatus {
  const uuid = `lie-${Math.floor(world.random() * 2 ** 31)}`;
  return Object.freeze({
    taskId,
    state,
    source: 'SOURCE_AGENT',
    reason: null,
    message: '',
    timestampMs: world.time.nowMs(),
    uuid,
    exitCode: null,
    signal: null,
  });
}

/**
 * When many are silent together the master judges one in 10 s, lest a broken switch take all. Counted are all that were away
 * with this one: the turn of one that has come back meanwhile is spent.
 */
function brakeMs(world: World, { cutSinceMonoMs }: Host): number {
  const away = world.hosts.filter((host) => host.agent && host.cutUntilMonoMs > cutSinceMonoMs).length;
  return away < 2 ? 0 : away * 10_000;
}

/** Room over the limit: the beat of the loop, and the last sample before the cut. */
const noticeMs = 5000;

/** I9 the other way round: a machine that nobody can reach, seen by a master that is well, is called unreachable in time. */
function judgeSilence(world: World, master: Master, host: Host): void {
  const { tables } = master.loop.state;
  const now = world.time.monoMs();
  if (!master.isAlive || master.isAsleep || !master.isWell || world.isReachable(host)) return;
  const limitMs =
    (tables.settings.get('settings')?.unreachableAfterMs ?? 10_000) + noticeMs + brakeMs(world, host);
  if (Math.max(host.cutSinceMonoMs, world.calmSinceMonoMs) + limitMs > now) return;
  for (const agent of tables.agents.values()) {
    const isThere = agent.state.kind === 'active' && host.agent?.id === agent.id;
    if (isThere && !tables.machines.get(agent.machineId)?.removal)
      world.violate(
        `I9 ${agent.id} was out of reach for ${Math.round(now - host.cutSinceMonoMs)} ms unnoticed`,
      );
  }
}
