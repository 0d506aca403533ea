// The six machines of the demo rack, worked out of what this computer has. Honest shares: together they never offer
// more than the computer. Names and attributes are labels of a role; they claim no hardware.
import type { DemoSlice } from '../../contract/machine.ts';
import type { Resources } from '../../contract/resources.ts';

export type DemoSpec = { readonly name: string; readonly slice: DemoSlice };
export type Computer = Pick<Resources, 'cpusMilli' | 'memMib' | 'diskMib'>;

type Plan = {
  readonly name: string;
  /** Percent of the computer's CPUs, and of the parts of memory and disk below. Each column sums up to 100. */
  readonly percent: { readonly cpus: number; readonly mem: number; readonly disk: number };
  readonly attributes: Readonly<Record<string, string>>;
};

const plans: readonly Plan[] = [
  {
    name: 'demo-ash',
    percent: { cpus: 30, mem: 24, disk: 10 },
    attributes: { role: 'compute', shelf: 'top' },
  },
  {
    name: 'demo-elm',
    percent: { cpus: 22, mem: 16, disk: 10 },
    attributes: { role: 'compute', shelf: 'top' },
  },
  {
    name: 'demo-fir',
    percent: { cpus: 14, mem: 30, disk: 15 },
    attributes: { role: 'memory', shelf: 'middle' },
  },
  {
    name: 'demo-ivy',
    percent: { cpus: 6, mem: 6, disk: 5 },
    attributes: { role: 'small', shelf: 'bottom' },
  },
  {
    name: 'demo-oak',
    percent: { cpus: 18, mem: 14, disk: 50 },
    attributes: { role: 'storage', shelf: 'middle' },
  },
  {
    name: 'demo-yew',
    percent: { cpus: 10, mem: 10, disk: 10 },
    attributes: { role: 'small', shelf: 'bottom' },
  },
];

/** CPU time that is wanted twice only slows down; memory that is wanted twice ends tasks. So half of it stays free. */
const memoryShare = 0.5;
const diskShare = 0.5;
const steps = { cpusMilli: 100, memMib: 64, diskMib: 256 } as const;
/** Below this a slice could not even run one small task. */
const least = { cpusMilli: 100, memMib: 64, diskMib: 0 } as const;

export function demoSpecs(computer: Computer): readonly DemoSpec[] {
  const memMib = computer.memMib * memoryShare;
  const diskMib = computer.diskMib * diskShare;
  return plans.map(({ name, percent, attributes }, index) => ({
    name,
    slice: {
      slot: index + 1,
      capacity: {
        cpusMilli: shareOf(computer.cpusMilli, percent.cpus, 'cpusMilli'),
        memMib: shareOf(memMib, percent.mem, 'memMib'),
        diskMib: shareOf(diskMib, percent.disk, 'diskMib'),
      },
      attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
    },
  }));
}

function shareOf(whole: number, percent: number, name: keyof typeof steps): number {
  const step = steps[name];
  return Math.max(least[name], Math.floor((whole * percent) / 100 / step) * step);
}
