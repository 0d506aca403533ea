// The demo rack of the fake cluster.
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { specs } from './machines.ts';
import { aMachine, type MachineSpec } from './records.ts';

/** Six slices of this computer. */
export function demoSlices(
  nowMs: number,
): readonly { readonly spec: MachineSpec; readonly machine: MachineRecord }[] {
  return Array.from({ length: 6 }, (_, index) => {
    const slot = index + 1;
    const own = { name: `demo-${slot}`, cpus: 1, memMib: 1024, hasTemp: false };
    const base = specs[0];
    if (base === undefined) throw new Error('no spec');
    const spec: MachineSpec = { ...base, ...own };
    const capacity = { cpusMilli: 1000, memMib: 1024, diskMib: 4096 };
    const machine = aMachine(spec, nowMs + slot);
    return {
      spec,
      machine: { ...machine, via: { kind: 'local' as const, demo: { slot, capacity, attributes: [] } } },
    };
  });
}
