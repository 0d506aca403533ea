// CPU and memory of one task over its last two minutes, against what it is allocated.
import type { TaskRecord } from '../../electron/contract/task.ts';
import { cpus, cpusLive, mib } from '../app/messages/amounts.ts';
import { useWords } from '../app/messages/words.ts';
import { Chart } from '../kit/chart.tsx';
import { taskHistory } from '../store/history.ts';
import { useRow } from '../store/tables.ts';

export function TaskCharts({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  // Renders with each sample of its machine.
  const record = useRow('samples', task.machineId);
  const link = useRow('links', task.machineId);
  const points = record === undefined ? [] : taskHistory(task.id);
  const cpu = points.map(({ atMs, cpuMilli }) => ({ atMs, value: cpuMilli }));
  const mem = points.map(({ atMs, memMib }) => ({ atMs, value: memMib }));
  const { resources } = task.info;
  const most = (series: readonly { value: number }[], floor: number) =>
    series.reduce((max, point) => Math.max(max, point.value), floor);
  const common = { empty: words.t('chart.empty'), isStale: link?.phase !== 'live' } as const;
  return (
    <div className="charts">
      <Chart
        {...common}
        title={words.t('chart.cpu')}
        max={most(cpu, resources.cpusMilli)}
        maxText={cpus(most(cpu, resources.cpusMilli))}
        format={cpusLive}
        lines={[{ name: words.t('chart.cpu'), series: cpu }]}
      />
      <Chart
        {...common}
        title={words.t('chart.mem')}
        max={most(mem, resources.memMib)}
        format={mib}
        lines={[{ name: words.t('chart.mem'), series: mem }]}
      />
    </div>
  );
}
