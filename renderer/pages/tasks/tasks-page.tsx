// The task table: windowed rows of 28 px, filter, sort, keyboard cursor, many at once.
import './tasks.css';
import { Play, Search, Square, Trash2, X } from 'lucide-react';
import {
  type MouseEvent,
  type RefObject,
  useCallback,
  useDeferredValue,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { askForget, askKill, cancelRuns, openTask } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { SearchField, Segmented } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { SortHead } from '../../kit/sort-head.tsx';
import { useSelection } from '../../kit/use-selection.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import {
  inspect,
  openDialog,
  openPalette,
  type Route,
  replaceRoute,
  type TaskFilter,
  taskFilters,
} from '../../store/view.ts';
import {
  calmOrder,
  countByFilter,
  listTasks,
  type TaskColumn,
  type TaskSort,
  taskColumns,
} from './task-list.ts';
import { TaskRow } from './task-row.tsx';
import { WaitingHead, WaitingRow } from './waiting-row.tsx';

const numeric: ReadonlySet<TaskColumn> = new Set(['started', 'duration', 'cpu', 'mem', 'exit']);
const rowPx = 28;

type TasksRoute = Extract<Route, { page: 'tasks' }>;

function Head(props: {
  readonly sort: TaskSort;
  readonly onSort: (sort: TaskSort) => void;
  /** Only what waits is shown: it has a reason where others have figures. */
  readonly isWaiting: boolean;
}) {
  const words = useWords();
  const { sort, onSort, isWaiting } = props;
  return (
    <div className="task-grid sort-head" role="row">
      <span role="columnheader" aria-label={words.t('tasks.col.state')} />
      <SortHead
        columns={(isWaiting ? (['name'] as const) : taskColumns).map((id) => {
          const text = words.t(`tasks.col.${id}`);
          return { id, text, sortLabel: words.t('tasks.sort-by', { column: text }) };
        })}
        numeric={numeric}
        sort={sort}
        onSort={onSort}
      />
      {isWaiting && <WaitingHead />}
    </div>
  );
}

/** Ids in the order to show; recomputed when tasks, machines or the query change, for live columns with each sample. */
function useOrder(route: TasksRoute, sort: TaskSort, isPointerInside: boolean): readonly TaskId[] {
  const tasks = useTables((tables) => tables.tasks);
  const runs = useTables((tables) => tables.runs);
  const machines = useTables((tables) => tables.machines);
  const isLive = sort.column === 'cpu' || sort.column === 'mem';
  const samples = useTables((tables) => (isLive ? tables.samples : null));
  const find = useDeferredValue(route.filter);
  const query = `${find}\n${route.state}\n${sort.column}${String(sort.isDown)}`;
  const shown = useRef<{ query: string; ids: readonly string[] }>({ query: '', ids: [] });
  const wanted = useMemo(
    () => listTasks(tableStore.getState().tables, { find, filter: route.state, sort }).map((task) => task.id),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the store is read as a whole, these parts of it count
    [tasks, runs, machines, samples, find, route.state, sort],
  );
  return useMemo(() => {
    const hold = isPointerInside && shown.current.query === query;
    const ids = hold ? calmOrder(shown.current.ids, wanted) : wanted;
    shown.current = { query, ids };
    return ids as readonly TaskId[];
  }, [wanted, isPointerInside, query]);
}

/** Those that are seldom needed stand there only while something is in them. */
function isOffered(filter: TaskFilter, count: number, chosen: TaskFilter): boolean {
  const isSeldom = filter === 'waiting' || filter === 'restarting' || filter === 'unhealthy';
  return !isSeldom || count > 0 || filter === chosen;
}

function Toolbar({
  route,
  shown,
  search,
}: {
  readonly route: TasksRoute;
  readonly shown: number;
  readonly search: React.Ref<HTMLInputElement>;
}) {
  const words = useWords();
  const tasks = useTables((tables) => tables.tasks);
  const runs = useTables((tables) => tables.runs);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the store is read as a whole, what is counted counts
  const counts = useMemo(() => countByFilter(tableStore.getState().tables, taskFilters), [tasks, runs]);
  return (
    <header className="page-head">
      <h1 className="page-head__title">{words.t('tasks.title')}</h1>
      <Segmented
        label={words.t('tasks.col.state')}
        value={route.state}
        choices={taskFilters
          .filter((value) => isOffered(value, counts[value], route.state))
          .map((value) => ({
            value,
            text: words.t(`tasks.filter.${value}`),
            count: counts[value],
          }))}
        onValue={(state) => replaceRoute({ ...route, state })}
      />
      <div className="grow tasks-find">
        <SearchField
          label={words.t('tasks.find')}
          icon={<Search />}
          value={route.filter}
          inputRef={search}
          onText={(filter) => replaceRoute({ ...route, filter })}
          after={
            route.filter !== '' && (
              <IconButton
                size="small"
                label={words.t('tasks.clear-filter')}
                icon={<X />}
                onClick={() => replaceRoute({ ...route, filter: '' })}
              />
            )
          }
        />
      </div>
      <span className="dim num">{words.t('tasks.count', { shown, all: tasks.size + runs.size })}</span>
    </header>
  );
}

