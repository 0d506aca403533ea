// The page of roles: shares against what is fair in words, the dialog with its dry run, slices by keyboard and by numbers.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { Inspector } from '../../../../../renderer/pages/inspector/inspector.tsx';
import { RolesPage } from '../../../../../renderer/pages/roles/roles-page.tsx';
import { toastStore } from '../../../../../renderer/store/toasts.ts';
import { inspect, openDialog, viewStore } from '../../../../../renderer/store/view.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

const page = (
  <>
    <RolesPage view="tree" />
    <Inspector />
    <Dialogs />
  </>
);
const row = (name: string) => screen.findByRole('row', { name });

describe('the tree of roles', () => {
  it('says what each holds and what is fair, and what is owed to one with a guarantee', async () => {
    drawn = await draw(page, 'shared');
    const research = await row('research');
    expect(
      within(research).getByRole('meter', { name: /^research: \d+ % held, 40 % is fair$/ }),
    ).toBeDefined();
    expect((await row('research/vision')).textContent).toMatch(/vision.*fair 24 %/);
    const web = await row('web');
    expect(web.textContent).toContain('owed 1.5 cpus');
    expect(web.textContent).toContain('at least 6');
    expect((await row('build')).textContent).toContain('at most 16');
    expect((await row('nightly')).textContent).toContain('nobody is in it');
  });

  it('shows everybody’s role alone at first, and what roles are for', async () => {
    drawn = await draw(page, 'empty');
    expect(await row('*')).toBeDefined();
    expect(screen.getByText(/Everything counts under one role so far/)).toBeDefined();
  });

  it('is walked by keyboard, and opens the role beside it with who is in it', async () => {
    drawn = await draw(page, 'shared');
    await row('web');
    await userEvent.keyboard('jjjj{Enter}');
    const { subject } = viewStore.getState();
    expect(subject).toEqual({ kind: 'role', id: 'research' });
    const panel = screen.getByRole('complementary');
    expect(panel.textContent).toContain('spark');
    expect(panel.textContent).toContain('notebooks');
    expect(panel.textContent).toContain('gpu-2');
  });

  it('finds a role with those above it', async () => {
    drawn = await draw(page, 'shared');
    await row('web');
    await userEvent.type(screen.getByRole('searchbox'), 'vision');
    const names = screen.getAllByRole('row').map((each) => each.getAttribute('aria-label'));
    expect(names.filter(Boolean)).toEqual(['research', 'research/vision']);
  });
});

describe('changing a role', () => {
  it('shows what would change before anything is asked, then asks, and can be undone', async () => {
    drawn = await draw(page, 'shared');
    await row('research');
    await userEvent.keyboard('jjjje');
    const dialog = await screen.findByRole('dialog', { name: 'Change the role research' });
    const weight = within(dialog).getByLabelText('Weight');
    await userEvent.clear(weight);
    await userEvent.type(weight, '6');
    const preview = within(dialog).getByRole('region', { name: 'What would change' });
    await waitFor(() => expect(preview.textContent).toContain('40 % → 67 %'));
    expect(preview.textContent).toContain('20 % → 11 %');
    expect(asked(drawn.cluster, 'role:change')).toEqual([]);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Save' }));
    expect(asked(drawn.cluster, 'role:change')).toEqual([
      { role: 'research', weightMilli: 6000, quota: null, preemption: null, force: false },
    ]);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(drawn.cluster.tables.get('roles', 'research')?.weightMilli).toBe(6000);
    toastStore.getState().toasts[0]?.undo?.();
    await waitFor(() => expect(drawn.cluster.tables.get('roles', 'research')?.weightMilli).toBe(2000));
  });

  it('says what may end early, keeps it for the roles below, and can be undone', async () => {
    drawn = await draw(page, 'shared');
    await row('research');
    openDialog({ kind: 'change-role', role: 'research' });
    const dialog = await screen.findByRole('dialog');
    expect(dialog.textContent).toContain('never ended for another role');
    expect(within(dialog).queryByRole('radio', { name: 'As above it' })).toBeNull();
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Some may' }));
    expect(within(dialog).getByLabelText(/^Tasks of lower priority/)).toHaveProperty('checked', true);
    expect(within(dialog).getByLabelText(/^Tasks above its fair share/)).toHaveProperty('checked', false);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Save' }));
    const preemption = { lowerPriority: true, aboveFairShare: false };
    expect(asked(drawn.cluster, 'role:change')).toMatchObject([{ role: 'research', preemption }]);
    await waitFor(() =>
      expect(drawn.cluster.tables.get('roles', 'research')?.preemption).toEqual(preemption),
    );

    inspect({ kind: 'role', id: 'research/vision' });
    const panel = await screen.findByRole('complementary');
    await waitFor(() => expect(panel.textContent).toContain('waiting work of the same role'));
    expect(panel.textContent).toContain('As set for research.');
    toastStore.getState().toasts[0]?.undo?.();
    await waitFor(() => expect(panel.textContent).toContain('what runs, runs on'));
  });

  it('lets a role below one that allows it keep its tasks, and says so', async () => {
    drawn = await draw(page, 'shared');
    await row('research');
    const { tables } = drawn.cluster;
    const parent = { id: 'research', weightMilli: 2000, quota: null } as const;
    tables.put('roles', { ...parent, preemption: { lowerPriority: true, aboveFairShare: true } });
    openDialog({ kind: 'change-role', role: 'research/vision' });
    const dialog = await screen.findByRole('dialog');
    await waitFor(() => expect(dialog.textContent).toContain('As set for research.'));
    expect(within(dialog).getByRole('radio', { name: 'As above it' })).toHaveProperty('checked', true);
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Never' }));
    expect(dialog.textContent).toContain('In place of what is set for research.');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Save' }));
    const never = { lowerPriority: false, aboveFairShare: false };
    await waitFor(() => expect(tables.get('roles', 'research/vision')?.preemption).toEqual(never));
    inspect({ kind: 'role', id: 'research/vision' });
    const panel = await screen.findByRole('complementary');
    await waitFor(() => expect(panel.textContent).toContain('what runs, runs on'));
  });

  it('warns of guarantees that the machines cannot hold, and sets them only when it is told to', async () => {
    drawn = await draw(page, 'shared');
    await row('nightly');
    openDialog({ kind: 'change-role', role: 'nightly' });
    const dialog = await screen.findByRole('dialog');
    await userEvent.type(within(dialog).getByLabelText('Guarantee of CPU'), '70');
    const force = await within(dialog).findByRole('button', { name: 'Set it all the same' });
    expect(dialog.textContent).toContain('CPU: all guarantees together are 76, and the machines have 57.3');
    expect(dialog.textContent).toContain('No framework is in this role');
    await userEvent.click(force);
    await waitFor(() => expect(asked(drawn.cluster, 'role:change')).toMatchObject([{ force: true }]));
  });

  it('refuses a name by the rules of the master, at the name', async () => {
    drawn = await draw(page, 'shared');
    await row('web');
    await userEvent.keyboard('c');
    const dialog = await screen.findByRole('dialog', { name: 'New role' });
    await userEvent.type(within(dialog).getByLabelText('Role'), 'two words');
    expect((await within(dialog).findByRole('alert')).textContent).toContain('This is no name for a role.');
    expect(within(dialog).getByRole('button', { name: 'Make role' })).toHaveProperty('disabled', true);
  });

  it('says why a role that is used cannot be removed', async () => {
    drawn = await draw(page, 'shared');
    await row('web');
    await userEvent.keyboard('jj{Delete}');
    await waitFor(() =>
      expect(toastStore.getState().toasts[0]?.text).toBe('build: A framework is in the role.'),
    );
    expect(asked(drawn.cluster, 'role:remove')).toEqual([{ role: 'build' }]);
  });
});

