// Figures that move like a machine's: a slow wave, some noise, and what the tasks use.
import type { MachineRecord, Sample } from '../../../electron/contract/machine.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import type { Random } from './random.ts';
import type { MachineSpec } from './records.ts';

const mebibyte = 1024 * 1024;

export class SampleSource {
  readonly #spec: MachineSpec;
  readonly #random: Random;
  readonly #phase: number;
  #seq = 0;
  #net = 0.2;

  constructor(spec: MachineSpec, random: Random) {
    this.#spec = spec;
    this.#random = random;
    this.#phase = random() * 60;
  }

  next(machine: MachineRecord, tasks: readonly TaskRecord[], atMs: number): Sample {
    const { cpus, memMib, diskMib, hasTemp } = this.#spec;
    const seconds = atMs / 1000 + this.#phase;
    const noise = () => this.#random() - 0.5;
    this.#seq += 1;
    this.#net = Math.min(1, Math.max(0.02, this.#net + noise() * 0.16));
    const used = tasks.map((task) => {
      const wave = 0.62 + 0.3 * Math.sin(seconds / 9 + task.createdAtMs) + noise() * 0.16;
      return {
        taskId: task.id,
        cpuBusyMilli: Math.max(5, Math.round(task.info.resources.cpusMilli * wave)),
        memUsedMib: Math.round(
          task.info.resources.memMib * (0.55 + 0.2 * Math.sin(seconds / 40 + task.createdAtMs)),
        ),
        pids: 1 + (task.createdAtMs % 4),
      };
    });
    const sum = (pick: (use: (typeof used)[number]) => number) =>
      used.reduce((total, use) => total + pick(use), 0);
    const own = cpus * 1000 * (0.05 + 0.03 * Math.sin(seconds / 13)) + this.#random() * 120;
    const cpuBusyMilli = Math.round(Math.min(cpus * 1000, own + sum((use) => use.cpuBusyMilli)));
    const share = cpuBusyMilli / (cpus * 1000);
    const isNas = machine.name === 'nas';
    return {
      seq: this.#seq,
      atMs,
      cpuBusyMilli,
      perCpu: Array.from({ length: cpus }, () =>
        Math.round(Math.min(1000, Math.max(0, share * 1000 + noise() * 200))),
      ),
      memTotalMib: memMib,
      memUsedMib: Math.round(Math.min(memMib, memMib * 0.11 + sum((use) => use.memUsedMib))),
      swapUsedMib: 0,
      disks: [
        {
          mount: '/',
          totalMib: diskMib,
          usedMib: Math.round(diskMib * (isNas ? 0.93 : 0.3 + (this.#phase / 60) * 0.4)),
        },
      ],
      diskReadBytesPerS: Math.round(this.#random() * 3 * mebibyte),
      diskWriteBytesPerS: Math.round(this.#random() * 2 * mebibyte),
      netRxBytesPerS: Math.round(this.#net * 9 * mebibyte),
      netTxBytesPerS: Math.round(this.#net * 2.4 * mebibyte),
      load: [Math.round(share * cpus * 100), Math.round(share * cpus * 90), Math.round(share * cpus * 80)],
      temps:
        hasTemp === false
          ? []
          : [{ name: 'package', milliC: Math.round((36 + share * 34 + noise()) * 1000) }],
      gpus:
        this.#spec.gpu === undefined
          ? []
          : [
              {
                index: 0,
                busyPct: Math.round(55 + 40 * Math.sin(seconds / 7)),
                memUsedMib: 9100,
                milliC: 64_000,
              },
            ],
      tasks: used,
    };
  }
}