function SelectionBar(props: {
  readonly ids: readonly TaskId[];
  readonly onAll: () => void;
  readonly onClear: () => void;
}) {
  const words = useWords();
  const { ids } = props;
  if (ids.length === 0) return null;
  return (
    <div className="selection-bar" role="toolbar" aria-label={words.t('tasks.selected', { n: ids.length })}>
      <span>{words.t('tasks.selected', { n: ids.length })}</span>
      <Button compact look="quiet" onClick={props.onAll}>
        {words.t('tasks.select-all')}
      </Button>
      <Button compact look="quiet" onClick={props.onClear}>
        {words.t('tasks.clear-selection')}
      </Button>
      <span className="grow" />
      <Button compact icon={<Square />} onClick={() => askKill(ids)}>
        {words.t('verb.kill')}
      </Button>
      <Button compact icon={<Trash2 />} onClick={() => askForget(ids)}>
        {words.t('verb.forget')}
      </Button>
    </div>
  );
}

function NoTasks({ isFiltered }: { readonly isFiltered: boolean }) {
  const words = useWords();
  if (isFiltered) {
    return (
      <Empty
        text={words.t('tasks.none-match')}
        actions={
          <Button onClick={() => replaceRoute({ page: 'tasks', filter: '', state: 'all' })}>
            {words.t('tasks.clear-filter')}
          </Button>
        }
      />
    );
  }
  return (
    <Empty
      text={words.t('tasks.empty')}
      actions={
        <>
          <Button
            look="primary"
            icon={<Play />}
            onClick={() => openDialog({ kind: 'run-task', machineId: null })}
          >
            {words.t('verb.run-task')}
          </Button>
          <Button onClick={() => openDialog({ kind: 'run-task', machineId: null, sample: 'hello' })}>
            {words.t('verb.run-hello')}
          </Button>
        </>
      }
    />
  );
}

function nameOf(id: TaskId): string {
  const { tasks, runs } = tableStore.getState().tables;
  return (tasks.get(id) ?? runs.get(id))?.info.name ?? '';
}

/** The verbs of what is meant: the bar of the selection, else the palette with the task's name. */
function showVerbs(selected: number, current: TaskId | undefined): void {
  if (selected > 0) document.querySelector<HTMLElement>('.selection-bar .button:nth-of-type(3)')?.focus();
  else if (current !== undefined) openPalette(nameOf(current));
}

/** Cursor and selection over the rows shown, by keyboard and pointer. */
function useTaskKeys(order: readonly TaskId[], search: RefObject<HTMLInputElement | null>) {
  const { cursor, selected, move, press, toggle, selectAll, clear } = useSelection(order);
  const current = cursor === null ? undefined : cursor;
  const targets =
    selected.size > 0 ? order.filter((id) => selected.has(id)) : current === undefined ? [] : [current];
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    x: () => current && toggle(current),
    'Mod+a': selectAll,
    Enter: () => current && inspect({ kind: 'task', id: current }),
    o: () => current && openTask(current),
    l: () => current && openTask(current),
    '.': () => showVerbs(selected.size, current),
    Delete: () => {
      cancelRuns(targets);
      askForget(targets);
    },
    '/': () => search.current?.focus(),
    ...(selected.size > 0 ? { Escape: clear } : {}),
  });
  const onPress = useCallback(
    (id: TaskId, event: MouseEvent) => {
      press(id, { isToggle: event.ctrlKey || event.metaKey, isRange: event.shiftKey });
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) inspect({ kind: 'task', id });
    },
    [press],
  );
  return { cursor, selected, onPress, toggle, selectAll, clear };
}

export function TasksPage({ route }: { readonly route: TasksRoute }) {
  const words = useWords();
  const [sort, setSort] = useState<TaskSort>({ column: 'started', isDown: true });
  const [isPointerInside, setPointerInside] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const order = useOrder(route, sort, isPointerInside);
  const all = useTables((tables) => tables.tasks.size + tables.runs.size);
  const runs = useTables((tables) => tables.runs);
  const { cursor, selected, onPress, toggle, selectAll, clear } = useTaskKeys(order, search);
  const isFiltered = all > 0;
  return (
    <>
      <Toolbar route={route} shown={order.length} search={search} />
      <SelectionBar ids={order.filter((id) => selected.has(id))} onAll={selectAll} onClear={clear} />
      {order.length === 0 ? (
        <NoTasks isFiltered={isFiltered} />
      ) : (
        <Rows
          label={words.t('tasks.title')}
          count={order.length}
          rowPx={rowPx}
          cursor={cursor === null ? -1 : order.indexOf(cursor)}
          head={<Head sort={sort} onSort={setSort} isWaiting={route.state === 'waiting'} />}
          keyOf={(index) => order[index] ?? String(index)}
          onPointerInside={setPointerInside}
          renderRow={(index) => {
            const id = order[index];
            if (id === undefined) return null;
            const Row = runs.has(id) ? WaitingRow : TaskRow;
            return (
              <Row
                id={id}
                isCursor={id === cursor}
                isSelected={selected.has(id)}
                onPress={onPress}
                onToggle={toggle}
              />
            );
          }}
        />
      )}
    </>
  );
}
