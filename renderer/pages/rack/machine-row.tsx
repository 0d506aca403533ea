// One machine: state, CPU over memory, disk, temperature, network, age of the data. Values that are not live are hatched.
import { Ellipsis } from 'lucide-react';
import { memo } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { MachineId, TaskId } from '../../../electron/contract/ids.ts';
import { type AgentRecord, demoSliceOf, type MachineRecord } from '../../../electron/contract/machine.ts';
import { openTask } from '../../app/acts.ts';
import { bytesPerS, celsius, cpus, cpusLive, mib, mibOf, percent } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { IconButton } from '../../kit/button.tsx';
import { niceMax } from '../../kit/chart-path.ts';
import { cx } from '../../kit/cx.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Meter } from '../../kit/meter.tsx';
import { Spark } from '../../kit/spark.tsx';
import { MaintenanceSoon } from '../../parts/availability.tsx';
import { HealthText, HeardAge } from '../../parts/health-text.tsx';
import { MachineDoor } from '../../parts/machine-door.tsx';
import { useMachineMenu } from '../../parts/machine-menu.tsx';
import type { MachineHealth } from '../../store/health.ts';
import { hottestMilliC, machineHistory } from '../../store/history.ts';
import {
  activeTasksOf,
  agentOf,
  type Capacity,
  capacityOf,
  healthOf,
  isWholeLocal,
} from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { lightKin } from '../../store/view.ts';
import { allocations } from './allocations.ts';

const kibPerS = 1024;
const quietNet = 64 * kibPerS;
const open = (key: string) => {
  if (key !== 'rest') openTask(key as TaskId);
};

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** What is kept back for the system. */
function keptOf(capacity: Capacity, agent: AgentRecord | undefined) {
  const { cpusMilli: capacityMilli, memMib: capacityMib } = capacity;
  const keptMilli = capacityMilli - (agent?.resources.cpusMilli ?? capacityMilli);
  const keptMib = capacityMib - (agent?.resources.memMib ?? capacityMib);
  return { capacityMilli, capacityMib, keptMilli, keptMib };
}

/** What is used counts; the total stands there every second. */
function OfTotal({ text }: { readonly text: string }) {
  const [used = '', total = ''] = text.split(' / ');
  return (
    <>
      {used}
      <span className="dim"> / {total}</span>
    </>
  );
}

type LiveProps = { readonly machine: MachineRecord; readonly isStale: boolean };

function Meters({ machine, isStale }: LiveProps) {
  const words = useWords();
  const record = useRow('samples', machine.id);
  const agent = useTables((tables) => agentOf(tables, machine));
  const tasks = useTables((tables) => activeTasksOf(tables, machine.id));
  const capacity = capacityOf(machine, agent);
  const given = allocations(tasks, capacity, words);
  const { capacityMilli, capacityMib, keptMilli, keptMib } = keptOf(capacity, agent);
  const sample = record?.sample;
  const cpuUse = sample === undefined ? null : ratio(sample.cpuBusyMilli, capacityMilli);
  const memUse = sample === undefined ? null : ratio(sample.memUsedMib, sample.memTotalMib);
  const common = { isStale, onHover: lightKin, onPick: open } as const;
  const used = (text: string | undefined) => text ?? '?';
  return (
    <div className="rack-meters">
      <span className="rack-meters__label">{words.t('rack.cpu')}</span>
      <Meter
        {...common}
        label={words.t('rack.meter-cpu', {
          n: given.count,
          allocated: cpus(given.cpusMilli),
          total: cpus(capacityMilli),
          used: used(sample && cpusLive(sample.cpuBusyMilli)),
        })}
        segments={given.cpu}
        use={cpuUse}
        reserved={ratio(keptMilli, capacityMilli) ?? 0}
        reservedTitle={words.t('rack.kept', { amount: cpus(keptMilli) })}
      />
      <span className={cx('rack-meters__value', isStale && 'faint')}>
        <OfTotal
          text={`${sample === undefined ? '?' : cpusLive(sample.cpuBusyMilli)} / ${cpus(capacityMilli)}`}
        />
      </span>
      <span className="rack-meters__label">{words.t('rack.mem')}</span>
      <Meter
        {...common}
        label={words.t('rack.meter-mem', {
          n: given.count,
          allocated: mib(given.memMib),
          total: mib(capacityMib),
          used: used(sample && mib(sample.memUsedMib)),
        })}
        segments={given.mem}
        use={memUse}
        reserved={ratio(keptMib, capacityMib) ?? 0}
        reservedTitle={words.t('rack.kept', { amount: mib(keptMib) })}
      />
      <span className={cx('rack-meters__value', isStale && 'faint')}>
        {sample === undefined ? '?' : <OfTotal text={mibOf(sample.memUsedMib, sample.memTotalMib)} />}
      </span>
    </div>
  );
}

/** Disk, sensors and network cannot be divided: they are in the row of the whole computer. */
function Shared() {
  const words = useWords();
  return (
    <span className="faint" title={words.t('rack.shared')}>
      –
    </span>
  );
}

