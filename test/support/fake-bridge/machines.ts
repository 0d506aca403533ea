// The machines of the simulated rack.
import { type MachineSpec, weakIsolation } from './records.ts';

const debian = 'Debian GNU/Linux 12 (bookworm)';
export const gib = 1024;
export const specs: readonly MachineSpec[] = [
  {
    name: 'this-computer',
    address: null,
    cpus: 8,
    memMib: 16 * gib,
    cpuModel: 'Intel Core i7-1165G7',
    isolation: weakIsolation,
    os: 'Ubuntu 24.04.1 LTS',
    diskMib: 476 * gib,
  },
  {
    name: 'gpu-2',
    address: '192.168.1.31',
    cpus: 12,
    memMib: 64 * gib,
    cpuModel: 'AMD Ryzen 9 5900X 12-Core Processor',
    os: debian,
    diskMib: 1862 * gib,
    gpu: 'RTX 3060',
    engines: [
      { engine: 'docker', version: '27.3.1', rootless: false },
      { engine: 'podman', version: '5.2.3', rootless: true },
    ],
  },
  {
    name: 'nas',
    address: '192.168.1.40',
    cpus: 4,
    memMib: 8 * gib,
    cpuModel: 'Intel Celeron J4125',
    os: 'Debian GNU/Linux 11 (bullseye)',
    diskMib: 7452 * gib,
  },
  {
    name: 'pi-4',
    address: '192.168.1.52',
    cpus: 4,
    memMib: 4 * gib,
    cpuModel: 'ARM Cortex-A72',
    os: 'Raspberry Pi OS 12',
    diskMib: 58 * gib,
    arch: 'arm64',
  },
  {
    name: 'build-1',
    address: '192.168.1.60',
    cpus: 32,
    memMib: 128 * gib,
    cpuModel: 'AMD EPYC 7302P',
    os: debian,
    diskMib: 953 * gib,
    hasTemp: false,
  },
];
