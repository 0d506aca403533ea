// One machine with a live agent and what tests of its tasks post again and again.
import type { TaskInfo } from '../../electron/contract/task.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import { aHello, aMachine, aStatus, aTask, machineId, noRoute, operationId } from './builders.ts';
import { CoreRig } from './core-rig.ts';

export const one = machineId('one');

/** `one` is live and has no tasks. */
export function liveRig(hello: Parameters<typeof aHello>[1] = {}): CoreRig {
  const rig = new CoreRig({ machines: [aMachine('one')] });
  rig.post(aHello('one', hello));
  rig.take();
  return rig;
}

export function runOnOne(name = 'job', patch: Partial<TaskInfo> = {}): Posted {
  return {
    kind: 'run-task',
    machineId: one,
    operationId: operationId(`run-${name}`),
    info: aTask(name, patch),
  };
}

export const lostOne: Posted = { kind: 'link-down', machineId: one, refusal: noRoute };

export function updateFromOne(...status: Parameters<typeof aStatus>): Posted {
  return { kind: 'status-update-received', machineId: one, status: aStatus(...status) };
}
