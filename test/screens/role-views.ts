// How a cluster is shared: roles, slices of machines, frameworks, and the dialogs that change them.
import type { Page } from '@playwright/test';
import type { ScreenView } from './views.ts';

const scene = 'shared';
const dialog = (page: Page) => page.getByRole('dialog');
const row = (page: Page, name: string) => page.getByRole('row', { name, exact: true });

async function openDialog(page: Page, name: string): Promise<void> {
  await row(page, name).click();
  await page.keyboard.press('e');
  await dialog(page).waitFor();
}

async function openSlices(page: Page, name: string): Promise<void> {
  await row(page, name).locator('.slice-grid__act button').click();
  await dialog(page).waitFor();
}

export const roleViews: readonly ScreenView[] = [
  { name: 'roles', scene, hash: '#/roles' },
  { name: 'roles-none', scene: 'empty', hash: '#/roles' },
  { name: 'roles-inspector', scene, hash: '#/roles', steps: async (page) => row(page, 'web').click() },
  { name: 'roles-machines', scene, hash: '#/roles/machines' },
  {
    name: 'role-change',
    scene,
    hash: '#/roles',
    steps: async (page) => {
      await openDialog(page, 'research');
      await dialog(page).locator('.role-dialog__form input').first().fill('6');
      await dialog(page).locator('.role-preview__row').first().waitFor();
    },
  },
  {
    name: 'role-force',
    scene,
    hash: '#/roles',
    steps: async (page) => {
      await openDialog(page, 'nightly');
      await dialog(page).locator('.quota input').first().fill('70');
      await dialog(page).locator('.role-warning').first().waitFor();
    },
  },
  {
    name: 'role-new',
    scene,
    hash: '#/roles',
    steps: async (page) => {
      await page.keyboard.press('n');
      await dialog(page).locator('input').first().fill('research/two words');
      await dialog(page).locator('.field__fault').first().waitFor();
    },
  },
  {
    name: 'partition',
    scene,
    hash: '#/roles/machines',
    steps: async (page) => {
      await openSlices(page, 'build-1');
      await dialog(page).getByRole('slider').nth(0).focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
    },
  },
  {
    name: 'partition-first',
    scene,
    hash: '#/roles/machines',
    steps: async (page) => openSlices(page, 'pi-4'),
  },
  {
    name: 'partition-refused',
    scene,
    hash: '#/roles/machines',
    steps: async (page) => {
      await openSlices(page, 'build-1');
      await dialog(page).locator('.partition__row input').first().fill('0.5');
      await dialog(page).locator('.dialog__problem').waitFor();
    },
  },
  { name: 'frameworks', scene, hash: '#/frameworks' },
  { name: 'frameworks-none', scene: 'empty', hash: '#/frameworks' },
  {
    name: 'framework-inspector',
    scene,
    hash: '#/frameworks',
    steps: async (page) => row(page, 'spark').click(),
  },
  {
    name: 'framework-away',
    scene,
    hash: '#/frameworks',
    steps: async (page) => row(page, 'notebooks').click(),
  },
  {
    name: 'framework-built-in',
    scene,
    hash: '#/frameworks',
    steps: async (page) => row(page, 'run').click(),
  },
  {
    name: 'framework-teardown',
    scene,
    hash: '#/frameworks',
    steps: async (page) => {
      await row(page, 'spark').click();
      await page.keyboard.press('Delete');
    },
  },
];
