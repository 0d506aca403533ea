// The master's state as lines of plain text: what `npm start` shows in a terminal, and all that headless shows.
import { demoSliceOf, type MachineRecord } from '../contract/machine.ts';
import type { Snapshot } from '../contract/tables.ts';
import { terminalTaskStates } from '../contract/task.ts';

/** One line a machine, in the order they were added. */
export function machineLines(snapshot: Snapshot, nowMs: number): string[] {
  const machines = [...snapshot.rows.machines].sort((a, b) => a.addedAtMs - b.addedAtMs);
  if (machines.length === 0) return ['no machines yet'];
  const width = Math.max(...machines.map((machine) => machine.name.length));
  return machines.map((machine) => machineLine(snapshot, machine, { nowMs, width }));
}

type Layout = { readonly nowMs: number; readonly width: number };

function machineLine({ rows }: Snapshot, machine: MachineRecord, { nowMs, width }: Layout): string {
  const link = rows.links.find((each) => each.id === machine.id);
  const newest = rows.samples.find((each) => each.id === machine.id);
  const agent = rows.agents.find((each) => each.machineId === machine.id);
  const running = rows.tasks.filter(
    (task) => task.machineId === machine.id && !terminalTaskStates.has(task.state),
  );
  const parts = [machine.name.padEnd(width), (link?.phase ?? 'down').padEnd(10)];
  if (newest) {
    const { sample } = newest;
    const slice = demoSliceOf(machine);
    const cpus = slice ? slice.capacity.cpusMilli / 1000 : (agent?.facts.cpus ?? sample.perCpu.length);
    parts.push(
      `cpu ${formatCpus(sample.cpuBusyMilli)} of ${cpus}`,
      `mem ${formatMib(sample.memUsedMib)} of ${formatMib(sample.memTotalMib)}`,
    );
    // Network and load are the whole computer's, which has a line of its own.
    if (!slice) {
      parts.push(
        `net ${formatRate(sample.netRxBytesPerS)} in ${formatRate(sample.netTxBytesPerS)} out`,
        `load ${((sample.load[0] ?? 0) / 100).toFixed(2)}`,
      );
    }
  } else parts.push('no figures yet');
  parts.push(`${running.length} ${running.length === 1 ? 'task' : 'tasks'}`);
  if (newest) parts.push(`${formatAge(nowMs - newest.receivedAtMs)} old`);
  if (link?.problem) parts.push(`(${link.problem.reason}: ${link.problem.detail})`);
  return parts.join('  ');
}

function formatCpus(cpusMilli: number): string {
  return (cpusMilli / 1000).toFixed(2);
}

/** Said at the end when work goes on without us. */
export function sayKept(tasks: number): void {
  if (tasks === 0) return;
  const subject = tasks === 1 ? '1 task of this computer runs' : `${tasks} tasks of this computer run`;
  process.stdout.write(`${subject} on without Mesolite; the next start finds them again\n`);
}

export function formatMib(mib: number): string {
  return mib < 1024 ? `${mib} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

export function formatRate(bytesPerS: number): string {
  if (bytesPerS < 1000) return `${bytesPerS} B/s`;
  if (bytesPerS < 1_000_000) return `${(bytesPerS / 1000).toFixed(1)} kB/s`;
  return `${(bytesPerS / 1_000_000).toFixed(1)} MB/s`;
}

export function formatAge(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

export type LinePrinter = { readonly stop: () => void };

/** A terminal is redrawn in place each second; anything else gets fresh lines every two seconds. */
export function printMachines(
  snapshot: () => Snapshot,
  out: NodeJS.WriteStream,
  nowMs: () => number,
): LinePrinter {
  let drawn = 0;
  const draw = (): void => {
    const lines = machineLines(snapshot(), nowMs());
    if (!out.isTTY) {
      out.write(`${lines.join('\n')}\n`);
      return;
    }
    const width = out.columns || 80;
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    out.write(`${up}${lines.map((line) => `\u001b[2K${line.slice(0, width - 1)}\n`).join('')}\u001b[J`);
    drawn = lines.length;
  };
  // The first figures take a second: before that there is nothing worth a line.
  const timer = setInterval(draw, out.isTTY ? 1000 : 2000);
  return { stop: () => clearInterval(timer) };
}
