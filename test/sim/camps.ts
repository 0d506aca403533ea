// Where most runs begin: what a calm while has left behind, at the moment when the master dies. Each is made once in a thread, by
// the real core in a world of its own and from its own number, so that runs start deep without paying for it, and a seed still
// says everything. Nothing in a camp is ever changed: tables and statuses are frozen, the rest is copied on the way out.
import type { OperationId, TaskId } from '../../electron/contract/ids.ts';
import { durableTables, type Tables } from '../../electron/contract/tables.ts';
import { applyDiff, emptyTables } from '../../electron/core/kernel/tables.ts';
import { aHostKey, aMachine, aTask } from '../support/builders.ts';
import { deepFreeze } from '../support/deep-freeze.ts';
import { emptyDisk, type FakeDisk } from '../support/fake-store.ts';
import { noteDisk } from './disk-oracles.ts';
import { Master } from './master.ts';
import { Schedulers } from './schedulers.ts';
import { World } from './world.ts';

/** What stands before the run begins: not a thing, machines that nobody has reached yet, or a camp. */
export type Start = 'nothing' | 'machines' | 'camp';

export type Camp = { readonly world: World; readonly disk: FakeDisk; readonly schedulers: Schedulers };

/** So many stand for all: enough that what differs between them differs between runs too. */
export const campCount = 24;
const machineCounts = [1, 2, 2];
const schedulerCounts = [0, 1, 1, 2];
const usualMachines = 2;
const camps = new Map<number, Promise<Camp>>();

export function campOf(number: number): Promise<Camp> {
  let camp = camps.get(number);
  if (!camp) {
    camp = makeCamp(number);
    camps.set(number, camp);
  }
  return camp;
}

/** They are to be made anew, by other code. */
export function forgetCamps(): void {
  camps.clear();
}

async function makeCamp(number: number): Promise<Camp> {
  const hosts = machineCounts[number % machineCounts.length] ?? usualMachines;
  const world = new World(number, { hosts, hasAlias: false, isTraced: false });
  const disk = emptyDisk();
  putMachines(world, disk);
  const master = new Master({
    ...{ world, disk, epoch: 1, seed: number, sampleEveryMs: 3000, isDeep: false },
    isQuirky: () => false,
    onDeath: () => {},
    onUnreachable: (machineId) => world.violate(`I9 ${machineId} was called unreachable in a camp`),
  });
  const schedulers = new Schedulers(
    world,
    schedulerCounts[number % schedulerCounts.length] ?? 0,
    () => master,
  );
  world.schedulers = schedulers.all;
  const { time } = world;
  for (let n = 0; n < 1 + (number % 3); n += 1)
    time.timers.after(world.between(300, 2500), () => runSome(world, master, n));
  const endMonoMs = time.monoMs() + world.between(2500, 5000);
  while (time.runNext(endMonoMs)) if (master.waiting > 0) await Promise.resolve();
  master.die();
  for (const table of durableTables) for (const row of disk.tables[table].values()) deepFreeze(row);
  return { world, disk, schedulers };
}

function runSome(world: World, master: Master, n: number): void {
  const machineId = world.pick([...master.loop.state.tables.machines.values()])?.id ?? null;
  const taskId = `t-c${n}` as TaskId;
  const cpusMilli = world.pick([100, 500, 2000]) ?? 100;
  const restart = world.pick([{}, {}, { restart: { on: 'always' as const, maxInRow: null } }]);
  const info = { ...aTask('x', { resources: { ...aTask().resources, cpusMilli }, ...restart }), taskId };
  world.asked.runs.add(taskId);
  const operationId = `o-c${n}` as OperationId;
  master.ask({ kind: 'run-task', machineId, operationId, info: Object.freeze(info) });
}

/** Machines are there from the start, so that even a short fire burns something. */
export function putMachines(world: World, disk: FakeDisk): void {
  const hosts = world.hosts.slice(0, usualMachines);
  for (const host of hosts) world.install(host);
  const put = hosts.map(({ name }) => aMachine(name, {}, { address: name, hostKey: aHostKey(name) }));
  disk.tables = applyDiff(disk.tables, { machines: { put, drop: [] } });
}

/** What is on disks, and in the memory of those who live on, is there again; what the observer must know of it, it is told. */
export function moveIn(world: World, disk: FakeDisk, camp: Camp): void {
  const { tables, seq, journal } = camp.disk;
  disk.tables = tables;
  disk.seq = seq;
  disk.journal = journal.slice(-1);
  for (const [at, host] of camp.world.hosts.entries()) {
    const here = world.hosts[at];
    if (host.agent && here) world.install(here).resume(host.agent);
  }
  world.violations.push(...camp.world.violations);
  remember(world, camp);
  noteDisk(world, emptyTables, tables, wholeOf(tables));
}

function remember(world: World, { world: past, schedulers }: Camp): void {
  for (const name of ['runs', 'kills'] as const) addAll(world.asked[name], past.asked[name]);
  addAll(world.onDisk, past.onDisk);
  addAll(world.book.acked, past.book.acked);
  addAll(world.book.told, past.book.told);
  setAll(world.updates, past.updates);
  setAll(world.firstRuns, past.firstRuns);
  setAll(world.book.owners, past.book.owners);
  setAll(world.book.groups, past.book.groups);
  setAll(world.book.graces, past.book.graces);
  setAll(world.book.toldAt, past.book.toldAt);
  for (const { id, terms } of schedulers.all) world.book.join(id, terms, world.time.monoMs());
}

function addAll<T>(into: Set<T>, from: ReadonlySet<T>): void {
  for (const each of from) into.add(each);
}

function setAll<K, V>(into: Map<K, V>, from: ReadonlyMap<K, V>): void {
  for (const [key, value] of from) into.set(key, value);
}

function wholeOf(tables: Tables): Parameters<typeof noteDisk>[3] {
  return Object.fromEntries(
    durableTables.map((table) => [table, { put: [...tables[table].values()], drop: [] }]),
  );
}
