/** What a fake agent is made of: facts, samples, and a stream with two ends. */
import { Duplex, PassThrough } from 'node:stream';
import type { MachineFacts, Sample } from '../../electron/contract/machine.ts';
import { aSample } from './builders.ts';

export const fakeFacts: MachineFacts = {
  hostname: 'fake',
  os: 'Fake OS 1',
  kernel: '6.1.0',
  arch: 'amd64',
  cpuModel: 'Fake CPU',
  cpus: 4,
  memMib: 8192,
  swapMib: 0,
  disks: [{ mount: '/', device: '/dev/fake', totalMib: 10_000 }],
  gpus: [],
  bootId: 'boot-1',
  machineId: '0123456789abcdef0123456789abcdef',
  addresses: [{ iface: 'eth0', mac: '02:00:00:00:00:01', ip: '10.77.0.1' }],
  cgroup: 'none',
  user: 'root',
  uid: 0,
  boot: 'none',
};

export function fakeSample(seq: number): Sample {
  return aSample({ seq, atMs: 1_700_000_000_000 + seq * 1000 });
}

/** A pair of streams, each the other end of the other. */
export function duplexPair(): [Duplex, Duplex] {
  const there = new PassThrough();
  const back = new PassThrough();
  const left = Duplex.from({ readable: back, writable: there });
  const right = Duplex.from({ readable: there, writable: back });
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
  return [left, right];
}
