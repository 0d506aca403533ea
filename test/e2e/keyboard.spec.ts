// A task from the first key to its log without a pointer.
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { localIsLive, waitForState } from './steps.ts';

/** A few presses of Tab at most: further away would be no way for a person either. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let presses = 0; presses < 5; presses += 1) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error('not reached by Tab');
}

/** Whether the cursor of the palette is on this entry. */
async function isActive(page: Page, name: string): Promise<boolean> {
  const id = await page.getByRole('combobox', { name: 'Find or do' }).getAttribute('aria-activedescendant');
  return (await page.getByRole('option', { name }).getAttribute('id')) === id;
}

test('run a task, read its log, kill it, by keyboard alone', async ({ start }) => {
  const app = await start();
  const { page } = app;
  await localIsLive(page);
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Run a task' });
  await expect(dialog.getByRole('textbox', { name: 'Command' })).toBeFocused();
  await page.keyboard.type('echo by hand; sleep 300');
  await tabTo(page, dialog.getByRole('textbox', { name: 'Name' }));
  await page.keyboard.type('typed');
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveValue('typed');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: 'typed' })).toBeVisible();
  await expect(page.getByRole('log', { name: 'Log stdout' })).toContainText('by hand');
  await waitForState(page, 'typed', 'TASK_RUNNING');
  // The verbs of this task, in the palette.
  await page.keyboard.press('.');
  await expect(page.getByRole('option', { name: 'Kill typed' })).toBeVisible();
  while (!(await isActive(page, 'Kill typed'))) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const question = page.getByRole('alertdialog').or(page.getByRole('dialog'));
  await expect(question).toContainText('Kill typed');
  await tabTo(page, question.getByRole('button', { name: 'Kill', exact: true }));
  await page.keyboard.press('Enter');
  await waitForState(page, 'typed', 'TASK_KILLED');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await expect(page.getByRole('row', { name: 'typed' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page.getByRole('table', { name: 'Rack' })).toBeVisible();
});
