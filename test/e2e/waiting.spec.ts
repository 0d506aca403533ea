// Any machine in the real window: placed where there is room; too big, it waits and says why machine by machine; what ends
// makes room, and it starts by itself.
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { localIsLive, snapshotOf, taskNamed, waitForState, waitUntilLive } from './steps.ts';

const six = ['demo-ash', 'demo-elm', 'demo-fir', 'demo-ivy', 'demo-oak', 'demo-yew'];

async function openRun(page: Page) {
  await page.getByRole('banner').getByRole('button', { name: 'Run task' }).click();
  return page.getByRole('dialog', { name: 'Run a task' });
}

/** The memory of the machine of this name, as its agent gives it away. */
async function memoryOf(page: Page, name: string): Promise<number> {
  const { rows } = await snapshotOf(page);
  const machine = rows.machines.find((each) => each.name === name);
  return rows.agents.find((agent) => agent.id === machine?.agentId)?.resources.memMib ?? 0;
}

test('any machine: it goes where there is room, waits with its reasons where there is none, and starts when there is', async ({
  start,
}) => {
  const { page } = await start({}, ['--demo']);
  const here = await localIsLive(page);
  for (const name of six) await waitUntilLive(page, name);
  const whole = await memoryOf(page, here);
  const fir = await memoryOf(page, 'demo-fir');

  await test.step('with a condition it goes to the one machine of which it holds', async () => {
    const dialog = await openRun(page);
    await expect(dialog.getByRole('combobox', { name: 'Machine' })).toContainText('Any machine');
    await dialog.getByRole('textbox', { name: 'Command' }).fill('sleep 600');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('holder');
    await dialog.getByLabel('Memory, MiB').fill(String(fir));
    await dialog.getByRole('textbox', { name: 'Only machines with' }).fill('role=memory');
    await expect(dialog.getByRole('region', { name: 'What would happen' })).toContainText(
      'Starts at once on demo-fir.',
    );
    await dialog.getByRole('button', { name: 'Run task' }).click();
    await expect(page.getByRole('heading', { name: 'holder', exact: true })).toBeVisible();
    const task = await waitForState(page, 'holder', 'TASK_RUNNING');
    const { rows } = await snapshotOf(page);
    expect(rows.machines.find((machine) => machine.id === task.machineId)?.name).toBe('demo-fir');
  });

  await test.step('what no machine has room for says so before, and waits', async () => {
    const dialog = await openRun(page);
    await dialog.getByRole('textbox', { name: 'Command' }).fill('echo at last');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('late');
    await dialog.getByLabel('Memory, MiB').fill(String(fir));
    await dialog.getByRole('textbox', { name: 'Only machines with' }).fill('machine~demo-.*');
    const preview = dialog.getByRole('region', { name: 'What would happen' });
    await expect(preview).toContainText('Would wait: needs');
    await preview.getByText('Machine by machine').click();
    await expect(preview).toContainText('5 machines: too little memory');
    await dialog.getByRole('button', { name: 'Queue task' }).click();
    await expect(page.getByRole('heading', { name: 'late', exact: true })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('0 MiB free on demo-fir');
  });

  await test.step('more than any machine has waits for ever, says so, and is cancelled', async () => {
    const dialog = await openRun(page);
    await dialog.getByRole('textbox', { name: 'Command' }).fill('true');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('giant');
    await dialog.getByLabel('Memory, MiB').fill(String(whole + 1));
    await expect(dialog.getByRole('region', { name: 'What would happen' })).toContainText(
      'Would wait for ever: needs',
    );
    await dialog.getByRole('button', { name: 'Queue task' }).click();
    await expect(dialog).toBeHidden();
    await page
      .getByRole('navigation', { name: 'Pages' })
      .getByRole('button', { name: 'Tasks', exact: true })
      .click();
    await expect(page.getByRole('row', { name: 'giant', exact: true })).toContainText(
      'the largest machine has',
    );
    await expect(page.getByRole('row', { name: 'late', exact: true })).toContainText('free on demo-fir');
    await page.getByRole('button', { name: 'Cancel giant' }).click();
    await expect(page.getByRole('row', { name: 'giant', exact: true })).toBeHidden();
  });

  await test.step('what ends makes room, and it starts by itself', async () => {
    await page.getByRole('row', { name: 'holder', exact: true }).click();
    await page
      .getByRole('complementary', { name: 'Inspector' })
      .getByRole('button', { name: 'Kill' })
      .click();
    await page
      .getByRole('alertdialog', { name: 'Kill holder' })
      .getByRole('button', { name: 'Kill' })
      .click();
    await waitForState(page, 'late', 'TASK_FINISHED');
    const late = await taskNamed(page, 'late');
    const { rows } = await snapshotOf(page);
    expect(rows.machines.find((machine) => machine.id === late?.machineId)?.name).toBe('demo-fir');
    expect(rows.runs).toEqual([]);
  });
});
