// Roles: the tree with each role's share against what is fair, and the machines as they are partitioned for roles.
import './roles.css';
import { Plus, Search } from 'lucide-react';
import { type RefObject, useRef, useState } from 'react';
import type { Shares } from '../../../electron/contract/shares.ts';
import { said } from '../../app/messages/said.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { removeRole } from '../../app/role-acts.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { SearchField, Segmented } from '../../kit/field.tsx';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { RefusedPart } from '../../parts/refused-part.tsx';
import { useShares } from '../../parts/use-shares.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { go, inspect, openDialog, type RolesView, rolesViews, useView } from '../../store/view.ts';
import { ClusterStrip } from './cluster-strip.tsx';
import { MachineSlices } from './machine-slices.tsx';
import { listRoles, type RoleRow as Row } from './role-list.ts';
import { RoleRow } from './role-row.tsx';
import { type RolesActs, useRolesKeys } from './use-roles-keys.ts';

const rowPx = 48;

function Head({ words }: { readonly words: Words }) {
  const columns = ['role', 'share', 'cpu', 'mem', 'weight'] as const;
  return (
    <div className="role-grid roles-head" role="row">
      {columns.map((column) => (
        <span key={column} role="columnheader" className={column === 'weight' ? 'num' : undefined}>
          {words.t(`roles.col.${column}`)}
        </span>
      ))}
    </div>
  );
}

function Toolbar(props: {
  readonly view: RolesView;
  readonly find: string;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly onFind: (find: string) => void;
}) {
  const words = useWords();
  return (
    <header className="page-head">
      <h1 className="page-head__title">{words.t('roles.title')}</h1>
      <Segmented
        label={words.t('roles.views')}
        value={props.view}
        choices={rolesViews.map((value) => ({ value, text: words.t(`roles.view.${value}`) }))}
        onValue={(view) => go({ page: 'roles', view })}
      />
      <div className="grow tasks-find">
        <SearchField
          label={words.t(`roles.find.${props.view}`)}
          icon={<Search />}
          value={props.find}
          inputRef={props.search}
          onText={props.onFind}
        />
      </div>
      <Button compact icon={<Plus />} onClick={() => openDialog({ kind: 'change-role', role: null })}>
        {words.t('roles.new')}
      </Button>
    </header>
  );
}

/** Only everybody's role is there: what roles are for, and the way to the first. */
function FirstRole({ words }: { readonly words: Words }) {
  return (
    <section className="roles-first">
      <p>{words.t('roles.empty')}</p>
      <Button
        compact
        look="primary"
        icon={<Plus />}
        onClick={() => openDialog({ kind: 'change-role', role: null })}
      >
        {words.t('roles.new')}
      </Button>
    </section>
  );
}

const acts: RolesActs<string> = {
  open: (id) => inspect({ kind: 'role', id }),
  change: (role) => openDialog({ kind: 'change-role', role }),
  remove: (role) => drop(removeRole(role), 'shows its own refusal'),
};

function Table(props: {
  readonly rows: readonly Row[];
  readonly shares: Shares;
  readonly cursor: string | null;
  readonly onPress: (role: string) => void;
}) {
  const words = useWords();
  const { rows, shares, cursor } = props;
  const subject = useView((view) => view.subject);
  const isBare = shares.roles.every(({ role }) => role === '*');
  return (
    <>
      <ClusterStrip shares={shares} words={words} />
      {isBare && <FirstRole words={words} />}
      {rows.length === 0 && !isBare ? (
        <Empty text={words.t('palette.none')} />
      ) : (
        <Rows
          label={words.t('roles.title')}
          count={rows.length}
          rowPx={rowPx}
          cursor={rows.findIndex(({ share }) => share.role === cursor)}
          head={<Head words={words} />}
          keyOf={(index) => rows[index]?.share.role ?? String(index)}
          renderRow={(index) => {
            const row = rows[index];
            if (row === undefined) return null;
            const { role } = row.share;
            return (
              <RoleRow
                row={row}
                shares={shares}
                isCursor={role === cursor}
                isSelected={subject?.kind === 'role' && subject.id === role}
                onPress={props.onPress}
              />
            );
          }}
        />
      )}
    </>
  );
}

function Tree({
  find,
  search,
}: {
  readonly find: string;
  readonly search: RefObject<HTMLInputElement | null>;
}) {
  const words = useWords();
  const { shares, refusal } = useShares();
  useTables((tables) => tables.frameworks);
  const rows = shares === null ? [] : listRoles(shares, tableStore.getState().tables, find);
  const order = rows.map(({ share }) => share.role);
  const { cursor, onPress } = useRolesKeys(order, acts, search);
  if (shares === null) return refusal === null ? null : <RefusedPart refusal={refusal} />;
  return (
    <>
      {refusal !== null && (
        <p className="roles-stale" role="alert" title={said(refusal.detail, words)}>
          {words.t('roles.stale', { why: words.refusal(refusal) })}
        </p>
      )}
      <Table rows={rows} shares={shares} cursor={cursor} onPress={onPress} />
    </>
  );
}

export function RolesPage({ view }: { readonly view: RolesView }) {
  const [find, setFind] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const Shown = view === 'tree' ? Tree : MachineSlices;
  return (
    <>
      <Toolbar view={view} find={find} search={search} onFind={setFind} />
      <Shown find={find} search={search} />
    </>
  );
}
