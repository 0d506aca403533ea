// What a patch costs with 200 machines and 5 000 tasks: lists draw what is in sight, and of that only what has changed.
import { afterEach, expect, it } from 'vitest';
import type { TaskRecord } from '../../../../electron/contract/task.ts';
import type { FakeCluster } from '../../../support/fake-bridge/cluster.ts';
import { countRenders } from '../renders.ts';
import type { Drawn } from '../window.tsx';

const renders = countRenders();
const { act } = await import('@testing-library/react');
const { draw } = await import('../window.tsx');
const { RackPage } = await import('../../../../renderer/pages/rack/rack-page.tsx');
const { TasksPage } = await import('../../../../renderer/pages/tasks/tasks-page.tsx');
const { MachinesPage } = await import('../../../../renderer/pages/machines/machines-page.tsx');
const { RolesPage } = await import('../../../../renderer/pages/roles/roles-page.tsx');

/** What 600 px of the longest table hold, and what is kept drawn around it. */
const drawnMost = 45;

let drawn: Drawn;
afterEach(() => drawn.close());

/** What was drawn by what happens in `change`. */
async function drawnBy(change: (cluster: FakeCluster) => void): Promise<Readonly<Record<string, number>>> {
  renders.reset();
  await act(async () => {
    change(drawn.cluster);
    drawn.cluster.flush();
    await Promise.resolve();
  });
  return renders.by();
}

function sampleOf(machineId: string) {
  return ({ tables }: FakeCluster) => {
    const sample = tables.get('samples', machineId);
    const link = tables.get('links', machineId);
    if (sample === undefined || link === undefined) throw new Error(`${machineId} sends no samples`);
    tables.put('samples', { ...sample, receivedAtMs: sample.receivedAtMs + 1000 });
    tables.put('links', { ...link, lastHeardAtMs: sample.receivedAtMs + 1000 });
  };
}

const shown = () => [...document.querySelectorAll('[role=row][aria-label]')];
const nameOfRow = (row: Element | undefined) => row?.getAttribute('aria-label') ?? '';

it('the rack draws the machines in sight, and for a sample the figures of its machine alone', async () => {
  drawn = await draw(<RackPage />, 'large');
  expect(shown().length).toBeGreaterThan(10);
  expect(shown().length).toBeLessThan(drawnMost);
  expect(document.querySelector('[role=table]')?.getAttribute('aria-rowcount')).toBe('201');

  const inSight = await drawnBy(sampleOf(`m-${nameOfRow(shown()[3])}`));
  expect(inSight['Meters']).toBe(1);
  for (const name of ['MachineRow', 'Menu', 'RackPage']) expect(inSight[name], name).toBeUndefined();

  const outOfSight = await drawnBy(sampleOf('m-rack-199'));
  for (const name of ['Meters', 'Meter', 'MachineRow']) expect(outOfSight[name], name).toBeUndefined();
});

it('the table of tasks draws the row of the task that has changed, and none for samples', async () => {
  drawn = await draw(<TasksPage route={{ page: 'tasks', filter: '', state: 'all' }} />, 'large');
  expect(shown().length).toBeLessThan(drawnMost);
  const byAge = [...drawn.cluster.tables.all('tasks')].sort(
    (a, b) => (b.startedAtMs ?? 0) - (a.startedAtMs ?? 0),
  );
  const change = (task: TaskRecord | undefined) =>
    drawnBy(({ tables }) => {
      tables.change('tasks', task?.id ?? '', { statuses: [...(task?.statuses ?? [])] });
    });
  expect(byAge[2]?.info.name).toBe(nameOfRow(shown()[2]));
  expect((await change(byAge[2]))['TaskRow']).toBe(1);
  expect((await change(byAge.at(-1)))['TaskRow']).toBeUndefined();

  const bySample = await drawnBy(sampleOf('m-rack-100'));
  for (const name of ['TasksPage', 'TaskRow']) expect(bySample[name], name).toBeUndefined();
});

it('the table of machines draws the figures of one machine for its sample', async () => {
  drawn = await draw(<MachinesPage />, 'large');
  expect(shown().length).toBeLessThan(drawnMost);
  const by = await drawnBy(sampleOf(`m-${nameOfRow(shown()[3])}`));
  expect(by['Use']).toBe(1);
  expect(by['MachineTableRow']).toBeUndefined();
});

it('the slices of machines are not drawn again by samples', async () => {
  drawn = await draw(<RolesPage view="machines" />, 'large');
  expect(shown().length).toBeGreaterThan(5);
  expect(shown().length).toBeLessThan(drawnMost);
  expect(await drawnBy(sampleOf(`m-${nameOfRow(shown()[3])}`))).toEqual({});
});
