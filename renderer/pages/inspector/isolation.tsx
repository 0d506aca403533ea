// What each kind of limit is worth on a machine, and which container engines answer there.
import type { AgentRecord, MachineFacts } from '../../../electron/contract/machine.ts';
import { useWords } from '../../app/messages/words.ts';
import { Glyph, type GlyphKind } from '../../kit/glyph.tsx';
import { Section } from '../../parts/facts.tsx';
import { limitKinds, type Strength, worthOf } from '../../parts/isolation.ts';

const glyphs: Readonly<Record<Strength, GlyphKind>> = {
  full: 'healthy',
  partly: 'waiting',
  none: 'stopped',
  unknown: 'unknown',
};

function Row(props: {
  readonly name: string;
  readonly strength: Strength;
  readonly word?: string;
  readonly note: string | null;
}) {
  const words = useWords();
  const { name, strength, note } = props;
  return (
    <li className="worth__row">
      <Glyph kind={glyphs[strength]} size={12} />
      <span className="worth__name">{name}</span>
      <span>{props.word ?? words.t(`isolation.word.${strength}`)}</span>
      {note !== null && <span className="worth__note">{note}</span>}
    </li>
  );
}

function Ending({
  isolation,
  user,
}: {
  readonly isolation: MachineFacts['isolation'];
  readonly user: string;
}) {
  const words = useWords();
  if (isolation === undefined) return null;
  return (
    <>
      <Row
        name={words.t('isolation.kill')}
        strength={isolation.kill === 'cgroup' ? 'full' : 'partly'}
        word={words.t(`isolation.kill.${isolation.kill}`)}
        note={null}
      />
      <Row
        name={words.t('isolation.users')}
        strength={isolation.users ? 'full' : 'none'}
        word={isolation.users ? words.t('isolation.users.yes') : words.t('isolation.users.no', { user })}
        note={null}
      />
    </>
  );
}

function Engines({ engines }: { readonly engines: NonNullable<MachineFacts['engines']> }) {
  const words = useWords();
  return (
    <Section title={words.t('engines.title')}>
      <ul className="worth">
        {engines.length === 0 && (
          <Row
            name={words.t('life.container')}
            strength="none"
            word={words.t('engines.none')}
            note={words.t('engines.none.do')}
          />
        )}
        {engines.map(({ engine, version, rootless }) => (
          <Row
            key={engine}
            name={words.t(`run.container.engine.${engine}`)}
            strength="full"
            word={`${version} · ${words.t(rootless ? 'engines.rootless' : 'engines.root')}`}
            note={null}
          />
        ))}
      </ul>
    </Section>
  );
}

export function Isolation({ agent }: { readonly agent: AgentRecord | undefined }) {
  const words = useWords();
  if (agent?.facts.isolation === undefined && agent?.facts.engines === undefined) return null;
  const { isolation, engines, gpus, user } = agent.facts;
  return (
    <>
      <Section title={words.t('isolation.title')}>
        <ul className="worth">
          {limitKinds
            .filter((kind) => kind !== 'gpu' || gpus.length > 0)
            .map((kind) => {
              const { strength, note } = worthOf(agent, kind);
              return (
                <Row
                  key={kind}
                  name={words.t(`isolation.${kind}`)}
                  strength={strength}
                  note={strength === 'full' ? null : words.t(note)}
                />
              );
            })}
          <Ending isolation={isolation} user={user} />
        </ul>
      </Section>
      {engines !== undefined && <Engines engines={engines} />}
    </>
  );
}
