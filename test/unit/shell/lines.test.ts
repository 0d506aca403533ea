import { describe, expect, it } from 'vitest';
import type {
  AgentRecord,
  LinkRecord,
  MachineRecord,
  SampleRecord,
} from '../../../electron/contract/machine.ts';
import { formatAge, formatMib, formatRate, machineLines } from '../../../electron/shell/lines.ts';
import { emptyRows } from '../../support/fake-master.ts';

const machine = (id: string, name: string, addedAtMs: number) =>
  ({ id, name, addedAtMs, via: { kind: 'local' } }) as MachineRecord;

describe('machines as lines', () => {
  it('says so when there are none', () => {
    expect(machineLines({ seq: 0, rows: emptyRows }, 0)).toEqual(['no machines yet']);
  });

  it('shows figures with their age, the oldest machine first, names aligned', () => {
    const rows = {
      ...emptyRows,
      machines: [machine('m-2', 'nas', 2), machine('m-1', 'this-computer', 1)],
      agents: [{ id: 'a-1', machineId: 'm-1', facts: { cpus: 8 } } as AgentRecord],
      links: [
        { id: 'm-1', phase: 'live', problem: null } as LinkRecord,
        {
          id: 'm-2',
          phase: 'down',
          problem: { code: 'unreachable', reason: 'no-route', detail: 'no way' },
        } as LinkRecord,
      ],
      samples: [
        {
          id: 'm-1',
          receivedAtMs: 8800,
          sample: {
            cpuBusyMilli: 1250,
            perCpu: [1, 2],
            memUsedMib: 512,
            memTotalMib: 16_384,
            netRxBytesPerS: 1500,
            netTxBytesPerS: 10,
            load: [42, 0, 0],
          },
        } as unknown as SampleRecord,
      ],
    };
    expect(machineLines({ seq: 1, rows }, 10_000)).toEqual([
      'this-computer  live        cpu 1.25 of 8  mem 512 MiB of 16.0 GiB  net 1.5 kB/s in 10 B/s out  load 0.42  0 tasks  1.2 s old',
      'nas            down        no figures yet  0 tasks  (no-route: no way)',
    ]);
  });

  it('shows of a slice what it has, and nothing that is the whole computer', () => {
    const demo = { slot: 1, capacity: { cpusMilli: 600, memMib: 512, diskMib: 0 }, attributes: [] };
    const slice = { ...machine('m-1', 'demo-ash', 1), via: { kind: 'local', demo } } as MachineRecord;
    const sample = { cpuBusyMilli: 100, perCpu: [], memUsedMib: 8, memTotalMib: 512, load: [900, 0, 0] };
    const rows = {
      ...emptyRows,
      machines: [slice],
      agents: [{ id: 'a-1', machineId: 'm-1', facts: { cpus: 8 } } as AgentRecord],
      links: [{ id: 'm-1', phase: 'live', problem: null } as LinkRecord],
      samples: [{ id: 'm-1', receivedAtMs: 9000, sample } as unknown as SampleRecord],
    };
    expect(machineLines({ seq: 1, rows }, 10_000)).toEqual([
      'demo-ash  live        cpu 0.10 of 0.6  mem 8 MiB of 512 MiB  0 tasks  1.0 s old',
    ]);
  });

  it.each([
    [formatMib(1024), '1.0 GiB'],
    [formatRate(2_500_000), '2.5 MB/s'],
    [formatAge(42_000), '42 s'],
    [formatAge(600_000), '10 min'],
    [formatAge(-5), '0.0 s'],
  ])('%s is %s', (got, wanted) => expect(got).toBe(wanted));
});
