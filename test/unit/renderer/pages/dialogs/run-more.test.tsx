// “More” in the run-a-task dialog and the take-over, as a person meets them: folded and quiet, by keyboard, faults in place.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { requestSchemas } from '../../../../../electron/contract/channels.ts';
import { refuse } from '../../../../../electron/contract/errors.ts';
import type { MachineId } from '../../../../../electron/contract/ids.ts';
import { runAgain } from '../../../../../renderer/app/acts.ts';
import { setBridge } from '../../../../../renderer/bridge/bridge.ts';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { openDialog, viewStore } from '../../../../../renderer/store/view.ts';
import { bridgeTo } from '../../../../support/fake-bridge/bridge.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

async function openMore(machine: string) {
  drawn = await draw(<Dialogs />, 'life');
  openDialog({ kind: 'run-task', machineId: machine as MachineId });
  const dialog = await screen.findByRole('dialog', { name: 'Run a task' });
  await userEvent.type(within(dialog).getByLabelText('Command'), 'make');
  await userEvent.click(within(dialog).getByText('More', { selector: '.run-more__head' }));
  return dialog;
}

async function openPart(dialog: HTMLElement, title: string) {
  await userEvent.click(within(dialog).getByText(title, { selector: '.run-part__title' }));
}

const submit = (dialog: HTMLElement) =>
  userEvent.click(within(dialog).getByRole('button', { name: 'Run task' }));

describe('more of a task', () => {
  it('is folded, and each section says in one line what it holds', async () => {
    const dialog = await openMore('m-gpu-2');
    const titles = [...dialog.querySelectorAll('.run-part__head')].map((head) => head.textContent);
    expect(titles).toEqual([
      'Environment and labelsas usual',
      'Prioritynormal',
      'Limitsmemory as asked for',
      'Restartnever',
      'Time and stoppingruns as long as it likes',
      'Health and readinessnone',
      'Files innone',
      'Resultsnone',
      'Containerruns as a process',
      'Log64 MiB of each stream, as in the settings',
    ]);
  });

  it('sends what was chosen', async () => {
    const dialog = await openMore('m-gpu-2');
    await openPart(dialog, 'Restart');
    await userEvent.click(within(dialog).getByRole('radio', { name: /^On failure/ }));
    await openPart(dialog, 'Priority');
    await userEvent.click(within(dialog).getByLabelText('high'));
    expect(within(dialog).getByLabelText('Priority')).toHaveProperty('value', '100');
    await openPart(dialog, 'Results');
    await userEvent.type(within(dialog).getByLabelText('Files to collect at the end'), 'out/*.png');
    await openPart(dialog, 'Files in');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Choose files' }));
    await within(dialog).findByText('train.py');
    await submit(dialog);
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    const [request] = asked(drawn.cluster, 'task:run');
    expect(requestSchemas['task:run'].safeParse(request).success).toBe(true);
    expect(request).toMatchObject({
      priority: 100,
      options: {
        restart: { on: 'failure', maxInRow: 5 },
        results: ['out/*.png'],
        artifacts: [
          { path: '.', extract: true },
          { path: 'train.py', extract: false },
        ],
      },
    });
  });

  it('opens the section that needs a correction and sends nothing', async () => {
    const dialog = await openMore('m-gpu-2');
    await openPart(dialog, 'Limits');
    await userEvent.type(within(dialog).getByLabelText('Hard CPU limit, cpus'), '0');
    await openPart(dialog, 'Limits');
    await submit(dialog);
    expect(within(dialog).getByText('needs a correction')).toBeDefined();
    expect((await within(dialog).findByRole('alert')).textContent).toContain('Enter cpus as a number');
    expect(asked(drawn.cluster, 'task:run')).toEqual([]);
  });

  it('puts the cursor into the first field that is wrong, once its section is open', async () => {
    const dialog = await openMore('m-gpu-2');
    await openPart(dialog, 'Environment and labels');
    await userEvent.type(within(dialog).getByLabelText('Labels'), '=vision');
    await openPart(dialog, 'Environment and labels');
    await submit(dialog);
    await waitFor(() => expect(document.activeElement).toBe(within(dialog).getByLabelText('Labels')));
  });

  it('shows what the master refused at its field, until something is changed', async () => {
    const dialog = await openMore('m-gpu-2');
    const bridge = bridgeTo(drawn.cluster);
    const refusal = refuse('unsupported', 'limit-pids-unsupported', 'processes are not held');
    setBridge({
      ...bridge,
      invoke: async (channel, request) =>
        channel === 'task:run' ? refusal : await bridge.invoke(channel, request),
    });
    await submit(dialog);
    const field = await within(dialog).findByLabelText('Processes at most');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    await waitFor(() => expect(document.activeElement).toBe(field));
    await userEvent.type(field, '5');
    expect(field.getAttribute('aria-invalid')).toBe('false');
    expect(within(dialog).queryAllByRole('alert')).toEqual([]);
  });

  it('says beside a limit what it is worth on the machine', async () => {
    const dialog = await openMore('m-this-computer');
    await openPart(dialog, 'Limits');
    expect(within(dialog).getByText('This machine cannot hold CPU limits.')).toBeDefined();
    expect(within(dialog).getByText(/for each process by itself/)).toBeDefined();
  });

  it('says what to install where there is no container engine', async () => {
    const dialog = await openMore('m-this-computer');
    await openPart(dialog, 'Container');
    expect(within(dialog).getByText('No container engine answers on this-computer.')).toBeDefined();
    expect(dialog.textContent).toContain('sudo apt install podman');
    expect(within(dialog).queryByRole('checkbox', { name: /^Run in a container/ })).toBeNull();
  });

  it('offers the engines of the machine, and needs no command then', async () => {
    const dialog = await openMore('m-gpu-2');
    await userEvent.clear(within(dialog).getByLabelText('Command'));
    await openPart(dialog, 'Container');
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /^Run in a container/ }));
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Podman 5.2.3' }));
    await userEvent.type(within(dialog).getByLabelText('Image'), 'postgres:17');
    await submit(dialog);
    await waitFor(() => expect(asked(drawn.cluster, 'task:run')).toHaveLength(1));
    expect(asked(drawn.cluster, 'task:run')).toMatchObject([
      {
        command: { value: '', shell: false },
        options: { container: { engine: 'podman', image: 'postgres:17' } },
      },
    ]);
  });
});

