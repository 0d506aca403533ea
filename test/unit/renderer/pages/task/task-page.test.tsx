// The page of a task over the simulated cluster: its state in a line, its ceilings, its files, its results; nothing that a
// machine says becomes markup.
import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskRecord } from '../../../../../electron/contract/task.ts';
import { TaskPage } from '../../../../../renderer/pages/task/task-page.tsx';
import { useTables } from '../../../../../renderer/store/tables.ts';
import { type TaskView, useView, viewStore } from '../../../../../renderer/store/view.ts';
import { extraEntries } from '../../../../support/fake-bridge/files.ts';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => {
  extraEntries.clear();
  drawn.close();
});

const named = (name: string): TaskRecord => {
  const task = drawn.cluster.tables.all('tasks').find(({ info }) => info.name === name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
};

async function show(name: string, view: TaskView = 'log'): Promise<TaskRecord> {
  function Shown() {
    const id = useTables((tables) => [...tables.tasks.values()].find(({ info }) => info.name === name)?.id);
    const route = useView((state) => state.route);
    const now = route.page === 'task' ? (route.view ?? 'log') : view;
    return id === undefined ? null : <TaskPage taskId={id} view={now} />;
  }
  drawn = await draw(<Shown />, 'life');
  viewStore.setState({ route: { page: 'task', taskId: named(name).id, view } });
  return named(name);
}

it('says a restarted task in one line, with its limits and what its checks say', async () => {
  await show('api');
  const banner = await screen.findByRole('heading', { level: 1, name: 'api' });
  expect(banner.parentElement?.textContent).toContain('running, 3rd start, last ended with exit code 1');
  const meter = screen.getByRole('meter', { name: /^Memory: / });
  expect(meter.getAttribute('aria-label')).toMatch(/peak 410 MiB, asked for 256 MiB, ceiling 512 MiB$/);
  const checks = screen.getByRole('heading', { name: 'Checks' }).closest('section');
  expect(checks?.textContent).toContain('healthy');
  expect(screen.getByText('ghcr.io/acme/api:2.14.1')).toBeDefined();
  expect(screen.getByText('4f2a91c07b3d')).toBeDefined();
});

it('counts down to the next start', async () => {
  await show('ingest');
  expect((await screen.findByRole('timer')).textContent).toMatch(/^starts again in \d+ s$|^starting again$/);
});

it('names the ceiling that ended a task, with its peak', async () => {
  await show('render');
  expect((await screen.findByRole('note')).textContent).toContain(
    'it reached 512 MiB, its ceiling is 512 MiB',
  );
});

it('shows how far each file is, and what is in place once it ran', async () => {
  const task = await show('train-18');
  const bar = await screen.findByRole('progressbar', { name: 'images-2026.tar.gz' });
  expect(bar.getAttribute('aria-valuenow')).toBe('42');
  act(() => {
    drawn.cluster.tables.drop('progress', task.id);
    drawn.cluster.tables.change('tasks', task.id, { startedAtMs: Date.now(), state: 'TASK_RUNNING' });
    drawn.cluster.flush();
  });
  await waitFor(() => expect(screen.getAllByText('in place')).toHaveLength(3));
});

describe('the sandbox', () => {
  it('walks by keyboard into folders, page after page, and back', async () => {
    await show('frames', 'files');
    await screen.findByRole('row', { name: 'checkpoints' });
    await userEvent.keyboard('jjj{Enter}');
    await screen.findByRole('row', { name: '0001.png' });
    await userEvent.click(screen.getByRole('button', { name: 'Show more' }));
    await waitFor(() =>
      expect(asked(drawn.cluster, 'sandbox:list').at(-1)).toMatchObject({
        path: 'frames',
        after: '0200.png',
      }),
    );
    await userEvent.keyboard('{Backspace}');
    expect(await screen.findByRole('row', { name: 'config.yaml' })).toBeDefined();
  });

  it('reads text as text and leaves binary to a save', async () => {
    const task = await show('frames', 'files');
    await userEvent.click(await screen.findByRole('button', { name: 'config.yaml' }));
    const log = await screen.findByRole('log', { name: 'Content of config.yaml' });
    await waitFor(() => expect(log.textContent).toContain('<script>alert(1)</script>'));
    expect(document.querySelector('script')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'sandbox' }));
    await userEvent.click(await screen.findByRole('button', { name: 'model.bin' }));
    expect(await screen.findByText('This does not look like text.')).toBeDefined();
    await userEvent.click(screen.getAllByRole('button', { name: 'Save model.bin' }).at(-1) as HTMLElement);
    expect(asked(drawn.cluster, 'sandbox:save')).toEqual([{ taskId: task.id, path: 'model.bin' }]);
  });

  it('follows a link to a file, and says what was refused', async () => {
    await show('frames', 'files');
    await userEvent.click(await screen.findByRole('button', { name: 'latest' }));
    await waitFor(() => expect(document.body.textContent).toContain('a link that leads to a file'));
    extraEntries.set('', [{ name: 'gone', kind: 'folder', sizeBytes: 0, modifiedAtMs: 1, mode: 0o755 }]);
    await userEvent.click(screen.getByRole('button', { name: 'sandbox' }));
    await userEvent.click(await screen.findByRole('button', { name: 'gone' }));
    expect((await screen.findByRole('alert')).textContent).toContain('There is no such file in the sandbox.');
  });

  const nasty = [
    '<img src=x onerror=alert(1)>',
    '"><svg onload=alert(1)>',
    'javascript:alert(1)',
    '{{constructor.constructor("alert(1)")()}}',
    'invoice\u202egnp.exe',
    'a'.repeat(120),
  ];
  it.each(nasty)('shows the name %j as text', async (name) => {
    extraEntries.set('', [{ name, kind: 'file', sizeBytes: 1, modifiedAtMs: 1, mode: 0o644 }]);
    await show('frames', 'files');
    const shown = name.replace('\u202e', '\\u202e');
    expect(await screen.findByRole('button', { name: shown })).toBeDefined();
    expect(document.querySelector('img, svg[onload], script, a[href^="javascript"]')).toBeNull();
  });
});

