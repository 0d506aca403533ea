// What a supervisor shows: restarts, limits, checks, files, results, containers; and how a task is asked for all of it.
import type { Page } from '@playwright/test';
import type { ScreenView } from './views.ts';

const dialog = (page: Page) => page.getByRole('dialog');

async function openTask(page: Page, name: string, view = ''): Promise<void> {
  await page.evaluate(
    ([wanted, part]) => {
      const task = window.fakeCluster.tables.all('tasks').find((each) => each.info.name === wanted);
      window.location.hash = `#/tasks/${task?.id ?? ''}${part}`;
    },
    [name, view] as const,
  );
  await page.locator('.task-page').waitFor();
}

const task =
  (name: string, view = '') =>
  async (page: Page) =>
    openTask(page, name, view);

async function inspect(page: Page, name: string): Promise<void> {
  await page.getByRole('row', { name, exact: true }).click();
  await page
    .locator('.worth')
    .last()
    .evaluate((list) => list.scrollIntoView({ block: 'end' }));
}

/** The dialog with one section open; `machine` from whose row it is opened. */
async function openPart(page: Page, part: string): Promise<void> {
  await page.keyboard.press('r');
  await dialog(page).locator('textarea').first().fill('python3 train.py');
  await dialog(page).locator('.run-more__head').first().click();
  await dialog(page).locator(`[data-part=${part}] .run-part__head`).click();
}

async function showPart(page: Page, part: string): Promise<void> {
  await dialog(page)
    .locator(`[data-part=${part}]`)
    .evaluate((section) => section.scrollIntoView({ block: 'start' }));
}

/** Opens the dialog for the machine with this row number. */
async function openOn(page: Page, machine: string, part: string): Promise<void> {
  await page.getByRole('row', { name: machine, exact: true }).click();
  await page.locator('.panel-head__actions button').first().click();
  await dialog(page).locator('.run-more__head').first().click();
  await dialog(page).locator(`[data-part=${part}] .run-part__head`).click();
}

