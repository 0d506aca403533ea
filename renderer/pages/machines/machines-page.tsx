// All machines as a dense table: 28 px rows, sortable, filtered. Sorted once per wish, so that nothing moves by itself.
import './machines.css';
import { Plus, Radar, Search } from 'lucide-react';
import { type RefObject, useCallback, useRef, useState } from 'react';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { SearchField } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { SortHead } from '../../kit/sort-head.tsx';
import { useSelection } from '../../kit/use-selection.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { go, inspect, openDialog, useView } from '../../store/view.ts';
import { columns, listMachines, rightAligned, type Sort } from './machine-list.ts';
import { MachineTableRow } from './machine-table-row.tsx';

function Head({ sort, onSort }: { readonly sort: Sort; readonly onSort: (sort: Sort) => void }) {
  const words = useWords();
  return (
    <div className="machine-grid sort-head" role="row">
      <SortHead
        columns={columns.map((id) => {
          const text = words.t(`machines.col.${id}`);
          return { id, text, sortLabel: words.t('tasks.sort-by', { column: text }) };
        })}
        numeric={rightAligned}
        sort={sort}
        onSort={onSort}
      />
    </div>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }) {
  const words = useWords();
  if (isFiltered) return <Empty text={words.t('palette.none')} />;
  return (
    <Empty
      text={words.t('rack.empty')}
      actions={
        <Button look="primary" icon={<Plus />} onClick={() => openDialog({ kind: 'add-machine' })}>
          {words.t('verb.add-machine')}
        </Button>
      }
    />
  );
}

function useMachineKeys(machines: readonly MachineRecord[], search: RefObject<HTMLInputElement | null>) {
  const order = machines.map((machine) => machine.id);
  const { cursor, move, press } = useSelection(order);
  const onPress = useCallback(
    (id: MachineId) => {
      press(id, { isToggle: false, isRange: false });
      inspect({ kind: 'machine', id });
    },
    [press],
  );
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: () => cursor && inspect({ kind: 'machine', id: cursor }),
    l: () => {
      const machine = machines.find((each) => each.id === cursor);
      if (machine !== undefined) go({ page: 'tasks', filter: machine.name, state: 'all' });
    },
    '/': () => search.current?.focus(),
  });
  return { cursor, onPress };
}

export function MachinesPage() {
  const words = useWords();
  const [find, setFind] = useState('');
  const [sort, setSort] = useState<Sort>(null);
  const search = useRef<HTMLInputElement>(null);
  const subject = useView((view) => view.subject);
  // Names and membership change the list; samples do not.
  useTables((tables) => tables.machines);
  useTables((tables) => tables.agents);
  const machines = listMachines(tableStore.getState().tables, find, sort);
  const order = machines.map((machine) => machine.id);
  const { cursor, onPress } = useMachineKeys(machines, search);
  return (
    <>
      <header className="page-head">
        <h1 className="page-head__title">{words.t('machines.title')}</h1>
        <div className="grow tasks-find">
          <SearchField
            label={words.t('machines.find')}
            icon={<Search />}
            value={find}
            inputRef={search}
            onText={setFind}
          />
        </div>
        <Button compact icon={<Radar />} onClick={() => go({ page: 'find' })}>
          {words.t('verb.find-machines')}
        </Button>
      </header>
      {machines.length === 0 ? (
        <Nothing isFiltered={find !== ''} />
      ) : (
        <Rows
          label={words.t('machines.title')}
          count={machines.length}
          rowPx={28}
          cursor={cursor === null ? -1 : order.indexOf(cursor)}
          head={<Head sort={sort} onSort={setSort} />}
          keyOf={(index) => order[index] ?? String(index)}
          renderRow={(index) => {
            const machine = machines[index];
            if (machine === undefined) return null;
            return (
              <MachineTableRow
                machine={machine}
                isCursor={machine.id === cursor}
                isSelected={subject?.kind === 'machine' && subject.id === machine.id}
                onPress={onPress}
              />
            );
          }}
        />
      )}
    </>
  );
}
