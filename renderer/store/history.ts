// Rings of the newest samples for the small charts: 120 per machine and per task. Kept beside the tables, because
// they change with every sample and nobody diffs them.
import type { SampleRecord } from '../../electron/contract/machine.ts';

export const ringLength = 120;

export type MachinePoint = {
  readonly atMs: number;
  readonly cpuMilli: number;
  readonly memMib: number;
  readonly rxBytesPerS: number;
  readonly txBytesPerS: number;
  readonly diskBytesPerS: number;
  readonly milliC: number | null;
};
export type TaskPoint = { readonly atMs: number; readonly cpuMilli: number; readonly memMib: number };

const machines = new Map<string, MachinePoint[]>();
const tasks = new Map<string, TaskPoint[]>();

function push<T extends { atMs: number }>(rings: Map<string, T[]>, id: string, point: T): void {
  const ring = rings.get(id) ?? [];
  const last = ring.at(-1);
  if (last !== undefined && point.atMs <= last.atMs) return;
  ring.push(point);
  if (ring.length > ringLength) ring.shift();
  rings.set(id, ring);
}

export function hottestMilliC(record: SampleRecord): number | null {
  let hottest: number | null = null;
  for (const { milliC } of record.sample.temps) if (hottest === null || milliC > hottest) hottest = milliC;
  return hottest;
}

export function recordSample(record: SampleRecord): void {
  const { sample, receivedAtMs: atMs } = record;
  push(machines, record.id, {
    atMs,
    cpuMilli: sample.cpuBusyMilli,
    memMib: sample.memUsedMib,
    rxBytesPerS: sample.netRxBytesPerS,
    txBytesPerS: sample.netTxBytesPerS,
    diskBytesPerS: sample.diskReadBytesPerS + sample.diskWriteBytesPerS,
    milliC: hottestMilliC(record),
  });
  for (const task of sample.tasks) {
    push(tasks, task.taskId, { atMs, cpuMilli: task.cpuBusyMilli, memMib: task.memUsedMib });
  }
  // Points of tasks that ended long ago are of no use to anybody.
  if (tasks.size > 8000) for (const id of [...tasks.keys()].slice(0, 2000)) tasks.delete(id);
}

export function machineHistory(id: string): readonly MachinePoint[] {
  return machines.get(id) ?? [];
}

export function taskHistory(id: string): readonly TaskPoint[] {
  return tasks.get(id) ?? [];
}

export function forgetHistory(machineId: string): void {
  machines.delete(machineId);
}

export function forgetAllHistory(): void {
  machines.clear();
  tasks.clear();
}
