// What is drawn: a scene, an address, and the steps to get there. Steps do not depend on the language of the texts.
import type { Page } from '@playwright/test';
import type { FakeCluster } from '../support/fake-bridge/cluster.ts';
import type { SceneName } from '../support/fake-bridge/scenes.ts';
import { drainViews } from './drain-views.ts';
import { findViews } from './find-views.ts';
import { lifeViews } from './life-views.ts';
import { roleViews } from './role-views.ts';
import { waitingViews } from './waiting-views.ts';

declare global {
  interface Window {
    /** Put there by the development page. */
    readonly fakeCluster: FakeCluster;
  }
}

export type ScreenView = {
  readonly name: string;
  readonly scene?: SceneName;
  readonly hash?: string;
  readonly steps?: (page: Page) => Promise<void>;
};

const row = (page: Page, name: string) => page.getByRole('row', { name, exact: true });

async function openTask(page: Page, name: string): Promise<void> {
  await page.evaluate((wanted) => {
    const task = window.fakeCluster.tables.all('tasks').find((each) => each.info.name === wanted);
    window.location.hash = `#/tasks/${task?.id ?? ''}`;
  }, name);
  await page.locator('.log-line').first().waitFor();
}

async function openRowMenu(page: Page, name: string): Promise<void> {
  await row(page, name).hover();
  await row(page, name).locator('.rack-grid__menu button').click();
  await page.getByRole('menu').waitFor();
}

const press =
  (...keys: readonly string[]) =>
  async (page: Page) => {
    for (const key of keys) await page.keyboard.press(key);
  };

export const views: readonly ScreenView[] = [
  { name: 'rack' },
  { name: 'rack-inspector', steps: async (page) => row(page, 'gpu-2').click() },
  { name: 'rack-silent', steps: async (page) => row(page, 'nas').click() },
  {
    name: 'rack-siblings',
    steps: async (page) => page.locator('.meter__segment[title=web]').first().hover(),
  },
  { name: 'rack-menu', steps: async (page) => openRowMenu(page, 'gpu-2') },
  { name: 'rack-empty', scene: 'empty' },
  { name: 'rack-large', scene: 'large' },
  { name: 'faults', scene: 'faults', steps: async (page) => row(page, 'build-1').click() },
  { name: 'adding', scene: 'adding' },
  {
    name: 'adding-failed',
    scene: 'adding',
    steps: async (page) =>
      page.locator('.lane--failed').evaluate((lane) => lane.scrollIntoView({ block: 'end' })),
  },
  { name: 'tasks', hash: '#/tasks' },
  { name: 'tasks-inspector', hash: '#/tasks', steps: async (page) => row(page, 'embed').click() },
  { name: 'tasks-selected', hash: '#/tasks', steps: press('j', 'x', 'j', 'x', 'j', 'x') },
  { name: 'task', steps: async (page) => openTask(page, 'train-17') },
  {
    name: 'task-search',
    steps: async (page) => {
      await openTask(page, 'web');
      await page.locator('.log-bar input[type=search]').fill('404');
      await page
        .locator('.log-line mark')
        .first()
        .waitFor({ state: 'attached', timeout: 2000 })
        .catch(() => undefined);
      await page.keyboard.press('Enter');
    },
  },
  {
    name: 'task-failed',
    steps: async (page) => {
      await openTask(page, 'index-photos');
      await page.getByText('stderr').click();
    },
  },
  { name: 'machines', hash: '#/machines' },
  { name: 'settings', hash: '#/settings' },
  { name: 'dialog-add', steps: press('a') },
  {
    name: 'dialog-add-faults',
    steps: async (page) => {
      await page.keyboard.press('a');
      await page.getByRole('dialog').locator('.segmented__item').nth(2).click();
      await page.getByRole('dialog').locator('button[type=submit]').click();
    },
  },
  {
    name: 'dialog-run',
    steps: async (page) => {
      await page.keyboard.press('r');
      await page.getByRole('dialog').locator('.run-samples button').first().click();
      await page.getByRole('dialog').locator('.run-more__head').first().click();
    },
  },
  {
    name: 'dialog-remove',
    steps: async (page) => {
      await openRowMenu(page, 'nas');
      await page.getByRole('menuitem').last().click();
    },
  },
  {
    name: 'dialog-kill',
    hash: '#/tasks?state=active',
    steps: async (page) => {
      await press('j', 'x', 'j', 'x', 'j', 'x')(page);
      await page.locator('.selection-bar button').nth(2).click();
    },
  },
  {
    name: 'dialog-quit',
    steps: async (page) =>
      page.evaluate(() => window.fakeCluster.push('app:quit-asked', { runningTasks: 3 })),
  },
  {
    name: 'palette',
    steps: async (page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('gpu');
    },
  },
  { name: 'keys', steps: press('?') },
  { name: 'activity', steps: press('d') },
  ...drainViews,
  ...findViews,
  ...lifeViews,
  ...roleViews,
  ...waitingViews,
];
