// Runs that wait on the fake cluster: one for room, one for a machine that there is none of, one for a condition.
import type { RunTask } from '../../../electron/contract/channels.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { gib } from './machines.ts';
import type { FakeTables } from './tables.ts';
import { runOf } from './waits.ts';

const plain: RunTask = {
  machineId: null,
  name: '',
  command: { shell: true, value: '', arguments: [], environment: [], workingFolder: null, user: null },
  cpusMilli: 1000,
  memMib: 1024,
  diskMib: 0,
  gpus: 0,
  killGraceMs: 3000,
};

type Plan = Partial<RunTask> & { readonly line: string; readonly agoMs: number };
const plans: readonly Plan[] = [
  {
    name: 'train-18',
    line: 'python3 -u train.py --epochs 90 --resume',
    cpusMilli: 4000,
    memMib: 96 * gib,
    agoMs: 134_000,
  },
  {
    name: 'render-all',
    line: 'blender -b scene.blend -a',
    cpusMilli: 2000,
    memMib: 512 * gib,
    agoMs: 48_000,
  },
  {
    name: 'export-top',
    line: './export --shelf top',
    where: 'shelf=top, arch=amd64',
    agoMs: 9000,
  },
];

export function addWaiting(tables: FakeTables, nowMs: number): void {
  for (const { line, agoMs, ...change } of plans) {
    const request = { ...plain, ...change, command: { ...plain.command, value: line } };
    const id = `t-wait-${request.name}` as TaskId;
    tables.put('runs', runOf(request, id, nowMs - agoMs));
  }
}
