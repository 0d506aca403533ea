// Filtering and sorting of the table of machines. Pure.
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import { activeTasksOf, agentOf, capacityOf, healthOf, machineList } from '../../store/selectors.ts';

export const columns = [
  'name',
  'state',
  'address',
  'system',
  'cpu',
  'mem',
  'disk',
  'tasks',
  'agent',
  'heard',
] as const;
export type Column = (typeof columns)[number];
export type Sort = { readonly column: Column; readonly isDown: boolean } | null;
export const rightAligned: ReadonlySet<Column> = new Set(['tasks', 'heard']);

function addressOf(machine: MachineRecord): string {
  return machine.via.kind === 'ssh' ? `${machine.via.user}@${machine.via.address}` : '';
}

export function fullestDisk(tables: Tables, id: string): number {
  const disks = tables.samples.get(id)?.sample.disks ?? [];
  return disks.reduce(
    (most, disk) => Math.max(most, disk.totalMib === 0 ? 0 : disk.usedMib / disk.totalMib),
    0,
  );
}

function keyOf(tables: Tables, machine: MachineRecord, column: Column): string | number {
  const agent = agentOf(tables, machine);
  const sample = tables.samples.get(machine.id)?.sample;
  switch (column) {
    case 'name':
      return machine.name.toLowerCase();
    case 'state':
      return healthOf(tables, machine).glyph;
    case 'address':
      return addressOf(machine);
    case 'system':
      return agent?.facts.os ?? '';
    case 'cpu':
      return sample === undefined || agent === undefined
        ? -1
        : sample.cpuBusyMilli / Math.max(1, capacityOf(machine, agent).cpusMilli);
    case 'mem':
      return sample === undefined ? -1 : sample.memUsedMib / Math.max(1, sample.memTotalMib);
    case 'disk':
      return fullestDisk(tables, machine.id);
    case 'tasks':
      return activeTasksOf(tables, machine.id).length;
    case 'agent':
      return agent?.version ?? '';
    case 'heard':
      return tables.links.get(machine.id)?.lastHeardAtMs ?? 0;
  }
}

/** Sorted once per wish, so that nothing moves by itself. */
export function listMachines(tables: Tables, find: string, sort: Sort): readonly MachineRecord[] {
  const wanted = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = machineList(tables.machines).filter((machine) => {
    const text =
      `${machine.name} ${addressOf(machine)} ${agentOf(tables, machine)?.facts.os ?? ''} ${machine.note}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  if (sort === null) return found;
  const sign = sort.isDown ? -1 : 1;
  const keyed = found.map((machine) => ({ machine, key: keyOf(tables, machine, sort.column) }));
  keyed.sort((a, b) => {
    if (typeof a.key === 'number' && typeof b.key === 'number') return sign * (a.key - b.key);
    return sign * String(a.key).localeCompare(String(b.key), undefined, { numeric: true });
  });
  return keyed.map(({ machine }) => machine);
}