function Disk({ machine, isStale }: LiveProps) {
  const words = useWords();
  const record = useRow('samples', machine.id);
  const fullest = record?.sample.disks.reduce<{ mount: string; share: number } | null>((worst, disk) => {
    const share = disk.totalMib === 0 ? 0 : disk.usedMib / disk.totalMib;
    return worst === null || share > worst.share ? { mount: disk.mount, share } : worst;
  }, null);
  if (fullest === undefined || fullest === null) return <span className="faint">?</span>;
  return (
    <div className="rack-disk" title={fullest.mount}>
      <Meter
        size="thin"
        look="level"
        label={`${words.t('rack.disk')} ${fullest.mount}`}
        use={fullest.share}
        isStale={isStale}
      />
      <span className={cx('num', isStale ? 'faint' : 'dim')}>{percent(fullest.share)}</span>
    </div>
  );
}

function Temperature({ machine, isStale }: LiveProps) {
  const words = useWords();
  const record = useRow('samples', machine.id);
  const temp = record === undefined ? null : hottestMilliC(record);
  if (temp === null) {
    return (
      <span className="faint" title={words.t('rack.no-sensor')}>
        –
      </span>
    );
  }
  return <span className={isStale ? 'faint' : undefined}>{celsius(temp)}</span>;
}

function Net({ machine, isStale }: LiveProps) {
  const words = useWords();
  const record = useRow('samples', machine.id);
  const history = record === undefined ? [] : machineHistory(record.id);
  const series = history
    .slice(-60)
    .map(({ atMs, rxBytesPerS, txBytesPerS }) => ({ atMs, value: rxBytesPerS + txBytesPerS }));
  const now = record === undefined ? 0 : record.sample.netRxBytesPerS + record.sample.netTxBytesPerS;
  const max = niceMax(
    series.reduce((most, point) => Math.max(most, point.value), 0),
    quietNet,
  );
  return (
    <div className="rack-net" title={bytesPerS(now)}>
      <Spark
        label={`${words.t('rack.net')} ${bytesPerS(now)}`}
        series={series}
        slots={60}
        max={max}
        width={72}
        isStale={isStale}
      />
    </div>
  );
}

function Name({
  machine,
  agent,
  health,
}: {
  readonly machine: MachineRecord;
  readonly agent: AgentRecord | undefined;
  readonly health: MachineHealth;
}) {
  const words = useWords();
  const { cpusMilli, memMib } = capacityOf(machine, agent);
  const size = cpusMilli > 0 && words.t('rack.size', { cpus: cpusMilli / 1000, mem: mib(memMib) });
  return (
    <div className="rack-name">
      <Glyph kind={health.glyph} label={words.t(`state.${health.word}`)} />
      <div className="rack-name__text">
        <MachineDoor id={machine.id} name={machine.name} />
        <span className="rack-name__sub clip">
          {health.word === 'live' ? (
            <span className="dim">
              <MaintenanceSoon
                machine={machine}
                otherwise={
                  <>
                    {isWholeLocal(machine) && `${words.t('inspector.this-computer')} · `}
                    {size}
                  </>
                }
              />
            </span>
          ) : (
            <HealthText machineId={machine.id} health={health} />
          )}
        </span>
      </div>
    </div>
  );
}

export type MachineRowProps = {
  readonly machine: MachineRecord;
  readonly isCursor: boolean;
  readonly isSelected: boolean;
  readonly isMenuOpen: boolean;
  readonly onMenu: (id: MachineId | null) => void;
  readonly onPress: (id: MachineId) => void;
};

/** Draws what stays; what changes with each sample asks for it by itself. */

export const MachineRow = memo(function MachineRow(props: MachineRowProps) {
  const { machine, isCursor, isSelected } = props;
  const words = useWords();
  const agent = useTables((tables) => agentOf(tables, machine));
  const health = useTables(useShallow((tables) => healthOf(tables, machine)));
  const entries = useMachineMenu(machine);
  const isStale = !health.isFresh;
  const isSlice = demoSliceOf(machine) !== null;
  return (
    <div
      role="row"
      aria-label={machine.name}
      aria-selected={isSelected}
      className={cx('rack-grid', 'rack-row', isCursor && 'row--cursor', isSelected && 'rack-row--selected')}
      onClick={() => props.onPress(machine.id)}
    >
      <div role="cell" className="rack-grid__name">
        <Name machine={machine} agent={agent} health={health} />
      </div>
      <div role="cell" className="rack-grid__meters">
        <Meters machine={machine} isStale={isStale} />
      </div>
      <div role="cell" className="rack-grid__disk">
        {isSlice ? <Shared /> : <Disk machine={machine} isStale={isStale} />}
      </div>
      <div role="cell" className="rack-grid__temp num">
        {isSlice ? <Shared /> : <Temperature machine={machine} isStale={isStale} />}
      </div>
      <div role="cell" className="rack-grid__net">
        {isSlice ? <Shared /> : <Net machine={machine} isStale={isStale} />}
      </div>
      <div role="cell" className="rack-grid__age num">
        <HeardAge machineId={machine.id} health={health} fresh={words.t('state.live')} />
      </div>
      <div role="cell" className="rack-grid__menu" onClick={(event) => event.stopPropagation()}>
        <Menu
          entries={entries}
          open={props.isMenuOpen}
          onOpenChange={(isOpen) => props.onMenu(isOpen ? machine.id : null)}
          trigger={<IconButton size="small" label={words.t('verb.more')} icon={<Ellipsis />} />}
        />
      </div>
    </div>
  );
});
