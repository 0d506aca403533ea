// One find: its name, what it probably is and why, where it is, whether SSH answers, and the way to add it.
import { Plus } from 'lucide-react';
import { memo } from 'react';
import type { FoundMachine } from '../../../electron/contract/discovery.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { Glyph, type GlyphKind } from '../../kit/glyph.tsx';
import { RowDoor } from '../../kit/row-door.tsx';
import { hasRevokedKey, jumpsOf, nameOf, sshPortOf, standingOf } from '../../parts/found.ts';
import { guessText, reasonText } from '../../parts/found-words.ts';
import { useTables } from '../../store/tables.ts';

const portGlyphs = { open: 'healthy', said: 'waiting', closed: 'stopped' } as const satisfies Record<
  string,
  GlyphKind
>;

function Ssh({ found, words }: { readonly found: FoundMachine; readonly words: Words }) {
  const port = sshPortOf(found);
  if (hasRevokedKey(found)) {
    return (
      <span className="glyph-line t-failed">
        <Glyph kind="failed" size={12} />
        {words.t('find.revoked')}
      </span>
    );
  }
  if (port === null) return <span className="faint">{words.t('find.ssh.unknown')}</span>;
  return (
    <span className="find-two">
      <span className="glyph-line">
        <Glyph kind={portGlyphs[port.state]} size={12} />
        {words.t(`find.ssh.${port.state}`, { port: port.port })}
      </span>
      {port.banner !== null && <span className="find-sub clip">{port.banner}</span>}
    </span>
  );
}

function Act({ found, words, onAdd }: { found: FoundMachine; words: Words; onAdd: (id: string) => void }) {
  const standing = useTables((tables) => standingOf(tables, found)?.kind ?? null);
  const owner = useTables((tables) => nameOf(standingOf(tables, found)));
  if (standing !== null) {
    return (
      <span className="dim clip">
        {standing === 'coming' ? words.t('find.coming') : words.t('find.ours', { name: owner })}
      </span>
    );
  }
  const jumps = jumpsOf(found);
  if (jumps.length > 0) {
    const name = jumps.join(words.t('list.comma'));
    return <span className="dim clip">{words.t('find.behind', { name })}</span>;
  }
  return (
    <span className="row__offer">
      <Button
        compact
        icon={<Plus />}
        aria-label={words.t('find.add', { name: found.title })}
        onClick={() => onAdd(found.id)}
      >
        {words.t('add.submit')}
      </Button>
    </span>
  );
}

export const FoundRow = memo(function FoundRow(props: {
  readonly found: FoundMachine;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly isChosen: boolean;
  readonly onPress: (id: string) => void;
  readonly onToggle: (id: string) => void;
  readonly onAdd: (id: string) => void;
}) {
  const words = useWords();
  const { found, isCursor, isSelected, isChosen } = props;
  const isOurs = useTables((tables) => standingOf(tables, found) !== null);
  const [name] = found.names;
  const [address, ...more] = found.addresses;
  return (
    <div
      role="row"
      aria-label={found.title}
      className={cx(
        'find-grid',
        'row',
        'find-row',
        isCursor && 'row--cursor',
        isSelected && 'row--selected',
        isOurs && 'find-row--ours',
      )}
      onClick={() => props.onPress(found.id)}
    >
      <span role="cell">
        <input
          type="checkbox"
          className="check__box"
          aria-label={words.t('find.choose', { name: found.title })}
          checked={isChosen}
          disabled={isOurs || jumpsOf(found).length > 0}
          onClick={(event) => event.stopPropagation()}
          onChange={() => props.onToggle(found.id)}
        />
      </span>
      <span role="cell" className="find-two">
        <RowDoor name={found.title} title={found.title} onOpen={() => props.onPress(found.id)} />
        {name !== undefined && name !== found.title && <span className="find-sub clip">{name}</span>}
      </span>
      <span role="cell" className="find-two">
        <span className="clip">
          {guessText(found, words) ?? <span className="faint">{words.t('find.no-guess')}</span>}
        </span>
        <span className="find-sub clip">{reasonText(found, words)}</span>
      </span>
      <span role="cell" className="find-two">
        <span className="find-address clip">{address ?? <span className="faint">–</span>}</span>
        {more.length > 0 && (
          <span className="find-sub clip">{words.t('find.more-addresses', { n: more.length })}</span>
        )}
      </span>
      <span role="cell" className="clip">
        <Ssh found={found} words={words} />
      </span>
      <span role="cell" className="find-act">
        <Act found={found} words={words} onAdd={props.onAdd} />
      </span>
    </div>
  );
});
