import { describe, expect, it } from 'vitest';
import { refuse } from '../../../../electron/contract/errors.ts';
import type { MachineId, OperationId, TaskId } from '../../../../electron/contract/ids.ts';
import type { Waits } from '../../../../electron/shell/ports.ts';
import { machineRequests } from '../../../../electron/shell/requests/machine.ts';
import { nameOf, taskRequests } from '../../../../electron/shell/requests/task.ts';
import { fakeMaster } from '../../../support/fake-master.ts';

const ids = {
  machine: () => 'm-new' as MachineId,
  task: () => 't-new' as TaskId,
  operation: () => 'o-new' as OperationId,
};
const command = {
  shell: true,
  value: 'echo  hi\n',
  arguments: [],
  environment: [],
  workingFolder: null,
  user: null,
};
const run = {
  machineId: 'm-1' as MachineId,
  name: '',
  command,
  cpusMilli: 100,
  memMib: 64,
  diskMib: 0,
  gpus: 0,
  killGraceMs: 3000,
};

const waits: Waits = {
  why: (taskIds) => taskIds.map((taskId) => ({ taskId, why: { groups: [], machines: [], machineCount: 0 } })),
  preview: (asked) => refuse('invalid', 'condition-wrong', `${asked.info.name} ${asked.where}`),
};

describe('a task request', () => {
  it('becomes a TaskInfo with its own id and a name made from the command', async () => {
    const master = fakeMaster();
    const answer = await taskRequests(master, ids, waits)['task:run'](run, { id: 1 });
    expect(answer).toEqual({ ok: true, value: { taskId: 't-new', operationId: 'o-new' } });
    expect(master.commands).toMatchObject([
      { kind: 'run-task', info: { taskId: 't-new', name: 'echo hi', killPolicy: { graceMs: 3000 } } },
    ]);
  });

  it('hands a refusal of the master on as it is', async () => {
    const master = fakeMaster();
    master.answer = refuse('exhausted', 'no-room', 'not enough memory');
    expect(await taskRequests(master, ids, waits)['task:run'](run, { id: 1 })).toEqual(master.answer);
  });

  it('for any machine keeps its condition, and a preview of it runs nothing', async () => {
    const master = fakeMaster();
    const request = { ...run, machineId: null, where: 'os=linux' };
    const handlers = taskRequests(master, ids, waits);
    expect(await handlers['run:preview'](request, { id: 1 })).toEqual(
      refuse('invalid', 'condition-wrong', 'echo hi os=linux'),
    );
    expect(master.commands).toEqual([]);
    await handlers['task:run'](request, { id: 1 });
    expect(master.commands).toMatchObject([{ kind: 'run-task', machineId: null, where: 'os=linux' }]);
  });

  it.each([
    [{ ...command, value: '   ' }, 'task'],
    [{ ...command, shell: false, value: '/usr/bin/sleep', arguments: ['sleep', '9'] }, 'sleep 9'],
    [{ ...command, value: 'x'.repeat(500) }, `${'x'.repeat(59)}…`],
  ])('is named %#', (given, wanted) => expect(nameOf(given)).toBe(wanted));
});

describe('adding a machine', () => {
  const add = {
    name: '',
    address: 'host1',
    port: 22,
    user: 'root',
    credentials: { kind: 'password', password: 'hunter2', plantKey: true },
  } as const;

  it('keeps the password beside the command, never in it', async () => {
    const master = fakeMaster();
    const held: unknown[] = [];
    const secrets = { hold: (...values: unknown[]) => void held.push(values), drop: () => undefined };
    await machineRequests(master, ids, secrets)['machine:add'](add, { id: 1 });
    expect(JSON.stringify(held)).toContain('hunter2');
    expect(JSON.stringify(master.commands)).not.toContain('hunter2');
    expect(master.commands).toMatchObject([{ kind: 'add-machine', credentials: 'password' }]);
  });

  it('forgets the password at once when the master refuses', async () => {
    const master = fakeMaster();
    master.answer = refuse('conflict', 'machine-known', 'already here');
    const dropped: string[] = [];
    const secrets = { hold: () => undefined, drop: (machineId: string) => void dropped.push(machineId) };
    await machineRequests(master, ids, secrets)['machine:add'](add, { id: 1 });
    expect(dropped).toEqual(['m-new']);
  });
});
