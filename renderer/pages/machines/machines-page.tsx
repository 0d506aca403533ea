// All machines as a dense table: 28 px rows, sortable, filtered.
import './machines.css';
import { ArrowDown, ArrowUp, Plus, Search } from 'lucide-react';
import { memo, useRef, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import { mibOf } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { SearchField } from '../../kit/field.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Meter } from '../../kit/meter.tsx';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { activeTasksOf, agentOf, healthOf, machineList } from '../../store/selectors.ts';
import { tableStore, useRow, useTables } from '../../store/tables.ts';
import { go, inspect, openDialog, useView } from '../../store/view.ts';
import { HealthText, HeardAge } from '../inspector/health-text.tsx';
import { useSelection } from '../tasks/use-selection.ts';

const columns = [
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
type Column = (typeof columns)[number];
type Sort = { readonly column: Column; readonly isDown: boolean } | null;
const rightAligned: ReadonlySet<Column> = new Set(['tasks', 'heard']);

function addressOf(machine: MachineRecord): string {
  return machine.via.kind === 'ssh' ? `${machine.via.user}@${machine.via.address}` : '';
}

function fullestDisk(tables: Tables, id: string): number {
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
        : sample.cpuBusyMilli / Math.max(1, agent.facts.cpus);
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

function Share(props: {
  readonly label: string;
  readonly share: number | null;
  readonly text: string;
  readonly isStale: boolean;
}) {
  if (props.share === null)
    return (
      <span role="cell" className="faint">
        –
      </span>
    );
  return (
    <span role="cell" className="share">
      <Meter size="thin" look="level" label={props.label} use={props.share} isStale={props.isStale} />
      <span className={cx('num', props.isStale ? 'faint' : 'dim')}>{props.text}</span>
    </span>
  );
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

const Row = memo(function Row(props: {
  readonly machine: MachineRecord;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly onPress: (id: MachineRecord['id']) => void;
}) {
  const words = useWords();
  const { machine } = props;
  const agent = useTables((tables) => agentOf(tables, machine));
  const health = useTables(useShallow((tables) => healthOf(tables, machine)));
  const record = useRow('samples', machine.id);
  const tasks = useTables((tables) => activeTasksOf(tables, machine.id).length);
  const sample = record?.sample;
  const isStale = !health.isFresh;
  const cpu =
    sample === undefined || agent === undefined
      ? null
      : sample.cpuBusyMilli / Math.max(1000, agent.facts.cpus * 1000);
  const mem = sample === undefined ? null : sample.memUsedMib / Math.max(1, sample.memTotalMib);
  const disk = useTables((tables) => (sample === undefined ? null : fullestDisk(tables, machine.id)));
  return (
    <div
      role="row"
      aria-label={machine.name}
      className={cx(
        'machine-grid',
        'task-row',
        props.isCursor && 'task-row--cursor',
        props.isSelected && 'task-row--selected',
      )}
      onClick={() => props.onPress(machine.id)}
    >
      <span role="cell" className="task-row__name">
        <Glyph kind={health.glyph} label={words.t(`state.${health.word}`)} size={12} />
        <button
          type="button"
          className="row-door clip"
          onClick={() => inspect({ kind: 'machine', id: machine.id })}
        >
          {machine.name}
        </button>
      </span>
      <span role="cell" className="clip machine-grid__state">
        <HealthText machineId={machine.id} health={health} />
      </span>
      <span role="cell" className="clip dim">
        {addressOf(machine) || words.t('machines.local')}
      </span>
      <span role="cell" className="clip dim" title={agent?.facts.os}>
        {agent?.facts.os ?? '–'}
      </span>
      <Share label={words.t('machines.col.cpu')} share={cpu} text={percent(cpu ?? 0)} isStale={isStale} />
      <Share
        label={words.t('machines.col.mem')}
        share={mem}
        text={sample === undefined ? '' : mibOf(sample.memUsedMib, sample.memTotalMib)}
        isStale={isStale}
      />
      <Share label={words.t('machines.col.disk')} share={disk} text={percent(disk ?? 0)} isStale={isStale} />
      <span role="cell" className="num">
        <button
          type="button"
          className="door num"
          onClick={(event) => {
            event.stopPropagation();
            go({ page: 'tasks', filter: machine.name, state: 'active' });
          }}
        >
          {tasks}
        </button>
      </span>
      <span role="cell" className="clip dim">
        {agent?.version ?? '–'}
      </span>
      <span role="cell" className="num">
        <HeardAge machineId={machine.id} health={health} />
      </span>
    </div>
  );
});

function Head({ sort, onSort }: { readonly sort: Sort; readonly onSort: (sort: Sort) => void }) {
  const words = useWords();
  return (
    <div className="machine-grid task-head" role="row">
      {columns.map((column) => {
        const isOn = sort?.column === column;
        const name = words.t(`machines.col.${column}`);
        return (
          <span
            key={column}
            role="columnheader"
            aria-sort={isOn ? (sort.isDown ? 'descending' : 'ascending') : 'none'}
            className={cx(rightAligned.has(column) && 'num')}
          >
            <button
              type="button"
              className="sort"
              aria-label={words.t('tasks.sort-by', { column: name })}
              onClick={() => onSort({ column, isDown: isOn ? !sort.isDown : false })}
            >
              {name}
              {isOn && (sort.isDown ? <ArrowDown /> : <ArrowUp />)}
            </button>
          </span>
        );
      })}
    </div>
  );
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
  const { cursor, move, press } = useSelection(order);
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
            onKeyDown={(event) => {
              if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
            }}
          />
        </div>
        <Button compact icon={<Plus />} onClick={() => openDialog({ kind: 'add-machine' })}>
          {words.t('verb.add-machine')}
        </Button>
      </header>
      {machines.length === 0 && <Empty text={words.t(find === '' ? 'rack.empty' : 'palette.none')} />}
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
            <Row
              machine={machine}
              isCursor={machine.id === cursor}
              isSelected={subject?.kind === 'machine' && subject.id === machine.id}
              onPress={(id) => {
                press(id, { isToggle: false, isRange: false });
                inspect({ kind: 'machine', id });
              }}
            />
          );
        }}
      />
    </>
  );
}
