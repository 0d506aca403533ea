// Inspector of one role: its share, what it holds of each resource between its bounds, what may end early, who is in it, its
// slices.
import { Ellipsis, Pencil } from 'lucide-react';
import type { RoleShare, Shares } from '../../../electron/contract/shares.ts';
import { percent } from '../../app/messages/amounts.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Section } from '../../parts/facts.tsx';
import { FrameworkGlyph } from '../../parts/framework-state.tsx';
import { roomRuleOf } from '../../parts/preemption.ts';
import { boundsText, FairBar, ResourceBar } from '../../parts/role-bars.tsx';
import { roleMenu } from '../../parts/role-menu.tsx';
import { scalarNames, scalarsText, scalarText } from '../../parts/scalar-words.ts';
import { shareOfRole, useShares } from '../../parts/use-shares.ts';
import { hueOfRole } from '../../store/identity.ts';
import { useTables } from '../../store/tables.ts';
import { inspect, openDialog } from '../../store/view.ts';

function Resources({ share, shares, words }: { share: RoleShare; shares: Shares; words: Words }) {
  const shown = scalarNames.filter((name) => shares.total[name] > 0);
  return (
    <ul className="role-amounts">
      {shown.map((name) => {
        const bounds = boundsText(share, name, words);
        const kept = share.reserved[name];
        const owed = share.owed[name];
        return (
          <li key={name} className="role-amount">
            <span className="dim">{words.t(`scalar.${name}`)}</span>
            <ResourceBar share={share} total={shares.total} resource={name} words={words} />
            <span className="num">
              {scalarText(name, share.allocated[name])}
              <span className="dim"> / {scalarText(name, shares.total[name])}</span>
            </span>
            {(bounds !== '' || kept > 0 || owed > 0) && (
              <span className="role-amount__more dim">
                {[
                  bounds,
                  kept > 0 ? words.t('roles.kept', { amount: scalarText(name, kept) }) : '',
                  owed > 0 ? words.t('roles.owed', { amount: scalarText(name, owed) }) : '',
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Frameworks({ role, shares, words }: { role: string; shares: Shares; words: Words }) {
  const frameworks = useTables((tables) => tables.frameworks);
  const clients = shares.clients.filter(
    (client) => client.role === role || client.role.startsWith(`${role}/`),
  );
  const shown = clients.flatMap((client) => {
    const framework = frameworks.get(client.frameworkId);
    return framework === undefined ? [] : [{ client, framework }];
  });
  return (
    <Section title={words.t('frameworks.title')}>
      {shown.length === 0 && <p className="faint">{words.t('roles.nobody')}</p>}
      <ul className="panel-list">
        {shown.map(({ client, framework }) => (
          <li key={`${client.frameworkId} ${client.role}`}>
            <button
              type="button"
              className="panel-task"
              onClick={() => inspect({ kind: 'framework', id: framework.id })}
            >
              <FrameworkGlyph framework={framework} />
              <span className="clip grow">
                {framework.info.name}
                {client.role !== role && <span className="dim"> {client.role}</span>}
              </span>
              <span className="num dim">{scalarsText(client.allocated, words)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Slices({ role, words }: { role: string; words: Words }) {
  const reservations = useTables((tables) => tables.reservations);
  const machines = useTables((tables) => tables.machines);
  const rows = [...reservations.values()].filter(({ part }) =>
    part.reservation.some((each) => each === role || each.startsWith(`${role}/`)),
  );
  return (
    <Section title={words.t('slices.set-aside')}>
      {rows.length === 0 && <p className="faint">{words.t('slices.none')}</p>}
      <ul className="panel-list">
        {rows.map((row) => (
          <li key={row.id}>
            <button
              type="button"
              className="panel-task"
              onClick={() => openDialog({ kind: 'partition-machine', machineId: row.machineId })}
            >
              <span className="clip grow">{machines.get(row.machineId)?.name ?? row.machineId}</span>
              <span className="num dim">{scalarsText(row.part.amounts, words)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function About({ share, words }: { share: RoleShare; words: Words }) {
  const of = share.dominant === null ? '' : words.t(`roles.of.${share.dominant}`);
  const fair =
    share.fairShare === 0
      ? words.t('roles.no-fair')
      : words.t('roles.fair', { fair: percent(share.fairShare) });
  return (
    <div className="role-share">
      <FairBar
        name={share.role}
        share={share.share}
        fairShare={share.fairShare}
        hue={hueOfRole(share.role)}
        words={words}
      />
      <p className="role-share__text">
        <span>{`${percent(share.share)} ${of}`}</span>
        <span className="dim">{fair}</span>
      </p>
      <p className="dim role-share__why">{words.t('roles.fair-why', { weight: share.weightMilli / 1000 })}</p>
    </div>
  );
}

/** What of it may end early, in whole sentences; and by whose word. */
function Room({ role, words }: { role: string; words: Words }) {
  const rule = useTables((tables) => roomRuleOf(tables.roles, role)?.preemption ?? null);
  const from = useTables((tables) => roomRuleOf(tables.roles, role)?.from ?? null);
  return (
    <Section title={words.t('roles.room')}>
      {!(rule?.lowerPriority || rule?.aboveFairShare) && (
        <p className="faint">{words.t('roles.room.nothing')}</p>
      )}
      {rule?.lowerPriority && <p className="dim">{words.t('roles.room.lower.says')}</p>}
      {rule?.aboveFairShare && <p className="dim">{words.t('roles.room.above.says')}</p>}
      {from !== null && from !== role && (
        <p className="faint">{words.t('roles.room.as-above', { role: from })}</p>
      )}
    </Section>
  );
}

export function RolePanel({ role }: { readonly role: string }) {
  const words = useWords();
  const { shares } = useShares();
  const share = shareOfRole(shares, role);
  return (
    <div className="panel">
      <header className="panel-head">
        <h2 className="panel-head__title">
          <span className="swatch" data-hue={hueOfRole(role)} />
          <span className="clip">{role === '*' ? words.t('roles.default') : role}</span>
        </h2>
        <p className="panel-head__sub dim">{words.t(role === '*' ? 'roles.default-why' : 'roles.one')}</p>
        <div className="panel-head__actions">
          <Button compact icon={<Pencil />} onClick={() => openDialog({ kind: 'change-role', role })}>
            {words.t('roles.change')}
          </Button>
          <Menu
            entries={roleMenu(role, words).slice(1)}
            trigger={<IconButton label={words.t('verb.more')} icon={<Ellipsis />} disabled={role === '*'} />}
          />
        </div>
      </header>
      {shares !== null && share === undefined && <p className="faint">{words.t('refusal.role-unknown')}</p>}
      {shares !== null && share !== undefined && (
        <>
          <Section title={words.t('roles.col.share')}>
            <About share={share} words={words} />
          </Section>
          <Section title={words.t('roles.holds')}>
            <Resources share={share} shares={shares} words={words} />
          </Section>
          <Room role={role} words={words} />
          <Frameworks role={role} shares={shares} words={words} />
          {role !== '*' && <Slices role={role} words={words} />}
        </>
      )}
    </div>
  );
}
