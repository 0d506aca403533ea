// One framework: how it stands, its roles, its tasks by state, what it holds against what is fair, its offers and filters.
import { Fragment } from 'react';
import { percent } from '../../app/messages/amounts.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { cx } from '../../kit/cx.ts';
import { Glyph, type GlyphKind } from '../../kit/glyph.tsx';
import { RowDoor } from '../../kit/row-door.tsx';
import { FrameworkGlyph, FrameworkStanding } from '../../parts/framework-state.tsx';
import { FairBar } from '../../parts/role-bars.tsx';
import { scalarText } from '../../parts/scalar-words.ts';
import { hueOfRole } from '../../store/identity.ts';
import { inspect } from '../../store/view.ts';
import { type FrameworkRow as Row, type TaskCount, taskCounts } from './framework-list.ts';

const glyphs: Readonly<Record<TaskCount, GlyphKind>> = {
  running: 'healthy',
  moving: 'working',
  unknown: 'unknown',
  failed: 'failed',
  ended: 'stopped',
};

function Tasks({ counts, words }: { readonly counts: Row['counts']; readonly words: Words }) {
  const shown = taskCounts.filter((each) => counts[each] > 0);
  if (shown.length === 0) return <span className="faint">–</span>;
  return shown.map((each) => (
    <span key={each} className="framework-count num">
      <Glyph kind={glyphs[each]} label={words.t(`frameworks.tasks.${each}`)} size={12} />
      {counts[each]}
    </span>
  ));
}

function Roles({ row, words }: { readonly row: Row; readonly words: Words }) {
  const { info, suppressedRoles } = row.framework;
  return info.roles.map((role, at) => (
    <Fragment key={role}>
      {at > 0 && words.t('list.comma')}
      <span className={suppressedRoles.includes(role) ? 'faint framework-suppressed' : undefined}>
        {role}
      </span>
    </Fragment>
  ));
}

function Share({ row, words }: { readonly row: Row; readonly words: Words }) {
  const { best, framework } = row;
  const share = best?.share ?? 0;
  const fairShare = best?.fairShare ?? 0;
  return (
    <span role="cell" className="bar-cell">
      <FairBar
        name={framework.info.name}
        share={share}
        fairShare={fairShare}
        hue={hueOfRole(best?.role ?? '*')}
        words={words}
      />
      <span className="bar-cell__text">
        <span>{percent(share)}</span>
        <span className="dim">
          {fairShare === 0 ? '' : words.t('roles.fair', { fair: percent(fairShare) })}
        </span>
      </span>
    </span>
  );
}

export function FrameworkRow(props: {
  readonly row: Row;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly onPress: (id: Row['framework']['id']) => void;
}) {
  const words = useWords();
  const { row, isCursor, isSelected } = props;
  const { framework, held } = row;
  return (
    <div
      role="row"
      aria-label={framework.info.name}
      className={cx(
        'framework-grid',
        'row',
        'row--tall',
        isCursor && 'row--cursor',
        isSelected && 'row--selected',
      )}
      onClick={() => props.onPress(framework.id)}
    >
      <span role="cell" className="role-name">
        <FrameworkGlyph framework={framework} />
        <span className="role-name__text">
          <RowDoor
            name={framework.info.name}
            onOpen={() => inspect({ kind: 'framework', id: framework.id })}
          />
          <span className="role-name__sub clip">
            <FrameworkStanding framework={framework} />
          </span>
        </span>
      </span>
      <span role="cell" className="clip" title={framework.info.roles.join('\n')}>
        <Roles row={row} words={words} />
      </span>
      <span role="cell" className="framework-counts">
        <Tasks counts={row.counts} words={words} />
      </span>
      <span role="cell" className="framework-held num">
        <span>
          {words.t('scalar.of.cpusMilli', {
            amount: scalarText('cpusMilli', held.cpusMilli),
            n: held.cpusMilli,
          })}
        </span>
        <span className="dim">{scalarText('memMib', held.memMib)}</span>
      </span>
      <Share row={row} words={words} />
      <span role="cell" className="num">
        {row.offers === 0 ? <span className="faint">–</span> : row.offers}
      </span>
      <span role="cell" className="num">
        {row.filters === 0 ? <span className="faint">–</span> : row.filters}
      </span>
    </div>
  );
}
