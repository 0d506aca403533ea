// What waits, among the tasks: why in one line, machine by machine beside it, and the way out.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskId } from '../../../../../electron/contract/ids.ts';
import { Inspector } from '../../../../../renderer/pages/inspector/inspector.tsx';
import { TaskPage } from '../../../../../renderer/pages/task/task-page.tsx';
import { TasksPage } from '../../../../../renderer/pages/tasks/tasks-page.tsx';
import { toastStore } from '../../../../../renderer/store/toasts.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

const route = { page: 'tasks', filter: '', state: 'waiting' } as const;

async function open() {
  drawn = await draw(
    <>
      <TasksPage route={route} />
      <Inspector />
    </>,
    'waiting',
  );
  return drawn.cluster;
}

describe('the tasks that wait', () => {
  it('each says in one line why', async () => {
    await open();
    const rows = screen.getAllByRole('row').filter((row) => row.classList.contains('row'));
    expect(rows.map((row) => row.getAttribute('aria-label'))).toEqual([
      'export-top',
      'render-all',
      'train-18',
    ]);
    const lineOf = (name: string) => screen.getByRole('row', { name }).textContent;
    await waitFor(() =>
      expect(lineOf('train-18')).toContain('needs 96 GiB of memory, 76.1 GiB free on build-1'),
    );
    await waitFor(() => expect(lineOf('render-all')).toContain('the largest machine has 120 GiB'));
    await waitFor(() => expect(lineOf('export-top')).toContain('condition not met'));
  });

  it('show beside them what stops each machine', async () => {
    await open();
    await userEvent.click(screen.getByRole('row', { name: 'train-18' }));
    const panel = await screen.findByRole('complementary', { name: 'Inspector' });
    expect(await within(panel).findByText('needs 96 GiB of memory, 76.1 GiB free of 120 GiB')).toBeDefined();
    expect(within(panel).getByText('too little memory')).toBeDefined();
    await userEvent.click(within(panel).getByRole('button', { name: 'build-1' }));
    expect(await screen.findByRole('heading', { name: /build-1/ })).toBeDefined();
  });

  it('offer what would help, at the machine that needs it', async () => {
    const cluster = await open();
    await userEvent.click(screen.getByRole('row', { name: 'export-top' }));
    const panel = await screen.findByRole('complementary', { name: 'Inspector' });
    await userEvent.click(await within(panel).findByRole('button', { name: 'Reconnect now' }));
    expect(asked(cluster, 'machine:reconnect')).toEqual([{ machineId: 'm-nas' }]);
  });

  it('wait no more when they are cancelled, and can be put back', async () => {
    const cluster = await open();
    await userEvent.click(screen.getByRole('button', { name: 'Cancel render-all' }));
    await waitFor(() => expect(screen.queryByRole('row', { name: 'render-all' })).toBeNull());
    expect(asked(cluster, 'task:kill')).toEqual([{ taskId: 't-wait-render-all' }]);
    const [toast] = toastStore.getState().toasts;
    expect(toast?.text).toBe('render-all waits no more');
    toast?.undo?.();
    expect(await screen.findByRole('row', { name: 'render-all' })).toBeDefined();
    expect(asked(cluster, 'task:run')).toMatchObject([{ machineId: null, name: 'render-all' }]);
  });

  it('are cancelled by keyboard', async () => {
    const cluster = await open();
    await userEvent.keyboard('j{Delete}');
    await waitFor(() => expect(asked(cluster, 'task:kill')).toEqual([{ taskId: 't-wait-export-top' }]));
  });
});

describe('the page of a task that waits', () => {
  it('says why, and becomes the page of the task', async () => {
    drawn = await draw(<TaskPage taskId={'t-wait-train-18' as TaskId} />, 'waiting');
    expect(screen.getByRole('heading', { level: 1, name: 'train-18' })).toBeDefined();
    expect(await screen.findByText(/needs 96 GiB of memory, 76.1 GiB free on build-1/)).toBeDefined();
    const { tables } = drawn.cluster;
    const [any] = tables.all('tasks');
    if (any === undefined) throw new Error('no task');
    tables.drop('runs', 't-wait-train-18');
    tables.put('tasks', { ...any, id: 't-wait-train-18' as TaskId });
    drawn.cluster.flush();
    expect(await screen.findByRole('heading', { level: 1, name: any.info.name })).toBeDefined();
    expect(await screen.findByRole('log')).toBeDefined();
  });
});
