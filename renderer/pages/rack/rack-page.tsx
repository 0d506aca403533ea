// The rack: attention first, then a row per machine, then a lane per machine that comes or goes.
import './rack.css';
import { Boxes, Play, Plus, Radar } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { LaneRecord } from '../../../electron/contract/enrolment.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { startDemo } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { useSelection } from '../../kit/use-selection.ts';
import { Lane } from '../../parts/lane.tsx';
import { addingLanes, areManyAdding, laneList, machineList } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { go, inspect, openDialog, useView } from '../../store/view.ts';
import { AttentionStrip } from './attention-strip.tsx';
import { GhostRack } from './ghost-rack.tsx';
import { MachineRow } from './machine-row.tsx';
import { Queue } from './queue.tsx';

/** `--rack-row`. */
const rowPx = 44;

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

/** Many at once have a page of their own; here stands how far they are. */
function ManyLanes() {
  const words = useWords();
  const lanes = useTables((tables) => addingLanes(tables.lanes));
  const count = (...states: readonly LaneRecord['state'][]) =>
    lanes.filter(({ state }) => states.includes(state)).length;
  const text = words.t('adding.on-rack', {
    n: lanes.length,
    live: count('done'),
    underWay: count('running'),
    needsYou: count('needs-you'),
    notAdded: count('failed', 'cancelled'),
  });
  return (
    <p className="lanes__many">
      <button type="button" className="door num" onClick={() => go({ page: 'adding' })}>
        {text}
      </button>
    </p>
  );
}

function Lanes() {
  const areMany = useTables((tables) => areManyAdding(tables.lanes));
  const all = useTables((tables) => laneList(tables.lanes));
  const lanes = areMany ? all.filter(({ kind }) => kind === 'remove') : all;
  const end = useRef<HTMLDivElement>(null);
  const count = useRef(lanes.length);
  useEffect(() => {
    if (lanes.length > count.current) end.current?.scrollIntoView({ block: 'nearest' });
    count.current = lanes.length;
  }, [lanes.length]);
  return (
    <div className="lanes">
      {areMany && <ManyLanes />}
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
          <Button look="primary" icon={<Radar />} onClick={() => go({ page: 'find' })}>
            {words.t('verb.find-machines')}
          </Button>
          <Button icon={<Plus />} onClick={() => openDialog({ kind: 'add-machine' })}>
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

function useRackKeys(machines: readonly MachineRecord[]) {
  const [menuOf, setMenuOf] = useState<MachineId | null>(null);
  const order = machines.map(({ id }) => id);
  const { cursor, move, press } = useSelection(order);
  const at = cursor === null ? -1 : order.indexOf(cursor);
  const current = machines[at];
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: () => current && inspect({ kind: 'machine', id: current.id }),
    l: () => current && go({ page: 'tasks', filter: current.name, state: 'all' }),
    '.': () => current && setMenuOf(current.id),
  });
  const onPress = useCallback(
    (id: MachineId) => {
      press(id, { isToggle: false, isRange: false });
      inspect({ kind: 'machine', id });
    },
    [press],
  );
  return { at, menuOf, setMenuOf, onPress };
}

export function RackPage() {
  const words = useWords();
  const machines = useTables((tables) => machineList(tables.machines));
  const hasLanes = useTables((tables) => tables.lanes.size > 0);
  const subject = useView((view) => view.subject);
  const { at, menuOf, setMenuOf, onPress } = useRackKeys(machines);
  return (
    <>
      <h1 className="sr-only">{words.t('rack.title')}</h1>
      <Rows
        className="rack"
        label={words.t('rack.title')}
        count={machines.length}
        rowPx={rowPx}
        cursor={at}
        above={<AttentionStrip />}
        head={machines.length > 0 ? <Head /> : undefined}
        keyOf={(index) => machines[index]?.id ?? String(index)}
        renderRow={(index) => {
          const machine = machines[index];
          if (machine === undefined) return null;
          return (
            <MachineRow
              machine={machine}
              isCursor={index === at}
              isSelected={subject?.kind === 'machine' && subject.id === machine.id}
              isMenuOpen={menuOf === machine.id}
              onMenu={setMenuOf}
              onPress={onPress}
            />
          );
        }}
        below={
          <>
            <Queue />
            {hasLanes && <Lanes />}
            {machines.length < 2 && !hasLanes && <Invitation isEmpty={machines.length === 0} />}
          </>
        }
      />
    </>
  );
}
