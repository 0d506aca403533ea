// Find machines: what a search hears, which of it is to be added. The search runs while the page is open.
import './find.css';
import { Plus, Search } from 'lucide-react';
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { FoundMachine } from '../../../electron/contract/discovery.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { startFinding } from '../../bridge/finding.ts';
import { Button } from '../../kit/button.tsx';
import { SearchField, Segmented } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { useSelection } from '../../kit/use-selection.ts';
import { jumpsOf, prefillOf, standingOf } from '../../parts/found.ts';
import { useFinding } from '../../store/finding.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { type FindView, findViews, inspect, openDialog, replaceRoute, useView } from '../../store/view.ts';
import { countFinds, listFinds } from './find-list.ts';
import { FoundRow } from './found-row.tsx';
import { ProbeBar } from './probe-bar.tsx';
import { SourceStrip } from './source-strip.tsx';

const rowPx = 52;

/** Nothing moves under the pointer: while it is inside, what is new comes at the end and the rest stays where it is. */
function useSettled(wanted: readonly string[], isHeld: boolean, query: string): readonly string[] {
  const shown = useRef({ order: wanted, query });
  if (!isHeld || shown.current.query !== query) shown.current = { order: wanted, query };
  else {
    const there = new Set(wanted);
    const kept = shown.current.order.filter((id) => there.has(id));
    const old = new Set(kept);
    shown.current = { order: [...kept, ...wanted.filter((id) => !old.has(id))], query };
  }
  return shown.current.order;
}

/** Only what can be added: not what is ours or on its way, nor what is behind another machine. */
function canAdd(found: FoundMachine): boolean {
  return jumpsOf(found).length === 0 && standingOf(tableStore.getState().tables, found) === null;
}

function canAddId(machines: ReadonlyMap<string, FoundMachine>, id: string): boolean {
  const found = machines.get(id);
  return found !== undefined && canAdd(found);
}

function useFindKeys(
  order: readonly string[],
  search: RefObject<HTMLInputElement | null>,
  add: (ids: readonly string[]) => void,
) {
  const { cursor, selected, move, press, toggle, clear } = useSelection(order);
  const look = useCallback((id: string) => inspect({ kind: 'found', id }), []);
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    x: () => cursor !== null && toggle(cursor),
    Enter: () => cursor !== null && look(cursor),
    a: () =>
      add(selected.size > 0 ? order.filter((id) => selected.has(id)) : cursor === null ? [] : [cursor]),
    '/': () => search.current?.focus(),
    ...(selected.size > 0 ? { Escape: clear } : {}),
  });
  const onPress = useCallback(
    (id: string) => {
      press(id, { isToggle: false, isRange: false });
      look(id);
    },
    [press, look],
  );
  return { cursor, selected, toggle, clear, onPress };
}

function Nothing({ view, isFiltered, words }: { view: FindView; isFiltered: boolean; words: Words }) {
  const hasNetwork = useFinding(({ networks }) => networks.length > 0);
  if (isFiltered) return <Empty text={words.t('palette.none')} />;
  return (
    <Empty
      text={words.t(`find.empty.${view}`)}
      {...(view === 'here' && hasNetwork ? { hint: words.t('find.empty.here.hint') } : {})}
      actions={
        <Button icon={<Plus />} onClick={() => openDialog({ kind: 'add-machine' })}>
          {words.t('verb.add-machine')}
        </Button>
      }
    />
  );
}

function Chosen(props: { readonly count: number; readonly onAdd: () => void; readonly onClear: () => void }) {
  const words = useWords();
  if (props.count === 0) return null;
  return (
    <div className="find-chosen" role="region" aria-label={words.t('find.chosen', { n: props.count })}>
      <span className="num">{words.t('find.chosen', { n: props.count })}</span>
      <span className="grow" />
      <Button look="quiet" compact onClick={props.onClear}>
        {words.t('find.clear')}
      </Button>
      <Button look="primary" compact icon={<Plus />} onClick={props.onAdd}>
        {words.t('find.add-chosen', { n: props.count })}
      </Button>
    </div>
  );
}

