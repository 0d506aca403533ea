// Small charts of one machine over its last two minutes, with one crosshair.
import type { SampleRecord } from '../../../electron/contract/machine.ts';
import { bytesPerS, celsius, cpus, cpusLive, mib } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Chart } from '../../kit/chart.tsx';
import { niceMax, type Sampled } from '../../kit/chart-path.ts';
import { type MachinePoint, machineHistory } from '../../store/history.ts';
import type { Capacity } from '../../store/selectors.ts';

const quietBytes = 256 * 1024;
const warmMilliC = 60_000;

function peak(series: readonly Sampled[]): number {
  return series.reduce((most, point) => Math.max(most, point.value ?? 0), 0);
}

type Figure = (point: MachinePoint) => number | null;

function seriesOf(points: readonly MachinePoint[], pick: Figure): readonly Sampled[] {
  return points.map((point) => ({ atMs: point.atMs, value: pick(point) }));
}

function TrafficCharts(props: { readonly points: readonly MachinePoint[]; readonly isStale: boolean }) {
  const words = useWords();
  const { points, isStale } = props;
  const common = { empty: words.t('chart.empty'), isStale, format: bytesPerS } as const;
  const rx = seriesOf(points, (point) => point.rxBytesPerS);
  const tx = seriesOf(points, (point) => point.txBytesPerS);
  const disk = seriesOf(points, (point) => point.diskBytesPerS);
  return (
    <>
      <Chart
        {...common}
        title={words.t('chart.net')}
        max={niceMax(Math.max(peak(rx), peak(tx)), quietBytes)}
        lines={[
          { name: '↓', series: rx },
          { name: '↑', series: tx, tone: 'second' },
        ]}
      />
      <Chart
        {...common}
        title={words.t('chart.disk')}
        max={niceMax(peak(disk), quietBytes)}
        lines={[{ name: words.t('chart.disk'), series: disk }]}
      />
    </>
  );
}

export function MachineCharts(props: {
  readonly machineId: string;
  readonly capacity: Capacity;
  readonly record: SampleRecord | undefined;
  readonly isStale: boolean;
  /** Network and disk are the whole computer's. */
  readonly isSlice: boolean;
}) {
  const words = useWords();
  const { machineId, capacity, record, isStale, isSlice } = props;
  const points = machineHistory(machineId);
  const take = (pick: Figure) => seriesOf(points, pick);
  const busy = take((point) => point.cpuMilli);
  // A slice may use more than its share while the computer is idle.
  const cpuMax = Math.max(capacity.cpusMilli, peak(busy));
  const temp = take((point) => point.milliC);
  const hasTemp = temp.some((point) => point.value !== null);
  const common = { empty: words.t('chart.empty'), isStale } as const;
  const memTotal = record?.sample.memTotalMib ?? capacity.memMib;
  const cpu = words.t('chart.cpu');
  const mem = words.t('chart.mem');
  return (
    <div className="charts">
      <Chart
        {...common}
        title={cpu}
        max={cpuMax}
        maxText={cpus(cpuMax)}
        format={cpusLive}
        lines={[{ name: cpu, series: busy }]}
      />
      <Chart
        {...common}
        title={mem}
        max={memTotal}
        format={mib}
        lines={[{ name: mem, series: take((point) => point.memMib) }]}
      />
      {!isSlice && <TrafficCharts points={points} isStale={isStale} />}
      {hasTemp && (
        <Chart
          {...common}
          title={words.t('chart.temp')}
          max={niceMax(peak(temp), warmMilliC)}
          format={celsius}
          lines={[{ name: words.t('chart.temp'), series: temp }]}
        />
      )}
    </div>
  );
}
