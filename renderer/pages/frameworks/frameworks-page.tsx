// Frameworks: who decides what runs, and how each stands. The built-in one is always there.
import './frameworks.css';
import { Search } from 'lucide-react';
import { useRef, useState } from 'react';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { SearchField } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { useSelection } from '../../kit/use-selection.ts';
import { runFramework } from '../../parts/framework-state.tsx';
import { useShares } from '../../parts/use-shares.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { inspect, openDialog, useView } from '../../store/view.ts';
import { listFrameworks, type FrameworkRow as Row } from './framework-list.ts';
import { FrameworkRow } from './framework-row.tsx';

const rowPx = 48;
const columns = ['name', 'roles', 'tasks', 'holds', 'share', 'offers', 'filters'] as const;
const numeric: ReadonlySet<string> = new Set(['holds', 'offers', 'filters']);

function Head({ words }: { readonly words: Words }) {
  return (
    <div className="framework-grid roles-head" role="row">
      {columns.map((column) => (
        <span key={column} role="columnheader" className={numeric.has(column) ? 'num' : undefined}>
          {words.t(`frameworks.col.${column}`)}
        </span>
      ))}
    </div>
  );
}

/** Nothing but the built-in one: what frameworks are, so that the page does not look broken. */
function OnlyBuiltIn({ words }: { readonly words: Words }) {
  return (
    <section className="roles-first">
      <p>{words.t('frameworks.empty')}</p>
      <Button compact onClick={() => openDialog({ kind: 'run-task', machineId: null })}>
        {words.t('verb.run-task')}
      </Button>
    </section>
  );
}

function Table(props: {
  readonly rows: readonly Row[];
  readonly cursor: string | null;
  readonly onPress: (id: Row['framework']['id']) => void;
}) {
  const words = useWords();
  const subject = useView((view) => view.subject);
  const { rows, cursor } = props;
  return (
    <Rows
      label={words.t('frameworks.title')}
      count={rows.length}
      rowPx={rowPx}
      cursor={rows.findIndex(({ framework }) => framework.id === cursor)}
      head={<Head words={words} />}
      keyOf={(index) => rows[index]?.framework.id ?? String(index)}
      renderRow={(index) => {
        const row = rows[index];
        if (row === undefined) return null;
        return (
          <FrameworkRow
            row={row}
            isCursor={row.framework.id === cursor}
            isSelected={subject?.kind === 'framework' && subject.id === row.framework.id}
            onPress={props.onPress}
          />
        );
      }}
    />
  );
}

export function FrameworksPage() {
  const words = useWords();
  const [find, setFind] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const { shares } = useShares();
  useTables((tables) => tables.frameworks);
  useTables((tables) => tables.offers);
  useTables((tables) => tables.tasks);
  const rows = listFrameworks(tableStore.getState().tables, shares, find);
  const { cursor, move, press } = useSelection(rows.map(({ framework }) => framework.id));
  const end = () => {
    const row = rows.find(({ framework }) => framework.id === cursor);
    if (row?.framework.kind === 'remote' && row.framework.completedAtMs === null)
      openDialog({ kind: 'teardown-framework', frameworkId: row.framework.id });
  };
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: () => cursor && inspect({ kind: 'framework', id: cursor }),
    Delete: end,
    '/': () => search.current?.focus(),
  });
  const isAlone = find === '' && rows.every(({ framework }) => framework.id === runFramework.id);
  return (
    <>
      <header className="page-head">
        <h1 className="page-head__title">{words.t('frameworks.title')}</h1>
        <div className="grow tasks-find">
          <SearchField
            label={words.t('frameworks.find')}
            icon={<Search />}
            value={find}
            inputRef={search}
            onText={setFind}
          />
        </div>
      </header>
      {isAlone && <OnlyBuiltIn words={words} />}
      {rows.length === 0 ? (
        <Empty text={words.t('palette.none')} />
      ) : (
        <Table
          rows={rows}
          cursor={cursor}
          onPress={(id) => {
            press(id, { isToggle: false, isRange: false });
            inspect({ kind: 'framework', id });
          }}
        />
      )}
    </>
  );
}
