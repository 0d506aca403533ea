// Many machines on their way in: every key is shown and trusted one by one, all can be held, gone on with, skipped and tried
// again, and at the end each failure has its reason.
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { AddingPage } from '../../../../../renderer/pages/adding/adding-page.tsx';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { RackPage } from '../../../../../renderer/pages/rack/rack-page.tsx';
import { viewStore } from '../../../../../renderer/store/view.ts';
import type { SceneName } from '../../../../support/fake-bridge/scenes.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

async function open(scene: SceneName = 'adding-many') {
  drawn = await draw(
    <>
      <AddingPage />
      <Dialogs />
    </>,
    scene,
  );
}
const keys = () => screen.getByRole('region', { name: 'Keys to compare' });
const lane = (name: string) => screen.getByRole('region', { name: `Adding lab@${name}.lan:22` });
const press = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }));
const idsOf = (channel: string) =>
  (asked(drawn.cluster, channel) as { machineId: string }[]).map(({ machineId }) => machineId);

describe('the keys', () => {
  it('are all shown whole, and only what is ticked is trusted', async () => {
    await open();
    const rows = within(keys()).getAllByRole('listitem');
    expect(rows.map((each) => each.textContent?.match(/lab@[^:]*:22/)?.[0])).toEqual([
      'lab@node-4.lan:22',
      'lab@node-5.lan:22',
    ]);
    for (const each of rows)
      expect(each.textContent).toContain('SHA256:mPq7Zk1vXc4eR9tYw2uB6nHsJ8dLfA0gKiOoTzQrEUs');
    const trust = within(keys()).getByRole<HTMLButtonElement>('button', { name: 'Trust what is ticked' });
    expect(trust.disabled).toBe(true);
    await userEvent.click(within(keys()).getByRole('checkbox', { name: /node-5/ }));
    await userEvent.click(within(keys()).getByRole('button', { name: 'Trust the ticked one' }));
    expect(idsOf('machine:confirm-host-key')).toEqual(['m-node-5']);
    await waitFor(() => expect(within(keys()).queryByRole('checkbox', { name: /node-5/ })).toBeNull());
  });

  it('a tick is for the key that was shown, not for another one that comes later', async () => {
    await open();
    await userEvent.click(within(keys()).getByRole('checkbox', { name: /node-4/ }));
    act(() => {
      const { tables } = drawn.cluster;
      const hostKey = tables.get('lanes', 'm-node-4')?.hostKey;
      if (!hostKey) throw new Error('node-4 shows a key');
      tables.change('lanes', 'm-node-4', { hostKey: { ...hostKey, fingerprint: 'SHA256:other' } });
      drawn.cluster.flush();
    });
    await waitFor(() => expect(keys().textContent).toContain('SHA256:other'));
    expect(within(keys()).getByRole<HTMLInputElement>('checkbox', { name: /node-4/ }).checked).toBe(false);
  });

  it('can be ticked together, and one that differs is stopped', async () => {
    await open();
    await press('lab@node-4.lan:22 differs, stop');
    expect(idsOf('machine:cancel-add')).toEqual(['m-node-4']);
    await waitFor(() => expect(within(keys()).queryByRole('checkbox', { name: /node-4/ })).toBeNull());
    await press('Tick all that nothing speaks against');
    await press('Trust the ticked one');
    expect(idsOf('machine:confirm-host-key')).toEqual(['m-node-5']);
  });
});

describe('all at once', () => {
  it('are paused and resumed', async () => {
    await open();
    expect(lane('node-9').textContent).toContain('waits for its turn');
    await press(/^Pause \d/);
    const paused = idsOf('machine:pause-add');
    expect(paused).toContain('m-node-9');
    expect(paused).not.toContain('m-node-6');
    await waitFor(() => expect(lane('node-9').textContent).toContain('paused'));
    await press(/^Resume \d/);
    await waitFor(() => expect(lane('node-9').textContent).toContain('waits for its turn'));
  });

  it('one is paused, resumed and skipped in its lane', async () => {
    await open();
    await userEvent.click(within(lane('node-9')).getByRole('button', { name: 'Pause' }));
    await userEvent.click(await within(lane('node-9')).findByRole('button', { name: 'Resume' }));
    await userEvent.click(await within(lane('node-9')).findByRole('button', { name: 'Skip' }));
    await waitFor(() => expect(lane('node-9').textContent).toContain('skipped'));
    expect(asked(drawn.cluster, 'machine:pause-add')).toEqual([
      { machineId: 'm-node-9', isPaused: true },
      { machineId: 'm-node-9', isPaused: false },
    ]);
  });

  it('the failed are tried again, also with other credentials that are given once', async () => {
    await open('adding-done');
    await press('Try the 2 failed again');
    expect(asked(drawn.cluster, 'machine:retry-add')).toEqual([
      { machineId: 'm-wrongkey-1', credentials: null },
      { machineId: 'm-closed-1', credentials: null },
    ]);
    drawn.close();
    await open('adding-done');
    await userEvent.click(screen.getAllByRole('button', { name: 'Use other credentials' })[0] as HTMLElement);
    const dialog = await screen.findByRole('dialog', { name: 'Try 2 machines again' });
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Password' }));
    await userEvent.type(
      within(dialog).getByLabelText('Password', { selector: 'input[type=password]' }),
      'right',
    );
    await userEvent.click(within(dialog).getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    const credentials = { kind: 'password', password: 'right', plantKey: true };
    expect(asked(drawn.cluster, 'machine:retry-add')).toEqual([
      { machineId: 'm-wrongkey-1', credentials },
      { machineId: 'm-closed-1', credentials },
    ]);
  });
});

describe('the end', () => {
  it('says how many are live, and why the others are not', async () => {
    await open('adding-done');
    const summary = screen.getByRole('region', { name: 'How it stands' });
    expect(summary.textContent).toContain('7 live, 2 failed, 1 skipped, in ');
    const why = within(summary)
      .getAllByRole('listitem')
      .map((each) => each.textContent);
    expect(why).toHaveLength(2);
    expect(why.join()).toContain('lab@wrongkey-1.lan:22');
    expect(why.join()).toContain('lab@closed-1.lan:22');
    await userEvent.click(screen.getByRole('radio', { name: /Not added/ }));
    expect(screen.queryByRole('region', { name: 'Adding lab@node-1.lan:22' })).toBeNull();
    expect(lane('closed-1')).toBeDefined();
    await press('Put them away');
    await waitFor(() => expect(screen.getByText('No machine is being added.')).toBeDefined());
  });
});

it('leaves one line and one card on the rack, both doors to this page', async () => {
  drawn = await draw(<RackPage />, 'adding-many');
  expect(screen.queryByRole('region', { name: /^Adding/ })).toBeNull();
  expect(screen.getByText(/machines that you add need you or could not be added/)).toBeDefined();
  await press(/^Adding 11 machines: 3 live/);
  expect(viewStore.getState().route).toEqual({ page: 'adding' });
});
