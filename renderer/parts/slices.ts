// What of a machine is set aside for roles, used and free. A slice names one role; what frameworks refined of one, and
// volumes, are theirs and cannot be moved here.
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { ResourcePart } from '../../electron/contract/role.ts';
import type { Scalars } from '../../electron/contract/shares.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import { activeTasksOf, agentOf } from '../store/selectors.ts';
import { noScalars, scalarNames, sumScalars } from './scalar-words.ts';

export type ShownSlice = {
  readonly role: string;
  readonly amounts: Scalars;
  readonly used: Scalars;
  /** Tasks that use it. */
  readonly tasks: readonly string[];
};
export type MachineSlices = {
  readonly total: Scalars;
  readonly slices: readonly ShownSlice[];
  /** Set aside, but not by a slice. */
  readonly fixed: readonly ShownSlice[];
  /** Used by tasks of nobody's slice. */
  readonly loose: Scalars;
};

export function slicesOf(tables: Tables, machine: MachineRecord): MachineSlices {
  const tasks = activeTasksOf(tables, machine.id);
  const rows = [...tables.reservations.values()].filter((row) => row.agentId === machine.agentId);
  const shown = rows.map(({ part }) => ({ isSlice: isSlice(part), slice: shownSlice(part, tasks) }));
  const byRole = (a: ShownSlice, b: ShownSlice): number => (a.role < b.role ? -1 : 1);
  return {
    total: agentOf(tables, machine)?.resources ?? noScalars,
    slices: shown
      .filter((each) => each.isSlice)
      .map((each) => each.slice)
      .sort(byRole),
    fixed: shown
      .filter((each) => !each.isSlice)
      .map((each) => each.slice)
      .sort(byRole),
    loose: sumScalars(
      tasks.flatMap((task) => usesOf(task).filter((part) => part.reservation.length === 0)).map(amountsOf),
    ),
  };
}

const amountsOf = (part: ResourcePart): Scalars => part.amounts;

function usesOf(task: TaskRecord): readonly ResourcePart[] {
  return task.uses ?? [{ reservation: [], volume: null, amounts: task.info.resources }];
}

function isSlice({ reservation, volume }: ResourcePart): boolean {
  return reservation.length === 1 && volume === null;
}

const kindOf = ({ reservation, volume }: ResourcePart): string =>
  `${reservation.join('>')}|${volume?.persistenceId ?? ''}`;

function shownSlice(part: ResourcePart, tasks: readonly TaskRecord[]): ShownSlice {
  const kind = kindOf(part);
  const users = tasks.filter((task) => usesOf(task).some((use) => kindOf(use) === kind));
  const uses = users.flatMap((task) => usesOf(task).filter((use) => kindOf(use) === kind));
  return {
    role: part.reservation.at(-1) ?? '',
    amounts: part.amounts,
    used: sumScalars(uses.map(amountsOf)),
    tasks: users.map(({ info }) => info.name),
  };
}

/** Neither set aside nor used. */
export function freeIn({ total, slices, fixed, loose }: MachineSlices): Scalars {
  const taken = sumScalars([...slices.map(amountsOfSlice), ...fixed.map(amountsOfSlice), loose]);
  const free = { ...noScalars };
  for (const name of scalarNames) free[name] = Math.max(0, total[name] - taken[name]);
  return free;
}

const amountsOfSlice = ({ amounts }: ShownSlice): Scalars => amounts;
