// The dialogs as a person meets them: words for what is wrong, nothing sent before it is right, refusals in place.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { MachineId, TaskId } from '../../../../../electron/contract/ids.ts';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { openDialog, viewStore } from '../../../../../renderer/store/view.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

async function open(dialog: Parameters<typeof openDialog>[0], scene: 'busy' | 'adding' = 'busy') {
  drawn = await draw(<Dialogs />, scene);
  openDialog(dialog);
  return drawn.cluster;
}

describe('adding a machine', () => {
  it('says what is missing and sends nothing', async () => {
    const cluster = await open({ kind: 'add-machine' });
    const dialog = await screen.findByRole('dialog', { name: 'Add a machine' });
    await waitFor(() => expect(within(dialog).getByLabelText<HTMLInputElement>('User').value).toBe('me'));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add machine' }));
    expect(within(dialog).getByRole('alert').textContent).toBe('Enter a host name or an IP address.');
    expect(asked(cluster, 'machine:add')).toEqual([]);
  });

  it('takes what is pasted apart and sends it', async () => {
    const cluster = await open({ kind: 'add-machine' });
    const dialog = await screen.findByRole('dialog', { name: 'Add a machine' });
    await waitFor(() => expect(within(dialog).getByLabelText<HTMLInputElement>('User').value).toBe('me'));
    await userEvent.click(within(dialog).getByLabelText('Address'));
    await userEvent.paste('ada@shelf-9:2222');
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Password' }));
    await userEvent.type(
      within(dialog).getByLabelText('Password', { selector: 'input[type=password]' }),
      'secret',
    );
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add machine' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(asked(cluster, 'machine:add')).toEqual([
      {
        name: '',
        address: 'shelf-9',
        port: 2222,
        user: 'ada',
        credentials: { kind: 'password', password: 'secret', plantKey: true },
      },
    ]);
    expect(cluster.tables.get('lanes', 'm-shelf-9')?.title).toBe('ada@shelf-9:2222');
  });

  it('asks only for credentials when a lane is tried again', async () => {
    await open({ kind: 'retry-machines', machineIds: ['m-wrongkey' as MachineId] }, 'adding');
    const dialog = await screen.findByRole('dialog', { name: 'Try root@wrongkey.lan:22 again' });
    expect(within(dialog).queryByLabelText('Address')).toBeNull();
    expect(within(dialog).getByRole('radio', { name: 'Key file' })).toBeDefined();
  });
});

