// Finding machines: what is heard is shown with its reasons, a probe waits for the person, what is ticked is added together.
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { FindPage } from '../../../../../renderer/pages/find/find-page.tsx';
import { Inspector } from '../../../../../renderer/pages/inspector/inspector.tsx';
import { RackPage } from '../../../../../renderer/pages/rack/rack-page.tsx';
import { findingStore } from '../../../../../renderer/store/finding.ts';
import { type FindView, viewStore } from '../../../../../renderer/store/view.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => {
  drawn.close();
  findingStore.setState(findingStore.getInitialState(), true);
});

async function open(view: FindView = 'here') {
  drawn = await draw(
    <>
      <FindPage view={view} />
      <Inspector />
      <Dialogs />
    </>,
  );
  await waitFor(() => expect(findingStore.getState().phase).toBe('open'));
}
const row = (name: string) => screen.getByRole('row', { name });

describe('the page', () => {
  it('shows what was heard, what it probably is, and why', async () => {
    await open();
    expect(row('attic').textContent).toContain('Raspberry Pi, likely');
    expect(row('attic').textContent).toContain('network card by Raspberry Pi Foundation');
    expect(row('attic').textContent).toContain('192.168.1.21');
    expect(row('attic').textContent).toContain('said to be on 22');
    expect(row('192.168.1.152').textContent).toContain('virtual machine');
    expect(row('192.168.1.77').textContent).toContain('its key is revoked');
  });

  it('shows the words of a stranger as text', async () => {
    await open();
    await userEvent.click(screen.getByRole('button', { name: 'studio' }));
    expect(screen.getByRole('complementary').textContent).toContain('Mac14,13');
    expect(document.querySelector('.find-row b')).toBeNull();
  });

  it('says where it looks and how much each way has seen', async () => {
    await open();
    const sources = screen.getByRole('list', { name: 'Where Mesolite looks' });
    expect(
      within(sources)
        .getAllByRole('listitem')
        .map((each) => each.textContent),
    ).toEqual(['Multicast DNS3', 'Neighbours8', 'Names2', '~/.ssh/config2', 'known_hosts5', 'Probe0']);
  });

  it('keeps what stands only in files apart', async () => {
    await open('config');
    expect(
      screen
        .getAllByRole('row')
        .slice(1)
        .map((each) => each.getAttribute('aria-label')),
    ).toEqual(['gpu-3', 'inner']);
    expect(row('inner').textContent).toContain('behind gate');
    expect(within(row('inner')).getByRole<HTMLInputElement>('checkbox').disabled).toBe(true);
  });

  it('ends its search when it is left', async () => {
    await open();
    const { cluster } = drawn;
    drawn.close();
    expect(asked(cluster, 'discovery:close')).toEqual([{ searchId: 1 }]);
  });

  it('teaches in one sentence when there is nothing', async () => {
    drawn = await draw(<FindPage view="here" />, 'empty');
    await waitFor(() => expect(screen.getByText('No machine was heard yet.')).toBeDefined());
    expect(screen.getByText(/probe the network above/)).toBeDefined();
  });
});

