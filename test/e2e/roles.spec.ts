// Sharing the cluster in the real window: a role made with its dry run, a demo machine partitioned for it by keyboard and by
// pointer, and that what is set aside really is.
import type { Locator, Page } from '@playwright/test';
import { until } from '../support/wait.ts';
import { expect, test } from './fixtures.ts';
import { ask, runDirectly, snapshotOf, waitForState, waitUntilLive } from './steps.ts';

const goTo = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('button', { name, exact: true }).click();
const row = (page: Page, name: string) => page.getByRole('row', { name, exact: true });

async function openPartition(page: Page, machine: string): Promise<Locator> {
  await row(page, machine).getByRole('button', { name: 'Partition' }).click();
  return page.getByRole('dialog', { name: `Partition ${machine}` });
}

async function submit(dialog: Locator, verb: string): Promise<void> {
  await dialog.getByRole('button', { name: verb, exact: true }).click();
  await expect(dialog).toBeHidden();
}

async function sliceOf(page: Page, role: string): Promise<number> {
  const { rows } = await snapshotOf(page);
  return rows.reservations.find(({ part }) => part.reservation[0] === role)?.part.amounts.cpusMilli ?? 0;
}

test('a role is made, a machine is partitioned for it, and nobody else gets its slice', async ({ start }) => {
  const { page } = await start({}, ['--demo']);
  await waitUntilLive(page, 'demo-ash');

  await test.step('the dialog says what would change, and warns of what the machines cannot hold', async () => {
    await goTo(page, 'Roles');
    await expect(row(page, '*')).toBeVisible();
    await page.keyboard.press('c');
    const dialog = page.getByRole('dialog', { name: 'New role' });
    await dialog.getByLabel('Role', { exact: true }).fill('lab');
    await dialog.getByLabel('Weight').fill('2');
    await dialog.getByLabel('Guarantee of CPU').fill('9000');
    await expect(dialog.getByRole('region', { name: 'What would change' })).toContainText('owed 9000 cpus');
    await expect(dialog.getByRole('button', { name: 'Set it all the same' })).toBeVisible();
    await dialog.getByLabel('Guarantee of CPU').fill('');
    await submit(dialog, 'Make role');
    await expect(row(page, 'lab')).toContainText('nobody is in it');
    const { rows } = await snapshotOf(page);
    expect(rows.roles).toEqual([{ id: 'lab', weightMilli: 2000, quota: null, isNamed: true }]);
  });

  await test.step('by keyboard a slice takes a whole machine, and a task for everybody waits there', async () => {
    await page.getByRole('group', { name: 'Show' }).getByText('Machines').click();
    const dialog = await openPartition(page, 'demo-ash');
    await dialog.getByRole('button', { name: 'Add a slice' }).click();
    await dialog.getByRole('combobox').fill('lab');
    await dialog.getByRole('slider', { name: 'CPU of lab' }).press('End');
    await submit(dialog, 'Partition');
    const whole = await sliceOf(page, 'lab');
    const { rows } = await snapshotOf(page);
    const ash = rows.machines.find((machine) => machine.name === 'demo-ash');
    expect(rows.agents.find((agent) => agent.machineId === ash?.id)?.resources.cpusMilli).toBe(whole);
    await runDirectly(page, 'demo-ash', { name: 'guest', line: 'sleep 60' });
    const { rows: later } = await snapshotOf(page);
    expect(later.runs.map(({ info, machineId }) => [info.name, machineId])).toEqual([['guest', ash?.id]]);
  });

  await test.step('dragged to the left it is smaller, and the task that waited runs', async () => {
    const whole = await sliceOf(page, 'lab');
    const dialog = await openPartition(page, 'demo-ash');
    const handle = dialog.getByRole('slider', { name: 'CPU of lab' });
    const from = await handle.boundingBox();
    const bar = await handle.locator('..').boundingBox();
    if (!from || !bar) throw new Error('the handle is not on the screen');
    await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
    await page.mouse.down();
    await page.mouse.move(bar.x + bar.width * 0.3, from.y + from.height / 2, { steps: 5 });
    await page.mouse.up();
    await submit(dialog, 'Partition');
    const left = await sliceOf(page, 'lab');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(whole / 2);
    await waitForState(page, 'guest', 'TASK_RUNNING');
  });

  await test.step('the built-in framework shows the task, and has no way to be ended', async () => {
    await goTo(page, 'Frameworks');
    const run = row(page, 'run');
    await expect(run.getByRole('img', { name: 'running' })).toBeVisible();
    await run.getByRole('button', { name: 'run', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Inspector' });
    await expect(panel).toContainText('guest');
    await expect(panel.getByRole('button', { name: 'Tear down' })).toBeHidden();
  });

  await test.step('the role goes when its slice is gone, and undo brings it back', async () => {
    await goTo(page, 'Roles');
    const menu = row(page, 'lab').getByRole('button', { name: 'More actions' });
    const remove = async () => {
      await row(page, 'lab').hover();
      await menu.click();
      await page.getByRole('menuitem', { name: 'Remove role' }).click();
    };
    await remove();
    await expect(page.getByText('lab: Something is set aside for the role on a machine.')).toBeVisible();
    const { rows } = await snapshotOf(page);
    const machineId = rows.reservations[0]?.machineId;
    if (!machineId) throw new Error('no slice is left');
    await ask(page, 'machine:partition', { machineId, slices: [] });
    await remove();
    await until(async () => (await snapshotOf(page)).rows.roles.length === 0, { what: 'the role is gone' });
    const note = page.getByRole('status').filter({ hasText: 'Removed the role lab' });
    await note.getByRole('button', { name: 'Undo' }).click();
    await expect(row(page, 'lab')).toBeVisible();
  });
});