export const lifeViews: readonly ScreenView[] = [
  { name: 'life-tasks', scene: 'life', hash: '#/tasks' },
  { name: 'life-restarted', scene: 'life', steps: task('api') },
  {
    name: 'life-restarted-history',
    scene: 'life',
    steps: async (page) => {
      await openTask(page, 'api');
      await page.locator('.task-page__side').evaluate((side) => side.scrollTo(0, side.scrollHeight));
    },
  },
  { name: 'life-waiting', scene: 'life', steps: task('ingest') },
  { name: 'life-unhealthy', scene: 'life', steps: task('search') },
  { name: 'life-oom', scene: 'life', steps: task('render') },
  { name: 'life-fetching', scene: 'life', steps: task('train-18') },
  { name: 'life-pulling', scene: 'life', steps: task('import', '/results') },
  { name: 'life-results', scene: 'life', steps: task('frames', '/results') },
  { name: 'life-results-later', scene: 'life', steps: task('train-18', '/results') },
  { name: 'life-files', scene: 'life', steps: task('frames', '/files') },
  {
    name: 'life-file-text',
    scene: 'life',
    steps: async (page) => {
      await openTask(page, 'frames', '/files');
      await page.getByRole('button', { name: 'notes.txt', exact: true }).click();
      await page.locator('.log-line').first().waitFor();
    },
  },
  {
    name: 'life-file-binary',
    scene: 'life',
    steps: async (page) => {
      await openTask(page, 'frames', '/files');
      await page.getByRole('button', { name: 'model.bin', exact: true }).click();
      await page.locator('.empty').waitFor();
    },
  },
  {
    name: 'life-log-times',
    scene: 'life',
    steps: async (page) => {
      await openTask(page, 'api');
      await page.locator('.log-line').first().waitFor();
      await page.keyboard.press('t');
    },
  },
  {
    name: 'life-log-search',
    scene: 'life',
    steps: async (page) => {
      await openTask(page, 'api');
      await page.locator('.log-line').first().waitFor();
      await page.locator('.log-bar input[type=search]').fill('404');
      await page.keyboard.press('Control+Enter');
      await page.locator('.log-hit').nth(2).click();
    },
  },
  {
    name: 'life-inspector',
    scene: 'life',
    hash: '#/tasks',
    steps: async (page) => page.getByRole('row', { name: 'api', exact: true }).click(),
  },
  { name: 'life-machine-strong', scene: 'life', steps: async (page) => inspect(page, 'gpu-2') },
  { name: 'life-machine-weak', scene: 'life', steps: async (page) => inspect(page, 'this-computer') },
  {
    name: 'life-lease',
    scene: 'life',
    steps: async (page) => page.getByRole('row', { name: 'nas', exact: true }).click(),
  },
  {
    name: 'life-take-over',
    scene: 'life',
    steps: async (page) => {
      await page.getByRole('row', { name: 'nas', exact: true }).click();
      await page.locator('.panel-problem__act button').click();
    },
  },
  {
    name: 'run-labels',
    scene: 'life',
    steps: async (page) => {
      await openPart(page, 'around');
      await dialog(page).locator('[data-part=around] textarea').nth(1).fill('team=vision\nnightly');
      await showPart(page, 'around');
    },
  },
  {
    name: 'run-priority',
    scene: 'life',
    steps: async (page) => {
      await openPart(page, 'priority');
      await dialog(page).locator('[data-part=priority] .segmented__item').nth(2).click();
      await showPart(page, 'priority');
    },
  },
  {
    name: 'run-limits',
    scene: 'life',
    steps: async (page) => {
      await openOn(page, 'this-computer', 'limits');
      await showPart(page, 'limits');
    },
  },
  {
    name: 'run-limits-gpu',
    scene: 'life',
    steps: async (page) => {
      await openOn(page, 'gpu-2', 'limits');
      await dialog(page).locator('[data-part=limits] .segmented__item').nth(1).click();
      await showPart(page, 'limits');
    },
  },
  {
    name: 'run-restart',
    scene: 'life',
    steps: async (page) => {
      await openPart(page, 'restart');
      await dialog(page).getByRole('radio').nth(3).check();
      await showPart(page, 'restart');
    },
  },
  {
    name: 'run-checks',
    scene: 'life',
    steps: async (page) => {
      await openPart(page, 'checks');
      await dialog(page).locator('[data-part=checks] .segmented__item').nth(2).click();
      await showPart(page, 'checks');
    },
  },
  {
    name: 'run-files',
    scene: 'life',
    steps: async (page) => {
      await openPart(page, 'files');
      await dialog(page).locator('[data-part=files] .button').nth(0).click();
      await dialog(page).locator('[data-part=files] .run-file').nth(1).waitFor();
      await dialog(page).locator('[data-part=files] .button').nth(1).click();
      await showPart(page, 'files');
    },
  },
  {
    name: 'run-container',
    scene: 'life',
    steps: async (page) => {
      await openOn(page, 'gpu-2', 'container');
      await dialog(page).locator('[data-part=container] input[type=checkbox]').check();
      await showPart(page, 'container');
    },
  },
  {
    name: 'run-no-engine',
    scene: 'life',
    steps: async (page) => {
      await openOn(page, 'this-computer', 'container');
      await showPart(page, 'container');
    },
  },
  {
    name: 'run-faults',
    scene: 'life',
    steps: async (page) => {
      await openPart(page, 'limits');
      await dialog(page).locator('[data-part=limits] input[inputmode=decimal]').fill('0');
      await dialog(page).locator('button[type=submit]').click();
      await showPart(page, 'limits');
    },
  },
  {
    name: 'settings-keep',
    hash: '#/settings',
    steps: async (page) =>
      page
        .locator('.settings__group')
        .nth(2)
        .evaluate((group) => group.scrollIntoView({ block: 'start' })),
  },
];