describe('running a task', () => {
  it('says of one machine when it never has so much', async () => {
    const cluster = await open({ kind: 'run-task', machineId: 'm-build-1' as MachineId });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    expect(within(dialog).getByRole('combobox').textContent).toContain('build-1');
    await userEvent.type(within(dialog).getByLabelText('Command'), 'make');
    const cpus = within(dialog).getByLabelText('cpus');
    await userEvent.clear(cpus);
    await userEvent.type(cpus, '99');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Run task' }));
    expect(within(dialog).getByRole('alert').textContent).toBe('The machine has 31 cpus in all.');
    expect(asked(cluster, 'task:run')).toEqual([]);
  });

  it('fills in a sample, sends it, and opens its page', async () => {
    const cluster = await open({ kind: 'run-task', machineId: 'm-pi-4' as MachineId });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    await userEvent.click(within(dialog).getByRole('button', { name: 'hello' }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Run task' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(asked(cluster, 'task:run')).toMatchObject([
      { machineId: 'm-pi-4', name: 'hello', killGraceMs: 3000 },
    ]);
    expect(window.location.hash).toMatch(/^#\/tasks\/t-/);
  });

  it('says of one machine that is full that it would wait there, and queues it', async () => {
    const cluster = await open({ kind: 'run-task', machineId: 'm-build-1' as MachineId });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    await userEvent.click(within(dialog).getByRole('button', { name: 'hello' }));
    const cpus = within(dialog).getByLabelText('cpus');
    await userEvent.clear(cpus);
    await userEvent.type(cpus, '16');
    const preview = await within(dialog).findByRole('region', { name: 'What would happen' });
    await waitFor(() => expect(preview.textContent).toContain('Would wait: build-1'));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Queue task' }));
    await waitFor(() => expect(asked(cluster, 'task:run')).toMatchObject([{ machineId: 'm-build-1' }]));
    await waitFor(() =>
      expect(cluster.tables.all('runs').map(({ machineId }) => machineId)).toContain('m-build-1'),
    );
  });

  it('starts with any machine, says where it would go, and runs it there', async () => {
    const cluster = await open({ kind: 'run-task', machineId: null });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    expect(within(dialog).getByRole('combobox').textContent).toContain('Any machine');
    const preview = await within(dialog).findByRole('region', { name: 'What would happen' });
    await waitFor(() =>
      expect(preview.textContent).toContain('Starts at once: 4 machines have room for it.'),
    );
    await userEvent.click(within(dialog).getByRole('button', { name: 'engine.docker exists 1' }));
    await waitFor(() => expect(preview.textContent).toContain('Starts at once on gpu-2.'));
    await userEvent.click(within(dialog).getByRole('button', { name: 'hello' }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Run task' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(asked(cluster, 'task:run')).toMatchObject([{ machineId: null, where: 'engine.docker exists' }]);
    expect(cluster.tables.all('tasks').at(-1)).toMatchObject({ machineId: 'm-gpu-2' });
  });

  it('says machine by machine why it would wait, and queues it then', async () => {
    const cluster = await open({ kind: 'run-task', machineId: null });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    await userEvent.click(within(dialog).getByRole('button', { name: 'hello' }));
    const mem = within(dialog).getByLabelText('Memory, MiB');
    await userEvent.clear(mem);
    await userEvent.type(mem, '98304');
    const preview = await within(dialog).findByRole('region', { name: 'What would happen' });
    await waitFor(() =>
      expect(preview.textContent).toContain('needs 96 GiB of memory, 76.1 GiB free on build-1'),
    );
    await userEvent.click(within(preview).getByText('Machine by machine'));
    expect(within(preview).getByText('needs 96 GiB of memory, 76.1 GiB free of 120 GiB')).toBeDefined();
    await userEvent.click(within(dialog).getByRole('button', { name: 'Queue task' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(cluster.tables.all('runs')).toMatchObject([{ info: { name: 'hello' }, place: null }]);
  });

  it('says what is wrong with a condition while it is written, and where the master refuses it', async () => {
    await open({ kind: 'run-task', machineId: null });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    const where = within(dialog).getByLabelText('Only machines with');
    await userEvent.type(where, 'shelf top');
    expect(within(dialog).getByRole('alert').textContent).toContain('Not clear at “shelf top”');
    expect(within(dialog).queryByRole('region', { name: 'What would happen' })).toBeNull();
  });

  it('shows a refusal where it was caused', async () => {
    const cluster = await open({ kind: 'run-task', machineId: 'm-gpu-2' as MachineId });
    const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
    await userEvent.type(within(dialog).getByLabelText('Command'), 'true');
    cluster.tables.drop('machines', 'm-gpu-2');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Run task' }));
    expect((await within(dialog).findByRole('alert')).textContent).toContain('It is not there.');
  });
});

describe('losing work', () => {
  const taskOf = (name: string) => {
    const task = drawn.cluster.tables.all('tasks').find((each) => each.info.name === name);
    if (task === undefined) throw new Error(`no task ${name}`);
    return task.id;
  };

  it('names the task and kills it only after the word', async () => {
    const cluster = await open(null);
    const id = taskOf('train-17');
    openDialog({ kind: 'kill-tasks', taskIds: [id] });
    const dialog = await screen.findByRole('alertdialog', { name: 'Kill train-17' });
    expect(asked(cluster, 'task:kill')).toEqual([]);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Kill' }));
    expect(asked(cluster, 'task:kill')).toEqual([{ taskId: id }]);
  });

  it('counts many tasks and leaves out those that have ended', async () => {
    await open(null);
    const taskIds: TaskId[] = [taskOf('train-17'), taskOf('embed'), taskOf('index-photos')];
    openDialog({ kind: 'kill-tasks', taskIds });
    expect(await screen.findByRole('alertdialog', { name: 'Kill 2 tasks' })).toBeDefined();
    expect(screen.getByRole('button', { name: 'Kill 2 tasks' })).toBeDefined();
  });

  it('removing names the machine, its tasks and both ways', async () => {
    const cluster = await open({ kind: 'remove-machine', machineId: 'm-gpu-2' as MachineId });
    const dialog = await screen.findByRole('alertdialog', { name: 'Remove gpu-2' });
    expect(dialog.textContent).toContain('3 tasks run there: web, train-17, embed');
    expect(within(dialog).queryByRole('checkbox')).toBeNull();
    await userEvent.click(within(dialog).getByRole('radio', { name: /^Keep/ }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Remove machine' }));
    await waitFor(() =>
      expect(asked(cluster, 'machine:remove')).toEqual([
        { machineId: 'm-gpu-2', tasks: 'keep', force: false },
      ]),
    );
  });

  it('an unreachable machine can be forgotten here, in so many words', async () => {
    const cluster = await open({ kind: 'remove-machine', machineId: 'm-nas' as MachineId });
    const dialog = await screen.findByRole('alertdialog', { name: 'Remove nas' });
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /^Forget it here/ }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Forget machine' }));
    await waitFor(() => expect(asked(cluster, 'machine:remove')).toMatchObject([{ force: true }]));
  });
});

describe('quitting', () => {
  it.each([
    ['Keep running and quit', 'keep'],
    ['Stop tasks and quit', 'stop'],
    ['Stay', 'cancel'],
  ] as const)('%s answers %s', async (name, choice) => {
    const cluster = await open({ kind: 'quit', runningTasks: 2 });
    const dialog = await screen.findByRole('alertdialog', { name: 'This computer still runs 2 tasks' });
    const [button] = within(dialog).getAllByRole('button', { name }).toReversed();
    if (button === undefined) throw new Error('no button');
    await userEvent.click(button);
    expect(asked(cluster, 'app:answer-quit')).toEqual([{ choice, remember: false }]);
  });

  it('remembers the choice when asked, but never to stay', async () => {
    const cluster = await open({ kind: 'quit', runningTasks: 1 });
    await userEvent.click(await screen.findByRole('checkbox'));
    await userEvent.click(screen.getByRole('button', { name: 'Stop tasks and quit' }));
    expect(asked(cluster, 'app:answer-quit')).toEqual([{ choice: 'stop', remember: true }]);
  });
});
