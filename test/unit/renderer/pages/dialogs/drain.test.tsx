// Taking a machine out of service: what is asked, what is said of each task, and what takes a second thought.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { MachineId } from '../../../../../electron/contract/ids.ts';
import type { AgentRecord } from '../../../../../electron/contract/machine.ts';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { Inspector } from '../../../../../renderer/pages/inspector/inspector.tsx';
import { RackPage } from '../../../../../renderer/pages/rack/rack-page.tsx';
import { inspect, openDialog, viewStore } from '../../../../../renderer/store/view.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

const gpu2 = 'm-gpu-2' as MachineId;
let drawn: Drawn;
afterEach(() => drawn.close());

async function open(dialog: Parameters<typeof openDialog>[0]) {
  drawn = await draw(<Dialogs />);
  openDialog(dialog);
  return drawn.cluster;
}

describe('the dialog of a drain', () => {
  const dialogOf = () => screen.findByRole('alertdialog', { name: 'Drain gpu-2' });

  it('says what ends, and asks with the time of each task', async () => {
    const cluster = await open({ kind: 'drain', machineId: gpu2 });
    const dialog = await dialogOf();
    const list = within(dialog).getByRole('region', { name: 'These 3 tasks end' });
    expect(
      within(list)
        .getAllByRole('listitem')
        .map((item) => item.textContent),
    ).toContain('train-17TERM, after 3 s KILL');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Drain machine' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(asked(cluster, 'machine:drain')).toEqual([{ machineId: gpu2, graceMs: null, markGone: false }]);
  });

  it('takes a cap, and none that is no number', async () => {
    const cluster = await open({ kind: 'drain', machineId: gpu2 });
    const dialog = await dialogOf();
    await userEvent.click(within(dialog).getByRole('radio', { name: /^At most/ }));
    const seconds = within(dialog).getByLabelText('Seconds');
    await userEvent.clear(seconds);
    await userEvent.type(seconds, 'x');
    expect(within(dialog).getByRole('alert').textContent).toBe('Enter seconds from 0 to 86400.');
    await userEvent.clear(seconds);
    await userEvent.type(seconds, '0');
    expect(dialog.textContent).toContain('KILL at once');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Drain machine' }));
    await waitFor(() => expect(asked(cluster, 'machine:drain')).toMatchObject([{ graceMs: 0 }]));
  });

  it('declares gone only when its name was typed', async () => {
    const cluster = await open({ kind: 'drain', machineId: gpu2 });
    const dialog = await dialogOf();
    await userEvent.click(within(dialog).getByText('It will not come back'));
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /^Declare gpu-2 gone/ }));
    const submit = within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Drain and declare gone' });
    expect(submit.disabled).toBe(true);
    await userEvent.type(within(dialog).getByLabelText('Type gpu-2 to go on'), 'gpu-2');
    await userEvent.click(submit);
    await waitFor(() => expect(asked(cluster, 'machine:drain')).toMatchObject([{ markGone: true }]));
  });

  it('of this computer does not offer to declare it gone', async () => {
    await open({ kind: 'drain', machineId: 'm-this-computer' as MachineId });
    const dialog = await screen.findByRole('alertdialog', { name: 'Drain this-computer' });
    expect(within(dialog).queryByText('It will not come back')).toBeNull();
  });
});

describe('planning a maintenance', () => {
  it('sends when, how long and what for; a length that is none is said at its field', async () => {
    const cluster = await open({ kind: 'plan-maintenance', machineId: gpu2 });
    const dialog = await screen.findByRole('dialog', { name: 'Plan maintenance of gpu-2' });
    const length = within(dialog).getByLabelText('Lasts');
    await userEvent.clear(length);
    await userEvent.type(length, 'soon');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Plan maintenance' }));
    expect(within(dialog).getByRole('alert').textContent).toContain('Enter a length');
    expect(asked(cluster, 'machine:plan-maintenance')).toEqual([]);
    await userEvent.clear(length);
    await userEvent.type(length, '90 min');
    await userEvent.type(within(dialog).getByLabelText('Note'), 'new disk');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Plan maintenance' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(asked(cluster, 'machine:plan-maintenance')).toMatchObject([
      { machineId: gpu2, window: { durationMs: 5_400_000, note: 'new disk' } },
    ]);
  });
});

describe('a machine out of service', () => {
  async function show(change: Partial<AgentRecord>) {
    drawn = await draw(
      <>
        <RackPage />
        <Inspector />
      </>,
    );
    drawn.cluster.tables.change('agents', 'a-gpu-2', change);
    drawn.cluster.flush();
    inspect({ kind: 'machine', id: gpu2 });
    return drawn.cluster;
  }
  const row = () => screen.findByRole('row', { name: 'gpu-2' });

  it('shows how far its drain is, and stops it', async () => {
    const cluster = await show({
      availability: {
        kind: 'draining',
        sinceMs: 1,
        graceMs: null,
        markGone: false,
        cause: 'person',
        tasks: 5,
      },
    });
    await waitFor(async () => expect((await row()).textContent).toContain('draining, 2 of 5 tasks ended'));
    expect(within(await row()).getByRole('img', { name: 'draining' })).toBeDefined();
    const notice = await screen.findByRole('region', { name: 'Draining: 2 of 5 tasks ended' });
    expect(within(notice).getByRole('meter').getAttribute('aria-valuenow')).toBe('40');
    await userEvent.click(within(notice).getByRole('button', { name: 'Stop draining' }));
    expect(asked(cluster, 'machine:reactivate')).toEqual([{ machineId: gpu2 }]);
  });

  it('says when it is safe to switch off', async () => {
    await show({ availability: { kind: 'drained', sinceMs: 1, cause: 'person' } });
    expect(await screen.findByRole('region', { name: 'Drained: safe to switch off' })).toBeDefined();
    expect((await row()).textContent).toContain('drained, safe to switch off');
  });

  it('paused runs on, and is resumed with one click', async () => {
    const cluster = await show({ availability: { kind: 'deactivated', sinceMs: 1 } });
    const notice = await screen.findByRole('region', { name: 'New work is paused' });
    expect(notice.textContent).toContain('Its 3 tasks run on');
    await userEvent.click(within(notice).getByRole('button', { name: 'Resume' }));
    expect(asked(cluster, 'machine:reactivate')).toEqual([{ machineId: gpu2 }]);
  });

  it('gone for ever offers to be removed', async () => {
    await show({ state: { kind: 'gone', sinceMs: 1 } });
    const notice = await screen.findByRole('region', { name: 'Declared gone' });
    await userEvent.click(within(notice).getByRole('button', { name: 'Remove machine' }));
    expect(viewStore.getState().dialog).toEqual({ kind: 'remove-machine', machineId: gpu2 });
  });

  it('that came back smaller shows by how much, and that nothing was ended', async () => {
    await show({ resources: { cpusMilli: 4000, memMib: 65_536, diskMib: 1, gpus: 0, ports: [] } });
    const notice = await screen.findByRole('region', { name: 'Its tasks hold more than it has' });
    expect(notice.textContent).toContain('9 of 4 cpus');
  });

  it('is paused from its menu at once, with a way back', async () => {
    const cluster = await show({});
    await userEvent.click(within(await row()).getByRole('button', { name: 'More actions' }));
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Pause new work' }));
    await waitFor(() => expect(asked(cluster, 'machine:deactivate')).toEqual([{ machineId: gpu2 }]));
  });
});
