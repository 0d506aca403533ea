// A task from the first key to its log without a pointer.
import { expect, test } from './fixtures.ts';
import { localIsLive, waitForState } from './steps.ts';

test('run a task, read its log, kill it, by keyboard alone', async ({ start }) => {
  const app = await start();
  const { page } = app;
  await localIsLive(page);
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Run a task' });
  await expect(dialog.getByRole('textbox', { name: 'Command' })).toBeFocused();
  await page.keyboard.type('echo by hand; sleep 300');
  await page.keyboard.press('Tab');
  await page.keyboard.type('typed');
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveValue('typed');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: 'typed' })).toBeVisible();
  await expect(page.getByRole('log', { name: 'Log stdout' })).toContainText('by hand');
  await waitForState(page, 'typed', 'TASK_RUNNING');
  await page.keyboard.press('.');
  const question = page.getByRole('alertdialog').or(page.getByRole('dialog'));
  await expect(question).toContainText('Kill typed');
  await page.keyboard.press('Enter');
  await waitForState(page, 'typed', 'TASK_KILLED');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await expect(page.getByRole('row', { name: 'typed' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page.getByRole('table', { name: 'Rack' })).toBeVisible();
});
