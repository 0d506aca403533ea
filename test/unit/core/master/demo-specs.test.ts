import { describe, expect, it } from 'vitest';
import { demoSliceSchema } from '../../../../electron/contract/machine.ts';
import { demoSpecs } from '../../../../electron/core/master/demo-specs.ts';

const demoSlots = 6;
const computers = [
  { cpusMilli: 2000, memMib: 3900, diskMib: 20_000 },
  { cpusMilli: 4000, memMib: 8192, diskMib: 100_000 },
  { cpusMilli: 8000, memMib: 16_000, diskMib: 512_000 },
  { cpusMilli: 16_000, memMib: 65_536, diskMib: 2_000_000 },
  { cpusMilli: 128_000, memMib: 1_048_576, diskMib: 50_000_000 },
];

describe('the machines of the demo rack', () => {
  it.each(computers)('on $cpusMilli thousandths of a CPU and $memMib MiB are honest shares', (computer) => {
    const slices = demoSpecs(computer).map((spec) => spec.slice);
    expect(slices.map((slice) => slice.slot)).toEqual(Array.from({ length: demoSlots }, (_, i) => i + 1));
    for (const slice of slices) expect(demoSliceSchema.parse(slice)).toEqual(slice);
    for (const name of ['cpusMilli', 'memMib', 'diskMib'] as const) {
      const sum = slices.reduce((total, slice) => total + slice.capacity[name], 0);
      expect(sum, name).toBeLessThanOrEqual(computer[name]);
    }
    // Room for the task that is offered first: 0.1 cpus and 64 MiB.
    for (const { capacity } of slices) {
      expect(capacity.cpusMilli).toBeGreaterThanOrEqual(100);
      expect(capacity.memMib).toBeGreaterThanOrEqual(64);
    }
  });

  it.each(computers)('differ in size on $cpusMilli thousandths of a CPU', (computer) => {
    const sizes = demoSpecs(computer).map(({ slice }) => JSON.stringify(slice.capacity));
    expect(new Set(sizes).size).toBe(demoSlots);
  });

  it('leave half of the memory and of the free disk to everything else', () => {
    const slices = demoSpecs({ cpusMilli: 4000, memMib: 8192, diskMib: 100_000 }).map((spec) => spec.slice);
    const sum = (name: 'memMib' | 'diskMib') => slices.reduce((total, s) => total + s.capacity[name], 0);
    expect(sum('memMib')).toBeLessThanOrEqual(4096);
    expect(sum('diskMib')).toBeLessThanOrEqual(50_000);
  });

  it('have names and labels of their own that claim no hardware', () => {
    const specs = demoSpecs({ cpusMilli: 4000, memMib: 8192, diskMib: 100_000 });
    expect(new Set(specs.map((spec) => spec.name)).size).toBe(demoSlots);
    for (const { slice } of specs) {
      expect(slice.attributes.map((label) => label.key).sort()).toEqual(['role', 'shelf']);
      expect(JSON.stringify(slice.attributes)).not.toMatch(/gpu|ssd|nvme|arm/i);
    }
  });
});
