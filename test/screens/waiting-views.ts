// Pictures of what waits, and of the run dialog that says before what would.
import type { Page } from '@playwright/test';
import type { ScreenView } from './views.ts';

const fill = async (page: Page, field: string, text: string) =>
  page.getByRole('dialog').locator(field).fill(text);

async function openRun(page: Page): Promise<void> {
  await page.keyboard.press('r');
  await page.getByRole('dialog').locator('.run-samples button').first().click();
  await page.getByRole('dialog').locator('.run-preview').waitFor();
}

async function unfold(page: Page): Promise<void> {
  await page.getByRole('dialog').locator('.run-preview:not(.run-preview--old) summary').first().click();
  await page
    .getByRole('dialog')
    .locator('.run-preview')
    .evaluate((box) => box.scrollIntoView({ block: 'end' }));
}

export const waitingViews: readonly ScreenView[] = [
  {
    name: 'rack-waiting',
    scene: 'waiting',
    steps: async (page) => page.locator('.queue__line [title*=GiB]').first().waitFor(),
  },
  { name: 'dialog-run-any', steps: openRun },
  {
    name: 'dialog-run-where',
    steps: async (page) => {
      await openRun(page);
      await page.getByRole('dialog').locator('.run-term').first().click();
      await page.getByRole('dialog').locator('.run-preview:not(.run-preview--old)').waitFor();
    },
  },
  {
    name: 'dialog-run-wait',
    steps: async (page) => {
      await openRun(page);
      await fill(page, '.dialog__row .field--short input', '98304');
      await page.getByRole('dialog').locator('.run-preview[data-tone=later]').waitFor();
      await unfold(page);
    },
  },
  {
    name: 'dialog-run-never',
    steps: async (page) => {
      await openRun(page);
      await fill(page, '.dialog__row .field--short input', '999999');
      await page.getByRole('dialog').locator('.run-preview[data-tone=never]').waitFor();
    },
  },
  { name: 'tasks-waiting', scene: 'waiting', hash: '#/tasks' },
  {
    name: 'tasks-waiting-inspector',
    scene: 'waiting',
    hash: '#/tasks?state=waiting',
    steps: async (page) => page.getByRole('row', { name: 'train-18', exact: true }).click(),
  },
  { name: 'task-waiting', scene: 'waiting', hash: '#/tasks/t-wait-render-all' },
];
