// The faults of a run. Each run takes a part of them (swarm), so that rare pairs meet often enough.
import { uninstall } from './lanes.ts';
import type { Fate, Master } from './master.ts';
import type { World } from './world.ts';

export const faultKinds = [
  'cut',
  'flap',
  'reset',
  'agent-crash',
  'reboot',
  'wipe',
  'master-crash',
  'disk-full',
  'disk-slow',
  'store-lost',
  'sleep',
  'wall-clock',
  'quirky-network',
  'quirky-lane',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const takesAway: ReadonlySet<FaultKind> = new Set(['cut', 'flap', 'agent-crash', 'reboot', 'wipe']);
/** Longest back-off and connect cap after the fault is over. */
const recoveryMs = 30_000;

export function chooseFaults(world: World, disabled: ReadonlySet<FaultKind>): ReadonlySet<FaultKind> {
  return new Set(faultKinds.filter((kind) => world.chance(0.5) && !disabled.has(kind)));
}

/** Lets one fault of this kind happen now. Quirks are asked for by the adapters themselves. */
export function inflict(world: World, master: Master, kind: FaultKind): void {
  const { time } = world;
  const host = world.pick(world.hosts);
  if (!host) return;
  switch (kind) {
    case 'cut':
      host.cutUntilMonoMs = Math.max(host.cutUntilMonoMs, time.monoMs() + world.random() ** 2 * 40_000);
      break;
    case 'flap':
      for (let n = 0; n < 6; n += 1) {
        time.timers.after(n * 1000, () => {
          if (n % 2 === 0) host.cutUntilMonoMs = Math.max(host.cutUntilMonoMs, time.monoMs() + 900);
        });
      }
      break;
    case 'reset': {
      const machineId = world.pick(master.network.connections());
      if (machineId) master.network.reset(machineId);
      break;
    }
    case 'agent-crash':
      if (host.agent) host.agent.isUp = false;
      endConnections(master, host.name);
      break;
    case 'reboot':
      host.cutUntilMonoMs = Math.max(host.cutUntilMonoMs, time.monoMs() + 5000);
      endConnections(master, host.name);
      host.agent?.reboot();
      break;
    case 'wipe':
      // The state folder is lost and the agent starts anew in it: another agent id.
      if (!host.agent || host.installedBy !== null) break;
      endConnections(master, host.name);
      uninstall(host);
      world.install(host);
      break;
    case 'master-crash':
      if (world.chance(0.3)) master.die();
      else
        master.willDie({
          at: world.pick(['before-commit', 'after-commit', 'effect'] as const) ?? 'effect',
          left: 1 + Math.floor(world.random() * 4),
        } satisfies Fate);
      break;
    case 'disk-full':
      master.store.failure = 'SQLITE_FULL: database or disk is full';
      time.timers.after(world.between(500, 8000), () => {
        master.store.failure = null;
      });
      break;
    case 'disk-slow':
      master.slowDown(world.between(500, 20_000));
      break;
    case 'store-lost':
      master.loseStore(world.between(500, 8000));
      break;
    case 'sleep':
      fallAsleep(world, master);
      break;
    case 'wall-clock':
      time.setWall(time.nowMs() + world.between(-3_600_000, 3_600_000));
      break;
    case 'quirky-network':
    case 'quirky-lane':
      break;
  }
  if (takesAway.has(kind)) {
    host.harmedUntilMonoMs =
      Math.max(host.harmedUntilMonoMs, host.cutUntilMonoMs, time.monoMs()) + recoveryMs;
  }
  world.say(`fault ${kind} ${host.name}`);
}

/** Harm that was there when it fell asleep is met again when it wakes up: only awake time heals. */
function fallAsleep(world: World, master: Master): void {
  if (master.isAsleep) return;
  const ms = world.between(3000, 120_000);
  for (const host of world.hosts) {
    if (host.harmedUntilMonoMs > world.time.monoMs()) host.harmedUntilMonoMs += ms;
  }
  master.sleep(ms, world.chance(0.5) ? 'seen' : 'unseen');
}

function endConnections(master: Master, address: string): void {
  for (const machineId of master.network.connections()) {
    const via = master.loop.state.tables.machines.get(machineId)?.via;
    if (via?.kind === 'ssh' && via.address === address) master.network.reset(machineId);
  }
}
