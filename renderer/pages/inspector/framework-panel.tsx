// Inspector of one framework: what it is, its roles, the offers that lie with it, what it has refused until when, its tasks.
import { OctagonX } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FrameworkRecord } from '../../../electron/contract/framework.ts';
import type { Scalars, Shares } from '../../../electron/contract/shares.ts';
import { openTask } from '../../app/acts.ts';
import { percent } from '../../app/messages/amounts.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { Facts, Section } from '../../parts/facts.tsx';
import { FrameworkGlyph, FrameworkStanding, runFramework, tasksOf } from '../../parts/framework-state.tsx';
import { FairBar } from '../../parts/role-bars.tsx';
import { scalarsText, sumScalars } from '../../parts/scalar-words.ts';
import { useShares } from '../../parts/use-shares.ts';
import { useNowMs } from '../../store/clock.ts';
import { hueOfRole } from '../../store/identity.ts';
import { glyphOfTask, isActive } from '../../store/selectors.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { go, inspect, openDialog } from '../../store/view.ts';

type Part = { readonly framework: FrameworkRecord; readonly shares: Shares | null; readonly words: Words };

function Entry(props: { readonly left: ReactNode; readonly right: ReactNode; readonly more: string }) {
  return (
    <li className="panel-entry">
      <span className="clip">{props.left}</span>
      <span className="num dim">{props.right}</span>
      {props.more !== '' && <span className="panel-entry__more">{props.more}</span>}
    </li>
  );
}

