// Ctrl/Cmd+K: objects and verbs in one list. Arrows choose, Enter does.
import { Dialog as Base } from '@base-ui/react/dialog';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTables } from '../store/tables.ts';
import { useView, viewStore } from '../store/view.ts';
import { useWords } from './messages/words.ts';
import { entriesOf, findEntries, type PaletteEntry } from './palette-entries.tsx';

const close = () => viewStore.setState({ isPaletteOpen: false, paletteQuery: '' });

function useEntries(query: string): readonly PaletteEntry[] {
  const words = useWords();
  const machines = useTables((tables) => tables.machines);
  const tasks = useTables((tables) => tables.tasks);
  const all = useMemo(() => entriesOf(words, machines, tasks), [words, machines, tasks]);
  return useMemo(() => findEntries(all, query), [all, query]);
}

function List(props: {
  readonly id: string;
  readonly entries: readonly PaletteEntry[];
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly onAct: (entry: PaletteEntry) => void;
}) {
  const words = useWords();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [props.chosen]);
  return (
    <div ref={list} id={props.id} className="cmd__list" role="listbox" aria-label={words.t('palette.label')}>
      {props.entries.map((entry, index) => (
        <div key={entry.key} role="presentation">
          {entry.group !== props.entries[index - 1]?.group && (
            <div className="cmd__group">{words.t(`palette.${entry.group}`)}</div>
          )}
          <button
            type="button"
            role="option"
            tabIndex={-1}
            id={`${props.id}-${index}`}
            aria-selected={index === props.chosen}
            className="cmd__item"
            onPointerMove={() => props.onChoose(index)}
            onClick={() => props.onAct(entry)}
          >
            {entry.icon}
            <span className="clip">{entry.text}</span>
            <span className="cmd__hint">{entry.hint}</span>
          </button>
        </div>
      ))}
      {props.entries.length === 0 && <p className="cmd__none">{words.t('palette.none')}</p>}
    </div>
  );
}

function PaletteBody() {
  const words = useWords();
  const id = useId();
  const [query, setQuery] = useState(() => viewStore.getState().paletteQuery);
  const [chosen, setChosen] = useState(0);
  const entries = useEntries(query);
  const index = Math.min(chosen, entries.length - 1);
  const act = (entry: PaletteEntry | undefined) => {
    if (entry === undefined) return;
    close();
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setChosen((index + 1) % Math.max(1, entries.length));
    else if (event.key === 'ArrowUp') setChosen((index - 1 + entries.length) % Math.max(1, entries.length));
    else if (event.key === 'Enter') act(entries[index]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <Base.Title className="sr-only">{words.t('palette.label')}</Base.Title>
      <input
        className="cmd__input"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={index >= 0 ? `${id}-${index}` : undefined}
        aria-label={words.t('palette.label')}
        placeholder={words.t('palette.placeholder')}
        spellCheck={false}
        autoComplete="off"
        value={query}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
      />
      <List id={id} entries={entries} chosen={index} onChoose={setChosen} onAct={act} />
    </>
  );
}

export function Palette() {
  const isOpen = useView((view) => view.isPaletteOpen);
  return (
    <Base.Root open={isOpen} onOpenChange={(open) => !open && close()}>
      <Base.Portal>
        <Base.Backdrop className="dialog-shade" />
        <Base.Viewport className="dialog-place">
          <Base.Popup className="cmd" role="dialog">
            <PaletteBody />
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
