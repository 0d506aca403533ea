// One machine in the table of machines.
import { memo } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { mibOf, percent } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { cx } from '../../kit/cx.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { Meter } from '../../kit/meter.tsx';
import { HealthText, HeardAge } from '../../parts/health-text.tsx';
import { listOfActive, MachineDoor } from '../../parts/machine-door.tsx';
import { placeOf } from '../../parts/place.ts';
import type { MachineHealth } from '../../store/health.ts';
import { activeTasksOf, agentOf, capacityOf, healthOf } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { go } from '../../store/view.ts';
import { fullestDisk } from './machine-list.ts';

function Share(props: {
  readonly label: string;
  readonly share: number | null;
  readonly text: string;
  readonly isStale: boolean;
  readonly isWide?: boolean;
}) {
  if (props.share === null)
    return (
      <span role="cell" className="faint">
        –
      </span>
    );
  return (
    <span role="cell" className={props.isWide === true ? 'share share--wide' : 'share'}>
      <Meter size="thin" look="level" label={props.label} use={props.share} isStale={props.isStale} />
      <span className={cx('num', props.isStale ? 'faint' : 'dim')}>{props.text}</span>
    </span>
  );
}

function Use({ machine, isStale }: { readonly machine: MachineRecord; readonly isStale: boolean }) {
  const words = useWords();
  const sample = useRow('samples', machine.id)?.sample;
  const milli = useTables((tables) => capacityOf(machine, agentOf(tables, machine)).cpusMilli);
  const disk = useTables((tables) => (sample === undefined ? null : fullestDisk(tables, machine.id)));
  const cpu = sample === undefined || milli === 0 ? null : sample.cpuBusyMilli / milli;
  const mem = sample === undefined ? null : sample.memUsedMib / Math.max(1, sample.memTotalMib);
  const memText = sample === undefined ? '' : mibOf(sample.memUsedMib, sample.memTotalMib);
  return (
    <>
      <Share label={words.t('machines.col.cpu')} share={cpu} text={percent(cpu ?? 0)} isStale={isStale} />
      <Share label={words.t('machines.col.mem')} isWide share={mem} text={memText} isStale={isStale} />
      <Share label={words.t('machines.col.disk')} share={disk} text={percent(disk ?? 0)} isStale={isStale} />
    </>
  );
}

function Name({ machine, health }: { readonly machine: MachineRecord; readonly health: MachineHealth }) {
  const words = useWords();
  return (
    <span role="cell" className="row__name">
      <Glyph kind={health.glyph} label={words.t(`state.${health.word}`)} size={12} />
      <MachineDoor id={machine.id} name={machine.name} />
    </span>
  );
}

function Tasks({ machine, isFresh }: { readonly machine: MachineRecord; readonly isFresh: boolean }) {
  const tasks = useTables((tables) => activeTasksOf(tables, machine.id).length);
  return (
    <span role="cell" className="num">
      <button
        type="button"
        className="door num"
        onClick={(event) => {
          event.stopPropagation();
          go(listOfActive(machine, isFresh));
        }}
      >
        {tasks}
      </button>
    </span>
  );
}

export const MachineTableRow = memo(function MachineTableRow(props: {
  readonly machine: MachineRecord;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly onPress: (id: MachineRecord['id']) => void;
}) {
  const words = useWords();
  const { machine, isCursor, isSelected } = props;
  const agent = useTables((tables) => agentOf(tables, machine));
  const health = useTables(useShallow((tables) => healthOf(tables, machine)));
  const states = [isCursor && 'row--cursor', isSelected && 'row--selected'];
  return (
    <div
      role="row"
      aria-label={machine.name}
      className={cx('machine-grid', 'row', ...states)}
      onClick={() => props.onPress(machine.id)}
    >
      <Name machine={machine} health={health} />
      <span role="cell" className="clip machine-grid__state">
        <HealthText machineId={machine.id} health={health} />
      </span>
      <span role="cell" className="clip dim">
        {placeOf(machine, words)}
      </span>
      <span role="cell" className="clip dim" title={agent?.facts.os}>
        {agent?.facts.os ?? '–'}
      </span>
      <Use machine={machine} isStale={!health.isFresh} />
      <Tasks machine={machine} isFresh={health.isFresh} />
      <span role="cell" className="clip dim">
        {agent?.version ?? '–'}
      </span>
      <span role="cell" className="num">
        <HeardAge machineId={machine.id} health={health} fresh={words.t('dock.now')} />
      </span>
    </div>
  );
});