it('runs a task again with everything that was chosen for it', async () => {
  drawn = await draw(<Dialogs />, 'life');
  const api = drawn.cluster.tables.all('tasks').find(({ info }) => info.name === 'api');
  if (api === undefined) throw new Error('no api');
  runAgain({ ...api, priority: -7 });
  await waitFor(() => expect(asked(drawn.cluster, 'task:run')).toHaveLength(1));
  const [request] = asked(drawn.cluster, 'task:run');
  expect(requestSchemas['task:run'].safeParse(request).success).toBe(true);
  const { limits, restart, health, readiness, container, logMib } = api.info;
  expect(request).toMatchObject({
    machineId: api.machineId,
    priority: -7,
    options: { limits, restart, health, readiness, container, logMib },
  });
});

it.each([
  ['any machine', { isHere: false }, { machineId: null }],
  ['machines with a condition', { isHere: false, where: 'os=linux' }, { machineId: null, where: 'os=linux' }],
  ['its machine', { isHere: true }, { machineId: 'm-gpu-2' }],
] as const)('runs a task that was for %s again there', async (_, wanted, place) => {
  drawn = await draw(<Dialogs />, 'life');
  const api = drawn.cluster.tables.all('tasks').find(({ info }) => info.name === 'api');
  if (api === undefined) throw new Error('no api');
  runAgain({ ...api, machineId: 'm-gpu-2' as MachineId, priority: 5, wanted });
  await waitFor(() => expect(asked(drawn.cluster, 'task:run')).toHaveLength(1));
  const [request] = asked(drawn.cluster, 'task:run');
  expect(request).toMatchObject({ ...place, priority: 5 });
  expect(requestSchemas['task:run'].safeParse(request).success).toBe(true);
});

describe('taking a machine over', () => {
  it('says who holds it and what follows, and does it only after the word', async () => {
    drawn = await draw(<Dialogs />, 'life');
    openDialog({ kind: 'take-over', machineId: 'm-nas' as MachineId });
    const dialog = await screen.findByRole('alertdialog', { name: 'Take over nas' });
    expect(dialog.textContent).toContain('7f3c21e0');
    expect(dialog.textContent).toContain('Its tasks go on running');
    expect(asked(drawn.cluster, 'machine:take-over')).toEqual([]);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Take over nas' }));
    expect(asked(drawn.cluster, 'machine:take-over')).toEqual([{ machineId: 'm-nas' }]);
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
  });
});