function Roles({ framework, shares, words }: Part) {
  return (
    <Section
      title={words.t('roles.title')}
      aside={
        <Button look="link" onClick={() => go({ page: 'roles' })}>
          {words.t('frameworks.to-roles')}
        </Button>
      }
    >
      <ul className="framework-roles">
        {framework.info.roles.map((role) => {
          const client = shares?.clients.find(
            (each) => each.frameworkId === framework.id && each.role === role,
          );
          const isSuppressed = framework.suppressedRoles.includes(role);
          const share = client?.share ?? 0;
          const fairShare = client?.fairShare ?? 0;
          return (
            <li key={role} className="role-share">
              <p className="role-share__text">
                <button
                  type="button"
                  className="door clip"
                  onClick={() => inspect({ kind: 'role', id: role })}
                >
                  {role === '*' ? words.t('roles.default') : role}
                </button>
                <span className="dim num">
                  {isSuppressed
                    ? words.t('frameworks.suppressed')
                    : words.t('frameworks.share-of', { share: percent(share), fair: percent(fairShare) })}
                </span>
              </p>
              <FairBar name={role} share={share} fairShare={fairShare} hue={hueOfRole(role)} words={words} />
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Offers({ framework, shares, words }: Part) {
  const nowMs = useNowMs();
  const offers = useTables((tables) => tables.offers);
  const machines = useTables((tables) => tables.machines);
  const own = [...offers.values()]
    .filter((offer) => offer.frameworkId === framework.id)
    .sort((a, b) => a.offeredAtMs - b.offeredAtMs);
  return (
    <Section title={words.t('frameworks.offers', { n: own.length })}>
      {own.length === 0 && <p className="faint">{words.t('frameworks.no-offers')}</p>}
      <ul className="panel-list">
        {own.map((offer) => {
          const endsMs =
            offer.expiresAtMonoMs === null ? null : offer.expiresAtMonoMs + (shares?.monoZeroMs ?? 0);
          const age = words.duration(nowMs - offer.offeredAtMs);
          const left = endsMs === null || shares === null ? '' : words.duration(endsMs - nowMs);
          return (
            <Entry
              key={offer.id}
              left={machines.get(offer.machineId)?.name ?? offer.hostname}
              right={scalarsText(sumScalars(offer.resources.map((part): Scalars => part.amounts)), words)}
              more={words.t(left === '' ? 'frameworks.offer-for-ever' : 'frameworks.offer', {
                role: offer.role,
                age,
                left,
              })}
            />
          );
        })}
      </ul>
    </Section>
  );
}

function Filters({ framework, shares, words }: Part) {
  const nowMs = useNowMs();
  const agents = useTables((tables) => tables.agents);
  const machines = useTables((tables) => tables.machines);
  const own = (shares?.filters ?? []).filter((filter) => filter.frameworkId === framework.id);
  const nameOf = (agentId: string) => machines.get(agents.get(agentId)?.machineId ?? '')?.name ?? agentId;
  return (
    <Section title={words.t('frameworks.filters', { n: own.length })}>
      <p className="faint">
        {words.t(own.length === 0 ? 'frameworks.no-filters' : 'frameworks.filters-why')}
      </p>
      <ul className="panel-list">
        {own.map((filter) => (
          <Entry
            key={`${filter.role} ${filter.agentId}`}
            left={nameOf(filter.agentId)}
            right={scalarsText(sumScalars([filter.unreserved, filter.reserved]), words)}
            more={words.t('frameworks.filter', {
              role: filter.role,
              left: words.duration(filter.untilMs - nowMs),
              at: words.clock(filter.untilMs),
            })}
          />
        ))}
      </ul>
    </Section>
  );
}

const tasksShown = 8;

function Tasks({ framework, words }: Omit<Part, 'shares'>) {
  useTables((tables) => tables.tasks);
  const { tables } = tableStore.getState();
  const tasks = tasksOf(tables, framework.id).filter((task) => isActive(task.state));
  return (
    <Section title={words.t('frameworks.tasks', { n: tasks.length })}>
      {tasks.length === 0 && <p className="faint">{words.t('frameworks.no-tasks')}</p>}
      <ul className="panel-list">
        {tasks.slice(0, tasksShown).map((task) => (
          <li key={task.id}>
            <button type="button" className="panel-task" onClick={() => openTask(task.id)}>
              <Glyph kind={glyphOfTask(tables, task)} label={words.t(`task-state.${task.state}`)} size={12} />
              <span className="clip grow">{task.info.name}</span>
              <span className="num dim">{tables.machines.get(task.machineId)?.name ?? ''}</span>
            </button>
          </li>
        ))}
      </ul>
      {tasks.length > tasksShown && (
        <p className="dim">{words.t('attention.and-more', { n: tasks.length - tasksShown })}</p>
      )}
    </Section>
  );
}

function About({ framework, words }: Omit<Part, 'shares'>) {
  const { info, registeredAtMs, completedAtMs } = framework;
  return (
    <Section title={words.t('inspector.facts')}>
      <Facts
        facts={[
          [
            words.t('frameworks.id'),
            <span key="id" className="mono">
              {framework.id}
            </span>,
          ],
          registeredAtMs === 0 ? null : [words.t('frameworks.since'), words.dateTime(registeredAtMs)],
          completedAtMs === null ? null : [words.t('frameworks.ended-at'), words.dateTime(completedAtMs)],
          framework.kind === 'built-in'
            ? null
            : [words.t('frameworks.failover'), words.duration(info.failoverTimeoutMs)],
          [words.t('frameworks.user'), info.user],
          [words.t('fact.hostname'), info.hostname ?? ''],
          [words.t('frameworks.web'), info.webuiUrl ?? ''],
          [words.t('frameworks.can'), info.capabilities.join(words.t('list.comma'))],
        ]}
      />
    </Section>
  );
}

export function FrameworkPanel({ id }: { readonly id: string }) {
  const words = useWords();
  const { shares } = useShares();
  const framework = useTables((tables) => tables.frameworks.get(id)) ?? runFramework;
  const isMortal = framework.kind === 'remote' && framework.completedAtMs === null;
  return (
    <div className="panel">
      <header className="panel-head">
        <h2 className="panel-head__title">
          <FrameworkGlyph framework={framework} />
          <span className="clip">{framework.info.name}</span>
        </h2>
        <p className="panel-head__sub">
          <FrameworkStanding framework={framework} />
        </p>
        {framework.kind === 'built-in' && (
          <p className="panel-head__sub dim">{words.t('frameworks.built-in-why')}</p>
        )}
        <div className="panel-head__actions">
          {isMortal && (
            <Button
              compact
              icon={<OctagonX />}
              onClick={() => openDialog({ kind: 'teardown-framework', frameworkId: framework.id })}
            >
              {words.t('frameworks.teardown')}
            </Button>
          )}
        </div>
      </header>
      <Roles framework={framework} shares={shares} words={words} />
      <Offers framework={framework} shares={shares} words={words} />
      <Filters framework={framework} shares={shares} words={words} />
      <Tasks framework={framework} words={words} />
      <About framework={framework} words={words} />
    </div>
  );
}
