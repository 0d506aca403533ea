// The rack and its lanes: state in words and shape, the host key question, what failed and what can be done.
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { RackPage } from '../../../../../renderer/pages/rack/rack-page.tsx';
import { hostKeyCommand } from '../../../../../renderer/parts/host-key-panel.tsx';
import { viewStore } from '../../../../../renderer/store/view.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

describe('a row', () => {
  it('shows a live machine as live and a silent one with its age', async () => {
    drawn = await draw(<RackPage />);
    const live = screen.getByRole('row', { name: 'gpu-2' });
    expect(within(live).getByRole('img', { name: 'live' })).toBeDefined();
    const silent = screen.getByRole('row', { name: 'nas' });
    expect(within(silent).getByRole('img', { name: 'silent' })).toBeDefined();
    expect(silent.textContent).toMatch(/silent 4\d s/);
    expect(silent.querySelectorAll('.meter__hatch').length).toBeGreaterThanOrEqual(2);
    expect(live.querySelector('.meter__hatch')).toBeNull();
  });

  it('says real use and allocation to those who cannot see the meter', async () => {
    drawn = await draw(<RackPage />);
    const row = screen.getByRole('row', { name: 'gpu-2' });
    const meters = within(row).getAllByRole('meter', { name: /in use/ });
    expect(meters[0]?.getAttribute('aria-label')).toMatch(/^3 tasks have 9 of 12 cpus allocated; .+ in use$/);
    expect(Number(meters[0]?.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
  });

  it('changes with a patch', async () => {
    drawn = await draw(<RackPage />);
    const { cluster } = drawn;
    act(() => {
      cluster.tables.change('links', 'm-gpu-2', { phase: 'down', nextTryAtMs: Date.now() + 9000 });
      cluster.flush();
    });
    await waitFor(() =>
      expect(screen.getByRole('row', { name: 'gpu-2' }).textContent).toMatch(
        /unreachable, next try in \d+ s/,
      ),
    );
  });

  it('opens its machine in the inspector', async () => {
    drawn = await draw(<RackPage />);
    await userEvent.click(screen.getByRole('button', { name: 'pi-4' }));
    expect(viewStore.getState().subject).toEqual({ kind: 'machine', id: 'm-pi-4' });
  });

  it('moves by keyboard', async () => {
    drawn = await draw(<RackPage />);
    await userEvent.keyboard('jjk{ArrowDown}{Enter}');
    expect(viewStore.getState().subject).toEqual({ kind: 'machine', id: 'm-gpu-2' });
  });

  it('shows markup in a name as text', async () => {
    drawn = await draw(<RackPage />);
    const name = '<img src=x onerror=alert(1)>';
    act(() => {
      drawn.cluster.tables.change('machines', 'm-gpu-2', { name });
      drawn.cluster.flush();
    });
    await waitFor(() => expect(screen.getByRole('row', { name })).toBeDefined());
    expect(document.querySelector('img')).toBeNull();
  });
});

describe('what waits', () => {
  it('stands under the machines, the oldest first, each with its reason, and leads to all of them', async () => {
    drawn = await draw(<RackPage />, 'waiting');
    const queue = screen.getByRole('region', { name: '3 waiting' });
    const names = within(queue)
      .getAllByRole('listitem')
      .map((line) => within(line).getByRole('button').textContent);
    expect(names).toEqual(['train-18', 'render-all', 'export-top']);
    await waitFor(() => expect(queue.textContent).toContain('needs 512 GiB of memory, the largest machine'));
    await userEvent.click(within(queue).getByRole('button', { name: 'render-all' }));
    expect(viewStore.getState().subject).toEqual({ kind: 'task', id: 't-wait-render-all' });
    await userEvent.click(within(queue).getByRole('button', { name: 'Show' }));
    expect(viewStore.getState().route).toEqual({ page: 'tasks', filter: '', state: 'waiting' });
  });

  it('is not there while nothing waits', async () => {
    drawn = await draw(<RackPage />);
    expect(screen.queryByRole('region', { name: /waiting/ })).toBeNull();
  });
});

describe('a lane', () => {
  const lane = (title: string) => screen.getByRole('region', { name: `Adding ${title}` });

  it('asks for the host key with the fingerprint and the command to run there', async () => {
    drawn = await draw(<RackPage />, 'adding');
    const waiting = lane('ada@192.168.1.71:22');
    expect(waiting.textContent).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    expect(waiting.textContent).toContain('SHA256:mPq7Zk1vXc4eR9tYw2uB6nHsJ8dLfA0gKiOoTzQrEUs');
    await userEvent.click(within(waiting).getByRole('button', { name: 'It matches, trust it' }));
    expect(asked(drawn.cluster, 'machine:confirm-host-key')).toMatchObject([{ machineId: 'm-shelf-1' }]);
    await waitFor(() => expect(within(waiting).queryByText('It matches, trust it')).toBeNull());
  });

  it('names what failed, what we ran, what it answered and what to do', async () => {
    drawn = await draw(<RackPage />, 'adding');
    const failed = lane('root@wrongkey.lan:22');
    expect(within(failed).getByRole('button', { name: /^Log in: failed/ })).toBeDefined();
    expect(failed.textContent).toContain('The machine refused the login.');
    expect(failed.textContent).toContain('refused: publickey. The server also offers: password');
    expect(failed.textContent).toContain('What you can do');
    await userEvent.click(within(failed).getByRole('button', { name: 'Try again' }));
    expect(asked(drawn.cluster, 'machine:retry-add')).toEqual([
      { machineId: 'm-wrongkey', credentials: null },
    ]);
  });

  it('opens any step on request', async () => {
    drawn = await draw(<RackPage />, 'adding');
    const running = lane('ada@192.168.1.72:22');
    await userEvent.click(within(running).getByRole('button', { name: /^Privileges: done/ }));
    expect(running.textContent).toContain('sudo: a password is required');
  });

  it('can be cancelled, and put away afterwards', async () => {
    drawn = await draw(<RackPage />, 'adding');
    const running = lane('ada@192.168.1.72:22');
    await userEvent.click(within(running).getByRole('button', { name: 'Skip' }));
    await userEvent.click(await within(running).findByRole('button', { name: 'Dismiss' }));
    await waitFor(() =>
      expect(screen.queryByRole('region', { name: 'Adding ada@192.168.1.72:22' })).toBeNull(),
    );
  });
});

it.each([
  ['ssh-ed25519', 'ssh_host_ed25519_key.pub'],
  ['rsa-sha2-512', 'ssh_host_rsa_key.pub'],
  ['ecdsa-sha2-nistp256', 'ssh_host_ecdsa_key.pub'],
  ['new-kind', 'ssh_host_ed25519_key.pub'],
])('for a key of type %s the command names %s', async (type, file) => {
  drawn = await draw(null);
  expect(hostKeyCommand(type)).toBe(`ssh-keygen -lf /etc/ssh/${file}`);
});
