// The rack: attention first, then a row per machine, then a lane per machine that comes or goes.
import './rack.css';
import { Boxes, Play, Plus } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { startDemo } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { laneList, machineList } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { go, inspect, openDialog, useView } from '../../store/view.ts';
import { AttentionStrip } from './attention-strip.tsx';
import { GhostRack } from './ghost-rack.tsx';
import { Lane } from './lane.tsx';
import { MachineRow } from './machine-row.tsx';

function Head() {
  const words = useWords();
  return (
    <div className="rack-grid rack-head" role="row">
      <span role="columnheader" className="rack-grid__name">
        {words.t('rack.machine')}
      </span>
      <span role="columnheader" className="rack-grid__meters">
        {words.t('rack.cpu')} / {words.t('rack.mem')}
      </span>
      <span role="columnheader" className="rack-grid__disk">
        {words.t('rack.disk')}
      </span>
      <span role="columnheader" className="rack-grid__temp num">
        {words.t('rack.temp')}
      </span>
      <span role="columnheader" className="rack-grid__net">
        {words.t('rack.net')}
      </span>
      <span role="columnheader" className="rack-grid__age num">
        {words.t('rack.age')}
      </span>
      <span role="columnheader" className="rack-grid__menu">
        <span className="sr-only">{words.t('verb.more')}</span>
      </span>
    </div>
  );
}

/** The cursor is an id, so that a machine that comes or goes does not move it. */
function useCursor(ids: readonly string[]) {
  const [cursor, setCursor] = useState<string | null>(null);
  const move = (by: number) => {
    const at = cursor === null ? -1 : ids.indexOf(cursor);
    const next = ids[Math.min(ids.length - 1, Math.max(0, at === -1 && by < 0 ? 0 : at + by))];
    if (next !== undefined) setCursor(next);
  };
  return { cursor, setCursor, move };
}

function Lanes() {
  const lanes = useTables((tables) => laneList(tables.lanes));
  const end = useRef<HTMLDivElement>(null);
  const count = useRef(lanes.length);
  useEffect(() => {
    if (lanes.length > count.current) end.current?.scrollIntoView({ block: 'nearest' });
    count.current = lanes.length;
  }, [lanes.length]);
  return (
    <div className="lanes">
      {lanes.map((lane) => (
        <Lane key={lane.id} lane={lane} />
      ))}
      <div ref={end} />
    </div>
  );
}

function Invitation({ isEmpty }: { readonly isEmpty: boolean }) {
  const words = useWords();
  return (
    <Empty
      text={words.t(isEmpty ? 'rack.empty' : 'rack.only-local')}
      hint={words.t(isEmpty ? 'rack.empty-wait' : 'rack.demo-hint')}
      ghost={<GhostRack />}
      actions={
        <>
          <Button look="primary" icon={<Plus />} onClick={() => openDialog({ kind: 'add-machine' })}>
            {words.t('verb.add-machine')}
          </Button>
          {!isEmpty && (
            <Button icon={<Boxes />} onClick={startDemo}>
              {words.t('verb.start-demo')}
            </Button>
          )}
          {!isEmpty && (
            <Button
              icon={<Play />}
              onClick={() => openDialog({ kind: 'run-task', machineId: null, sample: 'hello' })}
            >
              {words.t('verb.run-hello')}
            </Button>
          )}
        </>
      }
    />
  );
}

export function RackPage() {
  const words = useWords();
  const machines = useTables((tables) => machineList(tables.machines));
  const hasLanes = useTables((tables) => tables.lanes.size > 0);
  const subject = useView((view) => view.subject);
  const [menuOf, setMenuOf] = useState<string | null>(null);
  const { cursor, setCursor, move } = useCursor(machines.map((machine) => machine.id));
  const current = machines.find((machine) => machine.id === cursor);
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: () => current && inspect({ kind: 'machine', id: current.id }),
    l: () => current && go({ page: 'tasks', filter: current.name, state: 'active' }),
    '.': () => current && setMenuOf(current.id),
  });
  return (
    <div className="page-scroll rack">
      <h1 className="sr-only">{words.t('rack.title')}</h1>
      <AttentionStrip />
      {machines.length > 0 && (
        <div role="table" aria-label={words.t('rack.title')} className="rack__table">
          <div role="rowgroup" className="rack__sticky">
            <Head />
          </div>
          <div role="rowgroup">
            {machines.map((machine) => (
              <MachineRow
                key={machine.id}
                machine={machine}
                isCursor={machine.id === cursor}
                isSelected={subject?.kind === 'machine' && subject.id === machine.id}
                isMenuOpen={menuOf === machine.id}
                onMenu={setMenuOf}
                onCursor={setCursor}
              />
            ))}
          </div>
        </div>
      )}
      {hasLanes && <Lanes />}
      {machines.length < 2 && !hasLanes && <Invitation isEmpty={machines.length === 0} />}
    </div>
  );
}
