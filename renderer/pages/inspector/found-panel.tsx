// Inspector of one find: everything that was said of it, by whom, and what of it is only said.
import { Plus } from 'lucide-react';
import type { FoundMachine } from '../../../electron/contract/discovery.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { type Fact, Facts, Section } from '../../parts/facts.tsx';
import { nameOf, prefillOf, standingOf } from '../../parts/found.ts';
import { clueText, guessText } from '../../parts/found-words.ts';
import { useFinding } from '../../store/finding.ts';
import { useTables } from '../../store/tables.ts';
import { openDialog } from '../../store/view.ts';

type Part = { readonly found: FoundMachine; readonly words: Words };

function Why({ found, words }: Part) {
  if (found.guess === null) return null;
  return (
    <Section title={words.t('found.why')}>
      <p>{guessText(found, words)}</p>
      <ul className="panel-list">
        {found.guess.because.map((clue) => (
          <li key={`${clue.kind} ${clue.text}`} className="panel-entry selectable">
            {clueText(clue, words)}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Where({ found, words }: Part) {
  const many = (term: string, values: readonly string[]): Fact[] => values.map((value) => [term, value]);
  return (
    <Section title={words.t('found.where')}>
      <Facts
        facts={[
          ...many(words.t('found.address'), found.addresses),
          ...many(words.t('found.name'), found.names),
          ...many(words.t('found.mac'), found.macs),
          [words.t('found.vendor'), found.vendor],
          [words.t('found.model'), found.model],
          [
            words.t('found.seen-by'),
            found.seenBy.map((source) => words.t(`find.source.${source}`)).join(words.t('list.comma')),
          ],
          [words.t('found.seen'), words.clock(found.seenAtMs)],
        ]}
      />
    </Section>
  );
}

function Ports({ found, words }: Part) {
  if (found.ports.length === 0) return null;
  return (
    <Section title={words.t('found.ports')}>
      <Facts
        facts={found.ports.map(({ port, state, banner }) => [
          words.t('found.port', { port }),
          <>
            {words.t(`found.port.${state}`)}
            {banner !== null && <span className="dim"> {banner}</span>}
          </>,
        ])}
      />
    </Section>
  );
}

function Keys({ found, words }: Part) {
  if (found.hostKeys.length === 0) return null;
  return (
    <Section title={words.t('found.keys')}>
      <Facts
        facts={found.hostKeys.map(({ type, fingerprint, mark }) => [
          type,
          <span key={fingerprint}>
            <code className="mono">{fingerprint}</code>{' '}
            <span className={mark === 'revoked' ? 'glyph-line t-failed' : 'dim'}>
              {mark === 'revoked' && <Glyph kind="failed" size={12} />}
              <span>{words.t(`found.key.${mark}`)}</span>
            </span>
          </span>,
        ])}
      />
      {found.sharesKeyWith.length > 0 && (
        <p className="panel-note">{words.t('found.shares-key', { n: found.sharesKeyWith.length })}</p>
      )}
    </Section>
  );
}

function Logins({ found, words }: Part) {
  if (found.logins.length === 0) return null;
  return (
    <Section title={words.t('found.login')}>
      {found.logins.map((login) => (
        <Facts
          key={login.alias}
          facts={[
            [words.t('found.login.alias'), login.alias],
            [words.t('found.address'), `${login.address}:${login.port}`],
            [words.t('found.login.user'), login.user],
            ...login.identityFiles.map((file): Fact => [words.t('found.login.key'), file]),
            [words.t('found.login.jumps'), login.jumps.join(words.t('list.comma'))],
          ]}
        />
      ))}
    </Section>
  );
}

export function FoundPanel({ id }: { readonly id: string }) {
  const words = useWords();
  const found = useFinding((finding) => finding.machines.get(id));
  const standing = useTables((tables) =>
    found === undefined ? null : (standingOf(tables, found)?.kind ?? null),
  );
  const owner = useTables((tables) => (found === undefined ? '' : nameOf(standingOf(tables, found))));
  if (found === undefined) return null;
  const part = { found, words };
  return (
    <div className="panel">
      <header className="panel-head">
        <h2 className="panel-head__title clip">{found.title}</h2>
        <p className="panel-head__sub dim">{found.addresses[0] ?? ''}</p>
      </header>
      {standing === null && (
        <div className="panel-head__actions">
          <Button
            compact
            icon={<Plus />}
            onClick={() => openDialog({ kind: 'add-machine', found: prefillOf(found) })}
          >
            {words.t('add.submit')}
          </Button>
        </div>
      )}
      {standing !== null && (
        <p className="panel-note">
          {standing === 'coming' ? words.t('find.coming') : words.t('find.ours', { name: owner })}
        </p>
      )}
      <p className="panel-note">{words.t('found.untrusted')}</p>
      <Why {...part} />
      <Where {...part} />
      <Ports {...part} />
      <Keys {...part} />
      <Logins {...part} />
    </div>
  );
}