describe('partitioning a machine', () => {
  async function open(name: string) {
    drawn = await draw(
      <>
        <RolesPage view="machines" />
        <Dialogs />
      </>,
      'shared',
    );
    await userEvent.click(within(await row(name)).getByRole('button', { name: 'Partition' }));
    return await screen.findByRole('dialog', { name: `Partition ${name}` });
  }

  it('moves a slice by keyboard, CPU and memory together, and asks for all slices at once', async () => {
    const dialog = await open('build-1');
    const handle = within(dialog).getByRole('slider', { name: 'CPU of build' });
    expect(handle.getAttribute('aria-valuenow')).toBe('4000');
    expect(handle.getAttribute('aria-valuemin')).toBe('2000');
    handle.focus();
    await userEvent.keyboard('{ArrowRight}{ArrowRight}');
    expect(handle.getAttribute('aria-valuetext')).toBe('5');
    await waitFor(() =>
      expect(within(dialog).getByRole('button', { name: 'Partition' })).toHaveProperty('disabled', false),
    );
    await userEvent.click(within(dialog).getByRole('button', { name: 'Partition' }));
    const [request] = asked(drawn.cluster, 'machine:partition') as { slices: { role: string }[] }[];
    expect(request?.slices).toMatchObject([
      { role: 'build', amounts: { cpusMilli: 5000 } },
      { role: 'web', amounts: { cpusMilli: 2000, memMib: 4096 } },
    ]);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(drawn.cluster.tables.get('reservations', 'a-build-1|build|')?.part.amounts.cpusMilli).toBe(5000);
  });

  it('never moves below what a task uses, and says by whom', async () => {
    const dialog = await open('build-1');
    const handle = within(dialog).getByRole('slider', { name: 'CPU of web' });
    handle.focus();
    await userEvent.keyboard('{Home}');
    expect(handle.getAttribute('aria-valuenow')).toBe('1000');
    expect(dialog.textContent).toContain('1 cpu, 2 GiB used by shop: a slice cannot be smaller than that.');
    const cpu = within(dialog).getByRole('textbox', { name: 'CPU of build' });
    await userEvent.clear(cpu);
    await userEvent.type(cpu, '0.5');
    expect((await within(dialog).findByRole('alert')).textContent).toContain(
      'A task uses what would no longer be set aside.',
    );
    expect(within(dialog).getByRole('button', { name: 'Partition' })).toHaveProperty('disabled', true);
  });

  it('adds a slice by numbers for a role that is typed', async () => {
    const dialog = await open('pi-4');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Add a slice' }));
    await userEvent.type(within(dialog).getByRole('combobox'), 'nightly');
    const memory = within(dialog).getByRole('textbox', { name: 'Memory of nightly' });
    await userEvent.clear(memory);
    await userEvent.type(memory, '1 GiB');
    const submit = within(dialog).getByRole('button', { name: 'Partition' });
    await waitFor(() => expect(submit).toHaveProperty('disabled', false));
    await userEvent.click(submit);
    await waitFor(() =>
      expect(drawn.cluster.tables.get('reservations', 'a-pi-4|nightly|')?.part.amounts.memMib).toBe(1024),
    );
  });
});
