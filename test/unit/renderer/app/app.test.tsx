// The whole window: pages by key, palette, language and theme, log of a task.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import type { MachineId } from '../../../../electron/contract/ids.ts';
import { App } from '../../../../renderer/app/app.tsx';
import { followHash, hashToRoute, viewStore } from '../../../../renderer/store/view.ts';
import { asked, type Drawn, draw } from '../window.tsx';

let drawn: Drawn;
let unfollow: () => void;
afterEach(() => {
  unfollow();
  drawn.close();
});

async function start(hash = '#/rack') {
  window.location.hash = hash;
  unfollow = followHash();
  drawn = await draw(<App />);
  viewStore.setState({ route: hashToRoute(hash) });
  return drawn.cluster;
}

it('says the cluster in one sentence whose counts are doors', async () => {
  await start();
  const sentence = screen.getByLabelText('The cluster in one sentence');
  expect(sentence.textContent).toBe('5 machines, 10 tasks running, 2 unknown, 2 need you');
  await userEvent.click(within(sentence).getByRole('button', { name: '2 unknown' }));
  expect(window.location.hash).toBe('#/tasks?state=unknown');
});

it('goes to pages by G and a letter, and leaves typing alone', async () => {
  await start();
  await userEvent.keyboard('gt');
  const find = await screen.findByRole('searchbox', { name: 'Filter by name, machine, command or label' });
  await userEvent.type(find, 'gs');
  expect(window.location.hash).toBe('#/tasks?find=gs');
  await userEvent.keyboard('{Escape}gm');
  expect(await screen.findByRole('heading', { level: 1, name: 'Machines' })).toBeDefined();
});

it('finds objects and verbs in the palette', async () => {
  await start();
  await userEvent.keyboard('{Control>}k{/Control}');
  const box = await screen.findByRole('combobox', { name: 'Find or do' });
  await userEvent.type(box, 'remove gpu');
  expect(screen.getAllByRole('option')).toHaveLength(1);
  await userEvent.keyboard('{Enter}');
  expect(await screen.findByRole('alertdialog', { name: 'Remove gpu-2' })).toBeDefined();
});

it('switches language and theme live', async () => {
  await start('#/settings');
  expect(document.documentElement.dataset['theme']).toBe('dark');
  await userEvent.click(await screen.findByRole('radio', { name: 'Light' }));
  await waitFor(() => expect(document.documentElement.dataset['theme']).toBe('light'));
  await userEvent.click(screen.getByRole('radio', { name: '简体中文' }));
  expect(await screen.findByRole('heading', { level: 1, name: '设置' })).toBeDefined();
  expect(document.documentElement.lang).toBe('zh-CN');
});

it('shows the log of a task, its colours as styles and its markup as text', async () => {
  const cluster = await start();
  const command = {
    shell: true,
    value: 'x',
    arguments: [],
    environment: [],
    workingFolder: null,
    user: null,
  };
  const room = { cpusMilli: 100, memMib: 16, diskMib: 0, gpus: 0, killGraceMs: 0 };
  const run = cluster.runTask({ machineId: 'm-gpu-2' as MachineId, name: 'hello', command, ...room });
  if (!run.ok) throw new Error(run.refusal.detail);
  cluster.flush();
  window.location.hash = `#/tasks/${run.value.taskId}`;
  expect(await screen.findByRole('heading', { level: 1, name: 'hello' })).toBeDefined();
  const log = await screen.findByRole('log', { name: 'Log stdout' });
  await waitFor(() => expect(log.textContent).toContain('hello 1'));
  expect(asked(cluster, 'log:open').at(-1)).toMatchObject({ file: 'stdout', follow: true });
  cluster.logs.write(run.value.taskId, '\u001b[31m<b>red</b>\u001b[0m\n');
  await waitFor(() => expect(log.querySelector('.ink-fg1')?.textContent).toBe('<b>red</b>'));
  expect(log.querySelector('b')).toBeNull();
});

it('says so when a task is not known any more', async () => {
  await start('#/tasks/t-nothing');
  expect(await screen.findByText(/not known any more/)).toBeDefined();
});

it('selects tasks by key and asks before it kills them', async () => {
  await start('#/tasks');
  await screen.findByRole('table', { name: 'Tasks' });
  await userEvent.keyboard('jxjxjx');
  const bar = await screen.findByRole('toolbar', { name: '3 selected' });
  await userEvent.click(within(bar).getByRole('button', { name: 'Kill' }));
  expect(await screen.findByRole('alertdialog')).toBeDefined();
});

it('names each key once in the sheet', async () => {
  await start();
  await userEvent.keyboard('?');
  const sheet = await screen.findByRole('dialog', { name: 'Keyboard' });
  const keys = [...sheet.querySelectorAll('li')].map((line) =>
    [...line.querySelectorAll('kbd')].map(({ textContent }) => textContent).join(' '),
  );
  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});
