// Machines as they are partitioned for roles: one row each, with what is set aside, used and free.
import { SquareSplitHorizontal } from 'lucide-react';
import { memo, type RefObject, useMemo } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { MachineDoor } from '../../parts/machine-door.tsx';
import { scalarText } from '../../parts/scalar-words.ts';
import { SliceBar } from '../../parts/slice-bar.tsx';
import { freeIn, type MachineSlices as Slices, slicesOf } from '../../parts/slices.ts';
import { activeTasksOf, agentOf, healthOf, machineList } from '../../store/selectors.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { inspect, openDialog, useView } from '../../store/view.ts';
import { type RolesActs, useRolesKeys } from './use-roles-keys.ts';

const rowPx = 48;
const acts: RolesActs<MachineId> = {
  open: (id) => inspect({ kind: 'machine', id }),
  change: (machineId) => openDialog({ kind: 'partition-machine', machineId }),
};

function Name({ machine, slices, words }: { machine: MachineRecord; slices: Slices; words: Words }) {
  const health = useTables(useShallow((tables) => healthOf(tables, machine)));
  const roles = [...new Set([...slices.slices, ...slices.fixed].map(({ role }) => role))];
  return (
    <span role="cell" className="role-name">
      <Glyph kind={health.glyph} label={words.t(`state.${health.word}`)} size={12} />
      <span className="role-name__text">
        <MachineDoor id={machine.id} name={machine.name} />
        <span className="role-name__sub clip dim">
          {roles.length === 0 ? words.t('slices.no-slices') : roles.join(words.t('list.comma'))}
        </span>
      </span>
    </span>
  );
}

/** Its slices, read anew only when something they are made of has changed. */
function useSlices(machine: MachineRecord): Slices {
  const reservations = useTables((tables) => tables.reservations);
  const agent = useTables((tables) => agentOf(tables, machine));
  const tasks = useTables((tables) => activeTasksOf(tables, machine.id));
  return useMemo(
    () => slicesOf(tableStore.getState().tables, machine),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the store is read as a whole, these parts of it count
    [reservations, agent, tasks, machine],
  );
}

const Row = memo(function Row(props: {
  readonly machine: MachineRecord;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly onPress: (id: MachineId) => void;
}) {
  const words = useWords();
  const { machine, isCursor, isSelected } = props;
  const slices = useSlices(machine);
  const free = freeIn(slices);
  const states = [isCursor && 'row--cursor', isSelected && 'row--selected'];
  return (
    <div
      role="row"
      aria-label={machine.name}
      aria-selected={isSelected}
      className={cx('slice-grid', 'row', 'row--tall', ...states)}
      onClick={() => props.onPress(machine.id)}
      onDoubleClick={() => acts.change(machine.id)}
    >
      <Name machine={machine} slices={slices} words={words} />
      {(['cpusMilli', 'memMib'] as const).map((resource) => (
        <span key={resource} role="cell" className="bar-cell">
          <SliceBar slices={slices} resource={resource} words={words} />
          <span className="bar-cell__text">
            <span className="clip">
              {words.t('slices.free', { amount: scalarText(resource, free[resource]) })}
            </span>
            <span className="clip dim">
              {words.t('slices.of', { amount: scalarText(resource, slices.total[resource]) })}
            </span>
          </span>
        </span>
      ))}
      <span role="cell" className="slice-grid__act">
        <Button
          compact
          icon={<SquareSplitHorizontal />}
          disabled={machine.agentId === null}
          onClick={(event) => {
            event.stopPropagation();
            acts.change(machine.id);
          }}
        >
          {words.t('slices.partition')}
        </Button>
      </span>
    </div>
  );
});

function Head({ words }: { readonly words: Words }) {
  return (
    <div className="slice-grid roles-head" role="row">
      {(['machine', 'cpu', 'mem'] as const).map((column) => (
        <span key={column} role="columnheader">
          {words.t(`slices.col.${column}`)}
        </span>
      ))}
    </div>
  );
}

export function MachineSlices(props: {
  readonly find: string;
  readonly search: RefObject<HTMLInputElement | null>;
}) {
  const words = useWords();
  const subject = useView((view) => view.subject);
  const wanted = props.find.trim().toLowerCase();
  const all = useTables((tables) => machineList(tables.machines));
  const machines = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  const order = machines.map(({ id }) => id);
  const { cursor, onPress } = useRolesKeys(order, acts, props.search);
  if (machines.length === 0) return <Empty text={words.t('palette.none')} />;
  return (
    <Rows
      label={words.t('slices.title')}
      count={machines.length}
      rowPx={rowPx}
      cursor={cursor === null ? -1 : order.indexOf(cursor)}
      head={<Head words={words} />}
      keyOf={(index) => order[index] ?? String(index)}
      renderRow={(index) => {
        const machine = machines[index];
        if (machine === undefined) return null;
        return (
          <Row
            machine={machine}
            isCursor={machine.id === cursor}
            isSelected={subject?.kind === 'machine' && subject.id === machine.id}
            onPress={onPress}
          />
        );
      }}
    />
  );
}