describe('results', () => {
  it('are saved one by one or all', async () => {
    const task = await show('frames', 'results');
    expect(await screen.findByText('24 files, 10.8 MiB')).toBeDefined();
    expect(screen.getByText('2 more matches were left out.')).toBeDefined();
    await userEvent.click(screen.getByRole('button', { name: 'Save frames/0001.png' }));
    await userEvent.click(screen.getByRole('button', { name: 'Save all' }));
    expect(asked(drawn.cluster, 'results:save')).toEqual([
      { taskId: task.id, paths: ['frames/0001.png'] },
      { taskId: task.id, paths: null },
    ]);
  });

  it.each([
    ['api', 'No results were asked for.'],
    ['train-18', 'Results are collected when the task ends.'],
  ])('of %s: %s', async (name, words) => {
    await show(name, 'results');
    expect(await screen.findByText(words)).toBeDefined();
  });
});

describe('the log', () => {
  it('says what is no longer kept, and searches the whole of it on the machine', async () => {
    await show('api');
    expect(await screen.findByText('The first 3.2 GiB are no longer kept.')).toBeDefined();
    const find = await screen.findByRole('searchbox', { name: 'Search the log' });
    await userEvent.type(find, '404');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    const hits = await screen.findByRole('region', { name: 'Lines with “404”' });
    await waitFor(() => expect(within(hits).getAllByRole('button').length).toBeGreaterThan(5));
    expect(asked(drawn.cluster, 'log:search').at(-1)).toMatchObject({ text: '404', from: 0, file: 'stdout' });
    const [, second] = hits.querySelectorAll('.log-hit');
    await userEvent.click(second as HTMLElement);
    await waitFor(() => expect(second?.getAttribute('aria-current')).toBe('true'));
  });

  it('shows the time of each line on request', async () => {
    await show('api');
    await screen.findByRole('log', { name: 'Log stdout' });
    await waitFor(() => expect(document.querySelector('.log-line')).not.toBeNull());
    await userEvent.click(screen.getByRole('button', { name: 'Show times' }));
    await waitFor(() => {
      const time = document.querySelector('.log-line__time');
      expect(time?.textContent).toMatch(/^\d\d:\d\d:\d\d$/);
      expect(time?.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    });
  });
});

it('moves between its parts by arrows', async () => {
  await show('frames');
  (await screen.findByRole('tab', { name: 'Log' })).focus();
  await userEvent.keyboard('{ArrowRight}');
  expect(screen.getByRole('tab', { name: 'Files' }).getAttribute('aria-selected')).toBe('true');
  expect(window.location.hash).toMatch(/\/files$/);
});
