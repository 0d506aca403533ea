// One role in the tree: its share against what is fair, and what it holds of CPU and memory between its bounds.
import { Ellipsis } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Shares } from '../../../electron/contract/shares.ts';
import { percent } from '../../app/messages/amounts.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { IconButton } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { Menu } from '../../kit/menu.tsx';
import { RowDoor } from '../../kit/row-door.tsx';
import { boundsText, FairBar, ResourceBar } from '../../parts/role-bars.tsx';
import { roleMenu } from '../../parts/role-menu.tsx';
import { type ScalarName, scalarNames, scalarText } from '../../parts/scalar-words.ts';
import { hueOfRole } from '../../store/identity.ts';
import { inspect } from '../../store/view.ts';
import type { RoleRow as Row } from './role-list.ts';

function BarCell(props: {
  readonly bar: ReactNode;
  readonly left: ReactNode;
  readonly right: ReactNode;
  readonly className?: string;
}) {
  return (
    <span role="cell" className={cx('bar-cell', props.className)}>
      {props.bar}
      <span className="bar-cell__text">
        <span className="clip">{props.left}</span>
        <span className="clip dim">{props.right}</span>
      </span>
    </span>
  );
}

/** Who is in it and whether anybody wants more; what is owed comes first. */
function Standing({ row, words }: { readonly row: Row; readonly words: Words }) {
  const { share, frameworks, hasBelow } = row;
  const owed = scalarNames.find((name) => share.owed[name] > 0);
  if (owed !== undefined) {
    const amount = words.t(`scalar.of.${owed}`, {
      amount: scalarText(owed, share.owed[owed]),
      n: share.owed[owed],
    });
    return <span className="t-waiting">{words.t('roles.owed', { amount })}</span>;
  }
  if (frameworks.length === 0)
    return <span className="faint">{words.t(hasBelow ? 'roles.only-below' : 'roles.nobody')}</span>;
  const wants = words.t(share.waiting > 0 ? 'roles.wants' : 'roles.content');
  return (
    <span className="dim">
      {words.t('roles.standing', { names: frameworks[0]?.info.name ?? '', n: frameworks.length, wants })}
    </span>
  );
}

function Amount(props: { readonly row: Row; readonly shares: Shares; readonly resource: ScalarName }) {
  const words = useWords();
  const { row, shares, resource } = props;
  return (
    <BarCell
      className={`bar-cell--${resource}`}
      bar={<ResourceBar share={row.share} total={shares.total} resource={resource} words={words} />}
      left={scalarText(resource, row.share.allocated[resource])}
      right={boundsText(row.share, resource, words)}
    />
  );
}

function Name({ row, words }: { readonly row: Row; readonly words: Words }) {
  const { share, depth } = row;
  return (
    <span role="cell" className="role-name" style={{ paddingLeft: depth * 18 }}>
      <span className={cx('swatch', depth > 0 && 'swatch--below')} data-hue={hueOfRole(share.role)} />
      <span className="role-name__text">
        <RowDoor
          name={share.role === '*' ? words.t('roles.default') : row.name}
          onOpen={() => inspect({ kind: 'role', id: share.role })}
        />
        <span className="role-name__sub clip">
          <Standing row={row} words={words} />
        </span>
      </span>
    </span>
  );
}

export function RoleRow(props: {
  readonly row: Row;
  readonly shares: Shares;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly onPress: (role: string) => void;
}) {
  const words = useWords();
  const { row, shares, isCursor, isSelected } = props;
  const { share, depth } = row;
  const of = share.dominant === null ? '' : words.t(`roles.of.${share.dominant}`);
  return (
    <div
      role="row"
      aria-label={share.role}
      aria-level={depth + 1}
      className={cx(
        'role-grid',
        'row',
        'row--tall',
        isCursor && 'row--cursor',
        isSelected && 'row--selected',
      )}
      onClick={() => props.onPress(share.role)}
    >
      <Name row={row} words={words} />
      <BarCell
        bar={
          <FairBar
            name={share.role}
            share={share.share}
            fairShare={share.fairShare}
            hue={hueOfRole(share.role)}
            words={words}
          />
        }
        left={`${percent(share.share)} ${of}`}
        right={share.fairShare === 0 ? '' : words.t('roles.fair', { fair: percent(share.fairShare) })}
      />
      <Amount row={row} shares={shares} resource="cpusMilli" />
      <Amount row={row} shares={shares} resource="memMib" />
      <span role="cell" className="num">
        {share.weightMilli / 1000}
      </span>
      <span role="cell" className="row__offer">
        <Menu
          entries={roleMenu(share.role, words)}
          trigger={
            <IconButton
              size="small"
              label={words.t('verb.more')}
              icon={<Ellipsis />}
              onClick={(event) => event.stopPropagation()}
            />
          }
        />
      </span>
    </div>
  );
}
