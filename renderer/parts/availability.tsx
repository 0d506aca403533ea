// A machine out of service, as it stands: paused, draining, drained, gone, in maintenance, or with less than its tasks hold.
// Each with what it means for what runs there, and the one thing to do about it.
import './availability.css';
import type { ReactNode } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { AgentRecord, MachineRecord } from '../../electron/contract/machine.ts';
import { callOffMaintenance, resumeMachine } from '../app/drain-acts.ts';
import { cpus, mib } from '../app/messages/amounts.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { Glyph, type GlyphKind } from '../kit/glyph.tsx';
import { Meter } from '../kit/meter.tsx';
import { useNowMs } from '../store/clock.ts';
import { drainProgress, type Over, overOf } from '../store/drain.ts';
import type { MachineHealth } from '../store/health.ts';
import { activeTasksOf } from '../store/selectors.ts';
import { useTables } from '../store/tables.ts';
import { openDialog } from '../store/view.ts';

function Notice(props: {
  readonly glyph: GlyphKind;
  readonly what: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <section className="avail" data-tone={props.glyph} aria-label={props.what}>
      <p className="avail__what">
        <Glyph kind={props.glyph} />
        <span>{props.what}</span>
      </p>
      <div className="avail__more">{props.children}</div>
      {props.actions !== undefined && <div className="avail__acts">{props.actions}</div>}
    </section>
  );
}

type Of = { readonly machine: MachineRecord; readonly agent: AgentRecord };

function Paused({ machine }: Of) {
  const words = useWords();
  const n = useTables((tables) => activeTasksOf(tables, machine.id).length);
  return (
    <Notice
      glyph="stopped"
      what={words.t('avail.paused')}
      actions={
        <Button compact onClick={() => resumeMachine(machine, true)}>
          {words.t('verb.resume')}
        </Button>
      }
    >
      <p className="dim">{words.t('avail.paused.more', { n })}</p>
    </Notice>
  );
}

function Draining({ machine, agent, isFresh }: Of & { readonly isFresh: boolean }) {
  const words = useWords();
  const progress = useTables(useShallow((tables) => drainProgress(tables, agent)));
  const { availability } = agent;
  if (progress === null || availability?.kind !== 'draining') return null;
  const said = words.t('state.drain-progress', { ended: progress.ended, n: progress.all });
  return (
    <Notice
      glyph={isFresh ? 'working' : 'unknown'}
      what={words.t('avail.draining', { progress: said })}
      actions={
        <Button compact onClick={() => resumeMachine(machine, false)}>
          {words.t('verb.stop-drain')}
        </Button>
      }
    >
      <Meter
        size="thin"
        look="level"
        label={words.t('avail.progress')}
        use={progress.all === 0 ? 1 : progress.ended / progress.all}
      />
      <p className="dim">
        {isFresh
          ? words.t('avail.draining.more', { n: progress.all - progress.ended })
          : words.t('avail.draining-away')}
      </p>
      {availability.markGone && <p className="t-waiting">{words.t('avail.draining-gone')}</p>}
    </Notice>
  );
}

function Drained({ machine, agent }: Of) {
  const words = useWords();
  const nowMs = useNowMs();
  const { availability } = agent;
  if (availability?.kind !== 'drained') return null;
  const isMaintenance = availability.cause === 'maintenance';
  const when = words.when(availability.sinceMs, nowMs);
  return (
    <Notice
      glyph="done"
      what={words.t('avail.drained')}
      actions={
        <Button compact onClick={() => resumeMachine(machine, false)}>
          {words.t('verb.resume')}
        </Button>
      }
    >
      <p className="dim">
        {words.t(isMaintenance ? 'avail.drained-maintenance' : 'avail.drained.more', { when })}
      </p>
    </Notice>
  );
}

function Gone({ machine }: { readonly machine: MachineRecord }) {
  const words = useWords();
  const isSsh = machine.via.kind === 'ssh';
  const remove = (
    <Button compact onClick={() => openDialog({ kind: 'remove-machine', machineId: machine.id })}>
      {words.t('verb.remove')}
    </Button>
  );
  return (
    <Notice glyph="failed" what={words.t('avail.gone')} {...(isSsh ? { actions: remove } : {})}>
      <p className="dim">{words.t('avail.gone.more')}</p>
    </Notice>
  );
}