describe('a probe', () => {
  it('says what it will do, and does nothing before it is told to', async () => {
    await open();
    expect(
      screen.getByText('Makes up to 253 connections, 100 a second, to this network only.'),
    ).toBeDefined();
    expect(asked(drawn.cluster, 'discovery:probe')).toEqual([]);
    await userEvent.clear(screen.getByRole('textbox', { name: 'Ports' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Ports' }), '22, 2222');
    await userEvent.click(screen.getByRole('button', { name: 'Probe' }));
    expect(asked(drawn.cluster, 'discovery:probe')).toEqual([
      { searchId: 1, network: '192.168.1.0/24', ports: [22, 2222] },
    ]);
    await waitFor(() => expect(screen.getByRole('progressbar').getAttribute('aria-valuemax')).toBe('506'));
    await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
    await waitFor(() => expect(screen.getByText(/Stopped at/)).toBeDefined());
  });

  it('is not started with ports that are none', async () => {
    await open();
    await userEvent.clear(screen.getByRole('textbox', { name: 'Ports' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Ports' }), '22, none');
    expect(screen.getByRole('alert').textContent).toBe('At most 8 ports from 1 to 65535.');
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Probe' }).disabled).toBe(true);
  });

  it('adds what answers without moving what is under the pointer', async () => {
    await open();
    const before = screen.getAllByRole('row').map((each) => each.getAttribute('aria-label'));
    await userEvent.hover(row('attic'));
    act(() => {
      drawn.cluster.finding.probe(1, [22]);
    });
    await waitFor(() => expect(row('attic').textContent).toContain('answers on 22'), { timeout: 5000 });
    await waitFor(() => expect(screen.queryByRole('row', { name: '192.168.1.90' })).not.toBeNull(), {
      timeout: 9000,
    });
    const after = screen.getAllByRole('row').map((each) => each.getAttribute('aria-label'));
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.at(-1)).toBe('192.168.1.90');
  });
});

describe('what is ticked', () => {
  const tick = async (...names: readonly string[]) => {
    for (const name of names) await userEvent.click(within(row(name)).getByRole('checkbox'));
    await userEvent.click(screen.getByRole('button', { name: `Add these ${names.length}` }));
    return screen.findByRole('dialog');
  };
  const field = (dialog: HTMLElement, name: string) =>
    within(dialog).getByLabelText<HTMLInputElement>(name, { selector: 'input' });
  const withPassword = async (dialog: HTMLElement, user: string, password: string) => {
    await waitFor(() => expect(field(dialog, 'User').value).not.toBe(''));
    await userEvent.clear(field(dialog, 'User'));
    await userEvent.type(field(dialog, 'User'), user);
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Password' }));
    await userEvent.type(
      within(dialog).getByLabelText('Password', { selector: 'input[type=password]' }),
      password,
    );
  };

  it('is added together with one login, and what ~/.ssh/config says of each stands', async () => {
    await open();
    const dialog = await tick('attic', 'vault', 'gpu-3');
    expect(dialog.textContent).toContain('Add 3 machines');
    await waitFor(() => expect(dialog.textContent).toContain('me@192.168.1.21:22'));
    expect(dialog.textContent).toContain('lab@192.168.1.44:2222');
    await userEvent.clear(field(dialog, 'User'));
    await userEvent.type(field(dialog, 'User'), 'pi');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add all 3' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(viewStore.getState().route).toEqual({ page: 'adding' });
    const login = (path: string) => ({ kind: 'login', login: { kind: 'key-file', path }, passphrase: null });
    expect(asked(drawn.cluster, 'machine:add')).toEqual([
      {
        address: '192.168.1.21',
        name: 'attic',
        user: 'pi',
        port: 22,
        credentials: login('/home/me/.ssh/id_ed25519'),
      },
      {
        address: '192.168.1.44',
        name: 'gpu-3',
        user: 'lab',
        port: 2222,
        credentials: login('/home/me/.ssh/lab'),
      },
      {
        address: '192.168.1.30',
        name: 'vault',
        user: 'pi',
        port: 22,
        credentials: login('/home/me/.ssh/id_ed25519'),
      },
    ]);
  });

  it('has a login for each group: who has another stays, without what was typed for the first', async () => {
    await open();
    const dialog = await tick('attic', 'vault');
    await withPassword(dialog, 'pi', 'first secret');
    await userEvent.click(within(dialog).getByRole('checkbox', { name: /vault/ }));
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add 1, then the other 1' }));
    await waitFor(() => expect(dialog.textContent).toContain('Add 1 machine'));
    expect(within(dialog).queryByRole('checkbox', { name: /attic/ })).toBeNull();
    const password = within(dialog).getByLabelText<HTMLInputElement>('Password', {
      selector: 'input[type=password]',
    });
    expect(password.value).toBe('');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add it' }));
    expect(within(dialog).getByRole('alert').textContent).toBe('Enter the password of this user.');
    await userEvent.type(password, 'second secret');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add it' }));
    await waitFor(() => expect(viewStore.getState().dialog).toBeNull());
    expect(asked(drawn.cluster, 'machine:add')).toMatchObject([
      { name: 'attic', credentials: { password: 'first secret' } },
      { name: 'vault', credentials: { password: 'second secret' } },
    ]);
  });

  it('that is refused stays with its reason while the others go on', async () => {
    await open();
    const dialog = await tick('attic', 'vault');
    await withPassword(dialog, 'pi', 'secret');
    drawn.cluster.addMachine({
      name: 'first',
      address: '192.168.1.30',
      port: 22,
      user: 'pi',
      credentials: { kind: 'password', password: 'x', plantKey: true },
    });
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add all 2' }));
    expect((await within(dialog).findByRole('alert')).textContent).toContain('already');
    expect(within(dialog).queryByRole('checkbox', { name: /attic/ })).toBeNull();
    expect(within(dialog).getByRole('checkbox', { name: /vault/ })).toBeDefined();
  });

  it('takes user, port and key from ~/.ssh/config', async () => {
    await open();
    await userEvent.click(screen.getByRole('button', { name: 'Add gpu-3' }));
    const dialog = await screen.findByRole('dialog');
    const field = (name: string) => within(dialog).getByRole<HTMLInputElement>('textbox', { name });
    await waitFor(() => expect(field('User').value).toBe('lab'));
    expect([field('Address').value, field('Port').value]).toEqual(['192.168.1.44', '2222']);
    expect(dialog.textContent).toContain('/home/me/.ssh/lab');
  });

  it('is chosen and added by keyboard', async () => {
    await open();
    await userEvent.keyboard('jxjx');
    expect(screen.getByText('2 chosen')).toBeDefined();
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByText('2 chosen')).toBeNull();
    await userEvent.keyboard('a');
    expect(viewStore.getState().dialog?.kind).toBe('add-machine');
  });
});

describe('a find', () => {
  it('shows in the inspector all that was said of it', async () => {
    await open();
    await userEvent.click(screen.getByRole('button', { name: '192.168.1.151' }));
    const panel = screen.getByRole('complementary');
    expect(panel.textContent).toContain('bc:24:11:00:51:01');
    expect(panel.textContent).toContain('Proxmox Server Solutions GmbH');
    expect(panel.textContent).toContain('Another find has the same host key');
    expect(panel.textContent).toContain('All of this is what the machine and the network say of it.');
  });

  it('that is ours says which machine it is', async () => {
    drawn = await draw(<FindPage view="here" />);
    await waitFor(() => expect(findingStore.getState().phase).toBe('open'));
    act(() => {
      const { cluster } = drawn;
      const machine = cluster.tables.get('machines', 'm-gpu-2');
      if (machine?.via.kind !== 'ssh') throw new Error('gpu-2 is a machine over ssh');
      cluster.tables.change('machines', 'm-gpu-2', { via: { ...machine.via, address: '192.168.1.21' } });
      cluster.flush();
    });
    await waitFor(() => expect(row('attic').textContent).toContain('is gpu-2'));
    expect(within(row('attic')).getByRole<HTMLInputElement>('checkbox').disabled).toBe(true);
  });
});

it('has a door on the first screen', async () => {
  drawn = await draw(<RackPage />, 'empty');
  await userEvent.click(screen.getByRole('button', { name: 'Find machines' }));
  expect(viewStore.getState().route).toEqual({ page: 'find' });
});
