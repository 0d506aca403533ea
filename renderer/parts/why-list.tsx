// Why something waits: groups of machines with what stops them, each with its machines, and how near each comes to it.
import './waiting.css';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { MachineStop, Shortage, StopGroup, Why } from '../../electron/contract/waiting.ts';
import { reconnect } from '../app/acts.ts';
import { resumeMachine } from '../app/drain-acts.ts';
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { Glyph } from '../kit/glyph.tsx';
import { useRow, useTables } from '../store/tables.ts';
import { MachineDoor } from './machine-door.tsx';
import { glyphOfStop, groupWords, stopWords } from './wait-words.ts';

/** Fewer stand open from the start. */
const foldedFrom = 5;
const shownAtMost = 100;

/** The machine as a bar: what is taken, what is wanted after it, and where it ends. */
function Fit({ shortage }: { readonly shortage: Shortage }) {
  const { wanted, free, total } = shortage;
  const used = Math.max(0, total - free);
  const from = wanted > total ? 0 : used;
  const scale = Math.max(total, from + wanted, 1);
  const part = (n: number) => `${(100 * n) / scale}%`;
  return (
    <span className="fit" aria-hidden="true">
      {from > 0 && <span className="fit__used" style={{ width: part(from) }} />}
      <span className="fit__wanted" style={{ left: part(from), width: part(wanted) }} />
      <span className="fit__end" style={{ left: part(total) }} />
    </span>
  );
}

/** What would help, where a person can do it at once. */
function Unblock({ stop }: { readonly stop: MachineStop }) {
  const words = useWords();
  const machine = useRow('machines', stop.machineId);
  if (machine === undefined) return null;
  switch (stop.code) {
    case 'silent':
    case 'unreachable':
      return (
        <Button look="link" onClick={() => reconnect(machine)}>
          {words.t('verb.reconnect')}
        </Button>
      );
    case 'deactivated':
    case 'draining':
      return (
        <Button look="link" onClick={() => resumeMachine(machine, stop.code === 'deactivated')}>
          {words.t('verb.resume')}
        </Button>
      );
    default:
      return null;
  }
}

function MachineLine({ stop, isDoor }: { readonly stop: MachineStop; readonly isDoor: boolean }) {
  const words = useWords();
  const name = useTables((tables) => tables.machines.get(stop.machineId)?.name ?? stop.machineId);
  const text = stopWords(stop, words);
  return (
    <li className="why__machine">
      {isDoor ? (
        <MachineDoor id={stop.machineId} name={name} />
      ) : (
        <span className="clip why__name">{name}</span>
      )}
      {stop.shortage && (stop.code === 'busy' || stop.code === 'too-small') && stop.shortage.total > 0 ? (
        <Fit shortage={stop.shortage} />
      ) : (
        <span />
      )}
      <span className="why__text dim">
        {text}
        {isDoor && <Unblock stop={stop} />}
      </span>
    </li>
  );
}

type GroupProps = {
  readonly group: StopGroup;
  readonly stops: readonly MachineStop[];
  readonly isDoor: boolean;
};

function GroupHead({ group }: Pick<GroupProps, 'group'>) {
  const words = useWords();
  return (
    <>
      <Glyph kind={glyphOfStop(group.code)} size={12} />
      <span className="num why__count">{words.t('wait.n', { n: group.count })}</span>
      <span className="why__what">{groupWords(group, words)}</span>
    </>
  );
}

/** One alone needs no fold: its own words say it all. */
function Single({ group, stops, isDoor }: GroupProps) {
  return (
    <ul className="why__group why__single">
      <Glyph kind={glyphOfStop(group.code)} size={12} />
      <MachineLine stop={stops[0] ?? group.best} isDoor={isDoor} />
    </ul>
  );
}

function Group({ group, stops, isDoor }: GroupProps) {
  const words = useWords();
  const [isOpen, setOpen] = useState(group.count < foldedFrom);
  return (
    <details className="why__group" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="why__head">
        <ChevronRight className="why__fold" />
        <GroupHead group={group} />
      </summary>
      {isOpen && (
        <ul className="why__machines">
          {stops.slice(0, shownAtMost).map((stop) => (
            <MachineLine key={stop.machineId} stop={stop} isDoor={isDoor} />
          ))}
          {group.count > Math.min(stops.length, shownAtMost) && (
            <li className="why__machine dim">
              {words.t('wait.more', { n: group.count - Math.min(stops.length, shownAtMost) })}
            </li>
          )}
        </ul>
      )}
    </details>
  );
}

const isOf =
  ({ code, resource, refusal }: StopGroup) =>
  (stop: MachineStop): boolean =>
    stop.code === code &&
    (stop.shortage?.resource ?? null) === resource &&
    (stop.refusal?.reason ?? null) === (refusal?.reason ?? null);

/** `isDoor`: names of machines open them. A dialog has no other place to go to. */
export function WhyList({ why, isDoor = true }: { readonly why: Why; readonly isDoor?: boolean }) {
  return (
    <div className="why">
      {why.groups.map((group) => {
        const Part = group.count === 1 ? Single : Group;
        return (
          <Part
            key={`${group.code} ${group.resource ?? ''} ${group.refusal?.reason ?? ''}`}
            group={group}
            stops={why.machines.filter(isOf(group))}
            isDoor={isDoor}
          />
        );
      })}
    </div>
  );
}