function overWords(over: readonly Over[], words: Words): string {
  const one = ({ name, held, has }: Over) =>
    name === 'cpusMilli'
      ? words.t('avail.over-cpus', { held: cpus(held), has: cpus(has) })
      : words.t('avail.over-mem', { held: mib(held), has: mib(has) });
  return over.map(one).join(words.t('list.comma'));
}

function OverCommitted({ machine, agent }: Of) {
  const words = useWords();
  const tasks = useTables((tables) => activeTasksOf(tables, machine.id));
  const over = overOf(agent, tasks);
  if (over.length === 0) return null;
  return (
    <Notice glyph="waiting" what={words.t('avail.over')}>
      <p className="dim">{words.t('avail.over.more', { what: overWords(over, words) })}</p>
    </Notice>
  );
}

function lengthWords(durationMs: number | null, words: Words): string {
  return durationMs === null
    ? words.t('maint.length-open')
    : words.t('maint.length-of', { age: words.duration(durationMs) });
}

/** How many of those that were asked have agreed to make room. */
function Agreement({ machineId }: { readonly machineId: string }) {
  const words = useWords();
  const [yes, n] = useTables(
    useShallow((tables) => {
      const rows = [...tables.inverseOffers.values()].filter((row) => row.machineId === machineId);
      return [rows.filter(({ state }) => state === 'accepted').length, rows.length] as const;
    }),
  );
  return n === 0 ? null : <p className="dim">{words.t('maint.agree', { yes, n })}</p>;
}

function MaintenanceNotice({ machine }: { readonly machine: MachineRecord }) {
  const words = useWords();
  const nowMs = useNowMs();
  const { maintenance } = machine;
  if (maintenance === undefined) return null;
  const { startMs, durationMs, note, hasBegun } = maintenance;
  const endMs = durationMs === null ? null : startMs + durationMs;
  const until =
    endMs === null
      ? words.t('maint.begun.open')
      : words.t('maint.begun.until', { when: words.dateTime(endMs) });
  return (
    <Notice
      glyph={hasBegun ? 'stopped' : 'waiting'}
      what={
        hasBegun
          ? words.t('maint.begun', { when: words.dateTime(startMs) })
          : words.t('maint.planned', { age: words.duration(startMs - nowMs) })
      }
      actions={
        <>
          <Button compact onClick={() => openDialog({ kind: 'plan-maintenance', machineId: machine.id })}>
            {words.t('verb.change')}
          </Button>
          <Button compact look="quiet" onClick={() => callOffMaintenance(machine)}>
            {words.t(hasBegun ? 'verb.end-maintenance' : 'verb.call-off')}
          </Button>
        </>
      }
    >
      <p className="dim">
        {hasBegun
          ? until
          : words.t('maint.planned.more', {
              when: words.dateTime(startMs),
              length: lengthWords(durationMs, words),
            })}
      </p>
      {note !== '' && <p className="avail__note selectable">{note}</p>}
      <Agreement machineId={machine.id} />
    </Notice>
  );
}

export function Availability(props: {
  readonly machine: MachineRecord;
  readonly agent: AgentRecord | undefined;
  readonly health: MachineHealth;
}) {
  const { machine, agent, health } = props;
  if (agent?.state.kind === 'gone') return <Gone machine={machine} />;
  const kind = agent?.availability?.kind;
  return (
    <>
      {agent !== undefined && kind === 'deactivated' && <Paused machine={machine} agent={agent} />}
      {agent !== undefined && kind === 'draining' && (
        <Draining machine={machine} agent={agent} isFresh={health.isFresh} />
      )}
      {agent !== undefined && kind === 'drained' && <Drained machine={machine} agent={agent} />}
      <MaintenanceNotice machine={machine} />
      {agent !== undefined && <OverCommitted machine={machine} agent={agent} />}
    </>
  );
}

/** In the row: when it goes, in place of what can be looked up at any time. */
export function MaintenanceSoon(props: { readonly machine: MachineRecord; readonly otherwise: ReactNode }) {
  const words = useWords();
  const nowMs = useNowMs();
  const { maintenance } = props.machine;
  if (maintenance === undefined || maintenance.hasBegun) return props.otherwise;
  return (
    <span className="t-waiting">
      {words.t('maint.badge', { age: words.duration(maintenance.startMs - nowMs) })}
    </span>
  );
}