function Head({ words }: { readonly words: Words }) {
  return (
    <div className="find-grid find-head" role="row">
      <span role="columnheader">
        <span className="sr-only">{words.t('find.col.choose')}</span>
      </span>
      {(['name', 'guess', 'address', 'ssh'] as const).map((column) => (
        <span key={column} role="columnheader">
          {words.t(`find.col.${column}`)}
        </span>
      ))}
      <span role="columnheader">
        <span className="sr-only">{words.t('verb.add-machine')}</span>
      </span>
    </div>
  );
}

function Bar({
  view,
  search,
  text,
  onText,
}: {
  view: FindView;
  search: RefObject<HTMLInputElement | null>;
  text: string;
  onText: (text: string) => void;
}) {
  const words = useWords();
  const machines = useFinding((finding) => finding.machines);
  const counts = useMemo(() => countFinds(machines.values()), [machines]);
  return (
    <header className="page-head">
      <h1 className="page-head__title">{words.t('find.title')}</h1>
      <Segmented
        label={words.t('find.view')}
        value={view}
        choices={findViews.map((value) => ({
          value,
          text: words.t(`find.view.${value}`),
          count: counts[value],
        }))}
        onValue={(next) => replaceRoute({ page: 'find', ...(next === 'here' ? {} : { view: next }) })}
      />
      <div className="grow tasks-find">
        <SearchField
          label={words.t('machines.find')}
          icon={<Search />}
          value={text}
          inputRef={search}
          onText={onText}
        />
      </div>
    </header>
  );
}

function Refused() {
  const words = useWords();
  const refusal = useFinding((finding) => finding.refusal);
  const isFull = useFinding((finding) => finding.isFull);
  return (
    <>
      {refusal !== null && (
        <p className="find-note find-note--failed" role="alert">
          {words.refusal(refusal)} {words.remedy(refusal)}
        </p>
      )}
      {isFull && <p className="find-note">{words.t('find.full')}</p>}
    </>
  );
}

export function FindPage({ view }: { readonly view: FindView }) {
  const words = useWords();
  const [find, setFind] = useState('');
  const [isPointerInside, setPointerInside] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const machines = useFinding((finding) => finding.machines);
  const subject = useView((state) => state.subject);
  useEffect(() => startFinding(), []);
  const wanted = useMemo(
    () => listFinds(machines.values(), view, find).map(({ id }) => id),
    [machines, view, find],
  );
  const order = useSettled(wanted, isPointerInside, `${view} ${find}`);
  const add = (ids: readonly string[]) => {
    const found = ids.flatMap((id) => machines.get(id) ?? []).filter(canAdd);
    const [first, ...more] = found.map(prefillOf);
    if (first === undefined) return;
    if (more.length === 0) openDialog({ kind: 'add-machine', found: first });
    else openDialog({ kind: 'add-machines', found: [first, ...more] });
  };
  const { cursor, selected, toggle, clear, onPress } = useFindKeys(order, search, add);
  // What has been added meanwhile is chosen no more.
  useTables((tables) => tables.lanes);
  const isChosen = (id: string) => selected.has(id) && canAddId(machines, id);
  const chosen = order.filter(isChosen);
  return (
    <>
      <Bar view={view} search={search} text={find} onText={setFind} />
      <SourceStrip />
      {view === 'here' && <ProbeBar />}
      <Refused />
      {order.length === 0 ? (
        <Nothing view={view} isFiltered={find !== ''} words={words} />
      ) : (
        <Rows
          label={words.t('find.title')}
          count={order.length}
          rowPx={rowPx}
          cursor={cursor === null ? -1 : order.indexOf(cursor)}
          head={<Head words={words} />}
          keyOf={(index) => order[index] ?? String(index)}
          onPointerInside={setPointerInside}
          renderRow={(index) => {
            const id = order[index] ?? '';
            const found = machines.get(id);
            if (found === undefined) return null;
            return (
              <FoundRow
                found={found}
                isCursor={id === cursor}
                isSelected={subject?.kind === 'found' && subject.id === id}
                isChosen={isChosen(id)}
                onPress={onPress}
                onToggle={toggle}
                onAdd={(own) => add([own])}
              />
            );
          }}
        />
      )}
      <Chosen count={chosen.length} onAdd={() => add(chosen)} onClear={clear} />
    </>
  );
}
