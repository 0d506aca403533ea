// The machines of the cluster as they are partitioned for roles: one row each, a bar for CPU and one for memory.
import { SquareSplitHorizontal } from 'lucide-react';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { Empty } from '../../kit/parts.tsx';
import { scalarText } from '../../parts/scalar-words.ts';
import { SliceBar } from '../../parts/slice-bar.tsx';
import { freeIn, slicesOf } from '../../parts/slices.ts';
import { healthOf, machineList } from '../../store/selectors.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { inspect, openDialog } from '../../store/view.ts';

function Row({ machine, isCursor }: { readonly machine: MachineRecord; readonly isCursor: boolean }) {
  const words = useWords();
  const { tables } = tableStore.getState();
  const health = healthOf(tables, machine);
  const slices = slicesOf(tables, machine);
  const free = freeIn(slices);
  const roles = [...new Set([...slices.slices, ...slices.fixed].map(({ role }) => role))];
  return (
    <div
      role="row"
      aria-label={machine.name}
      className={cx('slice-grid', 'row', 'row--tall', isCursor && 'row--cursor')}
      onDoubleClick={() => openDialog({ kind: 'partition-machine', machineId: machine.id })}
    >
      <span role="cell" className="role-name">
        <Glyph kind={health.glyph} label={words.t(`state.${health.word}`)} size={12} />
        <span className="role-name__text">
          <button
            type="button"
            className="row-door clip"
            onClick={() => inspect({ kind: 'machine', id: machine.id })}
          >
            {machine.name}
          </button>
          <span className="role-name__sub clip dim">
            {roles.length === 0 ? words.t('slices.no-slices') : roles.join(words.t('list.comma'))}
          </span>
        </span>
      </span>
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
          onClick={() => openDialog({ kind: 'partition-machine', machineId: machine.id })}
        >
          {words.t('slices.partition')}
        </Button>
      </span>
    </div>
  );
}

export function MachineSlicesTable(props: { readonly find: string; readonly cursor: string | null }) {
  const words = useWords();
  useTables((tables) => tables.reservations);
  useTables((tables) => tables.agents);
  useTables((tables) => tables.tasks);
  const machines = machinesFound(
    useTables((tables) => tables.machines),
    props.find,
  );
  if (machines.length === 0) return <Empty text={words.t('palette.none')} />;
  return (
    <div className="page-scroll" role="table" aria-label={words.t('slices.title')}>
      <div role="rowgroup">
        <div className="slice-grid roles-head" role="row">
          {(['machine', 'cpu', 'mem'] as const).map((column) => (
            <span key={column} role="columnheader">
              {words.t(`slices.col.${column}`)}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup">
        {machines.map((machine) => (
          <Row key={machine.id} machine={machine} isCursor={machine.id === props.cursor} />
        ))}
      </div>
    </div>
  );
}

export function machinesFound(
  machines: ReadonlyMap<string, MachineRecord>,
  find: string,
): readonly MachineRecord[] {
  const wanted = find.trim().toLowerCase();
  return machineList(machines).filter(({ name }) => name.toLowerCase().includes(wanted));
}
